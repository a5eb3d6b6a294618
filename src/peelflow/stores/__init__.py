"""Stores: where events, records and documents are kept, behind one protocol."""
