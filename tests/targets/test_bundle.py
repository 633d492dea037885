"""Writing a bundle: whole or not at all, and never over something else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from policylang.targets.bundle import SOURCE_MAP, NotABundleError, json_bytes, with_source_map, write_bundle
from policylang.targets.target import Clause, TargetBundle
from tests.helpers import compiled


def bundle(**files: bytes) -> dict[str, bytes]:
    """The files of a bundle."""
    return dict(with_source_map(TargetBundle(files, ()), compiled("resource a { actions view }")).files)


FILES = bundle(**{"a.txt": b"a", "deep/er/b.txt": b"b"})


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("before", ["nothing", "empty", "bundle"])
def test_a_bundle_is_written_whole(tmp_path: Path, before: str) -> None:
    folder = tmp_path / "some" / "out"
    if before != "nothing":
        folder.mkdir(parents=True)
    if before == "bundle":
        write_bundle(folder, bundle(**{"stale.txt": b"old"}))
    write_bundle(folder, FILES)
    assert content(folder) == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for path in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(NotABundleError):
            write_bundle(path, FILES)
    assert content(tmp_path) == {"mine.txt": b"mine"}


@pytest.mark.parametrize("source_map", [b"", b"{}", b"no JSON", b'{"version":3,"sources":["a.js"],"mappings":"AAAA"}'])
def test_a_source_map_of_somebody_else_makes_no_bundle(tmp_path: Path, source_map: bytes) -> None:
    (tmp_path / SOURCE_MAP).write_bytes(source_map)
    with pytest.raises(NotABundleError, match="written by policylang"):
        write_bundle(tmp_path, FILES)
    assert content(tmp_path) == {SOURCE_MAP: source_map}


def test_files_that_were_put_into_a_bundle_keep_it(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_bundle(folder, FILES)
    (folder / "deep" / "mine.txt").symlink_to(tmp_path)
    with pytest.raises(NotABundleError, match=r"`deep/mine\.txt` in it is not one of its files"):
        write_bundle(folder, bundle())
    assert (folder / "a.txt").exists()


@pytest.mark.parametrize("step", range(4))
def test_killed_anywhere_the_old_or_the_new_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """What is left behind is gone after the next run."""
    folder, new = tmp_path / "out", bundle(**{"new.txt": b"new"})
    write_bundle(folder, FILES)
    left = [None] * step

    def killed(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **named: object) -> object:
            if not left:
                os._exit(9)
            left.pop()
            return real(*args, **named)

        return call

    child = os.fork()
    if not child:
        for module, name in ((os, "replace"), (shutil, "rmtree"), (os, "chmod")):
            monkeypatch.setattr(module, name, killed(getattr(module, name)))
        write_bundle(folder, new)
        os._exit(0)
    os.waitpid(child, 0)
    assert content(folder) in (FILES, new)
    write_bundle(folder, new)
    assert content(folder) == new
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


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
        write_bundle(folder, bundle())
    assert content(folder) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_source_map_leads_home() -> None:
    policy_set = compiled("resource a { actions view }")
    clauses = (Clause("x.json", "/b", "0.policy:1:1-1:2"), Clause("x.json", "/b", "0.policy:1:1-1:2"))
    made = with_source_map(TargetBundle({"x.json": b""}, clauses), policy_set)
    assert json.loads(made.files[SOURCE_MAP]) == {
        "format": "policylang bundle",
        "digest": policy_set.digest,
        "sources": ["0.policy"],
        "files": ["sourcemap.json", "x.json"],
        "clauses": {"x.json": {"/b": ["0.policy:1:1-1:2"]}},
    }


def test_json_is_the_same_for_the_same_content() -> None:
    assert (
        json_bytes({"b": 1, "a": "é\n"})
        == json_bytes({"a": "é\n", "b": 1})
        == b'{\n  "a": "\xc3\xa9\\n",\n  "b": 1\n}\n'
    )
