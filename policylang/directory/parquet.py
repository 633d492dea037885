"""Parquet as the CSV table that it is, so that both are read in one way. Needs DuckDB, an extra."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from policylang.diagnostics import quoted
from policylang.files.paths import real_path
from policylang.model.instants import instant_text

_PLAIN = re.compile(
    r"(?:VARCHAR|BOOLEAN|U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|DATE|UUID|ENUM\(.*\)"
    r"|TIMESTAMP(?:_S|_MS|_NS)?)(?P<list>\[\d*\])?"
)
_INSTANT = "TIMESTAMP WITH TIME ZONE"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_BATCH = 10_000


class ParquetError(ValueError):
    """A Parquet file that cannot be used, or that nothing here can read. The message says why, ``help`` what to do."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message, self.help = message, help


def as_csv(path: Path, limit: int) -> str:
    """The table as CSV: line 1 names the columns, row n stands on line n + 1. Empty cells are nulls.

    Raises `ParquetError`, also where the text has more than ``limit`` characters: a small file can hold very much.
    """
    try:
        import duckdb
    except ImportError:
        raise ParquetError(
            "reading Parquet needs DuckDB, which is not installed", "run `pip install 'policylang[parquet]'`"
        ) from None
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": "1",
    }
    try:
        with _safe_name(path) as name, duckdb.connect(":memory:", config=settings) as connection:
            table = "read_parquet(?, hive_partitioning = false)"
            described = connection.execute(f"DESCRIBE SELECT * FROM {table}", [name]).fetchall()  # noqa: S608
            columns = [(str(column), str(type_)) for column, type_, *_ in described]
            wanted = ", ".join(_expression(column, type_) for column, type_ in columns)
            result = connection.execute(f"SELECT {wanted} FROM {table}", [name])  # noqa: S608
            return _written(columns, result, limit)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(str(real_path(path)), path.name)
        raise ParquetError(f"this Parquet file cannot be read: {reason}", "write the file again, or use CSV") from None


@contextlib.contextmanager
def _safe_name(path: Path) -> Iterator[str]:
    """A name for DuckDB, to which `*`, `?` and brackets in a name are patterns. Such files are read from a copy."""
    name = os.path.realpath(path)
    if not re.search(r"[*?\[\]{}]", name):
        yield name
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(os.path.realpath(folder)) / "people.parquet"
        shutil.copyfile(name, copy)
        yield str(copy)


def _expression(column: str, type_: str) -> str:
    """The column in SQL. Instants come as microseconds, so that no timezone has a say."""
    name = '"{}"'.format(column.replace('"', '""'))
    if type_ == _INSTANT:
        return f"epoch_us({name})"
    if not _PLAIN.fullmatch(type_):
        raise ParquetError(
            f"the column {quoted(column)} has the type {quoted(type_)}, which is not supported",
            "use text, numbers, booleans, dates, datetimes, or lists of them",
        )
    return name


def _written(columns: list[tuple[str, str]], result: Any, limit: int) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column for column, _ in columns])
    instants = {index for index, (_, type_) in enumerate(columns) if type_ == _INSTANT}
    while batch := result.fetchmany(_BATCH):
        for row in batch:
            writer.writerow([_cell(value, index in instants) for index, value in enumerate(row)])
        if text.tell() > limit:
            raise ParquetError(
                f"the table has more than {limit:,} characters",
                "split it, or raise `limits: file_bytes` in `policylang.yaml`",
            )
    return text.getvalue()


def _cell(value: Any, instant: bool) -> str:
    if value is None:
        return ""
    if instant:
        return instant_text(_EPOCH + datetime.timedelta(microseconds=value))
    if not isinstance(value, list | tuple):
        return _scalar(value)
    items = [_scalar(item) for item in value if item is not None]
    wrong = next((item for item in items if ";" in item or not item), None)
    if wrong is not None or len(items) < len(value):
        raise ParquetError(
            f"a list holds {quoted(wrong) if wrong else 'an empty value'}, which a table cannot show",
            "list values are joined with `;`: write this file as YAML",
        )
    return ";".join(items)


def _scalar(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)), "f") if math.isfinite(value) else repr(value)
        case Decimal():
            return format(value, "f")
        case datetime.date():  # also datetimes
            return value.isoformat()
        case _:
            return str(value)
