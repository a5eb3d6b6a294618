"""A certificate says what was proved of which rules, by which version, to be proved again.

It holds no date and no path, so the same rules under the same version give the same certificate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from peelflow.errors import Diagnostic, InvalidRules, Span
from peelflow.model.rules import Lifecycle
from peelflow.proof.counterexample import worst_verdict
from peelflow.proof.satisfiability import Verdict
from peelflow.rulebook.loader import UNDETERMINED_CODES, CheckedRules

CERTIFICATE_FORMAT = 1


def certificate_of(checked: CheckedRules, *, version: str) -> dict[str, Any]:
    """Return what a certificate says of checked rules, as JSON data.

    Args:
        checked: The rules and what was found of them.
        version: The version of peelflow that proved it.
    """
    told: dict[str, Any] = {
        "certificate": CERTIFICATE_FORMAT,
        "peelflow": version,
        "verdict": checked.verdict,
        "lifecycles": [
            _lifecycle_entry(one, checked) for one in sorted(checked.lifecycles, key=str)
        ],
    }
    return told | {"digest": _digest(told)}


def _lifecycle_entry(one: Lifecycle, checked: CheckedRules) -> dict[str, Any]:
    here = [fault for fault in checked.diagnostics if fault.span.file == one.span.file]
    verdicts: list[Verdict] = []
    if any(fault.severity == "error" for fault in here):
        verdicts.append("refuted")
    if any(fault.code in UNDETERMINED_CODES for fault in here):
        verdicts.append("undetermined")
    return {
        "lifecycle": str(one),
        "digest": one.pin.digest,
        "refines": one.refines,
        "verdict": worst_verdict(tuple(verdicts)),
        "guarantees": [
            {
                "that": proof.guarantee.that,
                "because": proof.guarantee.because,
                "verdict": proof.verdict,
                "vacuous": proof.vacuous,
            }
            for proof in checked.proofs
            if proof.lifecycle == str(one)
        ],
    }


def _digest(told: dict[str, Any]) -> str:
    plain = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def certificate_text(told: dict[str, Any]) -> str:
    """Return a certificate as the text of its file."""
    return json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def compare_certificate(
    text: str, checked: CheckedRules, *, version: str, file: str
) -> tuple[Diagnostic, ...]:
    """Return everything in which a certificate differs from what is proved now.

    Raises:
        InvalidRules: The text is no certificate, or was changed since it was written.
    """
    now = certificate_of(checked, version=version)
    return tuple(
        Diagnostic(
            Span(file),
            "certificate-differs",
            f"{what} {there}, and is {here} now",
            "write a new certificate, or go back to the rules that it speaks of",
        )
        for what, there, here in _differences_from(text, now, file)
    )


def _differences_from(text: str, now: dict[str, Any], file: str) -> list[tuple[str, str, str]]:
    try:
        said = dict(json.loads(text))
        told = {key: value for key, value in said.items() if key != "digest"}
        names = [one["lifecycle"] for one in said["lifecycles"]]
        known = said.keys() == now.keys() and said["certificate"] == CERTIFICATE_FORMAT
        if known and len(names) == len(set(names)) and said["digest"] == _digest(told):
            return list(_differences(said, now))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # whoever made it, it is no certificate
    sentence = "this is no certificate of a format known here, or it was changed"
    instead = "write it anew with `peelflow check --certificate`"
    raise InvalidRules([Diagnostic(Span(file), "certificate-unreadable", sentence, instead)])


def _lifecycles_by_name(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["lifecycle"]: one for one in said["lifecycles"]}


def _differences(said: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    if said["peelflow"] != now["peelflow"]:
        yield "peelflow was", f"version {said['peelflow']}", now["peelflow"]
    if said["verdict"] != now["verdict"]:
        yield "the verdict was", said["verdict"], now["verdict"]
    there, here = _lifecycles_by_name(said), _lifecycles_by_name(now)
    for name in sorted({*there, *here}):
        was, is_ = there.get(name, {}), here.get(name, {})
        if not was or not is_:
            yield f"`{name}` was", "there" if was else "not there", "there" if is_ else "not there"
            continue
        for part in sorted({*was, *is_}):
            if was.get(part) != is_.get(part):
                yield (
                    f"the {part} of `{name}` was",
                    _shortened(was.get(part)),
                    _shortened(is_.get(part)),
                )


def _shortened(value: Any) -> str:
    if isinstance(value, list):
        return f"{sum(one.get('verdict') == 'proved' for one in value)} of {len(value)} proved"
    return str(value)[:12]
