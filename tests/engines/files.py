"""The files of a bundle: as texts by path, relative and with ``/``, or from a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str | bytes]


class EngineError(Exception):
    """An engine did not start, did not accept what it was given, or could not answer; says what it said."""


def read(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def text(content: str | bytes) -> str:
    """A file's content as text."""
    return content if isinstance(content, str) else content.decode()


def write(folder: Path, files: Files) -> None:
    """Write the files into a folder."""
    for name, content in files.items():
        path = folder / name
        assert path.resolve().is_relative_to(folder.resolve()), name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
