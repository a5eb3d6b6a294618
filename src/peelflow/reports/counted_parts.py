"""The parts of a committee's paper that count: levels, figures, what moved, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import takewhile

from attrs import evolve

from peelflow.engine.calendar import months_after
from peelflow.errors import InvalidRequest
from peelflow.figures import Figures
from peelflow.model.date_spans import read_span, span_of_day
from peelflow.model.outline import Outline
from peelflow.model.question_sets import QuestionSet, set_in_force
from peelflow.model.questions import inspected_set
from peelflow.model.records import Record
from peelflow.model.rules import AlwaysReachable, Lifecycle
from peelflow.portfolio.grouping import ROW
from peelflow.portfolio.listing import Age, age_shares, ages
from peelflow.portfolio.movement import movement, movement_totals
from peelflow.portfolio.plan import PlannedInspection, inspection_plan
from peelflow.portfolio.selection import (
    EVERYTHING,
    FIELD_PREFIX,
    Criterion,
    Selection,
    each_open,
    each_selected,
)
from peelflow.register.reader import Reader
from peelflow.reports.content import (
    ASSUMED,
    Block,
    Bullets,
    Chart,
    Paragraph,
    Section,
    Series,
    Table,
    say_mark,
)
from peelflow.reports.tables import (
    CLOSED_NUMBERS,
    OPEN_NUMBERS,
    movement_table,
    say_ending,
    share_table,
)
from peelflow.results import frozen

MONTHS_OF_HISTORY = 12
MOST_REASONS = 4
_AGES = ((6, "Up to 6 months"), (12, "6 to 12 months"), (24, "1 to 2 years"))
_OLDEST, _UNKNOWN = "Over 2 years", "Not known"
_NUMBERS_OF_FIGURES = ("Open", "Closed", "Total", ASSUMED)


@frozen
class Scope:
    """What a paper is of.

    Attributes:
        register: The register.
        outline: The paper's outline.
        as_at: The day as at whose end everything is said.
        since: The day of the last meeting.
        selection: Which records.
        known_since: The position of the feed that the last paper's figures were known at.
    """

    register: Reader
    outline: Outline
    as_at: date
    since: date
    selection: Selection = EVERYTHING
    known_since: int | None = None

    @property
    def ledger(self) -> str:
        """The ledger whose figures the paper gives."""
        return self.outline.ledger

    def opened(self) -> Iterator[Record]:
        """Yield what is open on the ledger."""
        return each_open(self.register, self.as_at, selection=self.selection, ledger=self.ledger)

    def of_category(self, category: str, *criteria: Criterion) -> list[Record]:
        """Return the force's records of a category that meet some criteria."""
        selection = Selection(self.selection.force, category, criteria=criteria)
        return list(each_selected(self.register, selection, as_at=self.as_at))


Parts = Iterator[Block | Section]


def say_date(day: date) -> str:
    """Return a day in words, such as 30 March 2023.

    Args:
        day: The day.
    """
    return f"{day.day} {day:%B %Y}"


def framework_parts(scope: Scope) -> Parts:
    """Yield the inspection framework in force, its questions, and what is prepared for it."""
    sets = scope.register.rulebook.vocabulary.question_sets
    name = set_in_force(sets, scope.as_at, scope.selection.force or scope.register.services.force)
    if name is not None:
        questions = sets[name]
        yield Paragraph(_say_questions(questions, sets))
        asked = tuple(f"{number}. {text}" for number, text in questions.questions.items())
        yield from [Bullets(asked)] if asked else []
        yield from _coming_under(scope, name)
    readiness = scope.of_category("peel_readiness")
    if readiness:
        assessed = sum(record.state != "to_assess" for record in readiness)
        yield Paragraph(
            f"Readiness is assessed question by question: {assessed} of {len(readiness)} have a "
            "baseline."
        )


def _say_questions(questions: QuestionSet, sets: Mapping[str, QuestionSet]) -> str:
    sentence = f"{questions.title}: {_say_size(questions)}"
    old = sets.get(questions.replaces or "")
    return sentence + (f", where {old.title} were {old.size}." if old and old.size else ".")


def _say_size(questions: QuestionSet) -> str:
    """Say how many questions a set has, or of how many the words are known."""
    if questions.size is not None:
        return f"{questions.size} questions"
    return f"how many questions it has is not known, {len(questions.questions)} by its words"


def _coming_under(scope: Scope, name: str) -> Parts:
    """Yield the coming inspections that ask the questions of a set."""
    sets = scope.register.rulebook.vocabulary.question_sets
    coming = [
        f"{planned.title or planned.inspection.id}: {say_days(planned)}"
        for planned in inspection_plan(scope.register, scope.as_at, force=scope.selection.force)
        if inspected_set(planned.inspection, sets) == name
    ]
    if coming:
        yield Paragraph("Coming inspections under it:")
        yield Bullets(tuple(coming))


