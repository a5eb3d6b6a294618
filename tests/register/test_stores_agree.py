"""Both stores, driven by the same acts, agree step by step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from peelflow.engine.fold import fold
from peelflow.errors import PeelflowError
from tests.builders.force import KINDS, LIAISON, PEOPLE, World, new_world


class StoresAgree(RuleBasedStateMachine):
    """Two registers, one in memory and one in a file, hear the same story."""

    records = Bundle("records")

    @initialize()
    def open_both(self) -> None:
        """Open one register on each store."""
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "register.db"
        self.worlds = (new_world(), new_world(f"sqlite:///{file}"))

    def both(self, tell: Callable[[World], Any]) -> Any:
        """Tell both the same and hold their answers, or their refusals, against each other."""
        answers = []
        for world in self.worlds:
            try:
                answers.append(tell(world))
            except PeelflowError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return answers[0]

    @rule(target=records, kind=st.sampled_from(KINDS))
    def add(self, kind: Any) -> Any:
        """Add a record of any kind."""
        return self.both(lambda world: world.add(kind))

    @rule(target=records, parent=records)
    def add_child(self, parent: str) -> Any:
        """Add a child below any record, whether it may have one or not."""
        answer = self.both(lambda world: world.add(KINDS[1], parent=parent))
        return answer if isinstance(answer, str) else parent

    @rule(record=records, which=st.integers(0, 9))
    def do_what_is_lawful(self, record: str, which: int) -> None:
        """Do one of the things that can be done, with all it needs."""

        def tell(world: World) -> Any:
            ways = world.ways_out(record)
            return ways and world.step(record, ways[which % len(ways)].trigger)

        self.both(tell)

    @rule(
        record=records,
        trigger=st.sampled_from(["start", "close", "verify", "reopen", "archive", "nonsense"]),
        role=st.sampled_from(sorted(PEOPLE)),
        key=st.sampled_from([None, "a", "b"]),
    )
    def do_anything(self, record: str, trigger: str, role: str, key: str | None) -> None:
        """Do anything as anybody."""
        self.both(lambda world: world.fire(record, trigger, role, key=key))

    @rule(record=records, value=st.sampled_from(["lead-1", "lead-2", None]))
    def amend(self, record: str, value: str | None) -> None:
        """Change or unset the owner."""

        def tell(world: World) -> Any:
            return world.register.amend(
                record, "owner", value, actor=LIAISON, on=world.day, reason="moved on"
            )

        self.both(tell)

    @rule(record=records)
    def attach(self, record: str) -> None:
        """Attach a new letter."""

        def tell(world: World) -> Any:
            return world.register.attach(record, world.letter(), actor=LIAISON, on=world.day)

        self.both(tell)

    @rule(record=records)
    def note(self, record: str) -> None:
        """Write down that somebody looked at it."""

        def tell(world: World) -> Any:
            return world.register.note(record, "looked at", actor=LIAISON, on=world.day)

        self.both(tell)

    @invariant()
    def they_hold_the_same(self) -> None:
        """Records, histories and figures are equal, and every history folds to its record."""
        if not hasattr(self, "worlds"):
            return
        one, other = (world.register for world in self.worlds)
        assert list(one.records()) == list(other.records())
        assert one.figures() == other.figures()
        assert one.figures(as_at=self.worlds[0].day).lines == one.figures().lines

    def teardown(self) -> None:
        """Fold every history once at the end, and let go of the file."""
        if hasattr(self, "worlds"):
            one, other = (world.register for world in self.worlds)
            for record in one.records():
                history = one.history(record.id)
                assert history == other.history(record.id)
                assert fold(history) == record
                for until in range(record.number + 1):
                    acts = [event for event in history[:until] if event.kind != "noted"]
                    for register in (one, other):
                        found = register.store.last_events({record.id: until})
                        assert [entry.event for entry in found.values()] == acts[-1:]
            one.close()
            other.close()
            self.folder.cleanup()


TestStoresAgree = StoresAgree.TestCase
TestStoresAgree.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
