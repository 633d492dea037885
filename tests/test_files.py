"""Writing files: what is kept, and what is left of runs that were killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from policylang.files.writing import StaleFileError, write_atomically, write_folder


def test_what_a_killed_run_left_behind_goes(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        os.replace = os._exit  # type: ignore[assignment]
        try:
            write_atomically(tmp_path / "a.json", b"new")
        except BaseException:
            os._exit(1)
    os.waitpid(child, 0)
    other = tmp_path / ".b.json.x.policylang-new"
    other.mkdir()
    write_atomically(tmp_path / "a.json", b"new")
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", other.name}


def test_only_the_content_that_was_read_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"edited")
    with pytest.raises(StaleFileError, match="has changed since it was read"):
        write_atomically(path, b"new", before=b"read")
    assert path.read_bytes() == b"edited"
    write_atomically(path, b"new", before=b"edited")
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_permissions_and_attributes_stay(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o604)
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    write_atomically(path, b"new")
    assert (path.stat().st_mode & 0o777, os.getxattr(path, "user.note")) == (0o604, b"kept")


def test_a_folder_with_something_in_it_is_replaced_on_demand_only(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for _ in range(2):
        folder.mkdir(exist_ok=True)
        if not any(folder.iterdir()):
            write_folder(folder, {"a": b"1"})
    with pytest.raises(OSError, match="not empty"):
        write_folder(folder, {"b": b"2"})
    assert [path.name for path in folder.iterdir()] == ["a"]
    write_folder(folder, {"b": b"2"}, replace=True)
    assert [path.name for path in folder.iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="elsewhere there is none for an instant")
def test_a_folder_is_there_at_every_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bundle"
    write_folder(folder, {"a": b"1"})
    replace = os.replace

    def watched(one: Path, other: Path) -> None:
        assert (folder / "a").exists()
        replace(one, other)
        assert (folder / "a").exists()

    monkeypatch.setattr(os, "replace", watched)
    write_folder(folder, {"a": b"2"}, replace=True)
    assert (folder / "a").read_bytes() == b"2"
    assert [each.name for each in tmp_path.iterdir()] == ["bundle"]


def test_a_read_only_folder_stays(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    write_folder(folder, {"a": b"1"})
    folder.chmod(0o555)
    with pytest.raises(PermissionError, match="is read-only"):
        write_folder(folder, {"a": b"2"}, replace=True)
    assert (folder / "a").read_bytes() == b"1"
    folder.chmod(0o755)
