"""A fault that a proof finds, as a diagnostic."""

from __future__ import annotations

from peelflow.errors import Diagnostic, Severity, Span


def fault(
    span: Span,
    code: str,
    sentence: str,
    instead: str,
    related: Span | None = None,
    *,
    severity: Severity = "error",
    steps: tuple[tuple[Span, str], ...] = (),
) -> Diagnostic:
    """Return one fault, with the line of another file that it breaks, where there is one."""
    return Diagnostic(span, code, sentence, instead, severity, related, steps)
