"""What can be said of all records together: rows out, no text."""
