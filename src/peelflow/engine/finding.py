"""Findings: what a check says of a requirement on a record, an act and what stands around them."""

from __future__ import annotations

from collections.abc import Callable

from peelflow.model.judgement import Context
from peelflow.model.records import Act, Record

Finding = str | tuple[str, ...]
Judge = Callable[[Record, Act, Context], Finding]
HOLDS: tuple[str, ...] = ()
"""A finding where nothing is wanting, and no document is used up."""
