"""Load each machine of a folder with one library, walk it, and print what happened in JSON.

Run as `mistake_probes.py WAY FOLDER CASE…`, in a process of its own, for a library may hang. Each
way is the ordinary one of its library's documentation, with the strictest setting that takes no
code. Libraries are imported by name, so that what they leave untyped stays outside the type check.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import yaml
from attrs import asdict, frozen

from peelflow import Actor, InvalidRules, Refused, Register
from peelflow.rulebook.national import load
from peelflow.rulebook.rulebook import Rulebook

WALK = ("start", "hold", "resume", "close", "close")  # the letter is signed before the last

# Newer Pythons add a hint to some sentences of their own; without it every Python says the same.
NEWER_HINT = re.compile(r"\. Did you mean:? '\w+'\?$")


@frozen
class Machine:
    """A loaded machine: fire an event, sign the letter its guard asks for, read its state."""

    fire: Callable[[str], object]
    state: Callable[[], str]
    sign: Callable[[], None]


@frozen
class Told:
    """An exception as Python shows it: its kind and its text, the text without the kind."""

    kind: str
    text: str


@frozen
class Fault:
    """A diagnostic of peelflow."""

    place: str
    code: str
    sentence: str
    help: str


@frozen
class Outcome:
    """What became of a machine: the state after each step, and what it told if it failed.

    With `loaded`, a failure was at the step after the last state.
    """

    case: str
    loaded: bool = False
    states: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    faults: tuple[Fault, ...] = ()


def with_transitions(path: Path) -> Machine:
    """Give the parsed file to `Machine`, as its documentation does."""
    model = SimpleNamespace(letter_signed=False)
    with path.open(encoding="utf-8") as text:
        import_module("transitions").Machine(model, **yaml.safe_load(text))
    return Machine(
        model.trigger,
        lambda: str(model.state),
        lambda: setattr(model, "letter_signed", True),
    )


def with_statemachine(path: Path) -> Machine:
    """Load the file, then once more against the published schema, whose sentences say less."""
    io = import_module("statemachine.io")
    io.load(path)
    return _of_statemachine(io.load(path, validate=True))


def with_statemachine_dictionary(path: Path) -> Machine:
    """Give the parsed file to the function that makes a class of a dictionary."""
    io = import_module("statemachine.io")
    definition = yaml.safe_load(path.read_text("utf-8"))
    return _of_statemachine(io.create_machine_class_from_definition("Review", **definition))


def _of_statemachine(made: Callable[[object], SimpleNamespace]) -> Machine:
    model = SimpleNamespace(letter_signed=False)
    machine = made(model)
    return Machine(
        machine.send,
        lambda: ",".join(sorted(state.id for state in machine.configuration)),
        lambda: setattr(model, "letter_signed", True),
    )


def with_sismic(path: Path) -> Machine:
    """Import the statechart, both its checks on, and interpret it."""
    signed = SimpleNamespace(letter=False)
    chart = import_module("sismic.io").import_from_yaml(filepath=str(path))
    interpreter = import_module("sismic.interpreter").Interpreter(
        chart, initial_context={"letter_signed": lambda: signed.letter}
    )
    interpreter.execute()
    return Machine(
        lambda event: interpreter.queue(event).execute(),
        lambda: "closed" if interpreter.final else str(interpreter.configuration[-1]),
        lambda: setattr(signed, "letter", True),
    )


def with_peelflow(path: Path) -> Machine:
    """Load the folder, and put one record of it into a register in memory."""
    signed = SimpleNamespace(letter=False)
    rulebook = load(path.parent, base=Rulebook())
    register = Register.open(
        "memory:", rulebook=rulebook, predicates={"letter_signed": lambda *_: bool(signed.letter)}
    )
    officer, day = Actor("officer-1", "officer"), date(2023, 1, 9)
    register.add("R-1", category="review", force="wmp", issued=day, actor=officer)

    def fire(event: str) -> None:
        with suppress(Refused):
            register.fire("R-1", event, actor=officer, on=day)

    return Machine(
        fire, lambda: register.record("R-1").state, lambda: setattr(signed, "letter", True)
    )


WAYS: dict[str, Callable[[Path], Machine]] = {
    "transitions": with_transitions,
    "python-statemachine": with_statemachine,
    "python-statemachine-dictionary": with_statemachine_dictionary,
    "sismic": with_sismic,
    "peelflow": with_peelflow,
}


def probe(way: Callable[[Path], Machine], path: Path) -> Outcome:
    """Load the machine at `path` and walk it until it ends or fails."""
    case, states = path.parent.name, list[str]()
    try:
        machine = way(path)
    except InvalidRules as refused:
        faults = tuple(
            Fault(
                f"{Path(one.span.file).name}:{one.span.line}:{one.span.column}",
                one.code,
                one.sentence,
                one.help,
            )
            for one in refused.diagnostics
        )
        return Outcome(case, told=_told(refused), faults=faults)
    except Exception as error:  # noqa: BLE001 - any exception at all is what is being measured
        return Outcome(case, told=_told(error))
    try:
        for number, step in enumerate(WALK, 1):
            if number == len(WALK):
                machine.sign()
            machine.fire(step)
            states.append(machine.state())
    except Exception as error:  # noqa: BLE001 - likewise
        return Outcome(case, loaded=True, states=tuple(states), told=_told(error))
    return Outcome(case, loaded=True, states=tuple(states))


def _told(error: BaseException) -> tuple[Told, ...]:
    return tuple(Told(type(one).__name__, _text(one)) for one in _each_cause(error))


def _text(error: BaseException) -> str:
    shown = "".join(traceback.TracebackException.from_exception(error).format_exception_only())
    text = shown.partition(": ")[2].strip()
    return NEWER_HINT.sub("", text) if isinstance(error, TypeError | NameError) else text


def _each_cause(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


if __name__ == "__main__":
    for name in sys.argv[3:]:
        outcome = probe(WAYS[sys.argv[1]], Path(sys.argv[2]) / name / "machine.yaml")
        print(json.dumps(asdict(outcome)), flush=True)
