"""Drawing: a lifecycle as a diagram."""
