"""What comes back in is judged as what goes in, and `verify` judges what is kept likewise."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, InvalidRequest, Register, national
from peelflow.register import restore
from peelflow.register.entry import EntryValues
from peelflow.stores.base import Store
from peelflow.stores.export import restore_export, verify_export
from tests.stores.forgery import Edit, at, forged, say

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
HMICFRS = Actor("portal", "hmicfrs")


@pytest.fixture(scope="module")
def honest() -> list[str]:
    """The export of a record that was closed with a letter, and one with a correction."""
    with Register.open("memory:") as register:
        register.appoint(
            "chief", "chief_constable", force="wmp", first_day=date(2022, 1, 1), actor=KIM
        )
        for name in ("R-1", "R-2"):
            register.add(
                name,
                category="afi",
                level=2,
                force="wmp",
                issued=date(2022, 12, 16),
                fields={"owner": "lead-1"},
                actor=KIM,
            )
            register.fire(name, "start", actor=KIM, on=date(2023, 1, 9))
        register.amend("R-1", "owner", "lead-2", actor=KIM, on=date(2023, 1, 20), reason="moved")
        letter = register.keep(
            b"x", kind="letter", name="l", signed_by="chief", signed_on=date(2023, 1, 31)
        )
        register.fire("R-1", "close", actor=CHIEF, on=date(2023, 2, 1), evidence=[letter])
        register.correct("R-2", 2, correction="void", actor=KIM, reason="never was")
        return list(register.export())


def sets(**parts: object) -> Edit:
    """Return an edit that sets parts of an event."""
    return lambda event: event.update(parts)


def says(**parts: object) -> Edit:
    """Return an edit that sets parts of what happened."""
    return lambda event: event["what"].update(parts)


def without_changes(event: dict[str, Any]) -> None:
    """Leave the figures' changes out."""
    del event["changes"]


def told_twice(event: dict[str, Any]) -> None:
    """Let the first change count double."""
    event["changes"][0]["delta"] = 2


def names(field: str, value: object) -> Edit:
    """Return an edit that sets a field at the record's entry."""
    return lambda event: event["what"].setdefault("fields", {}).update({field: value})


def moved(**parts: object) -> Edit:
    """Return an edit that makes the amendment of `R-1` a move to another level."""
    kept: dict[str, Any] = {"new": "in_progress", "new_level": 2, "old": "in_progress"}

    def edit(event: dict[str, Any]) -> None:
        if event["number"] == 1:
            kept["lifecycle"] = event["what"]["lifecycle"]
        if (event["record"], event["number"]) == ("R-1", 3):
            event |= {"kind": "relevelled", "what": {**kept, "old_level": 2, "plan": "x", **parts}}

    return edit


