"""The tests: one behaviour each, named for it."""
