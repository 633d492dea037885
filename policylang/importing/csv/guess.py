"""What a table probably is, and why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.importing.csv import mapping as says
from policylang.importing.csv.tables import COMMENT, Sheet, TableRow, header_of
from policylang.importing.csv.words import DENY, LEVELS, NO, VERBS, YES, is_aside, level, meaning

_ENOUGH = 0.5
_LOOKED_AT = 500
"""Rows: enough to tell what a column is."""

_PEOPLE = (
    *("id", "name", "role", "group", "job", "at", "start", "until", "because", "approved_by"),
    *("status", "terminated", "superuser"),
)

IN_WORDS: dict[says.RowMeaning, str] = {
    "permissions": "a row is a permission, a column a role",
    "roles": "a row is a role, a column a permission",
    "grants": "a row is one role and one permission",
    "members": "a row is a user, a column a role",
    "people": "a row is a person",
    "jobs": "a row is a job code",
    "nothing": "it says nothing about access",
}

COLUMNS: dict[str, tuple[str, ...]] = {
    "permissions": ("resource", "action", "permission"),
    "roles": ("role",),
    "grants": ("role", "resource", "action", "permission", "effect"),
    "members": ("id", "name"),
    "people": _PEOPLE,
    "jobs": ("job", "name", "role"),
    "nothing": (),
}
"""The columns that a table has by what it holds."""


def guess(table: Sheet, said: says.TableMapping | None = None) -> tuple[says.TableMapping, tuple[str, ...]]:
    """What a table probably is, and in words why. ``said``: what is known of it, which stands as it is. Raises
    `NotThisError`.
    """
    header, rows = header_of(table, said.header if said is not None else None)
    rows = [row for row in rows[:_LOOKED_AT] if not row.cell(0).value.startswith(COMMENT)]
    names = [cell.value for cell in header.cells]
    by_meaning: dict[str, str] = {}
    for name in names:
        found = meaning(name)
        if found is not None:
            by_meaning.setdefault(found, name)
    marked = _marked(names, rows)
    verbs = _verbs(names, rows, marked)
    if verbs is not None:
        by_meaning = {key: name for key, name in by_meaning.items() if name != verbs}
        by_meaning["action"] = verbs
        marked = [name for name in marked if name != verbs]
    holds = said.holds if said is not None else _holds(by_meaning, names, marked)
    if holds == "grants" and (effect := _effect(by_meaning, names, rows)) is not None:
        by_meaning["effect"] = effect
    columns, reasons = _columns(holds, by_meaning, names, marked)
    if said is not None:
        given = {key: value for key, value in msgspec.structs.asdict(said.columns).items() if value is not None}
        columns = msgspec.structs.replace(columns, **given)
        return msgspec.structs.replace(said, columns=columns), ()
    only = tuple(name for name in marked if name not in msgspec.structs.astuple(columns))
    table_ = says.TableMapping(
        file=table.file,
        sheet=table.sheet,
        holds=holds,
        columns=columns,
        only=only if holds in ("permissions", "roles", "members") else None,
    )
    return table_, (f"{IN_WORDS[holds]}: {_why(holds, by_meaning, only)}", *reasons)


def _marked(names: Sequence[str], rows: Sequence[TableRow]) -> list[str]:
    """The columns whose cells say yes, no or a level, for the greater part."""
    found = []
    for index, name in enumerate(names):
        cells = [row.cell(index).value for row in rows]
        filled = [cell for cell in cells if cell]
        known = sum(is_mark(cell) for cell in filled)
        if name and (known >= _ENOUGH * len(filled) if filled else True):
            found.append(name)
    return found


def _verbs(names: Sequence[str], rows: Sequence[TableRow], marked: Sequence[str]) -> str | None:
    """The column that says what is done, most of whose words would be levels if there were no crosses behind it."""
    words = {name: {row.cell(index).value.casefold() for row in rows} - {""} for index, name in enumerate(names)}
    crosses = [name for name in marked if words[name] & YES]
    before = names[: names.index(crosses[0])] if crosses else []
    return next((name for name in before if len(words[name] & VERBS) > _ENOUGH * len(words[name])), None)


def _effect(by: dict[str, str], names: Sequence[str], rows: Sequence[TableRow]) -> str | None:
    """The first column beside role and permission that says nothing but yes, no and deny."""
    used = {by[key] for key in COLUMNS["grants"] if key in by}
    for index, name in enumerate(names):
        words = {row.cell(index).value.casefold() for row in rows} - {""}
        if name and name not in used and not is_aside(name) and words and words <= YES | NO | DENY:
            return name
    return None


def is_mark(cell: str) -> bool:
    """Whether a cell says yes, no or a level in a word that is known."""
    return cell.casefold() in YES | NO | DENY or level(cell, LEVELS) is not None


def _holds(by: dict[str, str], names: Sequence[str], marked: Sequence[str]) -> says.RowMeaning:
    permission = "permission" in by or ("resource" in by and "action" in by)
    first = names[0] if names else ""
    people = {"role", "group", "job", "status", "terminated", "superuser"} & by.keys()
    crosses = [name for name in marked if meaning(name) is None or name not in by.values()]
    if "role" in by and permission and "id" not in by:
        return "grants"
    if "id" in by and people and by[min(people)] != first:
        return "people"
    if "job" in by and "role" in by and "id" not in by:
        return "jobs"
    if "id" in by and crosses:
        return "members"
    if meaning(first) == "role" and len(crosses) > 0:
        return "roles"
    if crosses:
        return "permissions"
    return "people" if "id" in by else "nothing"


def _columns(
    holds: says.RowMeaning, by: dict[str, str], names: Sequence[str], marked: Sequence[str]
) -> tuple[says.Columns, list[str]]:
    """The columns that a table of this kind needs, by their names; without a known name, the first that fits."""
    wanted = COLUMNS[holds]
    found = {key: by[key] for key in wanted if key in by}
    reasons = [
        f"{quoted(name)} is {_IN_WORDS[key]}, by its {'name' if meaning(name) == key else 'words'}"
        for key, name in found.items()
    ]
    if holds == "permissions":
        if "resource" not in found and "permission" not in found and names:
            free = next((name for name in names if name and name not in marked), names[0])
            found["permission" if "action" not in found else "resource"] = free
            reasons.append(f"{quoted(free)} names the permissions, as the first column without marks")
        if "resource" in found:
            found.pop("permission", None)
        if "action" in found and found["action"] in marked:
            del found["action"]
    if holds == "grants" and "permission" in found:
        found.pop("resource", None)
        found.pop("action", None)
    return says.Columns(**found), reasons


_IN_WORDS = {
    "id": "who it is",
    "name": "the name",
    "role": "the role",
    "group": "the group",
    "job": "the job code",
    "at": "the place",
    "start": "the first day",
    "until": "the last day",
    "because": "the reason",
    "approved_by": "who approved it",
    "status": "whether the person is still there",
    "superuser": "the tag",
    "terminated": "whether the person has left",
    "resource": "the resource",
    "action": "the action",
    "permission": "the permission",
    "effect": "whether it is granted",
}


def _why(holds: says.RowMeaning, by: dict[str, str], only: Sequence[str]) -> str:
    if holds in ("permissions", "roles", "members") and only:
        more = [f"{len(only) - 3} more"] if len(only) > 3 else []
        return f"the cells of {listed([*map(quoted, only[:3]), *more], 'and')} are marks or levels"
    named = [quoted(name) for name in list(by.values())[:4]]
    return f"there are the columns {listed(named, 'and')}" if named else "no column has a name that is known"
