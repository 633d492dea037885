"""People from CSV: one row for each person and role; rows with one id are one person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic, Related, quoted
from policylang.directory.csv_columns import ASSIGNMENT, ATTRIBUTE, check_header
from policylang.directory.csv_rows import CsvRow, rows
from policylang.directory.people import Assigned, DirectoryValue, Field, PeopleRead, Person
from policylang.directory.problems import AT_MOST, UnreadableTextError, too_long
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax import expressions

_FLAGS = ("terminated", "superuser")


class _Collected(msgspec.Struct):
    """What the rows of one id say together."""

    first: CsvRow
    cells: dict[str, expressions.Text]
    """Columns about the person, without empty cells."""
    assignments: list[Assigned]


def read_csv_people(source: Source, limits: Limits) -> PeopleRead:
    """The people of a table. Reports rows that contradict each other, and rows that are no people."""
    table = rows(source)
    diagnostics: list[Diagnostic] = []
    people: dict[str, _Collected] = {}
    header = None
    try:
        header = next(table, None)
        if header is None:
            raise UnreadableTextError(0, 0, "the file is empty", "the first row names the columns, including `id`")
        diagnostics += check_header(source, header)
        columns = [cell.value for cell in header.cells]
        if not diagnostics:
            for row in table:
                diagnostics += _read_row(source, columns, row, people, limits)
                if len(diagnostics) >= AT_MOST:
                    break
    except UnreadableTextError as error:
        diagnostics.append(error.diagnostic(source))
    keys = {cell.value: cell for cell in header.cells} if header else {}
    return PeopleRead(tuple([_person(source, keys, one) for one in people.values()]), tuple(diagnostics))


def _read_row(
    source: Source, columns: list[str], row: CsvRow, people: dict[str, _Collected], limits: Limits
) -> Iterator[Diagnostic]:
    if len(row.cells) != len(columns):
        message = f"{len(row.cells)} cell{'' if len(row.cells) == 1 else 's'}, the header names {len(columns)} columns"
        help = "put text with commas in quotes; leave an empty cell empty, but keep its comma"
        yield UnreadableTextError(row.start, row.end, message, help).diagnostic(source)
        return
    given = {}
    for column, cell in zip(columns, row.cells, strict=True):
        if cell.value:
            given[column] = cell
            if len(cell.value) > limits.text_length:
                yield too_long(cell.start_pos, cell.end_pos, cell.value, limits.text_length).diagnostic(source)
    id = given.get("id")
    if id is None:
        yield UnreadableTextError(row.start, row.end, "a row without an `id`", "fill in the column `id`").diagnostic(
            source
        )
        return
    one = people.get(id.value)
    if one is None:
        one = people[id.value] = _Collected(row, {}, [])
    yield from _assign(source, row, one, {name: given.pop(name) for name in ASSIGNMENT if name in given})
    for column, cell in given.items():
        if column in _FLAGS and cell.value not in ("true", "false"):
            message = f"the column `{column}` must be true or false, not {quoted(cell.value)}"
            help = "write `true` or `false`, or leave it empty"
            yield UnreadableTextError(cell.start_pos, cell.end_pos, message, help, "PL103").diagnostic(source)
        elif one.cells.setdefault(column, cell).value != cell.value:
            yield _contradiction(source, column, one.cells["id"], one.cells[column], cell)


def _assign(source: Source, row: CsvRow, one: _Collected, given: dict[str, Any]) -> Iterator[Diagnostic]:
    if "role" in given:
        cells: list[Any] = [given.get(name) for name in ASSIGNMENT]
        one.assignments.append(Assigned(row.start, row.end, *cells))
        return
    for column, cell in given.items():
        message = f"the column `{column}` is filled in, but `role` is empty"
        yield UnreadableTextError(cell.start_pos, cell.end_pos, message, "fill in the role").diagnostic(source)
        break


def _contradiction(
    source: Source, column: str, id: expressions.Text, first: expressions.Text, cell: expressions.Text
) -> Diagnostic:
    who = f"the user {quoted(id.value)}"
    both = f"{quoted(first.value)} and {quoted(cell.value)}"
    related = (Related(source.location(first.start_pos, first.end_pos), "the first one is here"),)
    location = source.location(cell.start_pos, cell.end_pos)
    if column == "group":
        message, help = f"{who} is in two groups: {both}", "a user is in at most one group: give the second as a role"
        return Diagnostic(code="PL108", message=message, location=location, help=help, related=related)
    message = f"{who} has two values in the column {quoted(column)}: {both}"
    help = "give all rows of one `id` the same value, or leave the cell empty"
    return Diagnostic(code="PL102", message=message, location=location, help=help, related=related)


def _person(source: Source, keys: dict[str, expressions.Text], one: _Collected) -> Person:
    cells = one.cells
    return Person(
        one.first.start,
        one.first.end,
        source,
        id=cells["id"],
        name=cells.get("name"),
        group=cells.get("group"),
        job=cells.get("job"),
        superuser="superuser" in cells and cells["superuser"].value == "true",
        terminated="terminated" in cells and cells["terminated"].value == "true",
        attributes=tuple(
            [
                Field(
                    expressions.Text(keys[column].start_pos, keys[column].end_pos, column[len(ATTRIBUTE) :]),
                    DirectoryValue(cell.start_pos, cell.end_pos, cell.value),
                )
                for column, cell in cells.items()
                if column.startswith(ATTRIBUTE)
            ]
        ),
        assignments=tuple(one.assignments),
        table=True,
    )
