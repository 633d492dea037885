"""The header of a table of people: which column says what."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.diagnostics import Diagnostic, Related, listed, quoted
from policylang.directory.csv_rows import CsvRow
from policylang.source import Source
from policylang.suggest import closest

PERSON = ("id", "name", "group", "job", "terminated", "superuser")
ASSIGNMENT = ("role", "at", "from", "until", "because", "approved_by")
ATTRIBUTE = "attribute."
_KNOWN = (*PERSON, *ASSIGNMENT)


def check_header(source: Source, header: CsvRow) -> Iterator[Diagnostic]:
    """What is wrong with the header row."""
    seen: dict[str, int] = {}
    meant = not (len(header.cells) == 1 and _separator(header.cells[0].value))
    for index, cell in enumerate(header.cells):
        name = cell.value
        location = source.location(cell.start_pos, cell.end_pos)
        if name in seen:
            first = header.cells[seen[name]]
            yield Diagnostic(
                code="PL102",
                message=f"the column {quoted(name)} appears twice",
                location=location,
                help="delete one of the two",
                related=(Related(source.location(first.start_pos, first.end_pos), "the first one is here"),),
            )
        elif name not in _KNOWN and not (name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE)):
            message = f"unknown column {quoted(name)}" if name else "a column without a name"
            help = _help(header, name)
            meant = meant and help != "did you mean `id`?"
            yield Diagnostic(code="PL101", message=message, location=location, help=help)
        seen.setdefault(name, index)
    if meant and "id" not in seen:
        yield Diagnostic(
            code="PL100",
            message="there is no column `id`",
            location=source.location(header.start, header.end),
            help="the first row names the columns, including `id`",
        )


def _help(header: CsvRow, name: str) -> str:
    separator = _separator(name)
    if len(header.cells) == 1 and separator:
        return f"separate the columns with commas, not {separator}"
    trimmed = name.strip().casefold()
    if trimmed.startswith("attribute"):
        return f"name a column with an attribute `{ATTRIBUTE}NAME`"
    near = trimmed if trimmed in _KNOWN else closest(trimmed, _KNOWN)
    columns = listed([f"`{known}`" for known in (*_KNOWN, f"{ATTRIBUTE}NAME")], "and")
    return f"did you mean `{near}`?" if near else f"columns are {columns}"


def _separator(name: str) -> str | None:
    return next((word for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")) if mark in name), None)
