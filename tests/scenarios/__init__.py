"""What the sources say of the field, each fact as one walk through the national rules."""
