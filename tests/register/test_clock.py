"""A clock that cannot be right is refused; one that was fast is told, and stops nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, InvalidRequest, Register, backup
from peelflow.cli import main
from peelflow.errors import Unverified
from peelflow.register.backup import Backup
from peelflow.stores.integrity import CLOCK_TOLERANCE, Discrepancy, clock_discrepancies
from tests.stores.conftest import url_of


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
def test_item_37_a_clock_that_no_right_clock_is(year: int) -> None:
    """14.37: before anything is judged by it, or kept."""
    with Register.open("memory:", clock=lambda: datetime(year, 1, 1, tzinfo=UTC)) as register:
        with pytest.raises(InvalidRequest, match=f"tells the year {year}; set it right"):
            register.appoint(
                "kim",
                "chief_constable",
                force="wmp",
                first_day=date(2023, 1, 1),
                actor=Actor("kim", "liaison_officer"),
            )
        assert register.position() == 0


@pytest.mark.parametrize(
    "told",
    [
        "2023-01-01T00:00:00+00:00",
        date(2023, 1, 1),
        None,
        datetime(2023, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    ],
)
def test_item_14_a_clock_that_tells_no_moment(told: Any) -> None:
    """A text, a day or a moment in no time zone is refused as such, whoever asks for what."""
    with Register.open("memory:", clock=lambda: told) as register:
        with pytest.raises(InvalidRequest) as refused:
            register.route("R-1")
        assert refused.value.what == "the clock"
        assert refused.value.why == f"tells {told!r}, which is no moment in a time zone"
        assert refused.value.instead == "have it return a datetime in UTC"


KIM = Actor("kim", "liaison_officer")
RIGHT = datetime(2026, 6, 1, 9, tzinfo=UTC)


class Clock:
    """A clock that can be wrong."""

    def __init__(self, now: datetime) -> None:
        """Begin at a moment."""
        self.now = now

    def __call__(self) -> datetime:
        """Tell the moment."""
        return self.now


def appoint(register: Register, person: str) -> None:
    """Record something: one event of a record of its own."""
    said = {"force": "wmp", "first_day": date(2023, 1, 1), "actor": KIM}
    register.appoint(person, "chief_constable", **said)  # type: ignore[arg-type]


def places(found: tuple[Discrepancy, ...]) -> list[tuple[str, int]]:
    """Return who was appointed where a clock was found set back, and that no more was found."""
    assert {each.code for each in found} <= {"clock-back"}
    return [(each.record.split(":")[3], each.event) for each in found]


@pytest.fixture(params=["memory", "sqlite", "sql-sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the place of a new register of each kind."""
    return url_of(request.param, request, tmp_path)


def restored(file: Path, clock: Clock, *, as_found: bool = False) -> tuple[Discrepancy, ...]:
    """Take an export in, and return what is found in what came in."""
    with Register.open("memory:", clock=clock) as register:
        assert register.restore(file, as_found=as_found) == register.position() > 0
        return register.verify()


def test_14_18_a_clock_that_was_fast_is_told_until_its_time_has_come(
    url: str, tmp_path: Path
) -> None:
    """Whatever is made of the register meanwhile is made; import takes it as it was found."""
    clock, file = Clock(RIGHT + timedelta(days=2)), tmp_path / "all.jsonl"
    with Register.open(url, clock=clock) as register:
        appoint(register, "ann")
        clock.now = RIGHT
        found = register.verify()
        assert places(found) == [("ann", 1)]
        assert "which lies in the future; it is 2026-06-01 09:00 now" in found[0].sentence
        assert register.verify(judged=False) == found
        assert register.seal()[0].count == 1
        assert backup(register, tmp_path / "copy").found == found
        file.write_text("\n".join([*register.export(), ""]), "utf-8")
        with pytest.raises(Unverified) as refused:
            restored(file, clock)
        assert refused.value.discrepancies == found
        assert restored(file, clock, as_found=True) == found

        clock.now = RIGHT + timedelta(days=2) - CLOCK_TOLERANCE
        assert register.verify() == restored(file, clock) == ()


