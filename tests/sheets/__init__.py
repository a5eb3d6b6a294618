"""Tests of CSV sheets and their import."""
