"""Tables, whatever file they are in: rows of texts with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Origin
from policylang.importing.reading import InputFile, NotThisError, csv_rows

_SEPARATORS = (",", ";", "\t", "|")
_QUOTED = re.compile(r'"[^"]*"')
COMMENT = "#"
MOST_COLUMNS = 16_384


class Cell(msgspec.Struct, frozen=True, gc=False):
    """``formula``: it is one, so it has no value: nothing is evaluated."""

    value: str
    column: int
    formula: bool = False


class TableRow(msgspec.Struct, frozen=True, gc=False):
    """The cells of a row, also the empty ones; ``number`` counts lines or rows from 1."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, index: int) -> Cell:
        """A cell; an empty one where the row is shorter."""
        return self.cells[index] if index < len(self.cells) else Cell("", 0)


class Sheet(msgspec.Struct, frozen=True):
    """``path`` names the file and, of a workbook, the sheet."""

    path: str
    file: str
    sheet: str | None
    rows: tuple[TableRow, ...]

    def origin(self, row: TableRow, cell: Cell | None = None) -> Origin:
        return Origin(self.path, row.number, 0 if cell is None else cell.column)


def read_tables(file: InputFile) -> Iterator[Sheet]:
    """The tables of a file. Raises `NotThisError`."""
    if file.suffix in (".xlsx", ".xlsm"):
        from policylang.importing.csv.xlsx import sheets

        for name, found in sheets(file):
            yield Sheet(f"{file.path}!{name}", file.path, name, tuple(found))
    else:
        yield Sheet(file.path, file.path, None, tuple(_csv_rows(file)))


def _csv_rows(file: InputFile) -> Iterator[TableRow]:
    source = file.source()
    for row in csv_rows(source, separator(source.text)):
        line = source.position(row.start)[0]
        begin = source.line_starts[line - 1]
        yield TableRow(line, tuple([_cell(c.value.strip(), c.start_pos - begin + 1) for c in row.cells]))
        if len(row.cells) > MOST_COLUMNS:
            raise NotThisError(file.path, f"more than {MOST_COLUMNS:,} columns", "split the table", line, 1)


def _cell(value: str, column: int) -> Cell:
    """A cell; a spreadsheet would take what begins with `=` for a formula."""
    return Cell("", column, formula=True) if value[:1] == "=" and len(value) > 1 else Cell(value, column)


def separator(text: str) -> str:
    """What separates the cells: the sign that is most frequent in the first line, outside of quotes."""
    first = next((line for line in text.split("\n", 50)[:50] if line.strip()), "")
    bare = _QUOTED.sub("", first)
    return max(_SEPARATORS, key=lambda sign: (bare.count(sign), -_SEPARATORS.index(sign)))


def header_of(table: Sheet, number: int | None) -> tuple[TableRow, Sequence[TableRow]]:
    """The row that names the columns, and those below it. Raises `NotThisError`."""
    for index, row in enumerate(table.rows):
        if (row.number == number) if number is not None else sum(bool(cell.value) for cell in row.cells) > 1:
            return row, table.rows[index + 1 :]
    if number is not None:
        raise NotThisError(table.path, f"there is no row {number} with names of columns", "correct `header`")
    raise NotThisError(table.path, f"there is no table in {quoted(table.path)}", "the first row must name the columns")
