"""People from YAML and JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.directory import json_values, yaml_values
from policylang.directory.csv_columns import ASSIGNMENT
from policylang.directory.explain import explain
from policylang.directory.format import PersonEntry
from policylang.directory.people import Assigned, DirectoryValue, Field, PeopleRead, Person
from policylang.directory.problems import AT_MOST, UnreadableTextError
from policylang.directory.yaml_values import plain
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax import expressions


def read_yaml_people(source: Source, limits: Limits) -> PeopleRead:
    """The people of a file. An entry that is not as it should be is reported and left out."""
    people: list[Person] = []
    diagnostics: list[Diagnostic] = []
    try:
        reader = json_values if source.name.casefold().endswith(".json") else yaml_values
        for entry in reader.entries(source.text, "people", limits.text_length):
            if _is_valid(entry):
                people.append(_person(source, entry))
                continue
            wrong = list(explain(entry)) or [UnreadableTextError(entry.start_pos, entry.end_pos, "not a person")]
            diagnostics += (error.diagnostic(source) for error in wrong)
            if len(diagnostics) >= AT_MOST:
                break
    except UnreadableTextError as error:
        diagnostics.append(error.diagnostic(source))
    return PeopleRead(tuple(people), tuple(diagnostics))


def _is_valid(entry: DirectoryValue) -> bool:
    try:
        msgspec.convert(plain(entry), PersonEntry)
    except msgspec.ValidationError:
        return False
    return True


def _person(source: Source, entry: DirectoryValue) -> Person:
    fields: dict[str, Field] = entry.value
    attributes = fields["attributes"].value.value if "attributes" in fields else None
    roles = fields["roles"].value.value if "roles" in fields else None
    given = _text(fields, "id")
    assert given is not None
    return Person(
        entry.start_pos,
        entry.end_pos,
        source,
        id=given,
        name=_text(fields, "name"),
        group=_text(fields, "group"),
        job=_text(fields, "job"),
        superuser=_flag(fields, "superuser"),
        terminated=_flag(fields, "terminated"),
        attributes=tuple([field for field in (attributes or {}).values() if field.value.value is not None]),
        assignments=tuple([_assigned(role) for role in roles or ()]),
        table=False,
    )


def _assigned(given: DirectoryValue) -> Assigned:
    start, end = given.start_pos, given.end_pos
    if isinstance(given.value, str):
        return Assigned(start, end, expressions.Text(start, end, given.value))
    cells: list[Any] = [_text(given.value, name) for name in ASSIGNMENT]
    return Assigned(start, end, *cells)


def _text(fields: dict[str, Field], name: str) -> expressions.Text | None:
    given = fields[name].value if name in fields else None
    return expressions.Text(given.start_pos, given.end_pos, given.value) if given and given.value is not None else None


def _flag(fields: dict[str, Field], name: str) -> bool:
    return name in fields and fields[name].value.value is True
