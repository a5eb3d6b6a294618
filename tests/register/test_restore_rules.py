"""14.33: rules of a force's own that come with an export are held to the national ones."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Joint, Register, load
from peelflow.cli import main
from peelflow.errors import Diagnostic, InvalidRules, NotPermitted, Span, Unverified
from peelflow.proof import refinement
from peelflow.rulebook.rulebook import Rulebook
from tests.register.test_judgement import OWN
from tests.register.test_restore import HMICFRS, KIM, PORTAL, honest, written
from tests.stores.forgery import Edit, forged, say

__all__ = ["honest"]

RICH = Path(__file__).parents[1] / "registers" / "rich"
PANEL = "level-3-panel"
RulesEdit = Callable[[dict[str, Any]], object]
DAY = date(2022, 12, 16)


@pytest.fixture(scope="module")
def rich() -> list[str]:
    """Give the export of an old register with rules of a force's own, which are not here."""
    return gzip.decompress((RICH / "export.jsonl.gz").read_bytes()).decode().splitlines()


def with_rules(lines: list[str], name: str, edit: RulesEdit) -> list[str]:
    """Return an export whose kept rules of a name were edited, under their new digest."""
    made, pins = list[str](), dict[str, dict[str, Any]]()
    for text in lines:
        line = json.loads(text)
        if line.get("name") == name:
            rules, digest = json.loads(line["text"]), line["digest"]
            edit(rules)
            kept = say(rules)
            pin = {"name": rules["lifecycle"], "version": rules["version"]}
            pins[digest] = pin | {"digest": sha256(kept.encode()).hexdigest()}
            line |= pins[digest] | {"text": kept}
        made.append(say(line))

    def pinned(event: dict[str, Any]) -> None:
        for what in (event["what"], event["what"].get("entry", {})):
            if what.get("lifecycle", {}).get("digest") in pins:
                what["lifecycle"] = pins[what["lifecycle"]["digest"]]

    return forged(made, pinned)


def found_in(lines: list[str], folder: Path) -> list[str]:
    """Return what is found in an export of the rules that are kept in it."""
    with Register.open("memory:") as register:
        try:
            register.restore(written(lines, folder))
        except Unverified as refused:
            return [each.sentence for each in refused.discrepancies if not each.record]  # type: ignore[attr-defined]
    return []


def of_role(name: str, **parts: object) -> RulesEdit:
    """Return an edit of a role."""
    return lambda rules: rules["roles"].setdefault(name, {}).update(parts)


def by_a_lead(rules: dict[str, Any]) -> None:
    """Let a lead self-certify."""
    rules["states"]["panel_agreed"]["transitions"]["self_certify"][0]["by"] = ["lead"]


def verified_by_the_panel(rules: dict[str, Any]) -> None:
    """Let the force's own panel verify."""
    rules["states"]["self_certified"]["transitions"]["verify"][0]["by"] = ["evidence_panel"]


FORGED: dict[str, tuple[str, RulesEdit, str]] = {
    "a role of the inspectorate's side": (
        PANEL,
        of_role("evidence_panel", side="inspectorate"),
        "`evidence_panel` would act for the side `inspectorate`, whose roles are national",
    ),
    "a role of its side under rules that refine none": (
        "review",
        of_role("king", side="inspectorate"),
        "`king` would act for the side `inspectorate`, whose roles are national",
    ),
    "HMICFRS on the force's side": (
        PANEL,
        of_role("hmicfrs", side="force"),
        "the role `hmicfrs` means something else here than nationally",
    ),
    "a Chief Constable whose acts are delegated": (
        PANEL,
        of_role("chief_constable", may_be_delegated=True),
        "the role `chief_constable` means something else here than nationally",
    ),
    "a lead who self-certifies": (PANEL, by_a_lead, "nationally"),
    "a panel that verifies": (PANEL, verified_by_the_panel, "nationally"),
    "rules that refine none": (
        PANEL,
        lambda rules: rules.pop("refines"),
        "at level 3, which `level-3@2` runs already",
    ),
    "rules that refine what there is none of": (
        PANEL,
        lambda rules: rules.update(refines="level-3@9"),
        "refines `level-3@9`, which is not here",
    ),
    "a national category at a level that there is none of": (
        "review",
        lambda rules: rules["applies_to"].update(
            category=["inspection", "local_review"], level=["none", 2]
        ),
        "a file of a force's own cannot run it at level 2",
    ),
    "a national name": (
        PANEL,
        lambda rules: rules.update(lifecycle="level-3", version=7),
        "the kept rules level-3@7 bear a national name, and are none that shipped",
    ),
}
"""By what is forged: whose rules, the edit, and what is said of it."""


