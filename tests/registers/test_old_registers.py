"""Registers and exports that an older peelflow made: they open, verify, and say what they said."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import frozen
from sqlalchemy.engine import make_url

from peelflow import Actor, Event, Refused, Register, Rulebook, RulesMismatch, load, national
from peelflow.cli import main
from tests.builders.servers import database, emptied

HERE = Path(__file__).parent
LIAISON = Actor("liaison-officer", "liaison_officer")
CHIEF = Actor("chief-constable", "chief_constable")
HMICFRS = Actor("hmicfrs-portal", "hmicfrs")
KINDS = {
    "added",
    "taken_over",
    "acted",
    "attached",
    "amended",
    "linked",
    "relevelled",
    "migrated",
    "corrected",
}
COMMITS = ("2ab7cec", "c3d5360", "7c6ec88", "ba15ed6")
"""Commits under whose registers a national file was changed, and kept its version."""
KEPT = (
    ("demo-sqlite", "register.db"),
    ("demo-sqlite", "export into sqlite"),
    ("demo-sqlite", "export into postgresql"),
    ("demo-postgresql", "register.sql"),
    ("demo-postgresql", "export into sqlite"),
    ("rich", "register.db"),
    ("rich", "register.tables.db"),
    ("rich", "register.sql"),
    ("rich", "export into sqlite"),
    ("rich", "export into postgresql"),
    *((f"commit-{commit}", "register.db") for commit in COMMITS),
    ("commit-ba15ed6", "export into sqlite"),
    ("commit-ba15ed6", "export into postgresql"),
)


@frozen
class Old:
    """An old register, open, and the folder that says what it was."""

    register: Register
    folder: Path

    def json(self, name: str) -> Any:
        """Return what a file beside it tells."""
        return json.loads((self.folder / name).read_text("utf-8"))

    @property
    def records(self) -> list[list[str]]:
        """Return the id, state, number and head that each record had."""
        lines = (self.folder / "records.txt").read_text("utf-8").splitlines()
        return [line.split("\t") for line in lines]


@pytest.fixture(scope="module", params=KEPT, ids=" ".join)
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    """Give each old register, or a new one that an old export was restored into; to be read."""
    name, form = request.param
    folder, work = HERE / name, tmp_path_factory.mktemp("old")
    with ExitStack() as stack:
        if form.endswith("db"):
            url = sqlite_url(unpacked(folder / form, work))
        elif form == "export into sqlite":
            url = sqlite_url(work / "register.db")
        else:
            server: str = request.getfixturevalue("postgres_database")
            url = stack.enter_context(database(server))
            if form == "register.sql":
                run_dump(url, unpacked(folder / form, work).read_text("utf-8"))
            else:
                stack.enter_context(emptied(url))
        register = stack.enter_context(Register.open(url, rulebook=rules_of(folder)))
        if form.startswith("export"):
            register.restore(unpacked(folder / "export.jsonl", work))
        yield Old(register, folder)


@pytest.fixture
def rich(tmp_path: Path) -> Iterator[Register]:
    """Give a copy of the small register, to be written to."""
    folder = HERE / "rich"
    url = sqlite_url(unpacked(folder / "register.db", tmp_path))
    with Register.open(url, rulebook=rules_of(folder)) as register:
        yield register


OUTGROWN = ("review/first.yaml", "review/second.yaml", "review/plan.yaml")
"""Own lifecycles that count on the portal, which is refused now; their records keep them."""


def files_of(folder: Path) -> list[Path]:
    """Return the rule files of a register's own that load today."""
    files = sorted((folder / "rules").rglob("*.yaml"))
    return [file for file in files if not file.as_posix().endswith(OUTGROWN)]


@cache
def rules_of(folder: Path) -> Rulebook:
    """Return the rules that a register is read under; the others come with its records."""
    files = files_of(folder)
    return load(*files) if files else national()


def unpacked(file: Path, work: Path) -> Path:
    """Unpack a kept file into a folder, and return it."""
    made = work / file.name
    made.write_bytes(gzip.decompress(file.with_name(f"{file.name}.gz").read_bytes()))
    return made


