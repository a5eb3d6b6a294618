"""The desk: what every draft of a register works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from attrs import field, frozen

from peelflow.model.judgement import Predicate
from peelflow.model.rules import Lifecycle, Pin
from peelflow.rulebook.book import Rulebook
from peelflow.stores.protocol import Documents, Store


@frozen(eq=False)
class Desk:
    """What every draft of a register works with."""

    store: Store
    documents: Documents
    rulebook: Rulebook
    clock: Callable[[], datetime]
    predicates: Mapping[str, Predicate]
    lifecycle_of: Callable[[Pin], Lifecycle]
    text_of: Callable[[Lifecycle], str] = field(repr=False)
