"""Edits of tables: cells and rows, where something is to be granted, assigned or taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from policylang.directory.csv_rows import CsvRow
from policylang.importing.csv import mapping as says
from policylang.importing.csv.read import CellSpot, Reading, read_all
from policylang.importing.csv.tables import separator
from policylang.importing.csv.words import folded, several
from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, behind_break, csv_cell, line_break
from policylang.importing.reading import InputFile, Inputs, csv_rows
from policylang.source import Source

_ADD = "add the row or column for it, and export again"
_OWN = ("role", "at", "start", "until", "because", "approved_by")
"""Columns of a row that are about one role of a person."""


def patch(inputs: Inputs, mapping: says.Mapping | None, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    _, readers = read_all(inputs, mapping)
    files = {each.path: each for each in inputs.files}
    editors = [_Editor(each, files[each.table.file]) for each in readers]
    for each in wanted:
        if each.place and each.give:
            help = "write the place in the row of the person"
            raise CannotExpressError(each, "a role that is given at a place is not written", help)
        if each.kind == "assignment":
            _assign(editors, each)
        elif each.kind != "role":
            _grant(editors, each)
    for editor in editors:
        yield from editor.edits()


def _grant(editors: Sequence[_Editor], wanted: Wanted) -> None:
    found = [(editor, spot) for editor in editors for spot in editor.grants(wanted)]
    for editor, spot in found if not wanted.give else found[:1]:
        editor.mark(spot, wanted)
    if not found and (not wanted.give or not any(editor.add_grant(wanted) for editor in editors)):
        raise CannotExpressError(wanted, "no table has a row or column for it", _ADD)


def _assign(editors: Sequence[_Editor], wanted: Wanted) -> None:
    members = [(editor, spot) for editor in editors for spot in editor.spots("member", wanted)]
    if wanted.give:
        if members:
            members[0][0].mark(members[0][1], wanted)
        elif not any(editor.add_person(wanted) for editor in editors):
            raise CannotExpressError(wanted, "no table has a row or column for it", _ADD)
        return
    rows = [(editor, spot) for editor in editors for spot in editor.people(wanted.holder)]
    for editor, spot in members:
        editor.mark(spot, wanted)
    taken = [editor.take_role(spot, wanted, len(rows)) for editor, spot in rows]
    if not members and not any(taken):
        raise CannotExpressError(wanted, "the role does not come from a table of people", "change the table of jobs")


class _Change(msgspec.Struct, frozen=True):
    """What becomes of a cell."""

    text: str
    why: str


class _Editor:
    """One table with its text, and what is to change in it."""

    def __init__(self, reader: Reading, file: InputFile) -> None:
        self.reader, self._file = reader, file
        self.is_text = reader.table.sheet is None
        self._text = file.text() if self.is_text else ""
        self._sign = separator(self._text)
        source = Source(file.path, self._text)
        self._placed = {source.position(row.start)[0]: row for row in csv_rows(source, self._sign)}
        self._cells: dict[tuple[int, int], _Change] = {}
        self._gone: dict[int, str] = {}
        self._new: list[tuple[int, dict[int, str], str]] = []
        """After which row, the cells, and why."""
        self._levels: dict[tuple[int, int], set[str]] = {}
        self._about: dict[tuple[str, str], list[CellSpot]] = {}
        for spot in reader.spots:
            self._about.setdefault((spot.holder, spot.resource), []).append(spot)
        self._used = Counter(reader.marks())

    # --- finding -------------------------------------------------------------------------------------------------

    def spots(self, kind: str, wanted: Wanted) -> Iterator[CellSpot]:
        """Cells and rows about a user and a role."""
        for spot in self._about.get((wanted.holder, ""), ()):
            if spot.kind == kind and spot.role == wanted.role:
                yield spot

    def people(self, id: str) -> list[CellSpot]:
        return [spot for spot in self._about.get((id, ""), ()) if spot.kind == "person"]

    def grants(self, wanted: Wanted) -> Iterator[CellSpot]:
        """Cells that speak of a role and a permission, with its action or for levels; rows that say the grant."""
        is_taken = wanted.kind == "grant" and not wanted.give
        for spot in self._about.get((wanted.holder, wanted.resource), ()):
            is_mark = spot.kind == "mark" and spot.action in (wanted.action, None)
            is_row = spot.kind == "grant" and spot.action == wanted.action and is_taken
            if is_mark or is_row:
                yield spot

    # --- changing ------------------------------------------------------------------------------------------------

    def mark(self, spot: CellSpot, wanted: Wanted) -> None:
        """Cross a cell or empty it, change its level, or take a row out."""
        self._need_text(wanted)
        if spot.kind == "grant":
            self._take_grant(spot, wanted)
        elif spot.action is None and spot.kind == "mark":
            self._level(spot, wanted)
        elif wanted.give:
            self._set(spot, self._cross(wanted), wanted)
        elif spot.at not in self._cells:  # else it says something else already
            self._set(spot, self._usual({*self.reader.no, ""}) or "", wanted)

    def _cross(self, wanted: Wanted) -> str:
        """How this table marks that somebody has something, or that it is denied."""
        if wanted.kind == "deny":
            return self._usual(self.reader.deny) or "deny"
        return self._usual(self.reader.yes) or "x"

    def _need_text(self, wanted: Wanted) -> None:
        if not self.is_text:
            help = f"it is in the workbook {self.reader.table.path}, which cannot be written: save the sheet as CSV"
            raise CannotExpressError(wanted, help)

    def _now(self, spot: CellSpot) -> str:
        """What stands in a cell, as far as that is changed."""
        return self._cells[spot.at].text if spot.at in self._cells else spot.value

    def _set(self, spot: CellSpot, text: str, wanted: Wanted) -> None:
        self._cells[spot.at] = _Change(text, wanted.words)

    def _without(self, spot: CellSpot, wanted: Wanted) -> None:
        self._gone[spot.row.number] = wanted.words

    def _usual(self, words: Iterable[str]) -> str | None:
        """The word of some that this table writes most, as it writes it."""
        known = {*map(folded, words)}
        used = {word: count for word, count in self._used.items() if folded(word) in known}
        return min(used, key=lambda word: (-used[word], word)) if used else None

    def _level(self, spot: CellSpot, wanted: Wanted) -> None:
        if wanted.kind == "deny":
            raise CannotExpressError(wanted, "a cell with a level cannot deny one action")
        actions = self._levels.setdefault(spot.at, set(self.reader.level(spot.value) or ()))
        actions.add(wanted.action) if wanted.give else actions.discard(wanted.action)
        self._set(spot, "", wanted)

    def _level_word(self, actions: set[str]) -> str | None:
        """The word for some actions: one that stands in the table, else any that is known."""
        if not actions:
            return self._usual({*self.reader.no, ""}) or ""
        for word in dict.fromkeys([*self._used, *self.reader.levels]):
            if word and set(self.reader.level(word) or ()) == actions:
                return word
        return None

    def _take_grant(self, spot: CellSpot, wanted: Wanted) -> None:
        actions = several(self._now(spot), frozenset()) if spot.index >= 0 else []
        left = [each for each in actions if each.casefold() != wanted.action.casefold()]
        if left:
            self._set(spot, ", ".join(left), wanted)
        else:
            self._without(spot, wanted)

    def take_role(self, spot: CellSpot, wanted: Wanted, rows: int) -> bool:
        """Take a role out of a row of a person: the row, if there are others, else the cell."""
        names = several(self._now(spot), self.reader.role_names())
        if wanted.role not in names:
            return False
        self._need_text(wanted)
        names.remove(wanted.role)
        if names or rows == 1:
            self._set(spot, ", ".join(names), wanted)
        else:
            self._without(spot, wanted)
        return True

    # --- adding --------------------------------------------------------------------------------------------------

    def add_grant(self, wanted: Wanted) -> bool:
        """A row for a grant, where the table has a column for the role, or rows that are grants."""
        holds = self.reader.said.holds
        columns = self.reader.indices()
        cells: dict[int, str] = {}
        if "resource" in columns:
            cells[columns["resource"]] = wanted.resource
            cells.update({columns["action"]: wanted.action} if "action" in columns else {})
        elif "permission" in columns:
            cells[columns["permission"]] = f"{wanted.resource}.{wanted.action}"
        if not cells or not self.is_text:
            return False
        if holds == "grants" and wanted.kind == "grant":
            cells[columns["role"]] = wanted.holder
            cells.update({columns["effect"]: self._cross(wanted)} if "effect" in columns else {})
        elif holds == "permissions" and wanted.holder in self.reader.crossed:
            return self._add_marks(cells, wanted, "action" not in columns and "resource" in columns)
        else:
            return False
        self._new.append((self._last(wanted.resource), cells, wanted.words))
        return True

    def _add_marks(self, cells: dict[int, str], wanted: Wanted, by_level: bool) -> bool:
        word = self._level_word({wanted.action}) or "" if by_level else self._cross(wanted)
        index = self.reader.crossed[wanted.holder]
        for _, other, _ in self._new:
            if {key: other.get(key) for key in cells} == cells and not by_level:
                other[index] = word
                return True
        self._new.append((self._last(wanted.resource), {**cells, index: word}, wanted.words))
        return bool(word)

    def _last(self, resource: str) -> int:
        """The row behind which something about a resource belongs."""
        of = [spot.row.number for spot in self.reader.spots if spot.resource == resource]
        return max(of, default=max(self._placed))

    def add_person(self, wanted: Wanted) -> bool:
        """A role for somebody: in an empty cell of theirs, else in a new row like their last."""
        columns = self.reader.indices()
        if not self.is_text or self.reader.said.holds not in ("people", "members"):
            return False
        if self.reader.said.holds == "members":
            if wanted.role not in self.reader.crossed:
                return False
            cells = {columns["id"]: wanted.holder, self.reader.crossed[wanted.role]: self._cross(wanted)}
            self._new.append((max(self._placed), cells, wanted.words))
            return True
        if "role" not in columns:
            return False
        rows = self.people(wanted.holder)
        for spot in rows:
            if not spot.value and spot.at not in self._cells:
                self._set(spot, wanted.role, wanted)
                return True
        cells = {columns["id"]: wanted.holder}
        if rows:
            own = {columns[key] for key in _OWN if key in columns}
            cells = {i: cell.value for i, cell in enumerate(rows[-1].row.cells) if cell.value and i not in own}
        cells[columns["role"]] = wanted.role
        self._new.append((rows[-1].row.number if rows else max(self._placed), cells, wanted.words))
        return True

    # --- edits ---------------------------------------------------------------------------------------------------

    def edits(self) -> Iterator[SourceEdit]:
        by_row: dict[int, dict[int, _Change]] = {}
        for (number, index), change in self._cells.items():
            if number not in self._gone:
                by_row.setdefault(number, {})[index] = self._with_level(number, index, change)
        for number, changes in by_row.items():
            yield from self._cell_edits(self._placed[number], changes)
        for number, why in self._gone.items():
            start, end = self._extent(number)
            yield SourceEdit(self._file.path, start, end, "", why)
        after: dict[int, list[tuple[dict[int, str], str]]] = {}
        for number, cells, why in self._new:
            after.setdefault(number, []).append((cells, why))
        for number, rows in after.items():
            yield self._insertion(number, rows)

    def _with_level(self, number: int, index: int, change: _Change) -> _Change:
        if (number, index) not in self._levels:
            return change
        actions = self._levels[number, index]
        word = self._level_word(actions)
        return _Change(f"{'+'.join(sorted(actions))}" if word is None else word, change.why)

    def _cell_edits(self, row: CsvRow, changes: Mapping[int, _Change]) -> Iterator[SourceEdit]:
        beyond = {index: change for index, change in changes.items() if index >= len(row.cells)}
        for index in changes.keys() - beyond.keys():
            start, end = row.cells[index].start_pos, row.cells[index].end_pos
            raw = self._text[start:end]
            inside = raw.strip()
            before, _, behind = raw.partition(inside) if inside else ("", "", "")
            text = csv_cell(changes[index].text, self._sign, inside.startswith('"'))
            yield SourceEdit(self._file.path, start, end, f"{before}{text}{behind}", changes[index].why)
        if beyond:
            added = [
                csv_cell(beyond[index].text, self._sign) if index in beyond else ""
                for index in range(len(row.cells), max(beyond) + 1)
            ]
            text = "".join(f"{self._sign}{cell}" for cell in added)
            yield SourceEdit(self._file.path, row.end, row.end, text, next(iter(beyond.values())).why)

    def _extent(self, number: int) -> tuple[int, int]:
        """A row with its line break."""
        row = self._placed[number]
        return row.start, behind_break(self._text, row.end)

    def _insertion(self, number: int, rows: Sequence[tuple[dict[int, str], str]]) -> SourceEdit:
        most = len(self._placed[number].cells)
        start, end = self._extent(number)
        lines = []
        for cells, _ in rows:
            width = max(most, *(index + 1 for index in cells))
            lines.append(self._sign.join(csv_cell(cells.get(index, ""), self._sign) for index in range(width)))
        ending = line_break(self._text)
        text = ending.join(lines)
        ended = self._text[start:end].endswith(("\n", "\r"))
        return SourceEdit(self._file.path, end, end, text + ending if ended else ending + text, rows[0][1])
