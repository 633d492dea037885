"""JSON Schemas (2020-12) made from types, and their violations in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jsonschema import ValidationError

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(type_: Any, name: str, title: str) -> dict[str, Any]:
    """The JSON Schema of a type, self-contained; ``name`` becomes its id."""
    return {"$schema": DIALECT, "$id": f"urn:policylang:{name}", "title": title, **msgspec.json.schema(type_)}


def violation(content: Any, schema: dict[str, Any]) -> ValidationError | None:
    """The most telling violation of a schema, or ``None``."""
    # Imported when it is needed: most runs validate nothing, and the import takes a fifth of their time.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error: ValidationError | None = best_match(Draft202012Validator(schema).iter_errors(content))
    return error


def describe(error: ValidationError) -> str:
    """A violation in words: where, then what."""
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    message = error.message if len(error.message) <= 200 else f"{error.message[:199]}…"
    return f"{where or 'the document'}: {message}"
