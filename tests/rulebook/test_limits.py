"""Any folder ends: with a verdict, or as too complex, within a budget of steps for all of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from peelflow.proof.budget import MOST_STEPS, Budget
from peelflow.rulebook.loader import check_files, read_files
from peelflow.rulebook.national import national

HEAD = """\
lifecycle: {name}
version: 1
in_force_from: 2020-01-01
title: Large
applies_to: {{category: thing, level: none}}
initial: s0
states:
"""
VOCABULARY = "vocabulary: own\ncategories:\n  thing:\n    title: T\n    fields:\n"
FEW = 400_000
"""Steps that are quickly spent."""
OWN = "lifecycle: own\nrefines: level-3@2\n"
RULES = Path(__file__).parents[2] / "rules" / "national"
MEASURED = """\
import resource, sys
from peelflow.rulebook.national import check
check(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""

Ways = Callable[[int], str]


def lifecycle(states: Iterator[str], *guarantees: str, name: str = "large") -> str:
    """Return a lifecycle's file."""
    promised = "".join(f'  - {{that: "{that}", because: b}}\n' for that in guarantees)
    return HEAD.format(name=name) + "".join(states) + f"guarantees:\n{promised}" * bool(guarantees)


def states(number: int, ways: Ways) -> Iterator[str]:
    """Yield so many states with their ways out, and an end."""
    for n in range(number):
        yield f"  s{n}: {{counts_as: {{force: open}}, transitions: {{{ways(n)}}}}}\n"
    yield f"  s{number}: {{counts_as: {{force: closed}}, final: true}}\n"


def on(n: int, more: str = "") -> str:
    """Return the step from one state to the next."""
    return f"go{n}: {{to: s{n + 1}, by: [lead]{more}}}"


def fields(*names: str) -> dict[str, str]:
    """Return the vocabulary, with fields."""
    declared = "".join(f"      {name}: {{type: person, title: O}}\n" for name in names)
    return {"words.yaml": VOCABULARY + declared}


def orders() -> dict[str, str]:
    """Every order in which states were entered matters: 7 kB."""

    def ways(n: int) -> str:
        moves = ", ".join(f"to{m}: {{to: s{m}, by: [lead]}}" for m in ((n + 1) % 40, (n + 5) % 40))
        since = (n * 3 + 7) % 40
        end = f"end: {{to: s40, by: [lead], requires: [{{evidence: letter, since: s{since}}}]}}"
        return f"{moves}, {end}"

    rules = lifecycle(states(40, ways), "s40 can always be reached")
    return fields("owner") | {"large.yaml": rules}


def pigeons() -> dict[str, str]:
    """A question of logic that has no short answer."""
    names = [[f"p{n}_{hole}" for hole in range(12)] for n in range(13)]
    each = (", ".join(f"[{{field: {name}}}]" for name in one) for one in names)
    asked = ", ".join(f"{{any_of: [{one}]}}" for one in each)
    twice = ", ".join(
        f"[{{field: {one[hole]}}}, {{field: {other[hole]}}}]"
        for hole in range(12)
        for n, one in enumerate(names)
        for other in names[:n]
    )
    steps = states(3, lambda n: on(n, f", requires: [{asked}]"))
    rules = lifecycle(steps, f"s3 is never entered without {{any_of: [{twice}]}}")
    return fields(*(name for one in names for name in one)) | {"large.yaml": rules}


def waits() -> dict[str, str]:
    """Thousands of alternatives."""
    every = ", ".join(f"[{{waited: {n + 2}}}]" for n in range(3_000))
    steps = states(1, lambda n: on(n, f", requires: [{{any_of: [{every}]}}]"))
    rules = lifecycle(steps, "s1 is never entered without {waited: 2}")
    return fields("owner") | {"large.yaml": rules}


def moments() -> dict[str, str]:
    """Hundreds of moments, of each of which it matters whether it came before the others."""
    every = ", ".join(f"{{evidence: letter, since: s{n}}}" for n in range(300))
    steps = states(301, lambda n: on(n, f", requires: [{every}]" if n == 300 else ""))
    rules = lifecycle(steps, "s301 is never entered without {evidence: letter, since: s7}")
    return fields("owner") | {"large.yaml": rules}


def promises() -> dict[str, str]:
    """A guarantee for each of many states."""
    every = (f"s{n} is never entered without [go{n - 1}]" for n in range(1, 400))
    return fields("owner") | {"large.yaml": lifecycle(states(400, on), *every)}


def mistakes() -> dict[str, str]:
    """Thousands of names that nobody declared."""
    steps = states(900, lambda n: f"go: {{to: q{n}, by: [leda]}}")
    return fields("owner") | {"large.yaml": lifecycle(steps)}


def unread() -> dict[str, str]:
    """Many files that are no YAML."""
    return {f"{n}.yaml": "a: [" + "a," * 3_000 for n in range(20)}


def files() -> dict[str, str]:
    """More files than a folder needs."""
    rules = (lifecycle(states(30, on), name=f"large-{n}") for n in range(40))
    return fields("owner") | {f"{n}.yaml": text for n, text in enumerate(rules)}


KINDS = (orders, pigeons, waits, moments, promises, mistakes, unread, files)


def two_of_eight() -> str:
    """Return requirements of eight fields that say one of two things each: 256 ways."""
    fields = [
        f"{{any_of: [[{{field: f{n}, has: a}}], [{{field: f{n}, has: b}}]]}}" for n in range(8)
    ]
    return ", ".join(fields)


def ways() -> dict[str, str]:
    """Steps that can be taken in hundreds of ways, of which no two go together."""
    declared = "".join(
        f"      f{n}: {{type: choice, title: O, choices: [a, b]}}\n" for n in range(8)
    )
    steps = states(20, lambda n: on(n, f", requires: [{two_of_eight()}, {{waited: {n + 1}}}]"))
    return {"words.yaml": VOCABULARY + declared, "large.yaml": lifecycle(steps)}


def categories(number: int, *, field: str = "owner", more: str = "") -> dict[str, str]:
    """Return a vocabulary of so many categories; `field` is in each, or has its number."""
    declared = (
        f"  c{n}: {{title: T{more}, fields: {{{field % n if '%' in field else field}: "
        "{type: person, title: O}}}\n"
        for n in range(number)
    )
    return {"words.yaml": "vocabulary: own\ncategories:\n" + "".join(declared)}


def of_categories(text: str, number: int) -> str:
    """Return a lifecycle's file that runs so many categories."""
    named = ", ".join(f"c{n}" for n in range(number))
    return text.replace("category: thing", f"category: [{named}]")


def sorts() -> dict[str, str]:
    """Records of hundreds of sorts, for each of which other steps may be possible."""
    rules = of_categories(lifecycle(states(250, on)), 250)
    return categories(250, field="f%d") | {"large.yaml": rules}


def needs() -> dict[str, str]:
    """Hundreds of fields that are asked of hundreds of categories."""
    every = ", ".join(f"[{{field: owner}}, {{waited: {n + 1}}}]" for n in range(520))
    steps = states(1, lambda n: on(n, f", requires: [{{any_of: [{every}]}}]"))
    return categories(400) | {"large.yaml": of_categories(lifecycle(steps), 400)}


def answers() -> dict[str, str]:
    """A child for each record, asked of hundreds of categories."""
    asked = "{children: owner, for_each: c0, whose: owner, names: owner}"
    steps = states(110, lambda n: on(n, f", requires: [{asked}]"))
    words = categories(300, more=", children: [c1]")["words.yaml"]
    words = words.replace("type: person", "type: reference, to: [c0]")
    return {"words.yaml": words, "large.yaml": of_categories(lifecycle(steps), 300)}


def order() -> dict[str, str]:
    """A guarantee of hundreds of steps in order."""
    listed = ", ".join(f"go{n}" for n in range(250))
    every = (
        f"s{n} is never entered without [{listed}] since s0" for n in (250, 249, 248, 247, 246)
    )
    return fields("owner") | {"large.yaml": lifecycle(states(250, on), *every)}


def two_versions(first: str, second: str, *plans: str) -> dict[str, str]:
    """Return two versions of a lifecycle, and plans between them."""
    second = second.replace("version: 1", "version: 2").replace("from: 2020", "from: 2021")
    named = {
        f"plan{n}.yaml": f"migration: plan-{n}\nby: [lead]\n{plan}" for n, plan in enumerate(plans)
    }
    return fields("owner") | {"first.yaml": first, "second.yaml": second} | named


def automatic() -> dict[str, str]:
    """A plan into rules whose steps peelflow takes at once, one after the other."""
    first = lifecycle(states(250, on))
    second = first.replace("by: [lead]", "by: [system]").replace(
        "by: [system]}}}\n  s250", "by: [lead]}}}\n  s250"
    )
    moved = ", ".join(f"s{n}: s{n}" for n in range(251))
    return two_versions(first, second, f"from: large@1\nto: large@2\nstates: {{{moved}}}\n")


def turns() -> dict[str, str]:
    """Plans by which records come round again and again, each time in another sense."""

    def ways(n: int) -> str:
        moves = ", ".join(f"to{m}: {{to: s{m}, by: [lead]}}" for m in range(12) if m != n)
        last = f"since: s{(n + 1) % 12}"
        return f"{moves}, end: {{to: s12, by: [lead], requires: [{{evidence: letter, {last}}}]}}"

    rules = lifecycle(states(12, ways), "s12 can always be reached")
    turned = [plan(12, old, turn) for old in (1, 2) for turn in (lambda n: n + 1, lambda n: -n)]
    return two_versions(rules, rules, *turned)


def plan(size: int, old: int, turn: Callable[[int], int]) -> str:
    """Return a plan from one of two versions to the other, with all states but the end turned."""
    moved = ", ".join(f"s{n}: s{turn(n) % size}" for n in range(size))
    end = f"s{size}: s{size}"
    return f"from: large@{old}\nto: large@{3 - old}\nstates: {{{moved}, {end}}}\n"


def senses() -> dict[str, str]:
    """States that mean dozens of things to those who came to them by plans."""
    rules = lifecycle(states(31, on))
    turned = [plan(31, old, turn) for old in (1, 2) for turn in (lambda n: n + 1, lambda n: n + 2)]
    return two_versions(rules, rules, *turned)


def long_walks() -> dict[str, str]:
    """Hundreds of faults, each with a long walk to it."""
    level = (RULES / "level-3.yaml").read_text("utf-8")
    own = "    stands_for: in_progress\n    counts_as: {portal: open}\n    transitions:\n"
    added = "".join(
        f"  w{n}:\n{own}      jot{n}: {{to: w{(n + 1) % 200}, by: [hmicfrs]}}\n" for n in range(200)
    )
    text = level.replace("lifecycle: level-3\n", OWN)
    text = text.replace("  self_certified:\n", f"{added}  self_certified:\n", 1)
    return {
        "own.yaml": text.replace(
            "    transitions:\n", "    transitions:\n      jot: {to: w0, by: [lead]}\n", 2
        )
    }


GROWING = (ways, sorts, needs, answers, order, automatic, turns, senses, long_walks)


def choices() -> dict[str, str]:
    """Twelve choices of two, and an alternative of nine: 36,864 ways."""
    twice = (
        f"{{any_of: [[{{waited: {n + 2}}}], [reason, {{waited: {n + 1}}}]]}}" for n in range(12)
    )
    nine = ", ".join(f"[{{waited: {n + 40}}}]" for n in range(9))
    asked = ", ".join([*twice, f"{{any_of: [{nine}]}}"])
    steps = states(2, lambda n: on(n, f", requires: [{asked}]"))
    return fields("owner") | {
        "large.yaml": lifecycle(steps, "s2 is never entered without {waited: 2}")
    }


def many_waits() -> dict[str, str]:
    """330 waits in one `any_of`."""
    every = ", ".join(f"[{{waited: {n + 2}}}]" for n in range(330))
    steps = states(1, lambda n: on(n, f", requires: [{{any_of: [{every}]}}]"))
    return fields("owner") | {
        "large.yaml": lifecycle(steps, "s1 is never entered without {waited: 2}")
    }


def nested() -> dict[str, str]:
    """An `any_of` in another, twelve deep."""
    asked = "{field: owner}"
    for _ in range(12):
        asked = f"{{any_of: [[{asked}, reason], [successor]]}}"
    steps = states(3, lambda n: on(n, f", requires: [{asked}]"))
    return fields("owner") | {
        "large.yaml": lifecycle(steps, f"s3 is never entered without {asked}")
    }


def letters() -> dict[str, str]:
    """Hundreds of kinds of letters."""
    names = [f"l{n}" for n in range(300)]
    declared = "evidence:\n" + "".join(f"  {name}: {{title: L}}\n" for name in names)
    asked = ", ".join(f"{{evidence: {name}}}" for name in names)
    steps = states(1, lambda n: on(n, f", requires: [{asked}]"))
    words = fields("owner")["words.yaml"] + declared
    rules = lifecycle(steps, "s1 is never entered without {evidence: l7}")
    return {"words.yaml": words, "large.yaml": rules}


def small_steps() -> dict[str, str]:
    """Forty states of a force's own in one national state, which lead round: 7 kB."""
    level = (RULES / "level-3.yaml").read_text("utf-8")
    own = "    stands_for: in_progress\n    counts_as: {portal: open}\n    transitions:\n"
    end, certify = level.index("  self_certified:\n"), level.index("      self_certify:")
    steps = level[certify:end]
    added = "".join(
        f"  w{n}:\n{own}      jot{n}: {{to: w{(n + 1) % 40}, by: [lead]}}\n{steps}"
        for n in range(40)
    )
    text = f"{level[:certify]}      jot: {{to: w0, by: [lead]}}\n{steps}{added}{level[end:]}"
    return {"own.yaml": text.replace("lifecycle: level-3\n", OWN)}


DECIDED = (choices, many_waits, nested, letters, small_steps)


def written(folder: Path, kind: Callable[[], dict[str, str]]) -> Path:
    """Write the files of a kind into a folder."""
    for name, text in kind().items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_folder_spends_no_more_than_its_budget(
    kind: Callable[[], dict[str, str]], tmp_path: Path
) -> None:
    """Reading, lint and all proofs spend from one; what does not fit is told with a place."""
    budget = Budget(FEW)
    found = check_files(read_files([written(tmp_path, kind)], budget), national())
    told = [fault for fault in found.diagnostics if fault.code == "too-complex"]
    assert [fault.severity for fault in told] == ["error"]
    assert str(told[0].span.file).startswith(str(tmp_path))
    assert found.verdict == "refuted"


@pytest.mark.parametrize("kind", GROWING, ids=lambda kind: kind.__name__)
def test_work_that_outgrows_a_file_spends(
    kind: Callable[[], dict[str, str]], tmp_path: Path
) -> None:
    """What is small to read and much to check ends with the budget too."""
    reading = Budget()
    read = read_files([written(tmp_path, kind)], reading)
    assert read.faults == []
    assert reading.spent < FEW * 2 / 3
    found = check_files(read_files([tmp_path], Budget(FEW)), national())
    assert "too-complex" in [fault.code for fault in found.diagnostics]


@pytest.mark.parametrize("kind", DECIDED, ids=lambda kind: kind.__name__)
def test_what_only_looks_large_is_decided(
    kind: Callable[[], dict[str, str]], tmp_path: Path
) -> None:
    """Alternatives are not multiplied out, so a small part of the budget will do."""
    found = check_files(read_files([written(tmp_path, kind)], Budget(FEW)), national())
    assert found.verdict == "proved", found.diagnostics


def test_questions_that_many_fields_choose_from_spend(tmp_path: Path) -> None:
    """A set of questions is small to read, and so is each field; each field takes them all."""
    questions = ", ".join(f'"{n}": Q' for n in range(1, 90))
    many = "".join(
        f"      f{n}: {{type: choice, title: F, choices_from: long}}\n" for n in range(300)
    )
    text = f"{VOCABULARY}{many}question_sets:\n  long: {{title: L, size: 89, questions: "
    (tmp_path / "words.yaml").write_text(f"{text}{{{questions}}}}}\n", "utf-8")
    reading = Budget()
    assert read_files([tmp_path], reading).faults == []
    found = check_files(read_files([tmp_path], Budget(reading.spent + 89)), national())
    assert [fault.code for fault in found.diagnostics][:1] == ["too-complex"]


def test_nothing_is_said_to_be_proved_where_the_budget_ran_out(tmp_path: Path) -> None:
    """What was not looked at any more is no obligation that was kept."""
    text = (RULES / "level-3.yaml").read_text("utf-8").replace("lifecycle: level-3\n", OWN)
    (tmp_path / "own.yaml").write_text(text, "utf-8")
    whole = Budget()
    found = check_files(read_files([tmp_path], whole), national())
    assert {result.verdict for result in found.obligations} == {"proved"}
    found = check_files(read_files([tmp_path], Budget(whole.spent - 1)), national())
    assert [fault.code for fault in found.diagnostics] == ["too-complex"]
    assert found.obligations == ()


def test_a_plan_spends_from_the_budget_too(tmp_path: Path) -> None:
    """The move, and what follows it, is proved with what is left of it."""
    rules = lifecycle(states(3, on), "s3 is never entered without [go0]")
    later = rules.replace("version: 1", "version: 2").replace("from: 2020", "from: 2021")
    plan = "migration: later\nfrom: large@1\nto: large@2\ntriggers: {go0: go0}\n"
    plan += "states: {s0: s0, s1: s1, s2: s2, s3: s3}\n"
    spent = []
    for more in ({}, {"plan.yaml": plan}):
        texts = fields("owner") | {"large.yaml": rules, "later.yaml": later} | more
        budget = Budget()
        found = check_files(read_files([written(tmp_path, texts.copy)], budget), national())
        assert found.verdict == "proved", found.diagnostics
        spent.append(budget.spent)
    found = check_files(read_files([tmp_path], Budget(spent[1] - 1)), national())
    assert "too-complex" in [fault.code for fault in found.diagnostics]
    assert found.obligations == ()
    reading = Budget()
    read_files([tmp_path / "plan.yaml"], reading)
    assert spent[1] > spent[0] + reading.spent


def test_the_place_is_where_most_was_spent(tmp_path: Path) -> None:
    """A step that has too many alternatives is blamed for itself, not the guarantee it meets."""
    budget = Budget(FEW)
    found = check_files(read_files([written(tmp_path, pigeons)], budget), national())
    (fault,) = found.diagnostics
    assert (fault.code, fault.span.line) == ("too-complex", 8)
    assert "fewer alternatives" in fault.help


def test_what_is_checked_every_day_is_far_from_the_limit(tmp_path: Path) -> None:
    """The national rulebook takes a small part of what a folder may take."""
    budget = Budget()
    found = check_files(read_files([RULES], budget), type(national())())
    assert found.verdict == "proved"
    assert budget.spent < MOST_STEPS / 16
    assert not any(tmp_path.iterdir())


@pytest.mark.search
@pytest.mark.parametrize("kind", [*KINDS, *GROWING], ids=lambda kind: kind.__name__)
def test_a_folder_ends_in_ten_seconds(kind: Callable[[], dict[str, str]], tmp_path: Path) -> None:
    """The whole budget takes at most ten seconds of one core, and 300 MB."""
    command = [sys.executable, "-c", MEASURED, str(written(tmp_path, kind))]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, kilobytes = map(float, run.stdout.split())
    assert seconds < 10
    assert kilobytes < 300 * 1024
