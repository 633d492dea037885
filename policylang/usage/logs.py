"""Logs as tables: any number of files, compressed or not, or a table of a database. Nothing is read unasked."""

from __future__ import annotations

import glob
import gzip
import os
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NoReturn
from urllib.parse import unquote

import msgspec

from policylang.diagnostics import listed, quoted, visible
from policylang.project.discovery import Problem, UnreadableError
from policylang.text.addresses import without_secrets
from policylang.text.names import free_name

Backend = Literal["duckdb", "pyspark"]
_Format = Literal["csv", "json", "parquet"]
_ENDINGS: dict[str, _Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".log": "json",
    ".parquet": "parquet",
}
_PACKED = (".gz", ".zst")
_LOOKED_AT = 1_000
"""Lines of JSON in which keys are looked for."""


class RejectedRows(msgspec.Struct, frozen=True):
    """Rows that cannot be read, and of each its file and line where the engine knows them."""

    count: int
    at: tuple[tuple[str, int], ...] = ()


class Log(msgspec.Struct, frozen=True):
    """Files of one format, or a table. ``columns``: their names. ``paths``: the files, if they hold lines of JSON."""

    what: str
    table: Any
    columns: tuple[str, ...]
    rejected: Callable[[], RejectedRows] | None = None
    """The rows that had another number of cells, when they have been read."""
    paths: tuple[str, ...] = ()


def is_log(path: str) -> bool:
    """Whether an argument names a log, and no policies."""
    if "://" in path:
        return True
    return _format(path) is not None and not os.path.isdir(path) and not _is_policy_set(path)


def _is_policy_set(path: str) -> bool:
    """Whether a file is a compiled policy set."""
    if not path.endswith(".json") or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return b'"policylang"' in file.read(200)


def _format(path: str) -> _Format | None:
    name = path.lower()
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return _ENDINGS.get(os.path.splitext(name)[1])


