"""An outside judge: the cases that eventsourcing publishes for whoever stores events."""
