"""The strategies that others draw rules and records with."""
