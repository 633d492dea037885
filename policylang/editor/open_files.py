"""The files that are open in the editor: their text there counts, not that on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from lsprotocol import types as lsp
from pygls.uris import from_fs_path, to_fs_path

from policylang.editor.positions import Encoding, applied
from policylang.source import Source


class OpenFiles:
    """Open files by their paths. ``version`` grows with every change."""

    def __init__(self) -> None:
        self.encoding: Encoding = lsp.PositionEncodingKind.Utf16
        self.version = 0
        self._files: dict[Path, Source] = {}
        self._uris: dict[Path, str] = {}

    def open(self, uri: str, text: str) -> Path | None:
        """Take over a file; ``None`` where it is none: what has not been saved yet may have no path."""
        path = path_of(uri)
        if path is not None:
            self.version += 1
            self._uris[path] = uri
            self._files[path] = Source(path.name, text.removeprefix("\ufeff"), str(path))
        return path

    def change(self, uri: str, changes: list[lsp.TextDocumentContentChangeEvent]) -> Path | None:
        """Take changes over, one after the other."""
        path = path_of(uri)
        if path is None or path not in self._files:
            return None
        self.version += 1
        for change in changes:
            self._files[path] = applied(self._files[path], change, self.encoding)
        return path

    def close(self, uri: str) -> Path | None:
        """From now on the file on the disk counts again."""
        path = path_of(uri)
        if path is not None:
            self.version += 1
            self._files.pop(path, None)
            self._uris.pop(path, None)
        return path

    @property
    def paths(self) -> list[Path]:
        """The open files, in order."""
        return sorted(self._files)

    def get(self, path: Path) -> Source | None:
        """The file as it is in the editor; ``None`` for one that is not open."""
        return self._files.get(path)

    def uri(self, path: Path) -> str:
        """How the editor calls a file."""
        return self._uris.get(path) or str(from_fs_path(str(path)))


def path_of(uri: str) -> Path | None:
    """The path of a file's URI; ``None`` for what is no file."""
    if not uri.startswith("file:"):
        return None
    path = to_fs_path(uri)
    return Path(os.path.normpath(path)) if path and "\0" not in path else None
