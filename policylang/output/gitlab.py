"""Findings as a GitLab code quality report.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policylang.output.fingerprints import digest_of, fingerprints
from policylang.output.places import repository_root, shown_path
from policylang.output.security import security_score
from policylang.pipelines.findings import ReportedFinding, Result
from policylang.project.discovery import Problem
from policylang.text.readable import json_bytes, readable


def render(result: Result, *, root: Path | None = None) -> bytes:
    """A JSON array, an object for each finding, those first that say that something could not be read."""
    root = root or repository_root()
    found = [_problem(problem, root) for problem in result.problems]
    prints = fingerprints(result, root)
    found += [_finding(finding.on_disk, mark, root) for finding, mark in zip(result.findings, prints, strict=True)]
    return json_bytes(found)


def _severity(finding: ReportedFinding) -> str:
    """``blocker`` for what keeps a policy set from compiling, ``critical`` for every other error; ``major`` for
    warnings that matter to security, ``minor`` for other warnings; ``info``.
    """
    if finding.severity == "error":
        return "blocker" if finding.code.startswith("PL1") else "critical"
    if finding.severity == "warning":
        return "major" if security_score(finding.code) else "minor"
    return "info"


def _finding(finding: ReportedFinding, fingerprint: str, root: Path) -> dict[str, Any]:
    return {
        "description": readable(f"{finding.code}: {finding.told}"),
        "check_name": finding.name,
        "fingerprint": fingerprint,
        "severity": _severity(finding),
        "location": {
            "path": shown_path(finding.path, root),
            "lines": {"begin": finding.line, "end": finding.end_line},
        },
    }


def _problem(problem: Problem, root: Path) -> dict[str, Any]:
    path = shown_path(problem.path, root)
    line = problem.line or 1
    return {
        "description": readable(problem.message),
        "check_name": "could-not-be-read",
        "fingerprint": digest_of("could-not-be-read", path, problem.message),
        "severity": "blocker",
        "location": {"path": path, "lines": {"begin": line, "end": line}},
    }
