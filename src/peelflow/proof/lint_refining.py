"""Find names by which a lifecycle speaks of the one it refines, and that mean nothing there."""

from __future__ import annotations

from collections.abc import Iterator

from peelflow.errors import Diagnostic
from peelflow.model.rules import Lifecycle, State
from peelflow.proof.lint_names import triggers, unknown
from peelflow.proof.names import suggestion


def refining_names(lifecycle: Lifecycle, refined: Lifecycle | None) -> Iterator[Diagnostic]:
    """Yield every `stands_for` and `as` that names nothing in `refined`."""
    if lifecycle.refines is None:
        for state in lifecycle.states.values():
            yield from _nothing_refined(lifecycle, state)
    elif refined is not None:
        known = triggers(refined)
        for name, state in lifecycle.states.items():
            yield from _stands_for_nothing(name, state, refined)
            for way in state.transitions:
                if way.as_ is not None and way.as_ not in known:
                    yield unknown(f"trigger of `{refined}`", way.as_, known, way.span)


def _nothing_refined(lifecycle: Lifecycle, state: State) -> Iterator[Diagnostic]:
    spoken = [("stands_for", state.span)] if state.stands_for is not None else []
    spoken += [("as", way.span) for way in state.transitions if way.as_ is not None]
    for key, span in spoken:
        yield Diagnostic(
            span,
            "refines-nothing",
            f"`{key}` points into a refined lifecycle, and `{lifecycle}` refines none",
            f"remove `{key}`, or write `refines: <lifecycle>@<version>` at the top",
        )


def _stands_for_nothing(name: str, state: State, refined: Lifecycle) -> Iterator[Diagnostic]:
    if (state.stands_for or name) in refined.states:
        return
    meant = state.stands_for or name
    yield Diagnostic(
        state.span,
        "unknown-state",
        f"`{name}` stands for `{meant}`, which is no state of `{refined}`",
        f"write `stands_for:` with one of its states; {suggestion(meant, refined.states)}",
    )
