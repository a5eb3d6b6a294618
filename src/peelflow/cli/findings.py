"""Findings of a check for programs: JSON, and SARIF for editors and code hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from peelflow.errors import Diagnostic, Span

SARIF = "2.1.0"
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(found: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return diagnostics as JSON data: lines and columns count from 1."""
    return [
        {
            **_place(fault.span),
            "code": fault.code,
            "severity": fault.severity,
            "sentence": fault.sentence,
            "help": fault.help,
            "related": None if fault.related is None else _place(fault.related),
            "steps": [{**_place(span), "sentence": said} for span, said in fault.steps],
        }
        for fault in found
    ]


def _place(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column}


def as_sarif(found: Iterable[Diagnostic], *, version: str) -> dict[str, Any]:
    """Return diagnostics as one run of SARIF 2.1.0."""
    every = tuple(found)
    codes = sorted({fault.code for fault in every})
    driver = {"name": "peelflow", "version": version, "rules": [{"id": code} for code in codes]}
    return {
        "$schema": SCHEMA,
        "version": SARIF,
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(fault) for fault in every],
            }
        ],
    }


def _result(fault: Diagnostic) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": fault.code,
        "level": fault.severity,
        "message": {"text": f"{fault.sentence}; {fault.help}"},
        "locations": [_location(fault.span)],
    }
    if fault.related is not None:
        line = {"message": {"text": "the rule that it is held against"}}
        result["relatedLocations"] = [_location(fault.related) | line]
    if fault.steps:
        walk = [
            {"location": _location(span) | {"message": {"text": said}}}
            for span, said in fault.steps
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": walk}]}]
    return result


def _location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(span.file)}, "region": region}}
