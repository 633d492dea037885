"""How many findings of which rule there are, and how many users they concern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policylang.output.order import in_order
from policylang.output.tables import table
from policylang.output.text import summary
from policylang.pipelines.findings import Result
from policylang.text.readable import json_bytes


def render(result: Result, width: int | None) -> Iterator[str]:
    """A row for each rule, the heaviest first, and the summary."""
    rows = [
        (f"{each['findings']:,}", f"{each['users']:,}" if each["users"] else "", *map(str, list(each.values())[2:]))
        for each in _counts(result)
    ]
    if rows:
        yield from table(("findings", "users", "severity", "rule", "name"), rows, width)
        yield ""
    yield summary(result)


def as_json(result: Result) -> bytes:
    """The same for programs: ``rules``, with the most users that one finding concerns, and the ``problems``."""
    return json_bytes({"rules": _counts(result), "problems": result.problems, "files": result.files})


def _counts(result: Result) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for each in in_order(result.findings, "weight"):
        counts = found.setdefault(
            each.code,
            {"findings": 0, "users": 0, "severity": each.severity, "code": each.code, "name": each.name},
        )
        counts["findings"] += 1
        counts["users"] = max(counts["users"], each.reach.users or 0)
    return list(found.values())
