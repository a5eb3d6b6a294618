"""Tests of a force's own trackers."""
