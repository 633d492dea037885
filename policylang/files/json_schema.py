"""JSON Schemas (2020-12) made from types."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(type_: Any, name: str, title: str) -> dict[str, Any]:
    """The JSON Schema of a type, self-contained; ``name`` becomes its id."""
    return {"$schema": DIALECT, "$id": f"urn:policylang:{name}", "title": title, **_tidied(msgspec.json.schema(type_))}


def _tidied(schema: Any) -> Any:
    """With descriptions as texts of their own: how far docstrings are indented depends on the version of Python."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: cleandoc(value) if name == "description" and isinstance(value, str) else _tidied(value)
        for name, value in schema.items()
    }