def sqlite_url(file: Path) -> str:
    """Return the URL of a register in a file, by its name."""
    return f"sqlite{'+pysqlite' if file.name.endswith('tables.db') else ''}:///{file}"


def run_dump(url: str, dump: str) -> None:
    r"""Make in an empty database what a dump says: SQL, and rows behind each COPY up to `\.`."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    parts = re.split(r"^(COPY .*?;)\n(.*?)^\\\.$", dump, flags=re.MULTILINE | re.DOTALL)
    with psycopg.connect(plain) as connection, connection.cursor() as cursor:
        for sql, asked, rows in zip(parts[:-1:3], parts[1::3], parts[2::3], strict=True):
            cursor.execute(sql.encode())
            with cursor.copy(asked.encode()) as copy:
                copy.write(rows)
        cursor.execute(parts[-1].encode())


def test_an_old_register_verifies(old: Old) -> None:
    """Nothing in it is found to be wrong (S10)."""
    assert old.register.verify() == ()


def test_an_old_register_has_its_seal(old: Old) -> None:
    """The same position, root and heads."""
    kept = old.json("seal.json")
    del kept["format"]
    sealed, _ = old.register.seal()
    assert {name: getattr(sealed, name) for name in kept} == kept
    assert old.register.position() == kept["position"]


def test_an_old_record_stands_where_it_stood(old: Old) -> None:
    """Each with its state, its number and the digest of its last event."""
    _, heads = old.register.seal()
    assert [
        [each.id, each.state, str(each.number), heads[each.id].digest]
        for each in old.register.records()
    ] == old.records


def test_an_old_register_gives_the_same_figures(old: Old) -> None:
    """As at each day, as known then, on each ledger, for each force."""
    for kept in old.json("figures.json"):
        day = kept["as_at"]
        figures = old.register.figures(
            as_at=day and date.fromisoformat(day),
            ledger=kept["ledger"],
            known=kept["known"],
            force=kept.get("force"),
        )
        assert [[line.title, line.open, line.closed, line.total] for line in figures.lines] == [
            list(line.values()) for line in kept["lines"]
        ]
        assert [figures.open, figures.closed, figures.total] == list(kept["total"].values())


def test_an_old_register_exports_the_same_bytes(old: Old, tmp_path: Path) -> None:
    """Whatever adapter keeps it, and whether it was restored or opened.

    Only the last line says something new: how many documents there are.
    """
    *kept, kept_end = (
        unpacked(old.folder / "export.jsonl", tmp_path).read_text("utf-8").splitlines()
    )
    *exported, end = old.register.export()
    said = json.loads(end)
    documents = said.pop("documents")
    assert exported == kept
    assert said == json.loads(kept_end)
    assert documents == sum(json.loads(line)["kind"] == "document" for line in kept)


@pytest.mark.parametrize(
    "name", ["demo-sqlite", "rich", *(f"commit-{commit}" for commit in COMMITS)]
)
def test_the_command_says_what_it_said(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Held against the old seal: the register, and its export by itself; the figures as JSON."""
    folder = HERE / name
    for file in ("register.db", "export.jsonl"):
        unpacked(folder / file, tmp_path)
    monkeypatch.chdir(tmp_path)
    rules = [part for file in files_of(folder) for part in ("--rules", str(file))]
    here, seal = ["--register", "register.db", *rules], ["--seal", str(folder / "seal.json")]

    assert main(["verify", *seal, *here]) == 0
    assert capsys.readouterr().out == (folder / "verify.txt").read_text("utf-8")
    assert main(["verify", "export.jsonl", *seal]) == 0
    capsys.readouterr()
    assert main(["figures", "--as-at", "2023-03-30", "--format", "json", *here]) == 0
    printed = json.loads(capsys.readouterr().out)
    counted = [line.pop("assumed") for line in (*printed["lines"], printed["total"])]
    assert printed == json.loads((folder / "figures.json").read_text("utf-8"))[0]
    assert sum(counted[:-1]) == counted[-1]