def test_14_18_what_was_done_by_a_clock_that_was_fast_is_judged_as_on_its_day() -> None:
    """Each kind of event that the clock dated ahead is told of its moment, and of nothing else."""
    ahead, day = RIGHT + timedelta(days=2), date(2026, 6, 3)
    portal: dict[str, Any] = {"actor": Actor("portal", "hmicfrs"), "source": "portal"}
    named: dict[str, Any] = {"force": "wmp", "issued": day, **portal}
    clock, chief = Clock(ahead), Actor("ann", "chief_constable")
    with Register.open("memory:", clock=clock, recorded_by="kim") as register:
        appoint(register, "ann")
        register.add("R-1", category="recommendation", level=2, fields={"owner": "lee"}, **named)
        register.add("R-2", category="recommendation", level=3, graded=day, **named)
        register.fire("R-1", "start", actor=Actor("lee", "lead"), on=day)
        letter = register.keep(b"done", kind="letter", name="a.txt", signed_by="ann", signed_on=day)
        register.fire("R-1", "close", actor=chief, on=day, evidence=(letter,))
        register.amend("R-2", "owner", "lee", actor=KIM, on=day, reason="agreed")
        register.note("R-2", "told", actor=KIM, on=day)
        register.relevel("R-2", plan="level-3-to-2", on=day, reason="reviewed", **portal)
        assert register.verify() == ()
        clock.now = RIGHT
        found = register.verify()
        assert {each.code for each in found} == {"clock-back"}
        assert len({(each.record, each.event) for each in found}) == len(found)
        assert len(found) == register.position()


def test_14_18_what_was_recorded_since_a_clock_was_set_right_is_told_where_it_was(
    url: str, tmp_path: Path
) -> None:
    """Once, for the feed then is in another order than the moments; it stops nothing either."""
    clock, file = Clock(RIGHT), tmp_path / "all.jsonl"
    with Register.open(url, clock=clock) as register:
        for days, person in enumerate(("ann", "bob", "cat", "dan", "eve")):
            clock.now = RIGHT + timedelta(days={1: 3, 4: 2}.get(days, 0), hours=days)
            appoint(register, person)
        clock.now = RIGHT + timedelta(days=9)
        sealed, heads = register.seal()
        found = register.verify(sealed=sealed, heads=heads)
        assert places(found) == [("cat", 1)]
        assert "bob:2023-01-01 event 1 of 2026-06-04 10:00" in found[0].sentence
        assert "a seal of before tells which" in found[0].sentence
        made = backup(register, tmp_path / "copy")
        assert isinstance(made, Backup)
        assert (made.found, made.events) == (found, 5)
        file.write_text("\n".join([*register.export(), ""]), "utf-8")
    assert restored(file, clock, as_found=True) == found


def test_a_clock_that_is_set_right_by_less_than_a_day_is_not_told(url: str) -> None:
    """Acts take their time, and so do clocks."""
    clock = Clock(RIGHT)
    with Register.open(url, clock=clock) as register:
        appoint(register, "ann")
        clock.now -= CLOCK_TOLERANCE - timedelta(microseconds=1)
        appoint(register, "bob")
        assert register.verify() == ()


@pytest.mark.parametrize("said", ["", "soon", "2026-06-01T09:00:00.000000", None])
def test_what_says_no_moment_is_passed_over(said: str | None) -> None:
    """It is told where the event is looked at; what stands behind it is held to the others."""
    with Register.open("memory:", clock=Clock(RIGHT)) as register:
        for person in ("ann", "bob"):
            appoint(register, person)
        with register.store.snapshot() as kept:
            ann, bob = (row for _, row in kept.feed())
    moment = str(RIGHT).replace(" ", "T").replace("+", ".000000+")
    assert moment in str(ann.text)
    odd = ann._replace(text="{}" if said is None else str(ann.text).replace(moment, said))
    late = ann._replace(text=str(ann.text).replace("2026-06-01", "2026-06-02"))
    now = RIGHT + timedelta(days=1)
    assert list(clock_discrepancies([odd, bob], now)) == []
    (found,) = clock_discrepancies([late, odd, bob], now)
    assert (found.record, found.code) == (bob.record, "clock-back")


@pytest.mark.parametrize("judged", [50_000, 0])
def test_14_18_each_command_tells_it(
    judged: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seal and verify end with 1; export and backup are made, and import takes it where asked."""
    monkeypatch.setattr("peelflow.cli.exchange.JUDGED_UNASKED", judged)
    here, new = (["--register", str(tmp_path / f"{name}.db")] for name in ("here", "new"))
    file = str(tmp_path / "all.jsonl")
    clock = Clock(datetime.now(UTC) + timedelta(days=3))
    with Register.open(f"sqlite:///{here[1]}", clock=clock) as register:
        appoint(register, "ann")
    asked = (
        (["export", file, *here], 0),
        (["backup", str(tmp_path / "copy.db"), *here], 0),
        (["seal", str(tmp_path / "all.seal"), *here], 1),
        (["verify", *here], 1),
        (["verify", file], 1),
        (["import", file, *new], 1),
        (["import", "--as-found", file, *new], 0),
        (["verify", *new], 1),
    )
    for line, code in asked:
        assert main(line) == code
        printed = capsys.readouterr().out
        where = "appointment:wmp:chief_constable:ann:2023-01-01 event 1: clock-back"
        assert f"{where}: it was recorded at" in printed
        assert "has to fit first" not in printed
