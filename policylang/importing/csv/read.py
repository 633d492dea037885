"""Tables as an imported set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.csv import mapping as says
from policylang.importing.csv.guess import guess
from policylang.importing.csv.people import PeopleReader
from policylang.importing.csv.tables import COMMENT, Cell, Sheet, TableRow, header_of, read_tables
from policylang.importing.csv.words import (
    DENY,
    LEVELS,
    LIMITS,
    NO,
    YES,
    folded,
    is_aside,
    is_limit,
    level,
    meaning,
    permission,
    says_nothing,
    several,
)
from policylang.importing.imported import Imported, Origin, Ref, RoleOrGroup
from policylang.importing.reading import Inputs, NotThisError

Whole = tuple[RoleOrGroup, str, Origin]
"""A deny of everything on a resource, whose actions are known at the end."""


class CellSpot(msgspec.Struct, frozen=True, gc=False):
    """A cell that says, or would say, something: whether a role has a permission (``mark``; without an action by a
    level) or a user a role (``member``); the cell with the actions of a grant (``grant``) or the roles of somebody
    (``person``), -1 where the row is the statement.
    """

    kind: Literal["mark", "member", "grant", "person"]
    holder: str
    row: TableRow
    index: int
    resource: str = ""
    action: str | None = None
    role: str = ""

    @property
    def at(self) -> tuple[int, int]:
        """The numbers of its row and its column."""
        return self.row.number, self.index

    @property
    def value(self) -> str:
        return self.row.cell(self.index).value


def read(inputs: Inputs, mapping: says.Mapping | None) -> Imported:
    """Read all tables. Raises `NotThisError`."""
    return read_all(inputs, mapping)[0]


def read_all(inputs: Inputs, mapping: says.Mapping | None) -> tuple[Imported, list[Reading]]:
    """The same, with what is known of each table. Raises `NotThisError`."""
    imported = Imported()
    tables = [table for file in inputs.files for table in read_tables(file) if table.rows]
    said = dict(_said(mapping or says.Mapping(), tables))
    reading = []
    whole: list[Whole] = []
    for table in tables:
        found, reasons = guess(table, said.get((table.file, table.sheet)))
        for reason in reasons:
            imported.guessed_at(table.origin(table.rows[0]), reason)
        reading.append(Reading(imported, table, found, bool(reasons), whole))
    order = ("permissions", "roles", "grants", "jobs", "members", "people", "nothing")
    people = PeopleReader(imported)
    for each in sorted(reading, key=lambda each: order.index(each.said.holds)):
        each.read(people)
    people.finish()
    for bundle, resource, at in whole:
        for action in list(imported.resources[resource].actions):
            imported.grant(bundle, resource, action, at, deny=True)
    if imported.places:  # whoever has a role at a place has it for the records there
        (kind,) = imported.place_kinds
        for declared in imported.resources.values():
            declared.attribute(kind, declared.first, (Ref("place kind", kind),))
    return imported, reading


def _said(mapping: says.Mapping, tables: Sequence[Sheet]) -> Iterator[tuple[tuple[str, str | None], says.TableMapping]]:
    """What a mapping says of each table; it names nothing that is not there."""
    for each in mapping.tables:
        found = [
            t for t in tables if each.file in (t.file, t.file.rpartition("/")[2]) and each.sheet in (None, t.sheet)
        ]
        if not found:
            sheet = "" if each.sheet is None else f" with a sheet {quoted(each.sheet)}"
            raise NotThisError(each.file, f"the mapping names this table{sheet}, which does not exist", "correct it")
        for table in found:
            yield (table.file, table.sheet), each


class Reading:
    """One table on its way into the imported set."""

    def __init__(
        self, imported: Imported, table: Sheet, said: says.TableMapping, guessed: bool, whole: list[Whole]
    ) -> None:
        self._set, self.table, self.said, self._whole = imported, table, said, whole
        self._guessed = guessed
        self._header, self._rows = header_of(table, said.header)
        self._index: dict[str, int] = {}
        for index, cell in enumerate(self._header.cells):
            if cell.value in self._index:
                message = f"the column {quoted(cell.value)} appears twice, the second one is ignored"
                if cell.value:
                    imported.refuse("column-twice", table.origin(self._header, cell), message)
            else:
                self._index[cell.value] = index
        self.yes = YES | {word.casefold() for word in said.yes}
        self.no = (NO | {word.casefold() for word in said.no}) - {word.casefold() for word in (*said.yes, *said.deny)}
        self.deny = DENY | {word.casefold() for word in said.deny}
        self.levels: Mapping[str, tuple[str, ...]] = {
            **LEVELS,
            **{folded(word): actions for word, actions in said.levels.items()},
        }
        self._blank = 0
        self._limiting: dict[int, str] = {}
        """Columns that are not read and by their names may limit what a row gives."""
        self.spots: list[CellSpot] = []
        self.crossed: dict[str, int] = {}
        """The columns with marks, by their names."""
        self._unnamed()

    def _unnamed(self) -> None:
        """Cells below no name of a column."""
        named = {index for index, cell in enumerate(self._header.cells) if cell.value}
        told: set[int] = set()
        for row in self._rows:
            for index, cell in enumerate(row.cells):
                if cell.value and index not in named and index not in told:
                    told.add(index)
                    message = f"{quoted(cell.value)} is in a column without a name"
                    self._set.refuse("no-name", self.table.origin(row, cell), message)

    def read(self, people: PeopleReader) -> None:
        match self.said.holds:
            case "permissions":
                self._permissions()
            case "roles":
                self._roles()
            case "grants":
                self._grants()
            case "members":
                self._members(people)
            case "jobs":
                self._jobs()
            case "people":
                self._people(people)
            case _:
                self._set.leave_out("table", self.table.origin(self._header), "the table says nothing about access")
        if self._blank:
            message = f"{self._blank:,} empty cell{'' if self._blank == 1 else 's'}: that means no"
            self._set.leave_out("empty-cell", self.table.origin(self._header), message)

    # --- columns -------------------------------------------------------------------------------------------------

    def _column(self, name: str | None) -> int | None:
        """Where a column is. Raises `NotThisError` for one that is not there."""
        if name is None:
            return None
        if name not in self._index:
            raise NotThisError(self.table.path, f"there is no column {quoted(name)}", "correct the mapping")
        return self._index[name]

    def _need(self, key: str) -> int:
        found = self._column(getattr(self.said.columns, key))
        if found is None:
            message = f"no column holds the `{key}`"
            raise NotThisError(self.table.path, message, f"name the column in a mapping: `columns: {{{key}: …}}`")
        return found

    def _crossed(self, used: Iterable[int | None]) -> dict[str, int]:
        """The columns that are roles or permissions; all others are left out, and that is said."""
        names = {index: name for name, index in self._index.items() if name}
        if self.said.only is not None:
            chosen = {index for name in self.said.only if (index := self._column(name)) is not None}
        else:
            chosen = names.keys() - {index for index in used if index is not None}
        rest = names.keys() - chosen - set(used)
        unclear = {index for index in rest if self._guessed and not is_aside(names[index])}
        self._limiting = {index: names[index] for index in unclear if meaning(names[index]) in LIMITS}
        self._refuse_limiting()
        for index in sorted(unclear - self._limiting.keys()):
            self._set.refuse(
                "column-unclear", self._at_header(index), f"the column {quoted(names[index])} may be about access"
            )
        self._leave_out(names.keys() - (rest - unclear))
        self.crossed = {names[index]: index for index in sorted(chosen)}
        return self.crossed

    def _leave_out_but_limits(self, used: Iterable[int | None]) -> None:
        """As `_leave_out`, but for columns of a table that is guessed which may limit what a row gives."""
        read = set(used)
        names = {index: name for name, index in self._index.items() if index not in read}
        self._limiting = {index: name for index, name in names.items() if self._guessed and meaning(name) in LIMITS}
        self._refuse_limiting()
        self._leave_out(read | self._limiting.keys())

    def _refuse_limiting(self) -> None:
        for index in sorted(self._limiting):
            message = (
                f"the column {quoted(self._limiting[index])} may limit access: rows with something in it give nothing"
            )
            self._set.refuse("column-unclear", self._at_header(index), message)

    def _is_limited(self, row: TableRow) -> bool:
        return any(
            row.cell(index).formula or is_limit(name, row.cell(index).value) for index, name in self._limiting.items()
        )

    def _leave_out(self, used: Iterable[int | None]) -> None:
        """Say of all other columns that they are not read."""
        names = {index: name for name, index in self._index.items() if name}
        for index in sorted(names.keys() - set(used)):
            self._set.leave_out("column", self._at_header(index), f"the column {quoted(names[index])}")

    def _at_header(self, index: int) -> Origin:
        return self.table.origin(self._header, self._header.cell(index))

    def _data(self) -> Iterator[TableRow]:
        """The rows that are neither empty nor comments."""
        for row in self._rows:
            if row.cells and row.cells[0].value.startswith(COMMENT):
                self._set.leave_out("comment", self.table.origin(row), quoted(row.cells[0].value))
            elif any(cell.value or cell.formula for cell in row.cells):
                yield row

    def _is_formula(self, row: TableRow, cell: Cell) -> bool:
        if cell.formula:
            self._set.refuse("formula", self.table.origin(row, cell), "a formula: nothing is evaluated")
        return cell.formula

    def _name(self, row: TableRow, index: int, what: str) -> str | None:
        """A name in a cell; where there is none, the row is refused."""
        cell = row.cell(index)
        if self._is_formula(row, cell):
            return None
        if not cell.value:
            self._set.refuse("no-name", self.table.origin(row), f"the row has no {what}")
            return None
        return cell.value

    # --- tables --------------------------------------------------------------------------------------------------

    def _permissions(self) -> None:
        of = self.said.columns
        resource, action, whole = self._column(of.resource), self._column(of.action), self._column(of.permission)
        if resource is None and whole is None:
            self._need("permission")
        bundles = self._bundles((resource, action, whole))
        above = ""
        for row in self._data():
            if resource is not None:
                cell = row.cell(resource)
                # In a block of rows about one resource only the first may name it.
                named = cell.value or (above if action is not None and not cell.formula else "")
                if not named:
                    above = ""
                    self._name(row, resource, "resource")
                    continue
                above = named
                if action is None:
                    self._marks(row, bundles, named, None)
                    continue
                verb = self._name(row, action, "action")
                if verb is not None:
                    self._marks(row, bundles, named, folded(verb))
            elif whole is not None and (text := self._name(row, whole, "permission")) is not None:
                self._marks(row, bundles, *self._of_permission(row, bundles, text))

    def _of_permission(self, row: TableRow, columns: Iterable[int], text: str) -> tuple[str, str | None]:
        """Resource and action; the resource alone where the cells hold levels, which say the actions."""
        if any(self.level(row.cell(index).value) is not None for index in columns):
            return text, None
        return permission(text)

    def level(self, cell: str) -> tuple[str, ...] | None:
        """The actions that a cell stands for."""
        word = cell.casefold()
        if (word in self.yes or word in self.no or word in self.deny) and word not in self.levels:
            return None
        return level(cell, self.levels)

    def _bundles(self, used: Iterable[int | None]) -> dict[int, RoleOrGroup]:
        """The roles that have columns, by these."""
        return {index: self._set.role(name, self._at_header(index)) for name, index in self._crossed(used).items()}

    def _marks(self, row: TableRow, bundles: Mapping[int, RoleOrGroup], resource: str, verb: str | None) -> None:
        self._declare(resource, verb, self.table.origin(row))
        for index, bundle in bundles.items():
            self._mark(row, index, bundle, resource, verb)

    def _declare(self, resource: str, verb: str | None, at: Origin) -> None:
        declared = self._set.resource(resource, at)
        if verb is not None:
            declared.action(verb, at)

    def _mark(self, row: TableRow, index: int, bundle: RoleOrGroup, resource: str, verb: str | None) -> None:
        """One cell: a cross for an action, or a level without one."""
        cell = row.cell(index)
        self.spots.append(CellSpot("mark", bundle.key, row, index, resource, verb))
        if self._is_formula(row, cell):
            return
        word = folded(cell.value)
        at = self.table.origin(row, cell)
        if word in self.no:
            self._blank += not word
        elif word not in self.deny and self._is_limited(row):
            return
        elif verb is not None and word in self.yes:
            self._set.grant(bundle, resource, verb, at)
        elif verb is not None and word in self.deny:
            self._set.grant(bundle, resource, verb, at, deny=True)
        elif verb is None and word in self.deny:
            self._whole.append((bundle, resource, at))
        elif verb is None and (actions := self.level(cell.value)) is not None:
            for action in actions:
                self._set.grant(bundle, resource, action, at)
        else:
            self._refuse_cell(row, cell, "a level" if verb is None else "yes or no")

    def _refuse_cell(self, row: TableRow, cell: Cell, wanted: str = "yes or no") -> None:
        message = f"{quoted(cell.value)} is not {wanted}: treated as no"
        self._set.refuse("cell", self.table.origin(row, cell), message)

    def _roles(self) -> None:
        role = self._need("role")
        columns = self._crossed((role,))
        rows = list(self._data())
        levels = {
            each for each in columns.values() if any(self.level(row.cell(each).value) is not None for row in rows)
        }
        for row in rows:
            name = self._name(row, role, "role")
            if name is None:
                continue
            bundle = self._set.role(name, self.table.origin(row))
            for header, index in columns.items():
                resource, verb = (header, None) if index in levels else permission(header)
                self._declare(resource, verb, self._at_header(index))
                self._mark(row, index, bundle, resource, verb)

    def _grants(self) -> None:
        of = self.said.columns
        role, whole = self._need("role"), self._column(of.permission)
        resource, action = self._column(of.resource), self._column(of.action)
        if whole is None and (resource is None or action is None):
            self._need("permission")
        effect = self._column(of.effect)
        used = {role, whole, resource, action, effect}
        unclear = self._unclear(used)
        self._leave_out({*used, *unclear})
        for row in self._data():
            limited = any(row.cell(index).value or row.cell(index).formula for index in unclear)
            if limited and (effect is None or folded(row.cell(effect).value) not in self.deny):
                continue  # a deny is kept, whatever limits it
            name = self._name(row, role, "role")
            text = self._name(row, whole, "permission") if whole is not None else None
            thing = self._name(row, resource, "resource") if whole is None and resource is not None else None
            verbs = self._name(row, action, "action") if whole is None and action is not None else None
            if name is None or (text is None and (thing is None or verbs is None)):
                continue
            at = self.table.origin(row)
            found = (
                [permission(text)]
                if text is not None
                else [(thing or "", v) for v in several(verbs or "", frozenset())]
            )
            bundle = self._set.role(name, at)
            allows = True if effect is None else self._effect(row, effect)
            for each, verb in found:
                self._set.resource(each, at).action(verb, at)
                if allows is not None:
                    self._set.grant(bundle, each, verb, at, deny=not allows)
                if not allows:
                    continue
                self.spots.append(CellSpot("grant", name, row, -1 if action is None else action, each, verb))

    def _unclear(self, used: set[int | None]) -> set[int]:
        """Columns of a table that is guessed which may limit what its rows give, and whether they do is not known."""
        names = {index: name for name, index in self._index.items() if name and index not in used}
        found = {index for index, name in names.items() if self._guessed and not says_nothing(name)}
        for index in sorted(found):
            message = f"the column {quoted(names[index])} may be about access: rows with something in it give nothing"
            self._set.refuse("column-unclear", self._at_header(index), message)
        return found

    def _effect(self, row: TableRow, index: int) -> bool | None:
        """Whether a row grants or denies; ``None`` where it does neither."""
        cell = row.cell(index)
        word = folded(cell.value)
        if self._is_formula(row, cell) or word in self.no:
            return None
        if word in self.yes or word in self.deny:
            return word in self.yes
        self._refuse_cell(row, cell)
        return None

    def _members(self, people: PeopleReader) -> None:
        id = self._need("id")
        name = self._column(self.said.columns.name)
        bundles = self._bundles((id, name))
        for row in self._data():
            who = self._name(row, id, "user")
            if who is None:
                continue
            at = self.table.origin(row)
            if self._is_limited(row):
                people.bar(who, at)
            user = people.user(who, None if name is None else row.cell(name).value, at)
            for index, bundle in bundles.items():
                cell = row.cell(index)
                self.spots.append(CellSpot("member", who, row, index, role=bundle.key))
                word = cell.value.casefold()
                if self._is_formula(row, cell):
                    continue
                if word in self.yes:
                    people.give(user, bundle.key, self.table.origin(row, cell))
                elif word in self.no or word in self.deny:
                    self._blank += not word
                else:
                    self._refuse_cell(row, cell)

    def _jobs(self) -> None:
        job, role, name = self._need("job"), self._need("role"), self._column(self.said.columns.name)
        self._leave_out_but_limits((job, role, name))
        for row in self._data():
            code = self._name(row, job, "job code")
            if code is None or self._is_formula(row, row.cell(role)):
                continue
            at = self.table.origin(row)
            found = self._set.job(code, at)
            found.label = found.label or (row.cell(name).value or None if name is not None else None)
            if self._is_limited(row):
                continue
            for each in several(row.cell(role).value, frozenset(self._set.roles)):
                self._set.role(each, at)
                found.includes.setdefault(each, self.table.origin(row, row.cell(role)))

    def _people(self, people: PeopleReader) -> None:
        of = self.said.columns
        columns: dict[str, int] = {}
        for key in of.__struct_fields__:
            if (found := self._column(getattr(of, key))) is not None:
                columns[key] = found
        self._need("id")
        attributes = {
            name: index for name, column in self.said.attributes.items() if (index := self._column(column)) is not None
        }
        self._leave_out_but_limits([*columns.values(), *attributes.values()])
        for row in self._data():
            who = self._name(row, columns["id"], "user")
            if who is None:
                continue
            self.spots.append(CellSpot("person", who, row, columns.get("role", -1)))
            cells = {key: row.cell(index) for key, index in columns.items()}
            others = [row.cell(index) for index in attributes.values()]
            formulas = [cell for cell in (*cells.values(), *others) if self._is_formula(row, cell)]
            if self._is_limited(row):
                people.bar(who, self.table.origin(row))
            if formulas:
                people.bar(who, self.table.origin(row))
                continue
            values: dict[str, Any] = {key: (cell.value, self.table.origin(row, cell)) for key, cell in cells.items()}
            given = {name: row.cell(index).value for name, index in attributes.items()}
            people.person(who, values, given, self.table.origin(row), kind=of.at)

    # --- for edits -----------------------------------------------------------------------------------------------

    def marks(self) -> list[str]:
        """What stands in the cells with marks, cell by cell."""
        effect = self._column(self.said.columns.effect)
        marks = [spot.value for spot in self.spots if spot.kind in ("mark", "member")]
        grants = [spot.row for spot in self.spots if spot.kind == "grant"] if effect is not None else []
        return marks + [row.cell(effect).value for row in grants if effect is not None]

    def indices(self) -> dict[str, int]:
        """The columns whose meaning is known."""
        of = self.said.columns
        named = {key: getattr(of, key) for key in of.__struct_fields__}
        return {key: self._index[name] for key, name in named.items() if name in self._index}

    def role_names(self) -> frozenset[str]:
        return frozenset(self._set.roles)
