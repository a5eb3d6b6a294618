"""Frozen nouns: rules, requirements, guarantees, records, judgement. No I/O, no clock."""
