"""Findings for programs."""

from __future__ import annotations

from typing import Any

from policylang.model.instants import instant_text
from policylang.pipelines.findings import Result
from policylang.text.readable import json_bytes


def render(result: Result) -> bytes:
    """One JSON object: ``findings``, ``problems`` (what could not be read), the number of ``files`` checked, and what
    was counted and not reported.
    """
    content: dict[str, Any] = {
        "findings": [finding.data for finding in result.findings],
        "problems": result.problems,
        "files": result.files,
        "now": None if result.now is None else instant_text(result.now),
        "suppressed": result.suppressed,
        "ignored": result.ignored,
        "baseline": result.baseline,
    }
    return json_bytes(content)
