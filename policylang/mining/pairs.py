"""Who has which permission, read from tables: one row for each user and permission, and tables about the users."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.directory.parquet import ParquetError, as_csv
from policylang.importing.csv.tables import Cell, Sheet, TableRow, header_of, read_tables
from policylang.importing.csv.words import DENY, NO, YES, bare, folded, meaning, permission
from policylang.importing.reading import BOUNDS, InputFile, Inputs, NotThisError, read_inputs
from policylang.mining.bits import set_of
from policylang.mining.matrix import Matrix
from policylang.runtime.index import Permission
from policylang.syntax.alike import alike, how_alike

_EFFECTS = frozenset(("effect", "granted", "isgranted", "allowed", "isallowed", "allow", "permitted", "decision"))
"""Names of columns that say whether a row gives anything."""
SUFFIXES = (".csv", ".tsv", ".xlsx", ".xlsm", ".parquet")


class Pairs(msgspec.Struct, frozen=True):
    """``users`` and ``permissions`` in order: rows and columns of ``matrix``. ``attributes``: by name, then by user.
    ``guessed``: what columns were taken for, and why. ``repeated``: rows that say again what another one said.
    """

    users: tuple[str, ...]
    permissions: tuple[Permission, ...]
    matrix: Matrix
    attributes: Mapping[str, Mapping[str, str]] = {}
    guessed: tuple[str, ...] = ()
    repeated: int = 0

    @classmethod
    def of(
        cls,
        held: Mapping[str, Collection[Permission]],
        attributes: Mapping[str, Mapping[str, str]],
        guessed: tuple[str, ...] = (),
        repeated: int = 0,
    ) -> Pairs:
        """From the permissions of each user."""
        users = tuple(sorted(held))
        permissions = tuple(sorted({each for some in held.values() for each in some}))
        numbers = {each: number for number, each in enumerate(permissions)}
        matrix = Matrix.of([set_of(numbers[each] for each in held[user]) for user in users], len(permissions))
        return cls(users, permissions, matrix, attributes, guessed, repeated)

    @property
    def columns(self) -> dict[Permission, int]:
        """The number of each permission."""
        return {each: number for number, each in enumerate(self.permissions)}


class _Table(msgspec.Struct, frozen=True):
    """A table with its columns by what is in them. ``effect``: the one that says whether a row gives anything."""

    sheet: Sheet
    header: TableRow
    rows: Sequence[TableRow]
    columns: dict[str, int]
    effect: int | None = None

    def allows(self, row: TableRow) -> bool | None:
        """Whether a row gives what it names, or denies it; ``None`` where it does neither. Raises `NotThisError`."""
        if self.effect is None:
            return True
        cell = row.cell(self.effect)
        word = folded(cell.value)
        if cell.formula or word not in YES | NO | DENY:
            name = quoted(self.header.cells[self.effect].value)
            message = f"{name} says neither yes nor no here"
            at = cell.column or self.effect + 1
            raise NotThisError(self.sheet.path, message, "write yes or no, or rename the column", row.number, at)
        return None if word in NO else word in YES

    def texts(self, row: TableRow, *keys: str) -> list[str]:
        """What stands in some columns. Raises `NotThisError` where one is empty or a formula."""
        found = []
        for key in keys:
            cell: Cell = row.cell(self.columns[key])
            if not cell.value:
                why = "a formula, and nothing is evaluated" if cell.formula else f"no {key}"
                help = "complete the row, or remove it: every pair counts"
                at = self.columns[key] + 1 if not cell.column else cell.column
                raise NotThisError(self.sheet.path, f"the row has {why}", help, row.number, at)
            found.append(cell.value)
        return found


def read_pairs(paths: Sequence[str], given: Mapping[str, str], wanted: Sequence[str] = ()) -> Pairs:
    """Read the tables. ``given``: columns by what is in them (``user``, ``permission``, ``resource``, ``action``) that
    are not to be guessed. ``wanted``: attributes of users. Raises `NotThisError` and `UnreadableError`.
    """
    guessed: dict[str, None] = {}
    tables = [_known(sheet, given, guessed, wanted) for sheet in _sheets(paths)]
    if not tables:
        help = "tables are .csv, .tsv, .xlsx or .parquet files with a row for each user and permission"
        raise NotThisError(paths[0], "there is no table in it", help)
    there = {cell.value for table in tables for cell in table.header.cells}
    missing = next((name for name in given.values() if name not in there), None)
    if missing is not None:
        message = f"no table has a column {quoted(missing)}: there are {_headers(tables)}"
        raise NotThisError(paths[0], message, "correct `--column`")
    held: dict[str, dict[Permission, None]] = {}
    places: dict[str, tuple[str, int, int]] = {}
    denied: list[tuple[str, Permission]] = []
    repeated = 0
    attributes: dict[str, dict[str, str]] = {name: {} for name in wanted}
    for table in tables:
        if _is_about_permissions(table):
            for row, user, each, allows in _pairs(table):
                places.setdefault(user, (table.sheet.path, row.number, row.cell(table.columns["user"]).column))
                mine = held.setdefault(user, {})
                if allows:
                    repeated += each in mine
                    mine[each] = None
                elif allows is not None:
                    denied.append((user, each))
        _attributes(table, attributes)
    for user, each in denied:
        held[user].pop(each, None)
    if not held:
        message = f"no table names users and permissions: there are {_headers(tables)}"
        raise NotThisError(paths[0], message, "name the columns: `--column user=NAME --column permission=NAME`")
    for user, (path, *at), other, (file, line, _) in alike(places.items()):
        message = f"the user {quoted(user)} looks like {quoted(other)}, at {file}:{line}, and {how_alike(user, other)}"
        raise NotThisError(path, message, "write both with the same letters, or tell them apart", *at)
    for name, values in attributes.items():
        if not values:
            raise NotThisError(
                paths[0], f"no table has a column {quoted(name)} beside one of users", "correct the name"
            )
    return Pairs.of(held, attributes, tuple(guessed), repeated)


def _sheets(paths: Sequence[str]) -> Iterator[Sheet]:
    for file in _as_text(read_inputs(paths, SUFFIXES)).files:
        yield from read_tables(file)


def _as_text(inputs: Inputs) -> Inputs:
    """Parquet as the CSV that it is."""
    found = []
    for file in inputs.files:
        if file.suffix == ".parquet":
            try:
                data = as_csv(Path(file.there), BOUNDS.file_bytes).encode()
            except ParquetError as error:
                raise NotThisError(file.path, error.message, error.help) from None
            file = InputFile(file.path, data, file.there)
        found.append(file)
    return Inputs(tuple(found))


def _known(sheet: Sheet, given: Mapping[str, str], guessed: dict[str, None], wanted: Sequence[str] = ()) -> _Table:
    header, rows = header_of(sheet, None)
    names = [cell.value for cell in header.cells]
    twice = next((name for number, name in enumerate(names) if name and name in names[:number]), None)
    if twice is not None:
        raise NotThisError(
            sheet.path, f"two columns are called {quoted(twice)}", "rename one of the two", header.number
        )
    columns = {key: names.index(name) for key, name in given.items() if name in names}
    for number, name in enumerate(names):
        key = meaning(name)
        key = {"id": "user"}.get(key or "", key)
        if (
            key in ("user", "permission", "resource", "action")
            and key not in columns
            and number not in columns.values()
        ):
            columns[key] = number
            guessed[f"{quoted(name)} is the {key}, by its name"] = None
    if len(names) == 2 and not columns:
        columns = {"user": 0, "permission": 1}
        guessed[f"{quoted(names[0])} is the user and {quoted(names[1])} the permission: there is nothing else"] = None
    made = _Table(sheet, header, [row for row in rows if any(c.value or c.formula for c in row.cells)], columns)
    others = [n for n, name in enumerate(names) if name and n not in columns.values() and name not in wanted]
    for number in others if {"permission", "resource"} & columns.keys() else ():
        by = _tells_effect(made, number)
        if by is not None:
            guessed[f"{quoted(names[number])} is whether a row gives anything, by its {by}"] = None
            return msgspec.structs.replace(made, effect=number)
    return made


def _tells_effect(table: _Table, number: int) -> str | None:
    """What shows that a column says whether its rows give anything."""
    if bare(table.header.cells[number].value) in _EFFECTS:
        return "name"
    words = {folded(row.cell(number).value) for row in table.rows}
    return "words" if words & DENY and words <= YES | NO | DENY else None


def _is_about_permissions(table: _Table) -> bool:
    columns = table.columns
    return "user" in columns and ("permission" in columns or ("resource" in columns and "action" in columns))


def _pairs(table: _Table) -> Iterator[tuple[TableRow, str, Permission, bool | None]]:
    """Users and permissions, each with its row and what `_Table.allows` says of that."""
    for row in table.rows:
        if "resource" in table.columns and "action" in table.columns:
            user, resource, action = table.texts(row, "user", "resource", "action")
            yield row, user, (resource, folded(action)), table.allows(row)
        else:
            user, text = table.texts(row, "user", "permission")
            yield row, user, permission(text), table.allows(row)


def _attributes(table: _Table, attributes: Mapping[str, dict[str, str]]) -> None:
    """What a table says of users. Raises `NotThisError` where one has two values."""
    if "user" not in table.columns:
        return
    names = {cell.value: number for number, cell in enumerate(table.header.cells)}
    for name, values in attributes.items():
        if name not in names:
            continue
        for row in table.rows:
            (user,) = table.texts(row, "user")
            value = row.cell(names[name]).value
            if value and values.setdefault(user, value) != value:
                message = (
                    f"{quoted(user)} has two values for {quoted(name)}: {quoted(values[user])} and {quoted(value)}"
                )
                raise NotThisError(table.sheet.path, message, "leave one", row.number, names[name] + 1)


def _headers(tables: Sequence[_Table]) -> str:
    names = list(dict.fromkeys(cell.value for table in tables for cell in table.header.cells if cell.value))
    return f"the columns {listed([quoted(name) for name in names[:8]], 'and')}" if names else "no columns"


def read_kept(path: str, pairs: Pairs, given: Mapping[str, str]) -> dict[str, int]:
    """Roles to keep, from a table with a row for each role and permission: by name, their permissions. Raises
    `NotThisError` and `UnreadableError`.
    """
    found: dict[str, int] = {}
    columns = pairs.columns
    for sheet in _sheets([path]):
        table = _known(sheet, given, {})
        header = {meaning(cell.value): number for number, cell in enumerate(table.header.cells)}
        if "role" not in header or not {"permission", "resource"} & table.columns.keys():
            raise NotThisError(path, "no table of roles: there is no column of that meaning", "name it `role`")
        table.columns["role"] = header["role"]
        whole = "permission" in table.columns
        for row in table.rows:
            role, *what = table.texts(row, "role", *(("permission",) if whole else ("resource", "action")))
            each = permission(what[0]) if whole else (what[0], folded(what[1]))
            if not table.allows(row):
                continue
            number = columns.get(each)
            if number is None:
                message = f"nobody has {quoted(' '.join(reversed(each)))}, which the role {quoted(role)} brings"
                at = row.cell(table.columns["permission" if whole else "resource"]).column
                raise NotThisError(path, message, "remove it: no role may grant more than people have", row.number, at)
            found[role] = found.get(role, 0) | 1 << number
    return found
