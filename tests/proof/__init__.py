"""Proof: what is said of a lifecycle without running it."""
