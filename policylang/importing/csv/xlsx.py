"""Sheets of a workbook, read without evaluating anything in it."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from policylang.importing.csv.tables import MOST_COLUMNS, Cell, TableRow
from policylang.importing.reading import BOUNDS, InputFile, NotThisError

_MOST_CELLS = 5_000_000
_HELP = "save it as .xlsx, or as CSV"


def sheets(file: InputFile) -> Iterator[tuple[str, list[TableRow]]]:
    """Each sheet by its name. Raises `NotThisError`, also where the library for it is not installed."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        help = "pip install 'policylang[import]', or save the sheet as CSV"
        raise NotThisError(file.path, "workbooks need openpyxl, which is not installed", help) from None
    _check_size(file)
    try:
        book = load_workbook(io.BytesIO(file.data), read_only=True, data_only=False, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what the file says of itself is not believed
            yield sheet.title, list(_rows(file, sheet))
    except NotThisError:
        raise
    except Exception as error:  # the library raises whatever its parsers raise
        raise NotThisError(file.path, f"the workbook cannot be read: {_said(error)}", _HELP) from None


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())[:200]


def _check_size(file: InputFile) -> None:
    """Before anything is unpacked. An archive gives no more than its directory says."""
    try:
        with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise NotThisError(file.path, "this is not a workbook", _HELP) from None
    if len(members) > BOUNDS.files or sum(member.file_size for member in members) > BOUNDS.all_bytes:
        raise NotThisError(file.path, "the workbook is too large when it is unpacked", "import parts of it")


def _rows(file: InputFile, sheet: Any) -> Iterator[TableRow]:
    count = 0
    for number, cells in enumerate(sheet.iter_rows(), 1):
        count += len(cells)
        if len(cells) > MOST_COLUMNS or count > _MOST_CELLS:
            raise NotThisError(file.path, f"a sheet has more than {_MOST_CELLS:,} cells", "import parts of it")
        found = [_cell(index, cell) for index, cell in enumerate(cells, 1)]
        while found and not found[-1].value and not found[-1].formula:
            found.pop()
        if found:
            yield TableRow(number, tuple(found))


def _cell(column: int, cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell("", column)
    if getattr(cell, "data_type", "") == "f" or (isinstance(value, str) and value.startswith("=")):
        return Cell("", column, formula=True)
    if isinstance(value, bool):
        return Cell("true" if value else "false", column)
    if isinstance(value, datetime.datetime):
        midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return Cell(value.date().isoformat() if midnight else value.isoformat(), column)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return Cell(str(int(value)), column)
    return Cell(str(value).strip(), column)