def say_days(planned: PlannedInspection) -> str:
    """Return the days of an inspection in words.

    Args:
        planned: The inspection.
    """
    inspection = planned.inspection
    return f"{say_date(inspection.first_day)} to {say_date(inspection.last_day)}"


def levels_parts(scope: Scope) -> Parts:
    """Yield what the rules say of each sort of record that is counted, in their own words."""
    ledgers = {scope.ledger} | {
        ledger for ledger in _ledgers(scope) if _counted(scope, ledger).total
    }
    rows = tuple(
        (lifecycle.title, "; ".join(_reasons(lifecycle)))
        for lifecycle in _current_rules(scope)
        if any(ledgers & state.counts_as.keys() for state in lifecycle.states.values())
    )
    yield Table("levels", "What the rules ask, and why", ("Rules", "In their own words"), rows)


def _current_rules(scope: Scope) -> list[Lifecycle]:
    """Return the latest version in force of each of the rulebook's lifecycles, by title."""
    latest: dict[str, Lifecycle] = {}
    for lifecycle in scope.register.rulebook.lifecycles:
        known = latest.get(lifecycle.name)
        is_in_force = lifecycle.first_day <= scope.as_at
        if is_in_force and (known is None or known.version < lifecycle.version):
            latest[lifecycle.name] = lifecycle
    return sorted(latest.values(), key=lambda lifecycle: lifecycle.title)


def _reasons(lifecycle: Lifecycle) -> list[str]:
    """Return why a lifecycle promises what it does, up to what only keeps records from a trap."""
    first_ones = takewhile(
        lambda guarantee: not isinstance(guarantee.promise, AlwaysReachable), lifecycle.guarantees
    )
    return list(dict.fromkeys(guarantee.because for guarantee in first_ones))[:MOST_REASONS]


def figures_parts(scope: Scope) -> Parts:
    """Yield the figures of the ledger, and of each other one that has records."""
    position = scope.register.position()
    ledgers = sorted(_ledgers(scope), key=lambda name: (name != scope.ledger, name))
    for ledger in ledgers:
        counted = _counted(scope, ledger, position)
        if ledger == scope.ledger or counted.total:
            yield _figures_table(counted, ledger, are_all=ledger == scope.ledger)
            yield from _assumed_note(counted)
    yield Paragraph(
        f"Counted as at {say_date(scope.as_at)}, as known at position {position} of the register's "
        "feed: the same table can be made again from there.",
        is_note=True,
    )


def _counted(scope: Scope, ledger: str, known: int | None = None) -> Figures:
    return scope.register.figures(
        as_at=scope.as_at, force=scope.selection.force, ledger=ledger, known=known
    )


def _ledgers(scope: Scope) -> set[str]:
    states = (
        state
        for lifecycle in scope.register.rulebook.lifecycles
        for state in lifecycle.states.values()
    )
    return {scope.ledger}.union(*(state.counts_as for state in states))


def _figures_table(counted: Figures, ledger: str, *, are_all: bool) -> Table | Paragraph:
    """Return figures as a table; all lines, or those alone that are not of nothing."""
    lines = [
        (line.title, line.open, line.closed, line.total, line.assumed)
        for line in counted.lines
        if are_all or line.total
    ]
    title = f"Held on the ledger “{ledger}”"
    if not counted.total:
        return Paragraph(f"{title}: no record.")
    total = ("Total", counted.open, counted.closed, counted.total, counted.assumed)
    columns, rows = ("Record", *_NUMBERS_OF_FIGURES), (*lines, total)
    return Table(
        *(ledger, title, columns, rows, _NUMBERS_OF_FIGURES), totals=True, optional=(ASSUMED,)
    )


def _assumed_note(counted: Figures) -> Parts:
    if counted.assumed:
        yield Paragraph(
            f"{counted.assumed} of the {counted.total} were taken over as they stood, from a list, "
            "and are assumed to stand so.",
            is_note=True,
        )


def movement_parts(scope: Scope, by: str = ROW) -> Parts:
    """Yield what was, what moved since the last meeting, and so what is; then each movement.

    Args:
        scope: What the paper is of.
        by: What the sums are grouped by: a column, a field, or the rows of the figures.
    """
    yield from _movement_sums(scope, by)
    moved = movement(
        scope.register,
        after=scope.since,
        until=scope.as_at,
        ledger=scope.ledger,
        selection=scope.selection,
    )
    if not moved:
        yield Paragraph("No record came, closed or re-opened.")
        return
    rows = tuple(
        (
            *(step.on, step.row.record, step.kind, say_ending(step), say_mark(is_so=step.assumed)),
            *(str(step.attribution.actor), step.reason),
        )
        for step in moved
    )
    columns = ("Day", "Record", "What", "Ending", ASSUMED, "Decided by", "Reason")
    yield Table("moves", "What came, closed and re-opened", columns, rows)


