"""Closure rules of police-inspection recommendations, as checked YAML state machines."""
