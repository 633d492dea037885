"""Edits of documents in JSON: a right in a row of permissions, a new row, a role of a user."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, line_break
from policylang.importing.frappe.documents import Document, documents, number, rows, text
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
    found = [(file.path, each) for file in inputs.files for each in documents(file)]
    new: dict[tuple[str, str], list[Wanted]] = {}
    for each in wanted:
        if each.place:
            raise CannotExpressError(each, "roles of Frappe are given everywhere", "assign it without a place")
        if each.kind == "role":
            continue
        if each.kind == "assignment":
            yield from _assign(found, each)
            continue
        there = [(path, of, row) for path, of, row in _rows(found, each.resource) if _is_plain(row, each.holder)]
        if each.give and there:
            yield _set(*there[0], each)
        elif each.give:
            new.setdefault((each.resource, each.holder), []).append(each)
        else:
            holding = [(path, of, row) for path, of, row in there if number(row, each.action)]
            if not holding:
                raise CannotExpressError(each, "no row of permissions gives it")
            yield from (_set(path, of, row, each) for path, of, row in holding)
    yield from _new_rows(found, new)


def _rows(found: Sequence[tuple[str, Document]], doctype: str) -> Iterator[tuple[str, Document, dict[str, Any]]]:
    """The rows of permissions that hold for a DocType."""
    custom = [(p, of, of.of) for p, of in found if of.kind == "Custom DocPerm" and text(of.of, "parent") == doctype]
    if custom:
        yield from custom
        return
    for path, of in found:
        if of.kind == "DocType" and text(of.of, "name") == doctype:
            yield from ((path, of, row) for row in rows(of.of, "permissions"))


def _is_plain(row: dict[str, Any], role: str) -> bool:
    return text(row, "role") == role and number(row, "permlevel") == 0 and number(row, "if_owner") == 0


def _set(path: str, of: Document, row: dict[str, Any], wanted: Wanted) -> SourceEdit:
    """Change one right in a row."""
    source = of.places.text
    spans = _Spans(source, of.places.offset(row))
    value = str(int(wanted.give))
    if wanted.action in spans.keys:
        _, start, end = spans.keys[wanted.action]
        old = source[start:end]
        value = f'"{value}"' if old.startswith('"') else {"true": "false", "false": "true"}.get(old, value)
        return SourceEdit(path, start, end, value, wanted.words)
    return _insert(path, source, spans, wanted.action, value, wanted.words)


def _insert(path: str, source: str, spans: _Spans, key: str, value: str, why: str) -> SourceEdit:
    """A member behind the last one that comes before it in the alphabet."""
    before = [each for each in spans.keys if each < key] or list(spans.keys)[:1]
    began, _, end = spans.keys[before[-1]]
    return SourceEdit(path, end, end, f",{_gap(source, began)}{json.dumps(key)}: {value}", why)


def _gap(source: str, began: int) -> str:
    """What stands between a comma and the next member, as before the one that begins here."""
    start = began
    while start and source[start - 1] in " \t\r\n":
        start -= 1
    return source[start:began] or ("" if source[began - 1 : began] == "{" else " ")


def _new_rows(found: Sequence[tuple[str, Document]], new: dict[tuple[str, str], list[Wanted]]) -> Iterator[SourceEdit]:
    by_list: dict[tuple[str, int], list[SourceEdit]] = {}
    for (doctype, role), wanted in new.items():
        there = list(_rows(found, doctype))
        if not there or any(of.kind != "DocType" for _, of, _ in there):
            raise CannotExpressError(wanted[0], "there is no row of permissions to add another after")
        path, of, row = there[-1]
        members = {each.action: "1" for each in wanted} | {"role": json.dumps(role)}
        edit = _new_object(path, of, row, members, wanted[0].words)
        by_list.setdefault((path, edit.start), []).append(edit)
    for (path, at), edits in by_list.items():
        yield SourceEdit(path, at, at, "".join(each.text for each in edits), edits[0].why)


def _new_object(path: str, of: Document, row: dict[str, Any], members: dict[str, str], why: str) -> SourceEdit:
    """An object behind another in a list, laid out like that."""
    source = of.places.text
    start = of.places.offset(row)
    spans = _Spans(source, start)
    first = min((began for began, _, _ in spans.keys.values()), default=start + 1)
    gap = _gap(source, first)
    last = max((end for _, _, end in spans.keys.values()), default=start + 1)
    inside = f",{gap or ' '}".join(f"{json.dumps(key)}: {members[key]}" for key in sorted(members))
    made = f"{{{gap}{inside}{source[last : spans.end]}"
    between = _gap(source, start)
    ending = line_break(source)
    return SourceEdit(path, spans.end, spans.end, f",{between or ending}{made}", why)


def _assign(found: Sequence[tuple[str, Document]], wanted: Wanted) -> Iterator[SourceEdit]:
    """A row for a role of a user, or without one."""
    for path, of in found:
        if of.kind != "User" or wanted.holder not in (text(of.of, "name"), text(of.of, "email")):
            continue
        there = rows(of.of, "roles")
        if wanted.give and there:
            yield _new_object(path, of, there[-1], _like(there[-1], wanted.role), wanted.words)
            return
        for index, row in enumerate(there):
            if not wanted.give and text(row, "role") == wanted.role:
                yield _without(path, of, there, index, wanted.words)
                return
    raise CannotExpressError(wanted, "no document of the user has a row of roles for it")


def _like(row: dict[str, Any], role: str) -> dict[str, str]:
    """The members of a row for a role: those that say what a row is."""
    kept: dict[str, str] = {key: json.dumps(row[key]) for key in ("doctype", "parentfield", "parenttype") if key in row}
    return {**kept, "role": json.dumps(role)}


def _without(path: str, of: Document, there: Sequence[dict[str, Any]], index: int, why: str) -> SourceEdit:
    """An object taken out of its list, with the comma beside it."""
    spans = [_Spans(of.places.text, of.places.offset(row)) for row in there]
    mine = spans[index]
    if index + 1 < len(spans):
        return SourceEdit(path, mine.start, spans[index + 1].start, "", why)
    start = spans[index - 1].end if index else mine.start
    return SourceEdit(path, start, mine.end, "", why)
