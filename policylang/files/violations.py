"""What a document says that its JSON Schema does not allow: what was expected, with an example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.suggest import closest

if TYPE_CHECKING:
    from jsonschema import ValidationError

_ANY = "…"
"""An example of what may be anything."""
_MOST = 12
"""Names that are listed."""
_SHORT = 40
"""Characters of a value that a help repeats."""


class Violation(msgspec.Struct, frozen=True):
    """``path``: the keys and positions that lead to the value, or to the nearest thing around what is not there;
    ``of_key``: the last key is what is wrong.
    """

    path: tuple[str | int, ...]
    message: str
    help: str
    of_key: bool = False


def first_violation(content: Any, schema: dict[str, Any]) -> Violation | None:
    """The most telling violation of a schema, or ``None``."""
    error = _violation(content, schema)
    return None if error is None else _Words(schema).of(error)


def _violation(content: Any, schema: dict[str, Any]) -> ValidationError | None:
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
        if isinstance(content, dict) and named["mapping"] and reference is None:
            of_name = {named["propertyName"]: {"enum": list(named["mapping"])}}
            yield from validator.descend(content, {"properties": of_name, "required": list(of_name)})
        elif reference is None:
            yield from any_of(validator, schemas, content, schema)
        else:
            yield from validator.descend(content, {"$ref": reference})

    validator = extend(Draft202012Validator, {"anyOf": discriminated})(schema)  # type: ignore[no-untyped-call]
    error: ValidationError | None = best_match(validator.iter_errors(content))
    return error


def _lacking(error: ValidationError) -> ValidationError | None:
    """What a mapping lacks to be any of what it may be."""
    return next((each for each in error.context or () if each.validator == "required"), None)


class _Words:
    """Violations of one schema in words."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._definitions: dict[str, Any] = schema.get("$defs", {})

    def of(self, error: ValidationError) -> Violation:
        path = tuple(error.absolute_path)
        where, schema = _where(path), error.schema
        instance: Any = error.instance
        if not isinstance(schema, dict):
            return Violation(path, f"{where} is not allowed", "delete it")
        match str(error.validator):
            case "anyOf" if isinstance(instance, dict) and (lacking := _lacking(error)) is not None:
                return self.of(lacking)
            case "required":
                name = next(name for name in schema["required"] if name not in instance)
                example = self.example(schema.get("properties", {}).get(name, {}))
                return Violation(path, f"{where} has no {quoted(name)}", f"write `{name}: {example}`")
            case "additionalProperties":
                return self._unknown(path, schema, instance)
            case "minItems" | "minProperties" | "maxProperties" | "maxItems":
                many = f"this one has {len(instance)}" if instance else "this one is empty"
                return Violation(path, f"{where} must be {self.expected(schema)}, {many}", self._like(schema))
            case "pattern" | "minLength" | "maxLength" if _is_of_key(error):
                message = f"a key of {where} must be {self.expected(schema)}, not {_shown(instance)}"
                return Violation((*path, str(instance)), message, self._help(schema, instance), True)
            case _:
                wrong = f"{where} must be {self.expected(schema)}, not {_shown(instance)}"
                if instance is None:
                    wrong = f"{where} is empty, it must be {self.expected(schema)}"
                return Violation(path, wrong, self._help(schema, instance))

    def _unknown(self, path: tuple[str | int, ...], schema: dict[str, Any], instance: Any) -> Violation:
        known = list(schema.get("properties", {}))
        name = next((str(name) for name in instance if name not in known), "")
        near = closest(name, known)
        help = f"did you mean `{near}`?" if near else f"choose from {_names(known)}" if known else "delete it"
        inside = f" in {_where(path)}" if path else ""
        return Violation((*path, name), f"unknown field {quoted(name)}{inside}", help, True)

    def _help(self, schema: dict[str, Any], instance: Any) -> str:
        enum = schema.get("enum")
        near = closest(instance, map(str, enum)) if isinstance(instance, str) and enum else None
        if near is not None:
            return f"did you mean `{near}`?"
        number = isinstance(instance, bool | int | float | Decimal)
        if number and any("pattern" not in each and each.get("type") == "string" for each in self._choices(schema)):
            return "write it in quotes"
        if schema.get("type") == "array" and isinstance(instance, str) and 0 < len(instance) <= _SHORT:
            return f"write {quoted(f'[{instance}]')}"
        return self._like(schema)

    def _like(self, schema: dict[str, Any]) -> str:
        example = self.example(schema)
        return f"write {self.expected(schema)}" if example == _ANY else f"write it like `{example}`"

    # --- what is expected --------------------------------------------------------------------------------------

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    def _choices(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        """What a schema allows, without what stands for nothing where there is anything else."""
        schema = self._resolved(schema)
        found = [choice for each in schema.get("anyOf", ()) for choice in self._choices(each)] or [schema]
        types = [{**each, "type": one} for each in found for one in _types(each)]
        return [each for each in types if each["type"] != "null"] or types

    def expected(self, schema: dict[str, Any]) -> str:
        """What a schema allows, with an article."""
        words = dict.fromkeys(self._one(each) for each in self._choices(schema))
        return listed(list(words), "or")

    def _one(self, schema: dict[str, Any]) -> str:
        if "enum" in schema or "const" in schema:
            values = [quoted(str(each)) for each in schema.get("enum", [schema.get("const")])]
            return values[0] if len(values) == 1 else f"one of {listed(values, 'and')}"
        match schema["type"]:
            case "string":
                if "pattern" in schema or "format" in schema:
                    return str(schema.get("description", "text in a certain form"))
                most = f" of at most {schema['maxLength']} characters" if "maxLength" in schema else ""
                return f"a text{most}{' that is not empty' if schema.get('minLength') and not most else ''}"
            case "integer" | "number" as type_:
                return f"{'a whole number' if type_ == 'integer' else 'a number'}{_bounds(schema)}"
            case "boolean":
                return "true or false"
            case "array":
                least = " with at least one entry" if schema.get("minItems") else ""
                return f"a list{least}"
            case "object":
                return "a mapping with one entry" if schema.get("maxProperties") == 1 else "a mapping"
            case "null":
                return "nothing"
        return "something else"

    def example(self, schema: dict[str, Any]) -> str:
        """A value that a schema allows, as YAML."""
        if isinstance(schema.get("default"), str | int | float):
            return _scalar(schema["default"])
        choice = self._choices(schema)[0]
        if choice.get("examples"):
            return str(choice["examples"][0])
        if "enum" in choice or "const" in choice:
            return str(choice.get("enum", [choice.get("const")])[0])
        match choice["type"]:
            case "string":
                return _ANY
            case "integer" | "number":
                return str(choice.get("minimum", choice.get("exclusiveMinimum", 0) + 1))
            case "boolean":
                return "true"
            case "array":
                return f"[{self.example(choice.get('items', {}))}]"
            case "object":
                return self._example_object(choice)
        return _ANY

    def _example_object(self, schema: dict[str, Any]) -> str:
        properties = schema.get("properties", {})
        names = schema.get("required", []) or list(properties)[:1]
        if names:
            return f"{{{', '.join(f'{name}: {self.example(properties[name])}' for name in names)}}}"
        values = schema.get("additionalProperties")
        name = self.example(schema["propertyNames"]) if "propertyNames" in schema else "name"
        name = "name" if name == _ANY else name
        return f"{{{name}: {self.example(values) if isinstance(values, dict) else _ANY}}}"


def _types(schema: dict[str, Any]) -> Sequence[str]:
    given = schema.get("type", "object" if "properties" in schema else "string")
    return given if isinstance(given, list) else [given]


def _bounds(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']}" + (f", at most {most}" if most is not None else "")
    return f" of at least {least}" if least is not None else f" of at most {most}" if most is not None else ""


def _where(path: Sequence[str | int]) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return quoted(where, 200) if where else "the document"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return f"`{_scalar(value)}`"
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a mapping"
    return quoted(str(value)) if value != "" else "empty text"


def _scalar(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _is_of_key(error: ValidationError) -> bool:
    steps: Any = error.absolute_schema_path
    return "propertyNames" in steps


def _names(known: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in known[:_MOST]]
    return listed(shown, "and") if len(known) <= _MOST else f"{', '.join(shown)} and {len(known) - _MOST} more"
