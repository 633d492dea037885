"""Edits of documents in JSON: a right in a row of permissions, a new row, a role of a user."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, line_break
from policylang.importing.frappe.documents import Document, Row, documents
from policylang.importing.reading import Inputs

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class _Spans:
    """Where the members of one object stand: of each key, its beginning and the extent of its value."""

    def __init__(self, source: str, start: int) -> None:
        self.keys: dict[str, tuple[int, int, int]] = {}
        self.start, self.end = start, start
        depth, key, began, value = 0, None, 0, -1
        last = start
        for token in _TOKEN.finditer(source, start):
            sign = token[0]
            if depth == 1 and sign in (",", "}"):
                if key is not None:
                    self.keys[key] = began, value, last
                key, value = None, -1
            elif depth == 1 and key is None and sign != "{":
                key, began = json.loads(sign, strict=False), token.start()
            elif depth == 1 and sign != ":" and value < 0:
                value = token.start()
            depth += (sign in "{[") - (sign in "}]")
            last = token.end()
            if depth == 0:
                self.end = token.end()
                return


def patch(inputs: Inputs, _mapping: Any, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    found = [each for file in inputs.files for each in documents(file)]
    new: dict[tuple[str, str], list[Wanted]] = {}
    for each in wanted:
        if each.place:
            raise CannotExpressError(each, "roles of Frappe are given everywhere", "assign it without a place")
        if each.kind == "role":
            continue
        if each.kind == "assignment":
            yield _assign(found, each)
            continue
        there = [row for row in _rows(found, each.resource) if _is_plain(row, each.holder)]
        if each.give and there:
            yield _set(there[0], each)
        elif each.give:
            new.setdefault((each.resource, each.holder), []).append(each)
        else:
            holding = [row for row in there if row.number(each.action)]
            if not holding:
                raise CannotExpressError(each, "no row of permissions gives it")
            yield from (_set(row, each) for row in holding)
    yield from _new_rows(found, new)


def _rows(found: Sequence[Document], doctype: str) -> list[Row]:
    """The rows of permissions that hold for a DocType: documents of their own, or rows in it."""
    custom = [each for each in found if each.kind == "Custom DocPerm" and each.text("parent") == doctype]
    own = [each for each in found if each.kind == "DocType" and each.text("name") == doctype]
    return [*custom] or [row for each in own for row in each.rows("permissions")]


def _is_plain(row: Row, role: str) -> bool:
    return row.text("role") == role and row.number("permlevel") == 0 and row.number("if_owner") == 0


def _set(row: Row, wanted: Wanted) -> SourceEdit:
    """Change one right in a row."""
    source = row.source
    spans = _Spans(source.text, row.start)
    value = str(int(wanted.give))
    if wanted.action in spans.keys:
        _, start, end = spans.keys[wanted.action]
        old = source.text[start:end]
        value = f'"{value}"' if old.startswith('"') else {"true": "false", "false": "true"}.get(old, value)
        return SourceEdit(source.name, start, end, value, wanted.words)
    # behind the last member that comes before it in the alphabet
    before = [each for each in spans.keys if each < wanted.action] or list(spans.keys)[:1]
    began, _, end = spans.keys[before[-1]]
    text = f",{_gap(source.text, began)}{json.dumps(wanted.action)}: {value}"
    return SourceEdit(source.name, end, end, text, wanted.words)


def _gap(source: str, began: int) -> str:
    """What stands between a comma and the next member, as before the one that begins here."""
    start = began
    while start and source[start - 1] in " \t\r\n":
        start -= 1
    return source[start:began] or ("" if source[began - 1 : began] == "{" else " ")


def _new_rows(found: Sequence[Document], new: dict[tuple[str, str], list[Wanted]]) -> Iterator[SourceEdit]:
    by_list: dict[tuple[str, int], list[SourceEdit]] = {}
    for (doctype, role), wanted in new.items():
        there = _rows(found, doctype)
        if not there or isinstance(there[-1], Document):
            raise CannotExpressError(wanted[0], "there is no row of permissions to add another after")
        members = {each.action: "1" for each in wanted} | {"role": json.dumps(role)}
        edit = _new_object(there[-1], members, wanted[0].words)
        by_list.setdefault((edit.path, edit.start), []).append(edit)
    for edits in by_list.values():
        yield msgspec.structs.replace(edits[0], text="".join(each.text for each in edits))


def _new_object(row: Row, members: dict[str, str], why: str) -> SourceEdit:
    """An object behind another in a list, laid out like that."""
    source = row.source.text
    spans = _Spans(source, row.start)
    first = min((began for began, _, _ in spans.keys.values()), default=row.start + 1)
    gap = _gap(source, first)
    last = max((end for _, _, end in spans.keys.values()), default=row.start + 1)
    inside = f",{gap or ' '}".join(f"{json.dumps(key)}: {members[key]}" for key in sorted(members))
    between = _gap(source, row.start) or line_break(source)
    made = f",{between}{{{gap}{inside}{source[last : spans.end]}"
    return SourceEdit(row.source.name, spans.end, spans.end, made, why)


def _assign(found: Sequence[Document], wanted: Wanted) -> SourceEdit:
    """A row for a role of a user, or without one."""
    for user in found:
        if user.kind != "User" or wanted.holder not in (user.text("name"), user.text("email")):
            continue
        there = user.rows("roles")
        if wanted.give and there:
            return _new_object(there[-1], _like(there[-1], wanted.role), wanted.words)
        for index, row in enumerate(there):
            if not wanted.give and row.text("role") == wanted.role:
                return _without(there, index, wanted.words)
    raise CannotExpressError(wanted, "no document of the user has a row of roles for it")


def _like(row: Row, role: str) -> dict[str, str]:
    """The members of a row for a role: those that say what a row is."""
    kept: dict[str, Any] = {key: row.value[key] for key in ("doctype", "parentfield", "parenttype") if key in row.value}
    return {key: json.dumps(value) for key, value in {**kept, "role": role}.items()}


def _without(there: Sequence[Row], index: int, why: str) -> SourceEdit:
    """An object taken out of its list, with the comma beside it."""
    source = there[index].source
    spans = [_Spans(source.text, row.start) for row in there]
    mine = spans[index]
    if index + 1 < len(spans):
        return SourceEdit(source.name, mine.start, spans[index + 1].start, "", why)
    start = spans[index - 1].end if index else mine.start
    return SourceEdit(source.name, start, mine.end, "", why)
