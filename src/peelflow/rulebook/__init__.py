"""Rule files: read, structured, checked and loaded."""
