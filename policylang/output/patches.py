"""Unified diffs that `git apply` and `patch -p1` take."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

NOTHING = "/dev/null"
"""The name of a file that is not there."""

_PLAIN = re.compile(r"[^a-z0-9]+")
_LONGEST = 40


def unified(old: list[str], new: list[str], before: str, after: str) -> Iterator[str]:
    """The difference of two texts, split at line feeds, under their names."""
    for line in difflib.unified_diff(_ended(old), _ended(new), _head(before), _head(after)):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _head(name: str) -> str:
    """A name with its end marked, where it has blanks, as `git` and `diff` do it."""
    return f"{name}\t" if " " in name else name


def _ended(lines: list[str]) -> list[str]:
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended


def plain_name(name: str) -> str:
    """Whatever is plain in a name, for the name of a file."""
    return _PLAIN.sub("-", name.lower())[:_LONGEST].strip("-")


def between(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """The difference of two folders, by the names of their files."""
    for name in sorted({*old, *new}):
        before = f"a/{name}" if name in old else NOTHING
        after = f"b/{name}" if name in new else NOTHING
        yield from unified(old.get(name, "").split("\n"), new.get(name, "").split("\n"), before, after)
