"""The engine: what an act does to a record, and why not."""
