"""Trees of records as SQL: a function for each resource follows its rows upwards."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.model import conditions as c
from policylang.model.types import RecordType
from policylang.runtime.index import Index
from policylang.runtime.trees import DEEPEST
from policylang.targets.needs import asked_conditions
from policylang.targets.postgres.names import MAX_BYTES, name
from policylang.targets.postgres.operands import SqlRow, operand
from policylang.targets.postgres.refusals import refuse_long, refuse_rows, refuse_unmapped
from policylang.targets.postgres.tables import Mapped


def under(test: c.Under, row: SqlRow) -> str:
    """The test; NULL where it is unknown. Keys are compared as texts."""
    type_ = test.operand.type
    assert isinstance(type_, RecordType)
    top = _top(test, row)
    if not _is_followed(test, type_.resource, row):
        return "NULL"
    call = _function(type_.resource)
    if test.operand.steps:
        return f"{call}({operand(test.operand, row, test.at).given}::text, {top}, NULL, 0)"
    key, above = _key(row), row.column(test.tree)
    end = "FALSE" if test.optional else "NULL"
    return (
        f"(CASE WHEN {top} IS NULL THEN NULL WHEN {key} = {top} THEN TRUE WHEN {above} IS NULL THEN {end} "
        f"ELSE {call}({above}::text, {top}, {key}, 1) END)"
    )


def _key(row: SqlRow) -> str:
    return f"{row.alias}.{name(row.tables[row.resource].key)}::text"


def _top(test: c.Under, row: SqlRow) -> str:
    """The id of the record at the top."""
    top = test.top
    if isinstance(top, c.Constant):
        return operand(top, row, test.at).sql
    if top.root == "record":
        return f"{operand(top, row, test.at).sql}::text" if top.steps else _key(row)
    return operand(top, row, test.at, is_named=True).sql


def _is_followed(test: c.Under, resource: str, row: SqlRow) -> bool:
    if test.operand.root != "record":
        refuse_rows(test.operand.steps[0], test.at, row.refuse, "ask for a record of the row")
    elif resource not in row.tables:
        refuse_unmapped("follows", resource, test.at, row.refuse)
    elif len(_named(resource).encode()) > MAX_BYTES:
        refuse_long(_named(resource), test.at, row.refuse, "shorten the name of the resource")
    else:
        return True
    return False


def _named(resource: str) -> str:
    return f"{resource} under"


def _function(resource: str) -> str:
    return f"policylang.{name(_named(resource))}"


def tree_functions(index: Index, tables: dict[str, Mapped]) -> Iterator[tuple[str, dict[str, object]]]:
    """The functions that conditions call, each with its parameters, and what is filled into its body."""
    asked = asked_conditions(index, attached=False)
    tests = (test for resource, each, _ in asked if resource in tables for test in each.tests())
    found = {each.operand.type: each for each in tests if isinstance(each, c.Under)}
    for type_, test in sorted(found.items(), key=lambda item: str(item[0])):
        assert isinstance(type_, RecordType)
        table = tables.get(type_.resource)
        if table is not None:
            key, above = (f'r.{name(each)}::text COLLATE "C"' for each in (table.key, table.columns[test.tree]))
            gaps: dict[str, object] = {"table": table.sql, "key": key, "above": above, "deepest": DEEPEST}
            yield f"{_function(type_.resource)} (text, text, text, integer)", {**gaps, "optional": test.optional}
