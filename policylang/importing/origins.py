"""`import.json`: where every statement of an imported set comes from, and what was not imported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from policylang.files.json_schema import schema_of
from policylang.importing.imported import Note

FILE_NAME = "import.json"
_LONGEST = 256 * 1024 * 1024


class StatementPlace(msgspec.Struct, frozen=True, gc=False):
    """A declaration, or an item of its block: ``words``, which is empty for the declaration itself."""

    file: str
    line: int
    declared: str
    words: str
    origins: tuple[str, ...]


class Noted(msgspec.Struct, frozen=True):
    """Something that is not in the set."""

    code: str
    origin: str
    message: str

    @classmethod
    def of(cls, note: Note) -> Noted:
        return cls(note.code, str(note.origin), note.message)


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an import wrote. ``names``: by kind, the identifier of each foreign name. ``files``: SHA-256 of each."""

    format: Literal["policylang import"]
    source: str
    inputs: dict[str, str]
    files: dict[str, str]
    names: dict[str, dict[str, str]]
    statements: tuple[StatementPlace, ...]
    refused: tuple[Noted, ...] = ()
    left_out: tuple[Noted, ...] = ()
    accepted: tuple[str, ...] = ()


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of `import.json`."""
    return schema_of(Manifest, "import", "policylang import.json")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_manifest(folder: Path) -> Manifest | None:
    """What an import wrote into a folder; ``None`` where there is nothing like it."""
    path = folder / FILE_NAME
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST:
            return None
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, ValueError, RecursionError):
        return None


class Origins:
    """Where the statements of a policy set come from, by what they say, so that lines may move."""

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        """``files``: the policy files of the set, seen from its root."""
        self._found: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for folder in sorted({os.path.dirname(file) for file in files}):
            manifest = read_manifest(root / folder)
            for each in manifest.statements if manifest is not None else ():
                file = f"{folder}/{each.file}" if folder else each.file
                self._found.setdefault((file, each.declared, each.words), each.origins)

    def __bool__(self) -> bool:
        return bool(self._found)

    def of(self, file: str, declared: str, words: str) -> tuple[str, ...]:
        """The origins of a statement; of one that was changed, those of its declaration."""
        return self._found.get((file, declared, words)) or self._found.get((file, declared, ""), ())


def changed_files(folder: Path, manifest: Manifest) -> list[str]:
    """The files of an import that are not as it wrote them, and those that it did not write."""
    there = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    }
    there.discard(FILE_NAME)
    kept = {name for name in there & manifest.files.keys() if not (folder / name).is_symlink()}
    return sorted(there - {name for name in kept if digest((folder / name).read_bytes()) == manifest.files[name]})


def by_kind(names: Mapping[tuple[Any, str], str]) -> dict[str, dict[str, str]]:
    """Names as a manifest holds them."""
    found: dict[str, dict[str, str]] = {}
    for (kind, key), name in sorted(names.items()):
        found.setdefault(kind, {})[key] = name
    return found


def given_names(manifest: Manifest | None) -> dict[tuple[Any, str], str]:
    """The names that an earlier import gave."""
    if manifest is None:
        return {}
    return {(kind, key): name for kind, names in manifest.names.items() for key, name in names.items()}
