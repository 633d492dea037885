"""Drift as SARIF: each difference where the product says it, or else where the policy files do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from policylang.diagnostics import Rule, Severity, visible
from policylang.importing.drift import Code, Drifted
from policylang.importing.drift_report import DriftReport
from policylang.importing.origins import Noted
from policylang.importing.reading import Inputs
from policylang.output import sarif
from policylang.output.drift import place
from policylang.pipelines.findings import RelatedPlace, ReportedFinding, Result

_PLACE = re.compile(r"(.*?)(?::(\d+))?(?::(\d+))?", re.DOTALL)


def _rule(code: Code, severity: Severity, summary: str, why: str) -> Rule:
    return Rule(
        code=code,
        name=code,
        family="drift",
        severity=severity,
        summary=summary,
        why=why,
        bad="",
        good="",
        since="0.1.0",
    )


RULES = (
    _rule(
        "product-allows",
        "error",
        "the product lets somebody do what the policy files do not",
        "Somebody changed the product by hand, or a change to the policy files has not been applied yet. Revert "
        "it, or add it to the policy files, where it is checked.",
    ),
    _rule(
        "product-denies",
        "warning",
        "the policy files let somebody do what the product does not",
        "People cannot do what the policy files say they can. Apply the files to the product, or correct them.",
    ),
    _rule(
        "not-imported",
        "warning",
        "the product says something that the language cannot express exactly",
        "Its effect is unknown, so it may be drift. Accept its code, or add it to the baseline, once somebody "
        "has looked at it.",
    ),
)


def render(report: DriftReport, inputs: Inputs, root: Path | None, exit_code: int) -> bytes:
    """The document. ``root``: the folder of the policy files."""
    there = {each.path: each.there or each.path for each in inputs.files}
    result = Result(now=report.now)
    result.findings += [_finding(each, there, root, report.policies) for each in report.differences]
    result.findings += [_refused(each, there) for each in report.refused]
    return sarif.render(result, rules=RULES, exit_code=exit_code)


def _finding(of: Drifted, there: Mapping[str, str], root: Path | None, policies: str) -> ReportedFinding:
    found = [(*_origin(each, there), "the product says it here") for each in of.product]
    in_files = [(*_parsed(place(each, root)), "the policy files say it here") for each in of.files]
    found = [*found, *in_files] if of.code == "product-allows" else [*in_files, *found]
    (path, line, column, _), *others = found or [(policies, 1, 1, "")]
    related = tuple(RelatedPlace(p, n, c, n, c, words) for p, n, c, words in others[:10])
    return _made(of.code, of.said, path, line, column, related, of.of.id)


def _refused(of: Noted, there: Mapping[str, str]) -> ReportedFinding:
    message = f"{of.message} [{of.code}]"
    return _made("not-imported", message, *_origin(of.origin, there), (), message)


def _made(
    code: Code, message: str, path: str, line: int, column: int, related: tuple[RelatedPlace, ...], anchor: str
) -> ReportedFinding:
    severity = next(rule.severity for rule in RULES if rule.code == code)
    return ReportedFinding(
        code,
        code,
        severity,
        visible(message),
        None,
        path,
        line,
        column,
        line,
        column,
        related,
        None,
        anchor=(anchor, ""),
    )


def _origin(text: str, there: Mapping[str, str]) -> tuple[str, int, int]:
    """Where an origin is on disk. Of sheets and of what lies in archives it is the file that holds them."""
    path, line, column = _parsed(text)
    for known in (path, path.rpartition("!")[0]):
        if known in there:
            return there[known], line, column
    return path, line, column


def _parsed(text: str) -> tuple[str, int, int]:
    found = _PLACE.fullmatch(text)
    assert found is not None
    return found[1], int(found[2] or 1), int(found[3] or 1)
