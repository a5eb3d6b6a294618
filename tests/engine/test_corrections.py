"""What corrections make of a history: voided and re-dated events, corrections among them."""

from __future__ import annotations

import pytest
from attrs import evolve

from peelflow.engine.fold import as_corrected, fold
from peelflow.model.records import Corrected, LastDone, Moment, Record
from tests.builders.decisions import CLOSE, DAY, START, day, history


def without(whole: Record, *, number: int) -> Record:
    """Return a record that counts more events than it folds."""
    return evolve(whole, number=number)


def test_a_voided_event_leaves_nothing_but_its_number() -> None:
    """The record is as if it had not happened; the numbers go on."""
    corrected = fold(history(START, CLOSE, Corrected(3, "void")))
    assert corrected == without(fold(history(START)), number=4)


def test_a_redated_event_counts_from_its_new_date() -> None:
    """Entry, window and who did it take the date it was moved to."""
    corrected = fold(history(START, Corrected(2, "redate", DAY)))
    at = Moment(2, DAY)
    assert (corrected.entered["begun"], corrected.window) == (at, at)
    assert corrected.done == {"start": LastDone(2, DAY, "Sam")}
    assert (corrected.number, corrected.on) == (3, day(1))


def test_a_correction_is_no_day_of_the_record() -> None:
    """What should have been recorded instead can still be, on the day it happened."""
    assert fold(history(START, CLOSE, Corrected(3, "void"))).on == day(2)


def test_what_stands_is_told_as_corrected() -> None:
    """Neither what is voided nor what corrects it, and each event on its own day."""
    begun, start, *_ = history(START, CLOSE)
    whole = history(START, CLOSE, Corrected(3, "void"), Corrected(2, "redate", DAY))
    assert as_corrected(whole) == (begun, evolve(start, on=DAY))


def test_a_redated_beginning_moves_the_issue_date() -> None:
    """What was added on the wrong day was issued on the right one."""
    assert fold(history(Corrected(1, "redate", DAY))).issued == DAY


def test_a_voided_correction_corrects_nothing() -> None:
    """What it had voided or moved stands again."""
    for first in (Corrected(2, "void"), Corrected(2, "redate", DAY)):
        corrected = fold(history(START, first, Corrected(3, "void")))
        assert corrected == without(fold(history(START)), number=4)


def test_a_voided_voiding_of_a_correction_leaves_it_standing() -> None:
    """Corrections of corrections are read from the last one back."""
    corrected = fold(
        history(START, Corrected(2, "void"), Corrected(3, "void"), Corrected(4, "void"))
    )
    assert corrected == without(fold(history()), number=5)


def test_a_redated_correction_still_corrects() -> None:
    """Moving the day of a correction does not undo it."""
    corrected = fold(history(START, Corrected(2, "void"), Corrected(3, "redate", day(3))))
    assert corrected.state == "open"


def test_the_last_correction_of_an_event_holds() -> None:
    """Void after redate, redate after void, or redate twice: the later word is taken."""
    redated, again = Corrected(2, "redate", DAY), Corrected(2, "redate", day(1))
    void = Corrected(2, "void")
    assert fold(history(START, redated, void)).state == "open"
    assert fold(history(START, void, redated)).window == Moment(2, DAY)
    assert fold(history(START, redated, again)).window == Moment(2, day(1))


def test_nothing_folds_to_no_record() -> None:
    """No events make no record."""
    with pytest.raises(ValueError, match=r"^\(") as nothing:
        fold(())
    assert nothing.value.args == ((),)


def test_a_record_whose_beginning_is_voided_stands_as_it_did_and_is_withdrawn() -> None:
    """Nothing of it happened; what it was is still told, and a withdrawal can be voided."""
    void = Corrected(1, "void")
    before = fold(history(START))
    assert as_corrected(history(START, void)) == ()
    assert fold(history(START, void)) == evolve(before, number=3, withdrawn=True)
    assert fold(history(START, void, Corrected(3, "void"))) == evolve(before, number=4)


def test_what_remains_of_a_history_begins_with_an_entry() -> None:
    """An act alone is no record."""
    with pytest.raises(TypeError, match="TransitionTaken"):
        fold(history(START)[1:])
