"""Paths as code hosts show them: seen from the root of the repository, with forward slashes."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def repository_root() -> Path:
    """The nearest folder with a ``.git``, from the current one upwards; else the current one."""
    start = Path.cwd()
    return next((each for each in (start, *start.parents) if os.path.exists(each / ".git")), start)


def repository_path(path: str, root: Path) -> str | None:
    """A path, as the user typed it, seen from the root; ``None`` for one that lies outside."""
    absolute = os.path.abspath(path)
    for candidate, of in ((absolute, os.path.abspath(root)), (os.path.realpath(path), os.path.realpath(root))):
        relative = os.path.relpath(candidate, of)
        if relative != os.pardir and not relative.startswith(os.pardir + os.sep):
            return Path(relative).as_posix()
    return None


def shown_path(path: str, root: Path) -> str:
    """A path seen from the root, or where it really is if it lies outside."""
    return repository_path(path, root) or Path(os.path.abspath(path)).as_posix()


def uri(path: str, root: Path) -> str:
    """The same as a URI reference: relative if possible, percent-encoded."""
    relative = repository_path(path, root)
    if relative is not None:
        return quote(relative, safe="/", errors="surrogateescape")
    return "file://" + quote(Path(os.path.abspath(path)).as_posix(), safe="/", errors="surrogateescape")
