"""Builders: the small worlds that tests stand in, each made in one place."""
