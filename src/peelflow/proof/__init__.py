"""Proof: what can be said of a lifecycle without running it."""
