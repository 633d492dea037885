"""Edits of access lists in CSV: a cell for an operation or a domain, a row more or less."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from policylang.directory.csv_rows import CsvRow
from policylang.importing.edits import SourceEdit, Wanted, appended, behind_break, csv_cell
from policylang.importing.odoo.access import EVERYBODY, OPERATIONS
from policylang.importing.odoo.records import full, model_of, module_of
from policylang.importing.reading import InputFile, csv_rows

_LETTERS = {"read": "r", "write": "u", "create": "c", "unlink": "d"}
_TRUE = ("1", "true")


def access_list(file: InputFile) -> AccessList | None:
    found = list(csv_rows(file.source()))
    heads = [cell.value.strip().removeprefix("\ufeff") for cell in found[0].cells] if found else []
    model = model_of(file, heads)
    return AccessList(file, heads, found[1:], model) if model in ("ir.model.access", "ir.access") else None


class AccessList:
    """One file, and what is to change in it."""

    def __init__(self, file: InputFile, heads: list[str], found: Sequence[CsvRow], model: str) -> None:
        self._file, self._text, self._module = file, file.text(), module_of(file.path)
        self._columns = {re.split("[:/]", head)[0]: index for index, head in enumerate(heads)}
        self._heads = heads
        self.by_letters = model == "ir.access"
        self.rows = found
        index = self._columns.get("model_id")
        self._models_by_id = index is not None and heads[index] != "model_id"
        self._values: dict[tuple[int, int], tuple[str, str]] = {}
        """By the start of a row and the column, the text and why."""
        self._new: dict[tuple[str, str], list[Wanted]] = {}
        self._gone: dict[int, str] = {}

    def _cell(self, row: CsvRow, column: str) -> str:
        index = self._columns.get(column)
        return row.cells[index].value.strip() if index is not None and index < len(row.cells) else ""

    def model(self, row: CsvRow) -> str:
        """The key of the resource that a row is about."""
        text = self._cell(row, "model_id")
        return text.rpartition(".")[2].removeprefix("model_") if self._models_by_id else text.replace(".", "_")

    def _group(self, row: CsvRow) -> str:
        text = self._cell(row, "group_id")
        return full(text, self._module) if text else EVERYBODY

    def about(self, wanted: Wanted) -> Iterator[CsvRow]:
        """The rows of a group and a model in which an operation can be said; those without a domain first."""
        if self.by_letters or f"perm_{wanted.action}" in self._columns:
            yield from sorted(
                self.of_group(wanted.holder, wanted.resource), key=lambda row: bool(self._cell(row, "domain"))
            )

    def of_group(self, group: str, resource: str = "") -> Iterator[CsvRow]:
        """The rows of a group, about one model or all."""
        for row in self.rows:
            of = self._group(row)
            if (not resource or self.model(row) == resource) and group in (of, of.partition(".")[2]):
                yield row

    def id(self, row: CsvRow) -> str:
        return full(self._cell(row, "id"), self._module)

    def operations(self, row: CsvRow) -> set[str]:
        """The operations that a row of letters names."""
        letters = self._cell(row, "operation").replace("w", "u")
        return {name for name, letter in _LETTERS.items() if letter in letters}

    def take(self, row: CsvRow, why: str) -> None:
        """A row less."""
        self._gone[row.start] = why

    def limit(self, row: CsvRow, domain: str, why: str) -> bool:
        """Another domain in a row; whether it has room for one."""
        if "domain" in self._columns:
            self._values[row.start, self._columns["domain"]] = domain, why
        return "domain" in self._columns

    def set(self, row: CsvRow, wanted: Wanted) -> None:
        """Change one operation in a row."""
        if self.by_letters:
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
        letters = self._columns.get("operation") if self.by_letters else None
        for (start, index), (text, why) in self._values.items():
            if index == letters and not text:
                self._gone.setdefault(start, why)
        for start, why in self._gone.items():
            end = behind_break(self._text, by_start[start].cells[-1].end_pos)
            yield SourceEdit(self._file.path, start, end, "", why)
        for (start, index), (text, why) in self._values.items():
            row = by_start[start]
            if start in self._gone:
                continue
            if index < len(row.cells):
                cell = row.cells[index]
                was_quoted = self._text[cell.start_pos : cell.start_pos + 1] == '"'
                shown = csv_cell(text, in_quotes=was_quoted)
                yield SourceEdit(self._file.path, cell.start_pos, cell.end_pos, shown, why)
            else:
                cells = "," * (index - len(row.cells) + 1) + csv_cell(text)
                yield SourceEdit(self._file.path, row.cells[-1].end_pos, row.cells[-1].end_pos, cells, why)
        if self._new:
            lines = [self._row(group, model, wanted) for (group, model), wanted in sorted(self._new.items())]
            why = next(iter(self._new.values()))[0].words
            yield appended(self._file.path, self._text, "".join(f"{line}\n" for line in lines), why)

    def _row(self, group: str, model: str, wanted: Sequence[Wanted]) -> str:
        """A new row, written as the others are."""
        module, _, bare = group.rpartition(".")
        shown = "" if group == EVERYBODY else bare if module == self._module else group
        known = [self._cell(row, "model_id") for row in self.rows if self.model(row) == model]
        operations = {each.action for each in wanted}
        values = {
            "id": f"access_{model}_{bare or group}",
            "name": f"{model.replace('_', '.')} {bare or group}",
            "model_id": known[0] if known else f"model_{model}" if self._models_by_id else model.replace("_", "."),
            "group_id": shown,
            "operation": "".join(_LETTERS[each] for each in OPERATIONS if each in operations),
            **{f"perm_{each}": self._word(each in operations) for each in OPERATIONS},
        }
        return ",".join(values.get(re.split("[:/]", head)[0], "") for head in self._heads)
