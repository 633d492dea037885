"""The JSON Schema of compiled JSON."""

from __future__ import annotations

from typing import Any

from policylang.files.json_schema import schema_of
from policylang.ir.nodes import FORMAT_VERSION, PolicySet


def ir_schema() -> dict[str, Any]:
    """The schema of compiled JSON."""
    schema = schema_of(PolicySet, f"ir:{FORMAT_VERSION}", "policylang compiled policy set")
    schema["$defs"]["PolicySet"]["properties"]["version"] = {"const": FORMAT_VERSION}
    return schema
