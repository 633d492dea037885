"""Records of a witness that lie below others, as a candidate asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policylang.analysis.constraints import Below, ConstantTerm, Term, Variable, VariablePlace
from policylang.model.types import RecordType
from policylang.runtime.index import Index

_Record = dict[str, Any]


def hang(
    index: Index,
    resource: str,
    below: Iterable[Below],
    values: Mapping[Variable, Any],
    missing: set[VariablePlace],
    roots: Mapping[str, _Record],
) -> None:
    """Put records above those that have to lie below them, in the record and the request of a witness. The values are
    there already; a record at the top that has none gets an id.
    """
    for number, each in enumerate(below, 1):
        record = _at(index, resource, each.variable, roots)
        if record is None or each.wanted is False or (each.wanted is None and not each.optional):
            continue  # where nothing is above, the way up ends, or breaks off
        type_ = each.variable.type
        assert isinstance(type_, RecordType)
        if each.wanted is None:
            _put_above(record, each, "nowhere", missing)
            continue
        id_ = _id_of(index, resource, each.top, f"{type_.resource}-above-{number}", values, roots)
        if record.get("id") != id_ and not _put_above(record, each, id_, missing):
            record["id"] = id_


def _put_above(record: _Record, each: Below, id_: str, missing: set[VariablePlace]) -> bool:
    """Make a record the last on the way up, unless it is on it; whether that can be. ``nowhere`` is a bare key."""
    if each.above.where in missing:
        return False
    seen: list[int] = []
    while id(record) not in seen:
        seen.append(id(record))
        above = record.get(each.tree)
        if above is None:
            record[each.tree] = "nowhere" if id_ == "nowhere" else {"id": id_}
            return True
        if above == id_ or not isinstance(above, str | dict):
            return bool(above == id_)
        if isinstance(above, str):
            above = record[each.tree] = {"id": above}
        if above.get("id") == id_:
            return True
        record = above
    return False


def _at(index: Index, resource: str, variable: Variable, roots: Mapping[str, _Record]) -> _Record | None:
    """The record that a variable stands for, made where it is not there; ``None`` for one that cannot be made."""
    if variable.root not in ("record", "request") or (variable.root == "request" and not variable.steps):
        return None
    record, type_ = roots[variable.root], RecordType(resource)
    for number, step in enumerate(variable.steps):
        of_request = variable.root == "request" and number == 0
        found = index.request[step] if of_request else index.attributes[type_.resource][step].type
        if not isinstance(found, RecordType):
            return None
        type_, related = found, record.get(step)
        if related is not None and not isinstance(related, str | dict):
            return None
        if not isinstance(related, dict):
            related = record[step] = {"id": related if isinstance(related, str) else f"{found.resource}-1"}
        record = related
    return record


def _id_of(
    index: Index, resource: str, top: Term, id_: str, values: Mapping[Variable, Any], roots: Mapping[str, _Record]
) -> str:
    if isinstance(top, ConstantTerm):
        return top.value
    found = values.get(top)
    if isinstance(found, str):
        return found
    if top.root == "subject":
        return str(roots["subject"].setdefault(top.steps[0], id_))
    if isinstance(top.type, RecordType) and (record := _at(index, resource, top, roots)) is not None:
        return str(record.setdefault("id", id_))
    if len(top.steps) == 1:
        roots[top.root].setdefault(top.steps[0], id_)
        return str(roots[top.root][top.steps[0]])
    return id_
