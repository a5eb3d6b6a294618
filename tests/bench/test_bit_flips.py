"""A flipped bit of a register's file is found, or changes nothing that a command prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import bit_flips


def test_a_sample_of_flips_is_found_or_changes_nothing(tmp_path: Path) -> None:
    """`make tamper` flips 1,000."""
    tally = bit_flips.flip_bits(tmp_path, 4, records=1)

    assert (tally.outcomes.total(), tally.missed, tally.crashed) == (4, [], [])
    assert tally.outcomes.keys() <= {bit_flips.FOUND, bit_flips.TOLD, bit_flips.SAME}


def test_a_flip_that_changes_what_is_read_unfound_fails_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `verify` misses shows in what the commands print."""
    prints = iter(["as it was", "otherwise"])
    monkeypatch.setattr(bit_flips, "readings", lambda *_: [(0, next(prints))])
    monkeypatch.setattr(bit_flips, "flipped", lambda content, _: content)

    assert bit_flips.main(["1"]) == 1
    assert "missed 1; errors 0\n  bit " in capsys.readouterr().out

    def fails(words: list[str]) -> int:
        raise KeyError(words[0])

    monkeypatch.setattr(bit_flips, "readings", lambda *_: [(0, "as it was")])
    with monkeypatch.context() as failing:
        failing.setattr(bit_flips, "run", fails)
        assert bit_flips.main(["1"]) == 1
    assert "an error 1; errors 1\n  bit " in capsys.readouterr().out

    monkeypatch.setattr(bit_flips, "readings", lambda *_: [(2, "no such register")])
    with pytest.raises(RuntimeError, match="a command refuses what nobody changed"):
        bit_flips.main(["1"])