class LogEngine:
    """The engine that does the work. Raises `UnreadableError` where it is not installed."""

    def __init__(self, backend: Backend = "duckdb") -> None:
        try:
            import ibis
        except ImportError:
            _need(backend, "Ibis")
        self.ibis, self.backend = ibis, backend
        self.connection = self._duckdb() if backend == "duckdb" else self._spark()

    def _duckdb(self) -> Any:
        try:
            import duckdb
        except ImportError:
            _need("duckdb", "DuckDB")
        no_extensions: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        connection = self.ibis.duckdb.from_connection(duckdb.connect(":memory:", config=no_extensions))
        connection.raw_sql("SET TimeZone = 'UTC'")
        connection.raw_sql("SET preserve_insertion_order = false")
        connection.raw_sql("SET enable_progress_bar = false")
        return connection

    def _spark(self) -> Any:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            _need("pyspark", "PySpark")
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.csv.parser.columnPruning.enabled": "false",  # or cells of columns that are not used do not count
            "spark.ui.enabled": "false",
        }
        builder = SparkSession.builder.appName("policylang")
        for name, value in settings.items():
            builder = builder.config(name, value)
        return self.ibis.pyspark.connect(builder.getOrCreate())

    def close(self) -> None:
        """Close the connection. A Spark session goes on, since others may use it."""
        if self.backend == "duckdb":
            self.connection.disconnect()

    # --- logs --------------------------------------------------------------------------------------------------

    def open(self, inputs: Sequence[str]) -> list[Log]:
        """The logs: one for the files of each format, one for each table. Raises `UnreadableError`."""
        files: dict[tuple[_Format, str, tuple[str, ...]], list[str]] = {}
        logs, seen = [], set[str]()
        for given in inputs:
            if "://" in given:
                logs.append(self._table(given))
                continue
            for path in _paths(given):
                real = os.path.realpath(path)
                if real in seen:
                    continue
                seen.add(real)
                format = _format(path)
                if format is None:
                    help = f"its name ends in {listed([quoted(each) for each in _ENDINGS])}, perhaps with `.gz` behind"
                    raise UnreadableError(Problem(path, "not known as a log by its name", help))
                files.setdefault((format, *self._names(path, format)), []).append(path)
        return [*(self._files(*key, paths) for key, paths in files.items()), *logs]

    def _table(self, given: str) -> Log:
        address, sign, name = given.rpartition("#")
        if not sign or not name or "@" in name:
            where = without_secrets(address if sign and not name else given)
            raise UnreadableError(Problem(where, "no table is named", "write it behind the address: `…#events`"))
        try:
            table = self.ibis.connect(address).table(name)
        except Exception as error:  # whatever the driver of a database raises, which may repeat the address
            help = "check the address"
            if any(secret in str(error) for secret in _secrets(address)):
                raise UnreadableError(Problem(without_secrets(address), "cannot be read", help)) from None
            raise unreadable_log(without_secrets(address), error, help) from None
        return Log(f"{without_secrets(address)}#{name}", table, tuple(table.columns))

    def _names(self, path: str, format: _Format) -> tuple[str, tuple[str, ...]]:
        """What separates the cells of a file, if anything does, and its columns. Raises `UnreadableError`."""
        try:
            if format == "parquet":
                return "", tuple(self.connection.read_parquet([path]).columns)
            head = self._head(path)
        except Exception as error:
            raise unreadable_log(path, error) from None
        if format == "csv":
            return _of_header(path, head)
        return "", _of_lines(path, head)

    def _head(self, path: str) -> list[str]:
        """The first lines."""
        with open(path, "rb") as file:
            start = file.read(4)
        if start == b"\x28\xb5\x2f\xfd":
            return self._unpacked(path)
        with gzip.open(path, "rb") if start[:2] == b"\x1f\x8b" else open(path, "rb") as lines:
            data = b"".join(islice(lines, _LOOKED_AT))
        return data.decode("utf-8-sig", "replace").splitlines()

    def _unpacked(self, path: str) -> list[str]:
        import duckdb

        question = (
            "SELECT line FROM read_csv(?, header = false, columns = {line: 'VARCHAR'}, delim = '\x01', quote = '', "
            "escape = '', strict_mode = false, ignore_errors = true) LIMIT 1000"
        )
        return [line or "" for (line,) in duckdb.connect(":memory:").execute(question, [path]).fetchall()]

    def _files(self, format: _Format, sign: str, names: tuple[str, ...], paths: list[str]) -> Log:
        what = visible(paths[0]) if len(paths) == 1 else f"{visible(paths[0])} and {len(paths) - 1:,} more"
        try:
            return self._opened(what, format, sign, names, paths)
        except Exception as error:  # whatever the engine raises about a file
            raise unreadable_log(what, error) from None

    def _opened(self, what: str, format: _Format, sign: str, names: tuple[str, ...], paths: list[str]) -> Log:
        lines = tuple(paths) if format == "json" else ()
        if self.backend == "pyspark":
            table, rejected = self._in_spark(format, sign, names, paths)
            return Log(what, table, names, rejected, lines)
        if format == "parquet":
            return Log(what, self.connection.read_parquet(paths), names)
        if format == "json":
            columns = dict.fromkeys(names, "VARCHAR")
            table = self.connection.read_json(paths, columns=columns, format="newline_delimited", ignore_errors=True)
            return Log(what, table, names, paths=lines)
        columns = dict.fromkeys(names, "VARCHAR")
        options = {"delim": sign, "quote": '"', "escape": '"', "header": True, "auto_detect": False, "columns": columns}
        table = self.connection.read_csv(paths, ignore_errors=True, store_rejects=True, rejects_limit=0, **options)
        return Log(what, table, names, self._rejected)

    def _rejected(self) -> RejectedRows:
        question = (
            "SELECT DISTINCT s.file_path, e.line FROM reject_errors e "
            "JOIN reject_scans s USING (scan_id, file_id) ORDER BY 1, 2"
        )
        found = [(str(path), int(line)) for path, line in self.connection.raw_sql(question).fetchall()]
        return RejectedRows(len(found), tuple(found))

    def _in_spark(
        self, format: _Format, sign: str, names: tuple[str, ...], paths: list[str]
    ) -> tuple[Any, Callable[[], RejectedRows] | None]:
        if format == "parquet":
            return self.connection.read_parquet(paths), None
        from pyspark.sql.types import StringType, StructField, StructType

        schema = StructType([StructField(name, StringType()) for name in names])
        if format == "json":
            return self.connection.read_json(paths, schema=schema), None
        broken = free_name("broken", [name.lower() for name in names])
        options = {"header": True, "sep": sign, "escape": '"', "columnNameOfCorruptRecord": broken}
        table = self.connection.read_csv(paths, schema=schema.add(broken, StringType()), **options)

        def rejected() -> RejectedRows:
            of = table.filter(table[broken].notnull())
            # Spark counts no rows of which only that column is asked for
            counted = of.aggregate(count=of.count(), other=of[names[0]].max())
            return RejectedRows(int(counted.to_pyarrow().to_pylist()[0]["count"]))

        return table.filter(table[broken].isnull()).drop(broken), rejected


