"""Oracles: naive second opinions, which try everything and share nothing with what they judge."""
