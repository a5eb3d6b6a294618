"""Routes: the shortest lawful way of a record to a goal."""
