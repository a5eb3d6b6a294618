"""A certificate says what was proved of which rules, by which version, to be proved again.

It holds no date and no path, so the same rules under the same version give the same certificate.
`peelflow check --format json` prints it beside the diagnostics, which are no part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from peelflow.errors import Diagnostic, Span
from peelflow.model.rules import Lifecycle, MigrationPlan
from peelflow.phrases import shown
from peelflow.rulebook.canonical import canonical_json
from peelflow.rulebook.loader import CheckedRules, verdict_on
from peelflow.rulebook.yaml_reader import fault

CERTIFICATE_FORMAT = 2
_LENGTH_SHOWN = 12
"""How many digits of a digest tell one from another."""


def certificate_of(checked: CheckedRules, *, version: str) -> dict[str, Any]:
    """Return what a certificate says of checked rules, as JSON data.

    Args:
        checked: The rules and what was found of them.
        version: The version of peelflow that proved it.
    """
    certificate: dict[str, Any] = {
        "certificate": CERTIFICATE_FORMAT,
        "peelflow": version,
        "verdict": checked.verdict,
        "lifecycles": [
            _lifecycle_entry(lifecycle, checked)
            for lifecycle in sorted(checked.lifecycles, key=str)
        ],
        "plans": [
            _plan_entry(plan, checked)
            for plan in sorted(checked.migrations, key=lambda plan: plan.name)
        ],
    }
    return certificate | {"digest": _digest(certificate)}


def _lifecycle_entry(lifecycle: Lifecycle, checked: CheckedRules) -> dict[str, Any]:
    file = lifecycle.span.file
    faults = [diagnostic for diagnostic in checked.diagnostics if diagnostic.span.file == file]
    return {
        "lifecycle": str(lifecycle),
        "digest": lifecycle.pin.digest,
        "refines": lifecycle.refines,
        "verdict": verdict_on(faults),
        "obligations": _obligation_entries(str(lifecycle), checked),
        "guarantees": [
            {
                "that": proof.guarantee.that,
                "because": proof.guarantee.because,
                "verdict": proof.verdict,
                "vacuous": proof.vacuous,
            }
            for proof in checked.proofs
            if proof.lifecycle == str(lifecycle)
        ],
    }


def _plan_entry(plan: MigrationPlan, checked: CheckedRules) -> dict[str, Any]:
    file = plan.span.file
    faults = [diagnostic for diagnostic in checked.diagnostics if diagnostic.span.file == file]
    return {
        "plan": plan.name,
        "from": plan.old,
        "to": plan.new,
        "verdict": verdict_on(faults),
        "obligations": _obligation_entries(plan.name, checked),
    }


def _obligation_entries(subject: str, checked: CheckedRules) -> list[dict[str, Any]]:
    results = (result.to_dict() for result in checked.obligations if result.subject == subject)
    return [{key: entry[key] for key in ("obligation", "that", "verdict")} for entry in results]


def _digest(certificate: dict[str, Any]) -> str:
    return sha256(canonical_json(certificate).encode("utf-8", "surrogatepass")).hexdigest()


def compare_certificate(
    text: str, checked: CheckedRules, *, version: str, file: str
) -> tuple[Diagnostic, ...]:
    """Return everything in which a certificate differs from what is proved now.

    Args:
        text: The certificate, with or without the diagnostics that a report shows beside it.
        checked: The rules and what was found of them now.
        version: The version of peelflow that proves it now.
        file: How diagnostics call the certificate.

    Raises:
        InvalidRules: The text is no certificate, or was changed since it was written.
    """
    now = certificate_of(checked, version=version)
    instead = "write a new certificate, or go back to the rules that it speaks of"
    return tuple(
        Diagnostic(Span(file), "certificate-differs", sentence, instead)
        for sentence in _differences_from(text, now, file)
    )


def _differences_from(text: str, now: dict[str, Any], file: str) -> list[str]:
    try:
        given = dict(json.loads(text))
        given.pop("diagnostics", None)
        signed = {key: value for key, value in given.items() if key != "digest"}
        names = [*_names_in(given["lifecycles"]), *_names_in(given["plans"])]
        known = given.keys() == now.keys() and given["certificate"] == CERTIFICATE_FORMAT
        if known and len(names) == len(set(names)) and given["digest"] == _digest(signed):
            return list(_differences(given, now))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # whoever made it, it is no certificate
    sentence = "this is no certificate of a format known here, or it was changed"
    instead = "write it anew with `peelflow check --format json`"
    raise fault(Span(file), "certificate-unreadable", sentence, instead)


def _differences(given: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if given["peelflow"] != now["peelflow"]:
        yield f"peelflow was version {given['peelflow']}, and is {now['peelflow']} now"
    if given["verdict"] != now["verdict"]:
        yield f"the verdict was {given['verdict']}, and is {now['verdict']} now"
    entries, entries_now = _entries_by_name(given), _entries_by_name(now)
    for name in sorted({*entries, *entries_now}):
        old, new = entries.get(name, {}), entries_now.get(name, {})
        if not old or not new:
            was, is_ = "there" if old else "not there", "there" if new else "not there"
            yield f"`{name}` was {was}, and is {is_} now"
            continue
        for part in sorted({*old, *new}):
            if part not in old:
                yield f"`{name}` had no {part}, and has now"
            elif part not in new:
                yield f"`{name}` had its {part}, and has none now"
            elif old[part] != new[part]:
                yield _say_difference(f"the {part} of `{name}`", old[part], new[part])


def _say_difference(what: str, was: Any, now: Any) -> str:
    """Say what something was and is: of a list how many are proved, or what else of it differs."""
    if isinstance(was, list) and isinstance(now, list):
        before, after = _count_proved(was), _count_proved(now)
        if before != after:
            return f"{what} were {before}, and are {after} now"
        others = [proof["that"] for proof in was if proof not in now]
        named = f"`{shown(others[0])}` is not as it was" if others else "their order is another"
        return f"{what} were {before}, and are so now, but {named}"
    if what.startswith("the digest"):
        was, now = str(was)[:_LENGTH_SHOWN], str(now)[:_LENGTH_SHOWN]
    old, new = ("nothing" if said is None else said for said in (was, now))
    return f"{what} was {old}, and is {new} now"


def _count_proved(proofs: list[Any]) -> str:
    return f"{sum(proof.get('verdict') == 'proved' for proof in proofs)} of {len(proofs)} proved"


def _entries_by_name(certificate: dict[str, Any]) -> dict[str, dict[str, Any]]:
    entries = [*certificate["lifecycles"], *certificate["plans"]]
    return dict(zip(_names_in(entries), entries, strict=True))


def _names_in(entries: list[dict[str, Any]]) -> list[str]:
    """Return what entries are called; a plan's name is no lifecycle's, which has a version."""
    return [entry["plan"] if "plan" in entry else entry["lifecycle"] for entry in entries]
