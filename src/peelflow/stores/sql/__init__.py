"""Stores in a database that SQLAlchemy reaches."""
