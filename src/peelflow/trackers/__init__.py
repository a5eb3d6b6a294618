"""Trackers: a force's own spreadsheet, read by a map of its columns and words."""
