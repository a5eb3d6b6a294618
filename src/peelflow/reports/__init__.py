"""Reports: what a person reads, made from rules and records, never written twice."""
