"""The format of scenario tests, `*.test.yaml` or `*.test.yml`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from policylang.files.json_schema import schema_of

SUFFIXES = (".test.yaml", ".test.yml")

# Numbers with a point are read exactly, as decimals, which msgspec has no type for beside texts.
_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_VALUE: dict[str, Any] = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
_Value = Annotated[Any, msgspec.Meta(extra_json_schema=_VALUE)]
_Name = Annotated[str, msgspec.Meta(min_length=1)]
_Path = Annotated[
    str, msgspec.Meta(min_length=1, pattern="^[^\\x00]*$", description="a path without NUL characters, not empty")
]
Instant = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})$",
        description="a date and time with its offset from UTC",
        examples=["2026-11-21T12:00:00-07:00"],
    ),
]

_Target = _Name | Annotated[dict[str, dict[str, _Value]], msgspec.Meta(min_length=1, max_length=1)]
"""A record, `record.field`, or `{record: {field: value}}` for a proposed change."""

Targets = dict[_Name, Annotated[list[_Target], msgspec.Meta(min_length=1)]]
"""Action, and what it is tried on."""


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decisions about one user. `now` and `request` replace those of the file."""

    name: _Name
    user: _Name
    now: Instant | None = None
    request: dict[str, _Value] = {}
    allow: Targets = {}
    deny: Targets = {}


class ScenarioFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy set, an instant, records by name, and what must be decided about them."""

    policies: _Path
    now: Instant
    directory: _Path | list[_Path] = []
    """Files with people, relative to this file: they are there in this file's tests only."""
    records: dict[str, dict[str, _Value]] = {}
    """Attributes by name, and `resource`. A record's name as a value refers to that record."""
    request: dict[str, _Value] = {}
    tests: list[Test] = []
    eligible: dict[str, list[str]] = {}
    """`resource.attribute`: exactly the users who may be written into it."""


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of scenario tests."""
    return schema_of(ScenarioFile, "scenario", "policylang scenario tests")