@pytest.mark.parametrize("what", FORGED)
def test_14_33_own_rules_are_held_to_the_national_ones(
    what: str, rich: list[str], tmp_path: Path
) -> None:
    """As where their file is loaded: whose export it is proves nothing."""
    name, edit, words = FORGED[what]
    found = found_in(with_rules(rich, name, edit), tmp_path)
    assert any(words in sentence for sentence in found), found
    assert all("the kept rules" in sentence for sentence in found)


def test_14_33_an_honest_old_export_comes_in_without_the_files_of_its_own_rules(
    rich: list[str], tmp_path: Path
) -> None:
    """Its own rules refine the national ones, as they did; edited to the same, they still do."""
    assert found_in(rich, tmp_path) == []
    assert found_in(with_rules(rich, PANEL, lambda rules: rules), tmp_path) == []


def recorded(record: str, day: date) -> Edit:
    """Return the edit by which a record, and all behind it in the feed, were recorded on a day."""
    behind: list[str] = []

    def edit(event: dict[str, Any]) -> None:
        if behind or event["record"] == record:
            behind.append(event["record"])
            event["recorded_at"] = f"{day}T09:30:15.250000+00:00"

    return edit


def test_14_33_a_category_of_a_forces_own_counts_on_no_national_ledger(
    rich: list[str], tmp_path: Path
) -> None:
    """As `check` says of its file: where a record came under such rules since that is refused."""
    with Register.open("memory:", clock=_late_on(REFUSED)) as register:
        file = written(forged(rich, recorded("REV-1", REFUSED)), tmp_path)
        with pytest.raises(Unverified) as refused:
            register.restore(file)
        found = refused.value.discrepancies
        told = [each.sentence for each in found if not each.record]  # type: ignore[attr-defined]
        for name, event in (("review@1", "event 1 of REV-1"), ("review@2", "event 2 of REV-0")):
            counts = f"the kept rules {name}: `closed` counts on `portal`, on which only national"
            put = f"{event} put it under them at 2026-11-29 09:30:15.250000+00:00"
            assert f"{counts} files count; {put}, when that was refused" in told
        assert all("counts on `portal`" in sentence for sentence in told)
        register.restore(file, as_found=True)
        assert register.verify() == found


def test_14_33_what_counted_there_before_that_was_refused_is_honest(
    rich: list[str], tmp_path: Path
) -> None:
    """It was a force's own affair then: nothing is found, also of what was done on it since."""
    file = written(forged(rich, recorded("REV-1", REFUSED - timedelta(1))), tmp_path)
    with Register.open("memory:", clock=_late_on(REFUSED)) as register:
        register.restore(file)
        register.note("REV-1", "looked at", on=REFUSED, actor=KIM)
        said: Any = {"correction": "reenter", "reason": "a slip", "actor": KIM}
        register.correct("REV-1", 1, **said, entry={"joint": Joint(("kent",))})
        assert register.verify() == ()


REFUSED = date(2026, 11, 29)
"""From when the loader refuses such rules."""


def _late_on(day: date) -> Callable[[], datetime]:
    return lambda: datetime(day.year, day.month, day.day, 23, tzinfo=UTC)


def taken_over_on(day: date) -> Edit:
    """Return the edit by which OLD-0 was issued, and taken over, on a day."""

    def edit(event: dict[str, Any]) -> None:
        if event["record"] == "OLD-0":
            event["on"] = event["what"]["issued"] = str(day)
            for change in event["changes"]:
                change["on"] = str(day)

    return edit


