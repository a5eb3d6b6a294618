"""Find what is wrong with a lifecycle without running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from peelflow.errors import Diagnostic
from peelflow.model.rules import SYSTEM, After, Lifecycle, Role, State, Transition, Vocabulary
from peelflow.proof.graph import endless, reachable, reaching
from peelflow.proof.lint_answers import lint_answers
from peelflow.proof.lint_fields import lint_units
from peelflow.proof.lint_names import unknown_names
from peelflow.proof.lint_refining import refining_names
from peelflow.proof.names import listed


def lint(
    lifecycle: Lifecycle, vocabulary: Vocabulary, *, refined: Lifecycle | None = None
) -> tuple[Diagnostic, ...]:
    """Return every fault of a lifecycle, sorted by place.

    Args:
        lifecycle: As its file says it.
        vocabulary: The words of the whole rulebook.
        refined: The lifecycle that it refines, if it refines one that is known.
    """
    found = {
        *unknown_names(lifecycle, vocabulary),
        *lint_answers(lifecycle, vocabulary),
        *refining_names(lifecycle, refined),
    }
    # A misspelt target already says why nothing is reached.
    if not any(fault.code == "unknown-state" for fault in found):
        found.update(_graph_faults(lifecycle))
    for name, state in lifecycle.states.items():
        found.update(_state_faults(name, state))
        for way in state.transitions:
            found.update(_transition_faults(way, vocabulary.roles))
    return tuple(sorted(found))


def _graph_faults(lifecycle: Lifecycle) -> Iterator[Diagnostic]:
    states = lifecycle.states
    final = [name for name, state in states.items() if state.final]
    here = reachable(lifecycle)
    ending = reaching(lifecycle, final)
    for name, state in states.items():
        if name not in here:
            yield Diagnostic(
                state.span,
                "unreachable-state",
                f"no walk from `{lifecycle.initial}` enters `{name}`",
                "remove the state, or give some transition `to: " + name + "`",
            )
        elif final and state.transitions and name not in ending:
            yield Diagnostic(
                state.span,
                "trap-state",
                f"from `{name}` no final state can be reached",
                f"add a way towards {listed(final)}",
            )
    circle = endless(lifecycle)
    if circle:
        yield Diagnostic(
            states[circle[0]].span,
            "endless-system",
            f"`system` would go round {listed(circle)} without end",
            "write `after:` on one of these steps, or give the step to another role",
        )


def _due_faults(name: str, due: After, *, final: bool) -> Iterator[Diagnostic]:
    yield from lint_units(due, due.span)
    if final:
        yield Diagnostic(
            due.span,
            "final-due",
            f"`{name}` is final, and would have to be left by a day",
            "remove `due`, or take `final: true` from the state",
        )


def _state_faults(name: str, state: State) -> Iterator[Diagnostic]:
    if state.due:
        yield from _due_faults(name, state.due, final=state.final)
    if not state.final and not state.transitions:
        yield Diagnostic(
            state.span,
            "dead-end",
            f"`{name}` is not final and nothing leads out of it",
            "write `final: true`, or add a transition",
        )
    taken: set[tuple[str, str]] = set()
    for way in state.transitions:
        both = [role for role in sorted(set(way.by)) if (way.trigger, role) in taken]
        if both:
            yield Diagnostic(
                way.span,
                "ambiguous-transition",
                f"{listed(both)} may take two ways named `{way.trigger}` from `{name}`",
                "keep the role in one of them, or name the other differently",
            )
        taken.update((way.trigger, role) for role in way.by)
    for way in state.transitions:
        if state.final and not way.reopens:
            yield Diagnostic(
                way.span,
                "final-leaves",
                f"`{way.trigger}` leads out of `{name}`, which is final",
                "write `reopens: true`, or take `final: true` from the state",
            )
        if way.reopens and not state.final:
            yield Diagnostic(
                way.span,
                "reopens-not-final",
                f"`{way.trigger}` re-opens `{name}`, which is not final",
                "remove `reopens: true`",
            )


def _transition_faults(way: Transition, roles: Mapping[str, Role]) -> Iterator[Diagnostic]:
    if way.after:
        yield from lint_units(way.after, way.after.span)
    force = [role for role in way.by if role in roles and roles[role].side == "force"]
    others = [role for role in way.by if role in roles and roles[role].side != "force"]
    if force and others:
        yield Diagnostic(
            way.span,
            "mixed-sides",
            f"`{way.trigger}` is done by the force's {listed(force)} and by {listed(others)}",
            "write a transition for each side, so that each answers for its own acts",
        )
    if way.after and way.by != (SYSTEM,):
        yield Diagnostic(
            way.span,
            "timed-not-system",
            f"`{way.trigger}` falls due by itself, but {listed(way.by)} would do it",
            "write `by: [system]`, or require `waited: <days>` instead of `after`",
        )
