"""JSON Schemas (2020-12) made from types, and their violations in words."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jsonschema import ValidationError

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


def violation(content: Any, schema: dict[str, Any]) -> ValidationError | None:
    """The most telling violation of a schema, or ``None``."""
    # Imported when it is needed: most runs validate nothing, and the import takes a fifth of their time.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import extend

    any_of = Draft202012Validator.VALIDATORS["anyOf"]

    def discriminated(validator: Any, schemas: Any, content: Any, schema: Any) -> Iterator[ValidationError]:
        """The one that the content names: each of them, tried inside each of them, takes a time without bound."""
        named = schema.get("discriminator", {"propertyName": None, "mapping": {}})
        name = content.get(named["propertyName"]) if isinstance(content, dict) else None
        reference = named["mapping"].get(name) if isinstance(name, str) else None
        if reference is None:
            yield from any_of(validator, schemas, content, schema)
        else:
            yield from validator.descend(content, {"$ref": reference})

    validator = extend(Draft202012Validator, {"anyOf": discriminated})(schema)  # type: ignore[no-untyped-call]
    error: ValidationError | None = best_match(validator.iter_errors(content))
    return error


def describe(error: ValidationError) -> str:
    """A violation in words: where, then what."""
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    message = error.message if len(error.message) <= 200 else f"{error.message[:199]}…"
    return f"{where or 'the document'}: {message}"
