"""The rows of a Casbin policy, as Casbin's own adapter takes lines apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from policylang.importing.imported import Origin
from policylang.importing.reading import InputFile

_MARKS = re.compile(r"[,\[\]()]")


class CasbinRow(msgspec.Struct, frozen=True, gc=False):
    """``fields`` begins with the kind of row; it is empty where the line cannot be taken apart."""

    fields: tuple[str, ...]
    origin: Origin
    text: str


def rows(file: InputFile) -> Iterator[CasbinRow]:
    """The lines that are neither empty nor comments. Commas inside brackets do not separate. A field in quotes is read
    in one way by some versions of Casbin and in another by others: the line counts as one that cannot be read.
    """
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", file.text()), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        fields = None if '"' in line else _fields(line)
        yield CasbinRow(fields or (), Origin(file.path, number), line)


def _fields(line: str) -> tuple[str, ...] | None:
    if "[" not in line and "(" not in line and "]" not in line and ")" not in line:
        return tuple([field.strip() for field in line.split(",")])
    found = []
    depth = start = 0
    for mark in _MARKS.finditer(line):
        if mark[0] in "[(":
            depth += 1
        elif mark[0] in ")]":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0:
            found.append(line[start : mark.start()].strip())
            start = mark.end()
    found.append(line[start:].strip())
    return tuple(found)
