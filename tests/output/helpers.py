"""Results written by hand, as JSON files, for the output formats."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from policylang.check.catalogue import BY_CODE
from policylang.output import github, gitlab, junit, sarif
from policylang.pipelines.findings import ReportedFinding, Result
from policylang.project.discovery import Problem
from policylang.source import Source

HERE = Path(__file__).parent
CASES = HERE / "cases"


def read_result(path: Path) -> Result:
    """A file with ``findings``, ``problems``, the texts of ``sources`` by path, and how many ``compiled`` there are.

    Of a finding only ``code``, ``message``, ``path`` and ``line`` are needed.
    """
    content = json.loads(path.read_bytes())
    return Result(
        [finding(**each) for each in content.get("findings", [])],
        [msgspec.convert(each, Problem) for each in content.get("problems", [])],
        {name: Source(name, text) for name, text in content.get("sources", {}).items()},
        content.get("compiled", 0),
        datetime.datetime.fromisoformat(content["now"]) if "now" in content else None,
    )


def finding(code: str, message: str, path: str = "a.policy", line: int = 1, **other: Any) -> ReportedFinding:
    rule = BY_CODE[code]
    column = other.pop("column", 1)
    content = {
        "code": code,
        "name": rule.name,
        "severity": rule.severity,
        "message": message,
        "help": None,
        "path": path,
        "line": line,
        "column": column,
        "end_line": line,
        "end_column": column + 1,
        "related": [],
        "witness": None,
    }
    return msgspec.convert(content | other, ReportedFinding)


def _sarif(result: Result) -> bytes:
    codes = sorted({each.code for each in result.findings})
    return sarif.render(result, root=Path(), rules=[BY_CODE[code] for code in codes])


FORMATS: dict[str, Callable[[Result], bytes]] = {
    ".sarif": _sarif,
    ".github": lambda result: "".join(f"{line}\n" for line in github.render(result, root=Path())).encode(),
    ".md": lambda result: github.summary(result, root=Path()).encode(),
    ".gitlab": lambda result: gitlab.render(result, root=Path()),
    ".xml": lambda result: junit.render(result, root=Path()),
}
"""By the ending of the expected file."""


def rendered(ending: str) -> Callable[[Path], bytes]:
    return lambda path: FORMATS[ending](read_result(path))