def _movement_sums(scope: Scope, by: str) -> Parts:
    totals = movement_totals(
        scope.register,
        after=scope.since,
        until=scope.as_at,
        by=by,
        ledger=scope.ledger,
        selection=scope.selection,
    )
    name = "record" if by == ROW else by.removeprefix(FIELD_PREFIX).replace("_", " ")
    whole = movement_table(totals, heading(name), "")
    for title, names in (("Open records", OPEN_NUMBERS), ("Closed records", CLOSED_NUMBERS)):
        yield _part_of(whole, f"{title}, {say_date(scope.since)} to {say_date(scope.as_at)}", names)


def _part_of(table: Table, title: str, numbers: tuple[str, ...]) -> Table:
    """Return a table of the first column of another and some of its numbers."""
    places = [0, *map(table.columns.index, numbers)]
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    columns = tuple(heading(table.columns[place]) for place in places)
    optional = tuple(map(heading, table.optional))
    said = evolve(table, title=title, columns=columns, rows=rows)
    return evolve(said, numbers=columns[1:], optional=optional)


def heading(name: str) -> str:
    """Return a name as it stands at the beginning of a line.

    Args:
        name: The name.
    """
    return name[:1].upper() + name[1:]


def history_parts(scope: Scope) -> Parts:
    """Yield how many records counted open and closed at the end of each of the last months."""
    days = [*_month_ends(scope.as_at), scope.as_at]
    counted = [
        scope.register.figures(as_at=day, force=scope.selection.force, ledger=scope.ledger)
        for day in days
    ]
    series = (
        Series("Open", tuple(figures.open for figures in counted)),
        Series("Closed", tuple(figures.closed for figures in counted)),
    )
    first, last = counted[0], counted[-1]
    yield Chart(
        name="history",
        title="Open and closed over time",
        alt=f"Lines over {len(days)} days. Open: {first.open} on {say_date(days[0])}, {last.open} "
        f"on {say_date(days[-1])}. Closed: {first.closed}, then {last.closed}.",
        kind="lines",
        places=tuple(day.isoformat() for day in days),
        series=series,
    )


def _month_ends(day: date) -> Iterator[date]:
    """Yield the last day of each of the months before a day's own."""
    first = day.replace(day=1)
    for months in range(MONTHS_OF_HISTORY - 1, -1, -1):
        yield months_after(first, -months) - timedelta(1)


def ages_parts(scope: Scope) -> Parts:
    """Yield how old open records are, and how many are older than the outline says."""
    listed = ages(scope.register, scope.as_at, ledger=scope.ledger, selection=scope.selection)
    counts = dict.fromkeys([*(name for _, name in _AGES), _OLDEST, _UNKNOWN], 0)
    for age in listed:
        counts[_age_name(scope.as_at, age)] += 1
    shown = {name: count for name, count in counts.items() if count or name != _UNKNOWN}
    yield Chart(
        name="ages",
        title="Ages of open records since publication",
        alt="Bars. " + "; ".join(f"{name}: {count}" for name, count in shown.items()) + ".",
        kind="bars",
        places=tuple(shown),
        series=(Series("Open", tuple(shown.values())),),
    )
    years = scope.outline.older_than_years
    try:
        before = months_after(scope.as_at, -12 * years)
    except OverflowError:
        what, why = f"the outline's `older_than_years`, {years}", "reaches beyond the calendar"
        raise InvalidRequest(what, why, "write fewer") from None
    shares = age_shares(
        scope.register, scope.as_at, before=before, ledger=scope.ledger, selection=scope.selection
    )
    span = "a year" if years == 1 else f"{years} years"
    title = f"Open, and published more than {span} before"
    yield _headed(share_table([share for share in shares if share.total], "Record", "older", title))


def _headed(table: Table) -> Table:
    columns, numbers = tuple(map(heading, table.columns)), tuple(map(heading, table.numbers))
    return evolve(table, columns=columns, numbers=numbers)


def _age_name(on: date, age: Age) -> str:
    """Return in which band an age is; not known where that hangs on which day is meant."""
    if age.as_known is not None:
        span = read_span(age.as_known)
    else:
        span = span_of_day(age.published) if age.published else None
    names = {_band_of(on, day) for day in ((span.first, span.last) if span else ())}
    return names.pop() if len(names) == 1 else _UNKNOWN


def _band_of(on: date, published: date) -> str:
    """Return the band of a day; over two years, as over any number, is before that day."""
    for months, name in _AGES:
        if published >= months_after(on, -months):
            return name
    return _OLDEST