def added(event: dict[str, Any]) -> None:
    """Add OLD-0 where it was taken over."""
    if event["record"] == "OLD-0":
        event["kind"] = "added"
        for part, of in (("issued", event["what"]), ("reason", event), ("source", event)):
            of.pop(part, None)


FIRST_DAY_WITH_LEVELS = date(2023, 3, 30)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (taken_over_on(FIRST_DAY_WITH_LEVELS), "under before-levels@2 was"),
        (taken_over_on(FIRST_DAY_WITH_LEVELS - timedelta(1)), ""),
        (added, "was added under before-levels@1, and under before-levels@2"),
    ],
)
def test_14_33_rules_that_ship_no_more_close_nothing_of_today(
    rich: list[str], tmp_path: Path, edit: Edit, words: str
) -> None:
    """As by the newest version of them: it is taken over, and was issued before there were levels.

    What an earlier peelflow let be added comes right where it is entered anew, or withdrawn.
    """
    file = written(forged(rich, edit), tmp_path)
    with Register.open("memory:", recorded_by="kim") as register:
        register.restore(file, as_found=True)
        found = register.verify()
        assert [(each.record, each.event) for each in found] == ([("OLD-0", 1)] if words else [])
        assert all(words in str(each) for each in found)
        void: Any = {"correction": "void", "reason": "a slip", "actor": LIAISON}
        register.correct("OLD-0", 1, **void)
        assert register.verify() == ()


LIAISON = Actor("liaison-officer", "liaison_officer")


def test_what_came_in_is_judged_and_acted_on_with_the_words_of_its_own_rules(
    rich: list[str], tmp_path: Path
) -> None:
    """At once: not only in a register that is opened on it afterwards."""
    with Register.open("memory:", clock=_late_on(REFUSED), recorded_by="kim") as register:
        register.restore(written(rich, tmp_path))
        assert register.verify() == ()
        assert "evidence_panel" in register.rulebook.vocabulary.roles


