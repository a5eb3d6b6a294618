"""Tests of what can be said of all records together."""