FORGED: dict[str, tuple[Edit, str, int, str]] = {
    "no changes": (at(1, without_changes), "R-1", 1, "changes-unfit"),
    "a change that counts double": (at(4, told_twice), "R-1", 4, "changes-unfit"),
    "an empty actor": (at(2, sets(actor={"person": "", "role": "x"})), "R-1", 2, "words-unfit"),
    "an empty role": (at(2, sets(actor={"person": "x", "role": " "})), "R-1", 2, "words-unfit"),
    "nobody who recorded it": (at(2, sets(recorded_by="")), "R-1", 2, "words-unfit"),
    "a padded name": (at(2, sets(recorded_by="x ")), "R-1", 2, "words-unfit"),
    "an escape in a name": (at(2, sets(recorded_by="a\x1b[2J")), "R-1", 2, "words-unfit"),
    "an empty key": (at(2, sets(key=" ")), "R-1", 2, "words-unfit"),
    "an empty field": (at(1, names("owner", " ")), "R-1", 1, "words-unfit"),
    "an amended field that is empty": (at(3, says(new=["", "x"])), "R-1", 3, "words-unfit"),
    "a document without a digest": (
        at(4, lambda event: event["what"]["evidence"][0].update(digest="x")),
        "R-1",
        4,
        "words-unfit",
    ),
    "a signer who shows nothing": (
        at(4, lambda event: event["what"]["evidence"][0].update(signed_by="\u200b")),
        "R-1",
        4,
        "words-unfit",
    ),
    "a day in another form": (at(2, sets(on="20230109")), "R-1", 2, "event-form"),
    "a moment in another form": (
        at(2, sets(recorded_at="2023-01-09T00:00:00Z")),
        "R-1",
        2,
        "event-form",
    ),
    "a day in the year 9999": (at(2, sets(on="9999-12-31")), "R-1", 2, "day-unfit"),
    "a day before the one before it": (at(4, sets(on="2022-12-31")), "R-1", 4, "day-unfit"),
    "a clock in the year 9999": (
        at(2, sets(recorded_at="9999-12-31T23:59:59.999999+00:00")),
        "R-1",
        2,
        "day-unfit",
    ),
    "a clock in the year 1": (
        at(2, sets(recorded_at="0001-01-01T00:00:00.000000+00:00")),
        "R-1",
        2,
        "day-unfit",
    ),
    "a state that no rules have": (at(2, says(new="done", old="open")), "R-1", 2, "move-unknown"),
    "a step that no rules have": (at(2, says(trigger="finish")), "R-1", 2, "move-unknown"),
    "a step from elsewhere": (at(4, says(old="open")), "R-1", 4, "move-unknown"),
    "an entry in another state": (at(1, says(state="closed")), "R-1", 1, "move-unknown"),
    "a level that its rules are not for": (at(1, says(level=4)), "R-1", 1, "move-unknown"),
    "a field that said something else": (at(3, says(old="lead-9")), "R-1", 3, "move-unknown"),
    "a move to no state": (moved(new="nowhere"), "R-1", 3, "move-unknown"),
    "a move to a level of other rules": (moved(new_level=4), "R-1", 3, "move-unknown"),
    "a move from another level": (moved(old_level=3), "R-1", 3, "move-unknown"),
    "a move from another state": (moved(old="open"), "R-1", 3, "move-unknown"),
    "a number that is a truth": (at(1, says(level=True)), "", 0, "cannot be read"),
    "an appointment of nobody": (
        lambda event: (
            event["what"].get("category") == "appointment" and event["what"]["fields"].pop("person")
        ),
        "appointment:wmp:chief_constable:chief:2022-01-01",
        1,
        "words-unfit",
    ),
    "an appointment from no day": (
        lambda event: (
            event["what"].get("category") == "appointment"
            and event["what"]["fields"].update(first_day="soon")
        ),
        "appointment:wmp:chief_constable:chief:2022-01-01",
        1,
        "words-unfit",
    ),
    "a correction that corrects no figures": (
        lambda event: (
            event["record"] == "R-2" and event["number"] == 3 and event.pop("changes", None)
        ),
        "R-2",
        3,
        "changes-unfit",
    ),
}
"""By what was forged: the edit, and the record, event and code that tell it."""


@pytest.mark.parametrize("what", FORGED)
def test_what_no_verb_writes_does_not_come_in(
    what: str, honest: list[str], tmp_path: Path, store: Store
) -> None:
    """14.33: an export made anew so that every chain fits is refused at its record and event."""
    edit, record, number, code = FORGED[what]
    file = tmp_path / "forged.jsonl"
    file.write_text("\n".join(forged(honest, edit)) + "\n", encoding="utf-8")
    where = f"{record} event {number}: {code}" if record else code

    with pytest.raises(InvalidRequest) as refused:
        Register(store, rulebook=national()).restore(file)

    assert where in str(refused.value)
    assert store.position() == 0


@pytest.mark.parametrize("what", [what for what in FORGED if FORGED[what][1]])
def test_what_no_verb_writes_is_found_where_it_is_kept(
    what: str, honest: list[str], store: Store
) -> None:
    """14.33: `verify` finds in a store what a restore would have refused."""
    edit, *where = FORGED[what]
    restore_export(store, forged(honest, edit))

    found = Register(store, rulebook=national()).verify()

    assert where in [[each.record, each.event, each.code] for each in found]


def test_what_verbs_wrote_comes_in(honest: list[str], tmp_path: Path, store: Store) -> None:
    """14.33: made anew without an edit, the export is the same and fits."""
    assert forged(honest, lambda _: None) == honest
    assert list(verify_export(honest)) == []
    file = tmp_path / "honest.jsonl"
    file.write_text("\n".join(honest) + "\n", encoding="utf-8")
    register = Register(store, rulebook=national())

    assert register.restore(file) == 8
    assert register.verify() == ()


