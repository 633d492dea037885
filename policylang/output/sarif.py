"""Findings as SARIF 2.1.0, the subset that GitHub's code scanning reads.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from policylang import __version__
from policylang.check.catalogue import BY_CODE, RULES
from policylang.check.reach import Reach
from policylang.diagnostics import Rule, Severity
from policylang.model.instants import instant_text
from policylang.output.evidence import sentences
from policylang.output.fingerprints import fingerprints, line_hashes
from policylang.output.places import repository_path, repository_root, uri
from policylang.output.security import security_score
from policylang.pipelines.findings import RelatedPlace, ReportedFinding, Result
from policylang.project.discovery import Problem
from policylang.text.readable import json_bytes, readable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_LONGEST = 1024
"""Characters that GitHub keeps of a description."""


def render(
    result: Result,
    *,
    root: Path | None = None,
    rules: Sequence[Rule] = RULES,
    exit_code: int | None = None,
) -> bytes:
    """One SARIF document with one run.

    ``root``: what paths are relative to, by default the root of the repository. ``rules``: those that the document
    describes, at least all that were found. ``exit_code``: of the command, by default what the result stands for.
    """
    root = root or repository_root()
    described = {rule.code: number for number, rule in enumerate(rules)}
    own, github = fingerprints(result, root), line_hashes(result)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "policylang",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [_invocation(result, root, exit_code)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\r", "\n"],
        "results": [
            _result(
                finding.on_disk,
                described[finding.code],
                root,
                {"policylang/v1": mine, "primaryLocationLineHash": theirs},
            )
            for finding, mine, theirs in zip(result.findings, own, github, strict=True)
        ],
    }
    if result.now is not None:
        counts = {"suppressed": result.suppressed, "ignored": result.ignored}
        run["properties"] = {"now": instant_text(result.now), **counts}
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_bytes(document)


# --- rules ---------------------------------------------------------------------------------------------------


def _rule(rule: Rule) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "tags": [rule.family],
        "precision": "very-high" if rule.proof or rule.code.startswith("PL1") else "high",
        "problem.severity": {"info": "recommendation"}.get(rule.severity, rule.severity),
    }
    if score := security_score(rule.code):
        properties["tags"].append("security")
        properties["security-severity"] = f"{score:.1f}"
    summary = f"{rule.summary[0].upper()}{rule.summary[1:]}."
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": summary[:_LONGEST]},
        "fullDescription": {"text": f"{summary} {rule.why}"[:_LONGEST]},
        "help": {"text": _help(rule, ""), "markdown": _help(rule, "```")},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": properties,
    }


def _help(rule: Rule, fence: str) -> str:
    """Why the rule is there, with its examples, those between fences if there are any."""
    parts = [rule.why]
    for title, example in rule.examples.items():
        parts += [f"{title}:", f"{fence}\n{readable(example)}\n{fence}".strip("\n")]
    explained = [f"`policylang explain {rule.code}` says the same."] if rule.code in BY_CODE else []
    return "\n\n".join([*parts, *explained])


# --- the run -------------------------------------------------------------------------------------------------


def _invocation(result: Result, root: Path, exit_code: int | None) -> dict[str, Any]:
    found = {
        "executionSuccessful": not result.problems,
        "exitCode": (2 if result.problems else 1 if result.findings else 0) if exit_code is None else exit_code,
    }
    notes = [_notification(problem, root) for problem in result.problems]
    return {**found, "toolExecutionNotifications": notes} if notes else found


def _notification(problem: Problem, root: Path) -> dict[str, Any]:
    text = f"{problem.path}: {problem.message}{f'; {problem.help}' if problem.help else ''}"
    place: dict[str, Any] = {"artifactLocation": _artifact(problem.path, root)}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column or 1}
    message = {"text": _without_links(readable(text))}
    return {"level": "error", "message": message, "locations": [{"physicalLocation": place}]}


# --- results -------------------------------------------------------------------------------------------------


def _result(finding: ReportedFinding, rule_index: int, root: Path, prints: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": _physical(finding, root)}],
        "partialFingerprints": {name: value for name, value in prints.items() if value},
    }
    if finding.related:
        found["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(place, root),
                "message": {"text": _without_links(readable(place.message))},
            }
            for number, place in enumerate(finding.related, 1)
        ]
    properties = {
        "witness": finding.witness,
        "furtherWitnesses": finding.further_witnesses,
        "proved": finding.proved,
        "notProved": finding.unproved,
        "reach": None if finding.reach == Reach() else finding.reach,
    }
    if any(properties.values()):
        found["properties"] = {name: value for name, value in properties.items() if value}
    return found


def _message(finding: ReportedFinding) -> str:
    """The message, the evidence, what to do, and the related places as links: GitHub shows those in no other way."""
    parts = [_without_links(readable(text)) for text in sentences(finding)]
    links = [f"[{_escaped(readable(place.message))}]({number})" for number, place in enumerate(finding.related, 1)]
    if links:
        parts.append(f"See {', '.join(links)}.")
    return "\n\n".join(parts)


def _without_links(text: str) -> str:
    """Text that contains no link, whatever a policy file put into it."""
    return _escaped(text) if "](" in text else text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _physical(place: ReportedFinding | RelatedPlace, root: Path) -> dict[str, Any]:
    return {
        "artifactLocation": _artifact(place.path, root),
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    }


def _artifact(path: str, root: Path) -> dict[str, str]:
    if repository_path(path, root) is None:
        return {"uri": uri(path, root)}
    return {"uri": uri(path, root), "uriBaseId": ROOT}