def _secrets(address: str) -> set[str]:
    """What must not be shown of an address, as it is written and as it is meant."""
    rest = address.partition("://")[2]
    password = rest.rpartition("@")[0].partition(":")[2]
    said = rest.partition("?")[2]
    found = {password, said, *(each.partition("=")[2] for each in said.split("&"))}
    return {each for one in found for each in (one, unquote(one)) if each}


def _need(extra: str, name: str) -> NoReturn:
    help = "run `pip install pyspark`" if extra == "pyspark" else "run `pip install 'policylang[usage]'`"
    raise UnreadableError(Problem("usage", f"reading logs needs {name}, which is not installed", help))


def matching(given: str) -> list[str]:
    """The files that a pattern stands for, in order; none of what is no pattern."""
    return sorted(glob.glob(given, recursive=True)) if _is_pattern(given) else []


def _is_pattern(given: str) -> bool:
    return any(sign in given for sign in "*?[")


def _paths(given: str) -> list[str]:
    if os.path.exists(given):
        if os.path.isdir(given):
            raise UnreadableError(Problem(given, "a folder is no log", f"name its files: `{visible(given)}/*.csv`"))
        if not Path(given).is_file():
            raise UnreadableError(Problem(given, "not a regular file", "name a file"))
        if _is_pattern(given):
            raise UnreadableError(Problem(given, "the name of a log holds no `*`, `?` or `[`", "rename it"))
        return [given]
    found = matching(given)
    if not found:
        raise UnreadableError(Problem(given, "there is no such file", "check the path"))
    return [path for each in found for path in _paths(each)]


def unreadable_log(what: str, error: Exception, help: str = "check the file") -> UnreadableError:
    """That the engine, or the driver of a database, cannot read a log; and the first line of what it says of it."""
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return UnreadableError(Problem(what, f"cannot be read: {first}", help))


def _separator(line: str) -> str:
    from policylang.importing.csv.tables import separator

    return separator(line)


def _of_header(path: str, head: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    import csv

    if not head:
        raise UnreadableError(Problem(path, "the log is empty", "a first line names the columns"))
    sign = _separator(head[0])
    names = next(csv.reader([head[0]], delimiter=sign))
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise UnreadableError(Problem(path, f"two columns are called {quoted(twice)}", "rename one of the two", 1, 1))
    return sign, tuple(names)


def _of_lines(path: str, head: Sequence[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for line in head:
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError):
            continue
        names.update(dict.fromkeys(value if isinstance(value, dict) else ()))
    if not names:
        what = "the log is empty" if not any(line.strip() for line in head) else "no line of the log is a JSON object"
        raise UnreadableError(Problem(path, what, "a log has one JSON object a line"))
    return tuple(names)
