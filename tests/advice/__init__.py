"""Tests of advice: why an act would be refused, and the shortest lawful way to a goal."""
