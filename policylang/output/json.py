"""Findings for programs."""

from __future__ import annotations

import msgspec

from policylang.output.findings import Result


def render(result: Result) -> bytes:
    """One JSON object: ``findings``, ``problems`` (what could not be read), and the number of ``files`` checked."""
    content = {"findings": result.findings, "problems": result.problems, "files": result.files}
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
