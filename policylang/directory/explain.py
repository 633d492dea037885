"""Why an entry of a YAML file is not a person, in words. The types in `format` say the same without words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.directory.format import PersonEntry, RoleEntry
from policylang.directory.people import DirectoryValue, Field
from policylang.directory.problems import UnreadableTextError, shown
from policylang.suggest import closest

_PERSON = tuple(field.encode_name for field in msgspec.structs.fields(PersonEntry))
_ROLE = tuple(field.encode_name for field in msgspec.structs.fields(RoleEntry))


def explain(entry: DirectoryValue) -> Iterator[UnreadableTextError]:
    """Everything that keeps an entry from being a person."""
    if not isinstance(entry.value, dict):
        yield _error(entry, "a person has at least an `id`", "write `- id: …`")
        return
    yield from _keys(entry, _PERSON, "id", "a person")
    for key, field in entry.value.items():
        given = field.value
        if given.value is None and key != "id":
            continue
        match key:
            case "id" | "name" | "group" | "job":
                yield from _text(key, given, required=key == "id")
            case "terminated" | "superuser":
                if not isinstance(given.value, bool):
                    yield _error(
                        given, f"`{key}` must be true or false, not {_shown(given)}", "write `true` or `false`"
                    )
            case "roles":
                yield from _roles(given)
            case "attributes":
                yield from _attributes(given)


def _roles(given: DirectoryValue) -> Iterator[UnreadableTextError]:
    if not isinstance(given.value, tuple):
        yield _error(given, "`roles` must be a list", "write `roles: [NAME]`")
        return
    for role in given.value:
        if not isinstance(role.value, dict):
            yield from _text("role", role, required=True)
            continue
        yield from _keys(role, _ROLE, "role", "a role given to somebody")
        for key, field in role.value.items():
            if key in _ROLE and (field.value.value is not None or key == "role"):
                yield from _text(key, field.value, required=key == "role")


def _attributes(given: DirectoryValue) -> Iterator[UnreadableTextError]:
    if not isinstance(given.value, dict):
        yield _error(given, "`attributes` must hold names and values", "write `attributes: {NAME: value}`")
        return
    for key, field in given.value.items():
        items = field.value.value if isinstance(field.value.value, tuple) else (field.value,)
        for item in items:
            if isinstance(item.value, dict | tuple) or (item.value is None and item is not field.value):
                yield _error(item, f"{quoted(key)} must be a value or a list of values", "write text, a number or true")


def _keys(given: DirectoryValue, known: tuple[str, ...], required: str, what: str) -> Iterator[UnreadableTextError]:
    fields: dict[str, Field] = given.value
    meant = required
    for name, field in fields.items():
        if name not in known:
            near = closest(name, known)
            meant = "" if near == required else meant
            help = f"did you mean `{near}`?" if near else f"choose from {listed([f'`{k}`' for k in known], 'and')}"
            yield _error(field.key, f"unknown field {quoted(name)}", help)
    if meant and required not in fields:
        yield _error(given, f"{what} has no `{required}`", f"write `{required}: …`")


def _text(key: str, given: DirectoryValue, required: bool) -> Iterator[UnreadableTextError]:
    if isinstance(given.value, dict | tuple):
        yield _error(given, f"`{key}` must be text", "write text")
    elif required and (given.value is None or given.value == ""):
        yield _error(given, f"`{key}` is empty", f"write `{key}: …`")
    elif not isinstance(given.value, str):
        shown = _shown(given)
        yield _error(given, f"`{key}` must be text, not {shown}", f'write it in quotes: `"{shown.strip("`")}"`')


def _shown(given: DirectoryValue) -> str:
    return "this" if isinstance(given.value, dict | tuple) else shown(given.value)


def _error(place: Any, message: str, help: str) -> UnreadableTextError:
    return UnreadableTextError(place.start_pos, place.end_pos, message, help)