def test_14_33_what_takes_too_long_to_prove_is_not_taken_for_proved(
    rich: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget of a proof holds here, too."""

    def too_complex(*_: object, **__: object) -> None:
        raise InvalidRules([Diagnostic(Span("x"), "too-complex", "it takes too long", "less")])

    monkeypatch.setattr(refinement, "check_refinement", too_complex)
    assert found_in(rich, tmp_path) == [f"the kept rules {PANEL}@1: it takes too long"]


def test_14_33_rules_that_build_on_nothing_national_are_their_own(tmp_path: Path) -> None:
    """Where somebody passes rules of another kind altogether, none is held to the national ones."""
    for name, text in zip(("rules", "words"), OWN.split("---"), strict=True):
        (tmp_path / f"{name}.yaml").write_text(text + _LEAD * (name == "words"))
    alone = load(tmp_path, base=Rulebook())
    with Register.open("memory:", rulebook=alone, predicates={"is_signed_off": _yes}) as register:
        register.add(
            "V-1", category="review", force="wmp", issued=date(2023, 1, 9), actor=Actor("x", "lead")
        )
        assert register.verify() == ()


_LEAD = "roles:\n  lead: {side: force, title: Lead}\n"


def _yes(*_: object) -> bool:
    return True


def test_14_33_a_field_that_no_file_here_declares_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], honest: list[str]
) -> None:
    """It may be of a force's own, so it comes in; and it is told, by `import` and by `verify`."""

    def grown(event: dict[str, Any]) -> None:
        if event["kind"] == "added" and event["record"] in ("R-1", "R-2", "W-1", "I-1"):
            event["what"].setdefault("fields", {})["priority"] = "high"

    file, url = written(forged(honest, grown), tmp_path), f"sqlite:///{tmp_path}/register.db"
    assert main(["import", str(file), "--register", url]) == 0
    told = (
        "no file here declares the field `priority` of a `recommendation`, as R-1, R-2, W-1 has it"
    )
    assert told in capsys.readouterr().out
    assert main(["verify", "--register", url]) == 0
    assert told in capsys.readouterr().out
    assert main(["verify", str(file)]) == 0
    assert told in capsys.readouterr().out
    (tmp_path / "ours.yaml").write_text(_OURS)
    assert main(["verify", str(file), "--rules", str(tmp_path / "ours.yaml")]) == 0
    assert "`priority` of a `recommendation`" not in capsys.readouterr().out


_OURS = """vocabulary: ours
fields:
  recommendation: {priority: {type: text, title: Priority}}
"""


def test_14_33_the_day_of_a_level_entered_anew_is_judged(honest: list[str], tmp_path: Path) -> None:
    """And so are the day of its issue, and what fields of one shape say."""
    with Register.open("memory:") as register:
        register.restore(written(honest, tmp_path))
        entry: Any = {"graded": date(2023, 1, 2), "fields": {"published": "2023-01-02"}}
        said: dict[str, Any] = {"correction": "reenter", "reason": "a slip"}
        register.correct("W-1", 2, correction="void", reason="it stands", **PORTAL)
        register.correct("W-1", 1, **said, entry=entry, **PORTAL)
        register.correct("T-1", 1, **said, entry={"graded": date(2023, 1, 2)}, **PORTAL)
        lines = list(register.export())
        number = {name: register.record(name).number for name in ("W-1", "T-1")}

    def told(record: str, **parts: object) -> list[str]:
        def edit(event: dict[str, Any]) -> None:
            if (event["record"], event["number"]) == (record, number[record]):
                event["what"]["entry"] |= parts

        with Register.open("memory:") as register, pytest.raises(Unverified) as refused:
            register.restore(written(forged(lines, edit), tmp_path))
        found = refused.value.discrepancies
        return [each.sentence for each in found if each.event == number[record]]  # type: ignore[attr-defined]

    assert "does not lie between 2022-12-16" in told("W-1", graded="2021-01-01")[0]
    assert "is no date" in told("W-1", fields={"published": "soon"})[0]
    assert "was issued on 2023-03-02" in told("T-1", issued="2023-03-02")[0]


def test_14_36_the_level_that_hmicfrs_acted_at_stays(
    tmp_path: Path,
) -> None:
    """The force corrects what level it entered, until HMICFRS acted on the record; and it shows."""
    issued: dict[str, Any] = {"category": "recommendation", "level": 3, "issued": DAY}
    to_level_1: dict[str, Any] = {"correction": "reenter", "reason": "a slip", "actor": KIM}
    with Register.open("memory:", recorded_by="kim") as register:
        register.add("R-1", **issued, force="wmp", actor=KIM)
        made = register.correct("R-1", 1, **to_level_1, entry={"level": 1})
        assert register.record("R-1").level == 1
        register.amend("R-1", "question", "7", actor=HMICFRS, reason="published", source="s")
        back: dict[str, Any] = {"correction": "void", "reason": "not so", "actor": KIM}
        with pytest.raises(NotPermitted, match="level 1: is the one at which portal"):
            register.correct("R-1", made.number, **back)
        with pytest.raises(NotPermitted, match="let the inspectorate move it"):
            register.correct("R-1", 1, **to_level_1, entry={"level": 3})
        register.correct("R-1", 1, **to_level_1, entry={"fields": {"owner": "lee"}})

        register.add("R-2", **issued, force="wmp", actor=KIM)
        register.amend("R-2", "question", "7", actor=KIM, reason="published")
        register.correct("R-2", 1, **to_level_1, entry={"level": 1})
        assert register.verify() == ()
        lines = list(register.export())

    def decided(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == ("R-2", 2):
            event |= {"actor": {"person": "portal", "role": "hmicfrs"}, "source": "s"}

    with Register.open("memory:") as register, pytest.raises(Unverified) as refused:
        register.restore(written(forged(lines, decided), tmp_path))
    (found,) = refused.value.discrepancies
    assert "R-2: level 3: is the one at which portal (hmicfrs) acted on it" in str(found)
