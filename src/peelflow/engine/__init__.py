"""The engine: decide what an act does to a record, and fold what happened."""