@pytest.fixture(params=COMMITS)
def changed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register of case 31, to be written to."""
    file = unpacked(HERE / f"commit-{request.param}" / "register.db", tmp_path)
    with Register.open(sqlite_url(file)) as register:
        yield register


def test_item_19_only_acts_under_the_name_that_changed_are_refused(changed: Register) -> None:
    """A record under it can be read, and not written to; those under other rules go on."""
    (held, *_) = changed.records(category="super_complaint_recommendation")
    before = changed.position()

    assert changed.counts(held) == {"force": "open"}
    assert changed.next_acts(held.id, LIAISON) == ()
    with pytest.raises(RulesMismatch) as refused:
        changed.amend(held.id, "owner", "lead-9", actor=LIAISON, reason="moved on")
    assert "use the peelflow that it was made with" in refused.value.instead
    assert (refused.value.name, refused.value.version) == (held.lifecycle.name, 1)
    assert changed.position() == before
    changed.amend("WMP-R3-001", "owner", "lead-9", actor=LIAISON, reason="moved on")
    assert changed.position() == before + 1


def test_item_19_nothing_new_is_put_under_the_name_that_changed(changed: Register) -> None:
    """Two meanings of one name in one register could not be told apart."""
    (held, *_) = changed.records(category="super_complaint_recommendation")
    with pytest.raises(RulesMismatch):
        changed.add(
            "WMP-NEW",
            category=held.category,
            force=held.force,
            issued=date(2023, 3, 1),
            fields=changed.fields(held.id),
            parent=held.parent,
            actor=HMICFRS,
            recorded_by="liaison-officer",
            source="portal",
        )


def test_every_kind_of_event_is_kept(tmp_path: Path) -> None:
    """The small register tells all there were."""
    lines = unpacked(HERE / "rich" / "export.jsonl", tmp_path).read_text("utf-8").splitlines()
    told = [each for each in map(json.loads, lines) if each["kind"] == "event"]
    assert {json.loads(each["text"])["kind"] for each in told} == KINDS


def test_rules_whose_files_are_gone_come_from_the_register(rich: Register, tmp_path: Path) -> None:
    """It opens under the national rules alone, and every record counts as it did."""
    with Register.open(f"sqlite:///{tmp_path / 'register.db'}") as bare:
        assert bare.verify() == ()
        assert [(each.id, bare.counts(each)) for each in bare.records()] == [
            (each.id, rich.counts(each)) for each in rich.records()
        ]


def started(register: Register) -> Event:
    """Start as it was started."""
    return register.fire("L2-1", "start", actor=LIAISON, on=date(2023, 1, 9), key="L2-1-start")


def amended(register: Register) -> Event:
    """Amend a day as it was amended."""
    return register.amend(
        "L2-2",
        "plan_agreed",
        date(2023, 6, 1),
        actor=LIAISON,
        on=date(2023, 5, 2),
        reason="as the board asks",
        key="L2-2-plan",
    )


def appointed(register: Register) -> Event:
    """Appoint as was appointed."""
    return register.appoint(
        "old-chief",
        "chief_constable",
        force="kent",
        first_day=date(2018, 1, 1),
        last_day=date(2022, 12, 31),
        actor=LIAISON,
        key="kent-chief",
    )


def corrected(register: Register) -> Event:
    """Correct as was corrected."""
    return register.correct(
        "MEND-2",
        4,
        correction="void",
        actor=CHIEF,
        on=date(2023, 4, 20),
        reason="misread",
        key="MEND-2-back",
    )


@pytest.mark.parametrize("again", [started, amended, appointed, corrected])
def test_an_old_key_gives_the_first_event_again(
    rich: Register, again: Callable[[Register], Event]
) -> None:
    """What was asked for then is known when it is asked for again; nothing is kept."""
    before = rich.position()
    event = again(rich)
    assert event in rich.history(event.record)
    assert rich.position() == before


def test_an_old_register_goes_on(rich: Register) -> None:
    """Its rules allow and refuse what they did, and its seal still holds."""
    sealed, heads = rich.seal()
    with pytest.raises(Refused):
        rich.fire("L2-2", "close", actor=CHIEF, on=date(2023, 6, 2))
    rich.fire("L2-2", "start", actor=LIAISON, on=date(2023, 6, 2))
    assert rich.record("L2-2").state == "in_progress"
    assert rich.position() == sealed.position + 1
    assert rich.verify(sealed=sealed, heads=heads) == ()
