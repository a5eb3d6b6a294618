"""A batch has each verb once: its arguments, what they mean, and what is raised.

A register takes the verbs over, each as a batch of its own: see `verbs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from functools import partial
from typing import Final

from attrs import field

from peelflow.model.decisions import Act
from peelflow.model.records import Actor, Correction, Document, Event, Joint, Provenance, Record
from peelflow.model.rules import Level, MigrationPlan
from peelflow.register import commands
from peelflow.register.entry import EntryValues, link, make_joint
from peelflow.register.notes import note
from peelflow.register.session import Session
from peelflow.register.trials import dry_run
from peelflow.register.validation import FieldInput, check_type
from peelflow.results import define


@define(eq=False, auto_attribs=False)  # a verb that is `Final` is no field
class Batch:
    """Several verbs kept together, or none of them; each sees what those before it did.

    `with register.batch() as batch:` gives one and keeps it when the block ends. A verb that is
    refused leaves no trace, so that a batch can go on without it.

    Attributes:
        session: What the verbs read, and what they did.
    """

    session: Session = field()
    _is_single: bool = field(default=False)
    _is_trial: bool = field(default=False)

    def savepoint(self) -> AbstractContextManager[None]:
        """Return a block whose verbs are taken all together, or none when one is refused."""
        return nullcontext() if self._is_single else self.session.savepoint()

    @contextmanager
    def trial(self) -> Iterator[Batch]:
        """Give a batch that sees what this one did; what it does itself is forgotten."""
        with self.session.trial():
            yield Batch(self.session, is_trial=True)

    @property
    def event_count(self) -> int:
        """How many events the batch made so far."""
        return self.session.event_count

    def record(self, record: str) -> Record:
        """Return a record as this batch leaves it.

        Args:
            record: Its id.

        Raises:
            UnknownRecord: No record has this id.
        """
        return self.session.get(record)

    def history(self, record: str) -> tuple[Event, ...]:
        """Return what happened to a record, in this batch too.

        Args:
            record: Its id.

        Raises:
            UnknownRecord: No record has this id.
        """
        return self.session.history(record)

    def provenance(  # noqa: PLR0917 - in the order of Provenance
        self,
        actor: Actor,
        on: date | None,
        recorded_by: str | None,
        reason: str | None,
        source: str | None,
        key: str | None = None,
    ) -> Provenance:
        """Return who decided, when, why and from what.

        Args:
            actor: Who decided, in one acting role.
            on: The day; today in London when it is None.
            recorded_by: Who typed it.
            reason: Why.
            source: What it was read from.
            key: An idempotency key.
        """
        if recorded_by is None and self._is_trial and isinstance(actor, Actor):
            recorded_by = actor.person
        day = self.session.today if on is None else on
        return Provenance(actor, day, recorded_by, reason, source, key)

    def add(
        self,
        record: str,
        *,
        category: str,
        force: str,
        issued: date,
        actor: Actor,
        level: Level = None,
        fields: Mapping[str, FieldInput] | None = None,
        parent: str | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
        graded: date | None = None,
        joint: Joint | None = None,
    ) -> Event:
        """Add a record under the rules of the day its level was given, in their initial state.

        Untimed system transitions run in the same batch: a level 1 record is archived at once.

        Args:
            record: Its id: a short plain text that no other record has.
            category: A category of the rulebook.
            force: The force it is addressed to.
            issued: The day it was issued, not after today.
            actor: Who issued it, in one acting role.
            level: 1 to 4, the levels of PEEL recommendations; None where it has none.
            fields: What its fields say, by their names; dates as `date` or `2023-03-30`.
            parent: The id of the record above it.
            recorded_by: Who typed it; needed where the actor is of the inspectorate.
            source: The letter or portal reference it was read from; needed there too.
            key: An idempotency key: asked again under it, the first event is returned.
            graded: The day its level was given; the issue date when left out.
            joint: Its forces beside `force`; those of the record above it when left out.

        Returns:
            The record's first event.

        Raises:
            InvalidRequest: The id is taken, or a category, level, field or date cannot be meant.
            Refused: It would stand open under a parent that is closed.
        """
        with self.savepoint():
            return commands.add(
                self.session,
                record,
                category=category,
                force=force,
                issued=issued,
                level=level,
                fields=fields,
                parent=parent,
                provenance=self.provenance(actor, issued, recorded_by, None, source, key),
                graded=graded,
                joint=joint,
            )

    def take_over(
        self,
        record: str,
        *,
        category: str,
        force: str,
        issued: date,
        state: str,
        actor: Actor,
        source: str,
        reason: str,
        on: date | None = None,
        level: Level = None,
        fields: Mapping[str, FieldInput] | None = None,
        parent: str | None = None,
        recorded_by: str | None = None,
        key: str | None = None,
        graded: date | None = None,
        joint: Joint | None = None,
    ) -> Event:
        """Take a record over in a named state as at `on`, from where `source` says, and why.

        It is marked as assumed: no walk through the rules stands behind that state.

        Args:
            record: Its id.
            category: A category of the rulebook.
            force: The force it is addressed to.
            issued: The day it was issued.
            state: A state of the rules in force on the day that its level was given.
            actor: Who says that it stands there.
            source: Where that was read.
            reason: Why it is taken over.
            on: The day as at which it stands there; today in London when left out.
            level: Its level, None where it has none.
            fields: What its fields say, by their names.
            parent: The id of the record above it.
            recorded_by: Who typed it.
            key: An idempotency key.
            graded: The day its level was given; `on` when left out.
            joint: Its forces beside `force`; those of the record above it when left out.

        Returns:
            The record's first event.

        Raises:
            InvalidRequest: As `add`; or the state is unknown, or source or reason is empty.
        """
        with self.savepoint():
            return commands.take_over(
                self.session,
                record,
                category=category,
                force=force,
                issued=issued,
                state=state,
                level=level,
                fields=fields,
                parent=parent,
                provenance=self.provenance(actor, on, recorded_by, reason, source, key),
                graded=graded,
                joint=joint,
            )

    def fire(
        self,
        record: str,
        trigger: str,
        *,
        actor: Actor,
        on: date | None = None,
        recorded_by: str | None = None,
        evidence: Sequence[Document] = (),
        inspection: str | None = None,
        reason: str | None = None,
        successor: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Do `trigger` on a record, if its rules let this actor do it now.

        Untimed system transitions that follow are of the same batch.

        Args:
            record: The record's id.
            trigger: A trigger of the state it stands in.
            actor: Who decided, in one acting role.
            on: The day it happened; today in London when left out.
            recorded_by: Who typed it; needed where the actor is of the inspectorate.
            evidence: Documents offered with the act, as `keep` returned them.
            inspection: The id of the inspection record that the act rests on.
            reason: Why, in words.
            successor: The later record or inspection that takes this one's place.
            source: The letter or portal reference an inspectorate's decision was read from.
            key: An idempotency key, unique within the record.

        Returns:
            The act's event.

        Raises:
            Refused: With every reason: not here, not you, not yet.
            UnknownRecord: No record has this id.
            UnknownDocument: An offered document was not kept first.
            InvalidRequest: What is asked cannot be meant.
            Conflict: Somebody moved what the decision read; nothing is kept.
        """
        provenance = self.provenance(actor, on, recorded_by, reason, source, key)
        with self.savepoint():
            return commands.fire(
                self.session,
                record,
                trigger,
                evidence=evidence,
                inspection=inspection,
                successor=successor,
                provenance=provenance,
            )

    why: Final = dry_run(fire)

    def fire_many(self, acts: Iterable[tuple[str, Act]]) -> tuple[Event, ...]:
        """Do acts in order, each on its record and seeing those before it: all of them, or none.

        Args:
            acts: Pairs of a record's id and an Act.

        Returns:
            Each act's event.

        Raises:
            Refused: The first one that is refused; nothing is kept.
            InvalidRequest: Something is no such pair, or cannot be meant.
            Conflict: Somebody moved what the acts read; nothing is kept.
        """
        check_type(acts, Iterable, "what is to be done,", "give pairs of a record's id and an Act")
        with self.savepoint():
            return tuple([self._fire_pair(*commands.checked_act(pair)) for pair in acts])

    def _fire_pair(self, record: str, act: Act) -> Event:
        fire = partial(commands.fire, self.session, record, act.trigger, evidence=act.evidence)
        by = self.provenance(act.actor, act.on, act.recorded_by, act.reason, act.source, act.key)
        return fire(inspection=act.inspection, successor=act.successor, provenance=by)

    def attach(
        self,
        record: str,
        document: Document,
        *,
        actor: Actor,
        on: date | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Attach a kept document to a record; it can count for an act in the same window.

        Args:
            record: The record's id.
            document: What `keep` returned.
            actor: Who attaches it.
            on: The day it was attached; today in London when left out.
            recorded_by: Who typed it.
            source: Where it came from.
            key: An idempotency key.

        Returns:
            The `attached` event.

        Raises:
            UnknownDocument: Its content was not kept first.
            InvalidRequest: It is signed on a later day than `on`, or of a kind that no rules have.
        """
        with self.savepoint():
            provenance = self.provenance(actor, on, recorded_by, None, source, key)
            return commands.attach(self.session, record, document, provenance=provenance)

    def note(
        self,
        record: str,
        text: str,
        *,
        actor: Actor,
        on: date | None = None,
        documents: Sequence[Document] = (),
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Note something on a record, such as what a meeting said: it moves nothing.

        Args:
            record: The record's id.
            text: What is noted.
            actor: Who says it.
            on: The day it is of, whatever happened since; today in London when left out.
            documents: What comes with it, as `keep` returned it; none counts for an act.
            recorded_by: Who typed it.
            source: What it was read from.
            key: An idempotency key.

        Returns:
            The `noted` event.

        Raises:
            UnknownRecord: No record has this id.
            UnknownDocument: A document was not kept first.
            InvalidRequest: The text is empty or too long, or the day lies in the future.
        """
        with self.savepoint():
            provenance = self.provenance(actor, on, recorded_by, None, source, key)
            return note(self.session, record, text, documents=documents, provenance=provenance)

    def amend(
        self,
        record: str,
        field: str,
        new: FieldInput | None,
        *,
        actor: Actor,
        reason: str,
        on: date | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Change a field, or unset it with None; the old value and the reason stay in the history.

        A day that is counted from the field follows it, in an event of its own, unless it was set
        to another day than the counted one.

        Args:
            record: The record's id.
            field: A field of its category.
            new: A text, a date, or a list of texts; None to unset it.
            actor: Who decided.
            reason: Why.
            on: The day it was decided; today in London when left out.
            recorded_by: Who typed it.
            source: What it was read from.
            key: An idempotency key.

        Returns:
            The `amended` event.

        Raises:
            InvalidRequest: The field is unknown, required, unchanged, or not of its type.
            Refused: It narrows an appointment or inspection that acts of other records rest on.
        """
        with self.savepoint():
            provenance = self.provenance(actor, on, recorded_by, reason, source, key)
            return commands.amend(self.session, record, field, new, provenance=provenance)

    def appoint(
        self,
        person: str,
        role: str,
        *,
        force: str,
        first_day: date,
        actor: Actor,
        last_day: date | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Record that a person holds a role in a force from its first to its last day, inclusive.

        It may begin later than today. It ends by amending `last_day`, not before what was done
        under it.

        Args:
            person: Who is appointed.
            role: A role of the rulebook.
            force: The force in which they hold it.
            first_day: The first day on which they hold it.
            actor: Who appoints them.
            last_day: The last such day; open-ended when left out.
            recorded_by: Who typed it.
            source: What it was read from.
            key: An idempotency key.

        Returns:
            The first event of the appointment's record.

        Raises:
            InvalidRequest: The role is unknown, a day is no date, or they are appointed already.
        """
        with self.savepoint():
            return commands.appoint(
                self.session,
                person,
                role,
                force=force,
                first_day=first_day,
                last_day=last_day,
                provenance=self.provenance(actor, None, recorded_by, None, source, key),
            )

    def link(
        self,
        record: str,
        parent: str,
        *,
        actor: Actor,
        on: date | None = None,
        reason: str | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Put a record that has no parent under one, from a day on; `correct` does so all along.

        Args:
            record: The record's id.
            parent: The id of the record above it.
            actor: Who decided.
            on: The day from which it lies there; today in London when left out.
            reason: Why.
            recorded_by: Who typed it.
            source: What it was read from.
            key: An idempotency key.

        Returns:
            The `parent_linked` event.

        Raises:
            InvalidRequest: It has a parent, or that record can have no such child.
            Refused: It would stand open under a parent that is closed.
        """
        with self.savepoint():
            provenance = self.provenance(actor, on, recorded_by, reason, source, key)
            return link(self.session, record, parent, provenance=provenance)

    def make_joint(
        self,
        record: str,
        joint: Joint,
        *,
        actor: Actor,
        reason: str,
        on: date | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Make a record, and what lies below it, joint with other forces from a day on, or none.

        Args:
            record: The record's id.
            joint: The forces beside its lead force, and whose persons act.
            actor: Who decided: of its lead force, or of the inspectorate.
            reason: Why.
            on: The day from which it is so; today in London when left out.
            recorded_by: Who typed it.
            source: What it was read from.
            key: An idempotency key.

        Returns:
            The `made_joint` event.

        Raises:
            InvalidRequest: It can only be of one force, or the register is opened for one.
        """
        with self.savepoint():
            provenance = self.provenance(actor, on, recorded_by, reason, source, key)
            return make_joint(self.session, record, joint, provenance=provenance)

    def correct(
        self,
        record: str,
        event: int,
        *,
        correction: Correction,
        actor: Actor,
        reason: str,
        on: date | None = None,
        to: date | None = None,
        entry: EntryValues | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Void one event of a record, move it to the day it happened on, or enter the record anew.

        Only the side that did it may. Nothing is erased: the history keeps both, and the figures
        come out as if it had happened on the right day, or never. To take it back, void it. A
        record is withdrawn by voiding its first event: it counts nowhere on any day.

        The engine judges every later act again: with the record as it then was, with people, roles
        and inspections as recorded by now, with children as they stood at the end of that day. It
        judges so a parent's closings, and acts that rest on an appointment or inspection.

        Args:
            record: The record's id.
            event: The number of the event in its history.
            correction: `void`, `redate` or `reenter`.
            actor: Who says so.
            reason: Why.
            on: The day of the correction itself; today in London when left out.
            to: The right day, for `redate`.
            entry: What the first event should have said, for `reenter`; the rest was right.
            recorded_by: Who typed it.
            source: What it was read from.
            key: An idempotency key.

        Returns:
            The `corrected` event.

        Raises:
            Refused: What remains would not be lawful; each reason names the event it would break.
            InvalidRequest: There is no such event, or it cannot be corrected so, or by this side.
        """
        from peelflow.register.corrections import correct

        with self.savepoint():
            by, session = self.provenance(actor, on, recorded_by, reason, source, key), self.session
            return correct(
                session, record, event, correction=correction, to=to, entry=entry, provenance=by
            )

    def relevel(
        self,
        record: str,
        *,
        plan: MigrationPlan | str,
        actor: Actor,
        source: str,
        reason: str,
        on: date | None = None,
        recorded_by: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Move a record to another level, under a proved plan; only the inspectorate does.

        Letters attached before do not count at the new level unless the plan says so. What is moved
        to level 1 is archived by peelflow in the same batch.

        Args:
            record: The record's id.
            plan: The plan, or the name of one: of the rulebook's, or of those between the national
                levels that come with peelflow, such as `level-3-to-2`.
            actor: Who decided, in a role that the plan names.
            source: The letter or portal reference it was read from.
            reason: Why.
            on: The day it was decided; today in London when left out.
            recorded_by: Who typed it.
            key: An idempotency key.

        Returns:
            The `relevelled` event.

        Raises:
            InvalidRequest: The plan is not proved, does not run this record or names another role.
        """
        from peelflow.register.migration_plan import relevel

        with self.savepoint():
            provenance = self.provenance(actor, on, recorded_by, reason, source, key)
            return relevel(self.session, record, plan=plan, provenance=provenance)

    def keep(
        self,
        content: bytes,
        *,
        kind: str,
        name: str,
        signed_by: str | None = None,
        signed_on: date | None = None,
    ) -> Document:
        """Keep a document with this batch, and return what its acts refer to it by.

        Args:
            content: Its bytes.
            kind: A kind of the rulebook's evidence, such as `letter`.
            name: What it is called, such as its file's name.
            signed_by: Who signed it: a person.
            signed_on: The day it was signed.

        Returns:
            What is known of it; its `digest` is the SHA-256 of its content, in hexadecimal.

        Raises:
            InvalidRequest: The content is no bytes, a word no text, or the day no date.
        """
        return commands.keep(
            self.session, content, kind=kind, name=name, signed_by=signed_by, signed_on=signed_on
        )
