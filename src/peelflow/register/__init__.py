"""The register: a rulebook and a store, the front door."""
