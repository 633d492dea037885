"""Parquet is read as the table that it is."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest

from policylang.directory.parquet import ParquetError, as_csv
from policylang.directory.read import read_people
from policylang.source import Source
from tests.directory.helpers import compiled, without_places

duckdb = pytest.importorskip("duckdb")
LIMIT = 1_000_000


def write(path: Path, select: str) -> Path:
    """A Parquet file with what a SELECT gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Kathmandu'")
        # The name is bound nowhere in COPY; a harmless one is, and moved.
        plain = path.parent / "written.tmp"
        connection.execute(f"COPY ({select}) TO '{plain}' (FORMAT parquet)")
    plain.rename(path)
    return path


ROWS = """
SELECT * FROM (VALUES
  ('dana', 'Dana, "D"', 'sales', true, 3, 49.90::DECIMAL(9,2), ['a', 'b'], DATE '2026-01-31',
   TIMESTAMPTZ '2026-01-31 08:00:00-07', 'guard', 'HQ', DATE '2026-01-01'),
  ('dana', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'night_guard', NULL, NULL),
  ('milo', NULL, NULL, false, -1, 0.5, [], NULL, NULL, NULL, NULL, NULL)
) t(id, name, "group", superuser, "attribute.level", "attribute.rate", "attribute.tags", "attribute.since",
    "attribute.seen", role, "at", "from")
"""
SAME = '''\
id,name,group,superuser,attribute.level,attribute.rate,attribute.tags,attribute.since,attribute.seen,role,at,from
dana,"Dana, ""D""",sales,true,3,49.90,a;b,2026-01-31,2026-01-31T15:00:00Z,guard,HQ,2026-01-01
dana,,,,,,,,,night_guard,,
milo,,,false,-1,0.50,,,,,,
'''


def test_the_table_as_csv(tmp_path: Path) -> None:
    text = as_csv(write(tmp_path / "p.parquet", ROWS), LIMIT)
    assert text == SAME
    found, expected = compiled({"p.parquet": text}), compiled({"p.csv": SAME})
    assert [without_places(u) for u in found.users] == [without_places(u) for u in expected.users]
    assert found.users[1].at == "p.parquet:2:1-2:94"


@pytest.mark.parametrize("name", ["a*.parquet", "a[b].parquet", "{a,b}.parquet", 'it\'s "x".parquet', "é.parquet"])
def test_names_are_names(tmp_path: Path, name: str) -> None:
    write(tmp_path / "ab.parquet", "SELECT 'other' AS id")
    path = write(tmp_path / name, "SELECT 'dana' AS id")
    assert as_csv(path, LIMIT) == "id\ndana\n"


def test_names_of_folders_are_no_columns(tmp_path: Path) -> None:
    assert as_csv(write(tmp_path / "group=sales" / "p.parquet", "SELECT 'dana' AS id"), LIMIT) == "id\ndana\n"


@pytest.mark.parametrize(
    ("select", "written"),
    [
        ("'a'::BLOB", None),
        ("{'a': 1}", None),
        ("INTERVAL 1 DAY", None),
        ("[['a']]", None),
        ("['a;b']", None),
        ("['a', NULL]", None),
        ("['']", None),
        ("0.1::DOUBLE", "0.1"),
        ("1e-7::DOUBLE", "0.0000001"),
        ("'nan'::DOUBLE", "nan"),
        ("18446744073709551615::UBIGINT", "18446744073709551615"),
        ("TIMESTAMP '2026-01-31 08:00:00'", "2026-01-31T08:00:00"),
        ("TIMESTAMPTZ '2026-01-31 08:00:00.25Z'", "2026-01-31T08:00:00.250000Z"),
        ("DATE '20260-01-31'", "20260-01-31"),
        ("[1, 2]", "1;2"),
        ("[DATE '2026-01-31']", "2026-01-31"),
        ("[TIMESTAMPTZ '2026-01-31 08:00:00Z']", None),
        ("'00000000-0000-0000-0000-000000000001'::UUID", "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_types(tmp_path: Path, select: str, written: str | None) -> None:
    path = write(tmp_path / "p.parquet", f"SELECT 'dana' AS id, {select} AS x")
    if written is not None:
        assert as_csv(path, LIMIT) == f"id,x\ndana,{written}\n"
        return
    with pytest.raises(ParquetError) as caught:
        as_csv(path, LIMIT)
    assert caught.value.help


def test_columns_are_checked_as_in_csv(tmp_path: Path) -> None:
    text = as_csv(write(tmp_path / "p.parquet", 'SELECT \'dana\' AS id, 1 AS "na""me", 2 AS nam'), LIMIT)
    found = read_people(Source("p.parquet", text)).diagnostics
    assert [diagnostic.code for diagnostic in found] == ["PL101", "PL101"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"id,name\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_parquet(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(content)
    with pytest.raises(ParquetError, match="this Parquet file cannot be read"):
        as_csv(path, LIMIT)


def test_cut_short(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", ROWS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ParquetError, match="this Parquet file cannot be read"):
        as_csv(path, LIMIT)


def test_a_small_file_with_very_much_in_it(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", "SELECT repeat('x', 1000) AS id FROM range(200000)")
    assert path.stat().st_size < LIMIT
    with pytest.raises(ParquetError, match="more than 1,000,000 characters"):
        as_csv(path, LIMIT)


def test_without_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "duckdb":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ParquetError) as caught:
        as_csv(tmp_path / "p.parquet", LIMIT)
    assert "pip install 'policylang[parquet]'" in caught.value.help
