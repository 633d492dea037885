"""Edits of access lists: in CSV a cell for an operation or a new row, in XML a field of a record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from policylang.directory.csv_rows import CsvRow, rows
from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, line_break
from policylang.importing.odoo.access import EVERYBODY, OPERATIONS
from policylang.importing.odoo.patch_xml import is_about, xml_access
from policylang.importing.odoo.records import full, model_of, module_of
from policylang.importing.reading import InputFile, Inputs

_LETTERS = {"read": "r", "write": "u", "create": "c", "unlink": "d"}
_TRUE = ("1", "true")


def patch(inputs: Inputs, _mapping: Any, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    lists = [made for file in inputs.files if file.suffix == ".csv" and (made := _list(file)) is not None]
    records = xml_access(inputs.files) if wanted else []
    for each in wanted:
        if each.kind != "grant" or each.action not in OPERATIONS:
            raise CannotExpressError(each, "only the operations of access lists can be changed")
        there = [(of, row) for of in lists for row in of.about(each)]
        in_xml = [of for of in records if is_about(of, each)]
        edits = [edit for of in in_xml if (edit := of.set(each)) is not None]
        if each.give:
            if there:
                there[0][0].set(there[0][1], each)
            elif edits:
                yield edits[0]
            elif lists:
                best = max(lists, key=lambda of: sum(of.model(row) == each.resource for row in of.rows))
                best.add(each)
            else:
                raise CannotExpressError(each, "there is no CSV access list")
        elif not there and not edits:
            raise CannotExpressError(each, "it is not in an access list")
        else:
            yield from edits
            for of, row in there:
                of.set(row, each)
    for of in lists:
        yield from of.edits()


def _list(file: InputFile) -> AccessList | None:
    found = list(rows(file.source()))
    heads = [cell.value.strip().removeprefix("\ufeff") for cell in found[0].cells] if found else []
    model = model_of(file, heads)
    return AccessList(file, heads, found[1:], model) if model in ("ir.model.access", "ir.access") else None


class AccessList:
    """One file, and what is to change in it."""

    def __init__(self, file: InputFile, heads: list[str], found: Sequence[CsvRow], model: str) -> None:
        self._file, self._text, self._module = file, file.text(), module_of(file.path)
        self._columns = {re.split("[:/]", head)[0]: index for index, head in enumerate(heads)}
        self._heads = heads
        self._by_letters = model == "ir.access"
        self.rows = found
        self._values: dict[tuple[int, int], tuple[str, str]] = {}
        """By the start of a row and the column, the text and why."""
        self._new: dict[tuple[str, str], list[Wanted]] = {}

    def _cell(self, row: CsvRow, column: str) -> str:
        index = self._columns.get(column)
        return row.cells[index].value.strip() if index is not None and index < len(row.cells) else ""

    def model(self, row: CsvRow) -> str:
        """The key of the resource that a row is about."""
        text = self._cell(row, "model_id")
        known = self._heads[self._columns["model_id"]] != "model_id" if "model_id" in self._columns else False
        return text.rpartition(".")[2].removeprefix("model_") if known else text.replace(".", "_")

    def _is_group(self, row: CsvRow, group: str) -> bool:
        text = self._cell(row, "group_id")
        of = full(text, self._module) if text else EVERYBODY
        return group in (of, of.partition(".")[2])

    def about(self, wanted: Wanted) -> Iterator[CsvRow]:
        """The rows of a group and a model, those first that give something already."""
        for row in self.rows:
            if self.model(row) == wanted.resource and self._is_group(row, wanted.holder):
                has_cell = self._by_letters or f"perm_{wanted.action}" in self._columns
                if has_cell and not self._cell(row, "domain"):
                    yield row

    def set(self, row: CsvRow, wanted: Wanted) -> None:
        """Change one operation in a row."""
        if self._by_letters:
            index, letter = self._columns["operation"], _LETTERS[wanted.action]
            now = self._values.get((row.start, index), (self._cell(row, "operation"), ""))[0]
            letters = now.replace("w", "u") if wanted.action == "write" else now
            made = letters.replace(letter, "") + (letter if wanted.give else "")
            self._values[row.start, index] = made, wanted.words
            return
        index = self._columns[f"perm_{wanted.action}"]
        now = row.cells[index].value.strip() if index < len(row.cells) else ""
        if (now.lower() in _TRUE) != wanted.give:
            self._values[row.start, index] = self._word(wanted.give), wanted.words

    def _word(self, is_true: bool) -> str:
        """How this file writes yes or no."""
        columns = [index for name, index in self._columns.items() if name.startswith("perm_")]
        used = Counter(
            row.cells[index].value.strip() for row in self.rows for index in columns if index < len(row.cells)
        )
        words = [word for word, _ in used.most_common() if (word.lower() in _TRUE) == is_true and word]
        return words[0] if words else str(int(is_true))

    def add(self, wanted: Wanted) -> None:
        """A row for a group and a model, once."""
        self._new.setdefault((wanted.holder, wanted.resource), []).append(wanted)

    def edits(self) -> Iterator[SourceEdit]:
        by_start = {row.start: row for row in self.rows}
        for (start, index), (text, why) in self._values.items():
            row = by_start[start]
            if self._by_letters and not text:
                yield SourceEdit(self._file.path, *self._line(row), "", why)
            elif index < len(row.cells):
                cell = row.cells[index]
                quoted = f'"{text}"' if self._text[cell.start_pos : cell.start_pos + 1] == '"' else text
                yield SourceEdit(self._file.path, cell.start_pos, cell.end_pos, quoted, why)
            else:
                cells = "," * (index - len(row.cells) + 1) + text
                yield SourceEdit(self._file.path, row.cells[-1].end_pos, row.cells[-1].end_pos, cells, why)
        if self._new:
            ending = line_break(self._text)
            end = len(self._text)
            lines = [self._row(group, model, wanted) for (group, model), wanted in sorted(self._new.items())]
            text = "".join(f"{line}{ending}" for line in lines)
            before = "" if not end or self._text.endswith(("\n", "\r")) else ending
            why = next(iter(self._new.values()))[0].words
            yield SourceEdit(self._file.path, end, end, f"{before}{text}", why)

    def _line(self, row: CsvRow) -> tuple[int, int]:
        end = row.cells[-1].end_pos
        for sign in ("\r\n", "\n", "\r"):
            if self._text.startswith(sign, end):
                return row.start, end + len(sign)
        return row.start, end

    def _row(self, group: str, model: str, wanted: Sequence[Wanted]) -> str:
        """A new row, written as the others are."""
        module, _, bare = group.rpartition(".")
        shown = "" if group == EVERYBODY else bare if module == self._module else group
        known = [self._cell(row, "model_id") for row in self.rows if self.model(row) == model]
        by_id = self._heads[self._columns["model_id"]] != "model_id"
        operations = {each.action for each in wanted}
        values = {
            "id": f"access_{model}_{bare or group}",
            "name": f"{model.replace('_', '.')} {bare or group}",
            "model_id": known[0] if known else f"model_{model}" if by_id else model.replace("_", "."),
            "group_id": shown,
            "operation": "".join(_LETTERS[each] for each in OPERATIONS if each in operations),
            **{f"perm_{each}": self._word(each in operations) for each in OPERATIONS},
        }
        return ",".join(values.get(re.split("[:/]", head)[0], "") for head in self._heads)
