"""Writing a bundle: whole or not at all, and never over something else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from policylang.targets.bundle import SOURCE_MAP, NotABundleError, json_bytes, with_source_map, write_bundle
from policylang.targets.target import Bundle, Clause
from tests.helpers import compiled

FILES = {SOURCE_MAP: b"{}", "a.txt": b"a", "deep/er/b.txt": b"b"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("before", ["nothing", "empty", "bundle"])
def test_a_bundle_is_written_whole(tmp_path: Path, before: str) -> None:
    folder = tmp_path / "some" / "out"
    if before != "nothing":
        folder.mkdir(parents=True)
    if before == "bundle":
        write_bundle(folder, {SOURCE_MAP: b"old", "stale.txt": b"old"})
    write_bundle(folder, FILES)
    assert content(folder) == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for path in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(NotABundleError):
            write_bundle(path, FILES)
    assert content(tmp_path) == {"mine.txt": b"mine"}


def test_after_an_error_everything_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    write_bundle(folder, FILES)
    replace = os.replace

    def fails(source: Path, target: Path) -> None:
        if Path(source).name == "new":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        write_bundle(folder, {SOURCE_MAP: b"new"})
    assert content(folder) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_source_map_leads_home() -> None:
    policy_set = compiled("resource a { actions view }")
    clauses = (Clause("x.json", "/b", "0.policy:1:1-1:2"), Clause("x.json", "/b", "0.policy:1:1-1:2"))
    made = with_source_map(Bundle({"x.json": b""}, clauses), policy_set)
    assert json.loads(made.files[SOURCE_MAP]) == {
        "digest": policy_set.digest,
        "sources": ["0.policy"],
        "clauses": {"x.json": {"/b": ["0.policy:1:1-1:2"]}},
    }


def test_json_is_the_same_for_the_same_content() -> None:
    assert (
        json_bytes({"b": 1, "a": "é\n"})
        == json_bytes({"a": "é\n", "b": 1})
        == b'{\n  "a": "\xc3\xa9\\n",\n  "b": 1\n}\n'
    )
