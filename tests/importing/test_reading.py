"""The one door for inputs: what is read under which name, and what is refused."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from policylang.importing.reading import Bounds, InputFile, read_inputs
from policylang.project.discovery import UnreadableError

SUFFIXES = (".csv",)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*paths: str, **bounds: int) -> dict[str, bytes]:
    return {each.path: each.data for each in read_inputs(paths, SUFFIXES, Bounds(**bounds)).files}


def refused(*paths: str, **bounds: int) -> str:
    with pytest.raises(UnreadableError) as caught:
        read(*paths, **bounds)
    return caught.value.problem.message


def write(path: str, data: bytes = b"x") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)


def packed(path: str, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_files_folders_and_archives_by_names_that_do_not_depend_on_the_machine(tmp_path) -> None:
    write("in/b/a.csv")
    write("in/a.CSV")
    write("in/readme.md")
    write("in/.git/a.csv")
    write("one/x.txt")
    packed("all.zip", {"m/a.csv": b"1", "m/b.md": b"2", ".c/a.csv": b"3"})
    expected = ["a.CSV", "all.zip/m/a.csv", "b/a.csv", "x.txt"]
    assert sorted(read("in", "one/x.txt", "all.zip")) == expected
    assert sorted(read(str(tmp_path / "all.zip"), "./one/x.txt", f"{tmp_path}/in/")) == expected


def test_files_of_one_name_are_told_apart() -> None:
    write("a/x.csv", b"1")
    write("b/x.csv", b"2")
    assert read("b/x.csv", "a/x.csv") == {"a/x.csv": b"1", "b/x.csv": b"2"}
    assert refused("a/x.csv", "a/x.csv") == "there are two files called `x.csv`"


def test_what_is_too_much_is_refused() -> None:
    write("in/a.csv", b"x" * 10)
    write("in/b.csv", b"x" * 10)
    packed("bomb.zip", {"a.csv": b"\0" * 1_000_000})
    packed("many.zip", {f"{number}.csv": b"" for number in range(20)})
    assert refused("in", file_bytes=9) == "the file is larger than 9 bytes"
    assert refused("in", all_bytes=19) == "all files together have more than 19 bytes"
    assert refused("in", files=1) == "there are more than 1 files"
    assert refused("bomb.zip", file_bytes=2_000) == "`a.csv` in it is too large"
    assert refused("many.zip", files=19) == "there are more than 19 files in it"


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "a/../../a.csv", "a\\..\\a.csv"])
def test_archives_with_paths_that_lead_out_are_refused(name: str) -> None:
    packed("a.zip", {name: b"x"})
    assert refused("a.zip").endswith("leads outside")


def test_what_is_no_archive_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", b"x" * 1000)
    for data in (b"", b"PK\3\4", made.getvalue()[:500], made.getvalue().replace(b"x" * 100, b"y" * 100)):
        write("a.zip", data)
        assert refused("a.zip").startswith("the archive cannot be read: ")


def test_links_and_pipes() -> None:
    write("out/a.csv")
    Path("in").mkdir()
    Path("in/a.csv").symlink_to("../out/a.csv")
    assert refused("in") == "a link leads outside the folder"
    Path("in/a.csv").unlink()
    Path("in/a.csv").symlink_to("gone.csv")
    assert refused("in") == "a link leads to nothing"
    os.mkfifo("pipe.csv")
    assert refused("pipe.csv") == "cannot be read: not a regular file"
    assert refused("nowhere") == "cannot be read: no such file or directory"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfa", "a"),
        ("é".encode("utf-16"), "é"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9 \x80", "café €"),
        (b"\x81\xe9", "\x81é"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert InputFile("a.csv", data).text() == text
