"""The three verdicts of a proof. Undetermined is never a pass."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["proved", "refuted", "undetermined"]
EXIT_CODES: dict[Verdict, int] = {"proved": 0, "refuted": 1, "undetermined": 3}


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """Return the verdict on a whole: refuted before undetermined before proved."""
    order: tuple[Verdict, ...] = ("refuted", "undetermined")
    return next((verdict for verdict in order if verdict in verdicts), "proved")
