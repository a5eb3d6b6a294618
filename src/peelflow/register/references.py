"""Fields that refer to records: what they name must be there, and of a category they may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from peelflow.errors import RequestRefused
from peelflow.model.records import Value
from peelflow.model.requirements import one_of
from peelflow.model.rules import Category

if TYPE_CHECKING:
    from peelflow.register.draft import Draft


def check_references(
    draft: Draft, category: Category, fields: Mapping[str, Value], *, record: str
) -> None:
    """Refuse a field that refers to no record, to the record itself, or to one of another category.

    The record referred to may belong to another force: a regional report is one of several forces.

    Raises:
        RequestRefused: With the field, and what it may name.
    """
    for name, value in fields.items():
        rule = category.fields.get(name)
        if rule is None or rule.type != "reference" or not isinstance(value, str):
            continue
        what, instead = f"{record}: the field `{name}`", f"name a record of {one_of(rule.to)}"
        found = None if value == record else draft.find(value)
        if value == record:
            raise RequestRefused(what, "names the record itself", instead)
        if found is None:
            raise RequestRefused(what, f"is {value!r}, and no record is called so", instead)
        if found.category not in rule.to:
            raise RequestRefused(what, f"is {value}, a `{found.category}`", instead)