def test_rules_that_mean_nothing_do_not_come_in(honest: list[str]) -> None:
    """14.33: a kept lifecycle gives its digest and can be read, and each name comes once."""

    def meaningless(lines: list[str]) -> list[str]:
        line = json.loads(lines[1])
        line |= {"text": "{}", "name": "mine", "digest": _EMPTY}
        return [lines[0], say(line), *lines[1:]]

    def twice(lines: list[str]) -> list[str]:
        return [lines[0], lines[1], *lines[1:]]

    for change, sentence in ((meaningless, "no lifecycle's meaning"), (twice, "told twice")):
        assert [each.code for each in verify_export(change(honest))] == ["rules-changed"]
        assert sentence in next(verify_export(change(honest))).sentence


_EMPTY = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_a_key_that_comes_twice_does_not_come_in(honest: list[str]) -> None:
    """14.33: a key stands on one event of a record."""
    found = list(verify_export(forged(honest, lambda event: event.update(key="k"))))

    assert {(each.record, each.event) for each in found} == {
        ("R-1", 2),
        ("R-1", 3),
        ("R-1", 4),
        ("R-2", 2),
        ("R-2", 3),
    }
    assert {each.code for each in found} == {"key-twice"}


def test_a_first_event_comes_once(honest: list[str]) -> None:
    """14.33: a record is not added again behind its first event."""
    entry = next(json.loads(line)["text"] for line in honest if '"R-1\\"' in line)
    what, kind = json.loads(entry)["what"], json.loads(entry)["kind"]
    found = list(verify_export(forged(honest, at(3, sets(what=what, kind=kind)))))

    assert ("R-1", 3, "no-beginning") in [(each.record, each.event, each.code) for each in found]


def test_a_file_that_changes_meanwhile_comes_in_as_it_was_checked(
    honest: list[str], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.10: what is kept is what was checked, whatever becomes of the file in between."""
    file = tmp_path / "register.jsonl"
    file.write_text("\n".join(honest) + "\n", encoding="utf-8")
    edit = FORGED["no changes"][0]

    def racing(check: Callable[..., Any]) -> Callable[..., Any]:
        def checked(lines: Any) -> list[Any]:
            found = list(check(lines))
            file.write_text("\n".join(forged(honest, edit)) + "\n", encoding="utf-8")
            return found

        return checked

    monkeypatch.setattr(restore, "verify_export", racing(verify_export))
    register = Register(store, rulebook=national())
    register.restore(file)

    assert list(register.export()) == honest
    assert file.read_text("utf-8").splitlines() != honest


@pytest.fixture(scope="module")
def mended() -> list[str]:
    """The export of an appointment and a record that were both entered anew."""
    day = date(2022, 12, 16)
    with Register.open("memory:") as register:
        register.appoint("chief", "chief_constable", force="wmp", first_day=day, actor=KIM)
        said: dict[str, Any] = {"force": "wmp", "issued": day, "actor": KIM}
        register.add("R-1", category="afi", level=2, **said)
        anew: dict[str, EntryValues] = {
            "R-1": {"level": 3},
            APPOINTED: {"fields": {"person": "sam"}},
        }
        for name, entry in anew.items():
            register.correct(
                name, 1, correction="reenter", entry=entry, actor=KIM, reason="mistyped"
            )
        return list(register.export())


APPOINTED = "appointment:wmp:chief_constable:chief:2022-12-16"


@pytest.mark.parametrize(
    ("record", "edit", "code"),
    [
        ("R-1", lambda entry: entry.update(state="closed"), "move-unknown"),
        (APPOINTED, lambda entry: entry["fields"].pop("person"), "words-unfit"),
    ],
)
def test_what_was_entered_anew_is_judged_as_at_first(
    record: str, edit: Edit, code: str, mended: list[str], store: Store
) -> None:
    """14.33: its state is where its rules begin, and what decisions read of it can be read."""

    def change(event: dict[str, Any]) -> None:
        if (event["record"], event["kind"]) == (record, "corrected"):
            edit(event["what"]["entry"])

    restore_export(store, forged(mended, change))

    found = Register(store, rulebook=national()).verify()

    assert [record, 2, code] in [[each.record, each.event, each.code] for each in found]


def test_a_move_to_rules_that_are_not_kept_is_told_once(honest: list[str], store: Store) -> None:
    """14.33: as rules that are missing; where the move leads is not known then."""
    kept = [line for line in honest if json.loads(line)["kind"] != "lifecycle"]
    restore_export(store, forged(kept, moved()))

    found = Register(store, rulebook=national()).verify()
    codes = {each.code for each in found}
    assert "rules-missing" in codes
    assert "move-unknown" not in codes
