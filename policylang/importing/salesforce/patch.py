"""Edits of profiles and permission sets: a flag in an element, or a new element."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape, unescape
from typing import Any

from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, line_break
from policylang.importing.reading import InputFile, Inputs
from policylang.importing.salesforce.read import name_of
from policylang.importing.salesforce.source import FLAGS, KINDS
from policylang.importing.xml import read_xml

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FLAG_OF = {action: flag for flag, action in FLAGS.items()}
_WRITTEN = ("allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords", "object", "viewAllRecords")


class _File:
    """One profile or permission set."""

    def __init__(self, file: InputFile) -> None:
        root = read_xml(file)
        self.path, self.text = file.path, file.text()
        self.tag, self.name = root.tag, name_of(file, root)
        self.bare = _COMMENT.sub(lambda found: " " * len(found[0]), self.text)
        self.new: dict[str, list[Wanted]] = {}

    def blocks(self, tag: str, name_tag: str, name: str) -> Iterator[tuple[int, int]]:
        """The extents of what is inside the elements about a name."""
        for found in re.finditer(rf"<{tag}\s*>(.*?)</{tag}\s*>", self.bare, re.DOTALL):
            named = re.search(rf"<{name_tag}\s*>(.*?)</{name_tag}\s*>", found[1], re.DOTALL)
            if named is not None and unescape(named[1]).strip() == name:
                yield found.span(1)

    def set(self, block: tuple[int, int], flag: str, value: str, why: str) -> SourceEdit:
        """The text of one flag in an element."""
        inside = self.bare[block[0] : block[1]]
        found = re.search(rf"<{flag}\s*>\s*(.*?)\s*</{flag}\s*>", inside, re.DOTALL)
        if found is not None:
            return SourceEdit(self.path, block[0] + found.start(1), block[0] + found.end(1), value, why)
        gap = inside[: len(inside) - len(inside.lstrip())]
        return SourceEdit(self.path, block[0], block[0], f"{gap}<{flag}>{value}</{flag}>", why)


def patch(inputs: Inputs, _mapping: Any, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    files = [_File(file) for file in inputs.files if ".profile" in file.name or ".permissionset" in file.name]
    for each in wanted:
        tag = "Profile" if each.of == "group" else "PermissionSet"
        mine = [file for file in files if file.tag == tag and file.name == each.holder]
        if each.kind != "grant" or not mine:
            raise CannotExpressError(each, "only permissions of profiles and permission sets can be changed")
        yield from _object(mine, each) if each.action in _FLAG_OF else _other(mine, each)
    for file in files:
        yield from _new_blocks(file)


def _object(files: Sequence[_File], wanted: Wanted) -> Iterator[SourceEdit]:
    flag, value = _FLAG_OF[wanted.action], "true" if wanted.give else "false"
    there = [(file, block) for file in files for block in file.blocks("objectPermissions", "object", wanted.resource)]
    for file, block in there:
        yield file.set(block, flag, value, wanted.words)
    if not there:
        if not wanted.give:
            raise CannotExpressError(wanted, "no element about the object says it")
        files[0].new.setdefault(wanted.resource, []).append(wanted)


def _other(files: Sequence[_File], wanted: Wanted) -> Iterator[SourceEdit]:
    """An app, a class, a tab, a permission of users: what an element of its own opens."""
    kinds = [(tag, name, flag) for tag, (name, flag, kind) in KINDS.items() if kind == wanted.resource]
    found = False
    for file in files:
        for tag, name, flag in kinds:
            for block in file.blocks(tag, name, wanted.action):
                found = True
                shown = (
                    "Visible" if tag == "tabSettings" else "DefaultOn",
                    "None" if tag == "tabSettings" else "Hidden",
                )
                values = shown if flag == "visibility" else ("true", "false")
                yield file.set(block, flag, values[0 if wanted.give else 1], wanted.words)
    if not found:
        raise CannotExpressError(wanted, "no element says it yet")


def _new_blocks(file: _File) -> Iterator[SourceEdit]:
    """Elements for objects that the file does not speak of, behind those it has, or at its end."""
    if not file.new:
        return
    ending = line_break(file.text)
    last = max((found.end() for found in re.finditer(r"</objectPermissions\s*>", file.bare)), default=None)
    before = file.bare.rindex("</")
    made = []
    for name, wanted in sorted(file.new.items()):
        flags = {_FLAG_OF[each.action]: "true" for each in wanted}
        lines = ["    <objectPermissions>"]
        for tag in (*_WRITTEN, *(["viewAllFields"] if "viewAllFields" in flags else [])):
            lines.append(
                f"        <{tag}>{escape(name, quote=False) if tag == 'object' else flags.get(tag, 'false')}</{tag}>"
            )
        made.append(ending.join([*lines, "    </objectPermissions>"]))
    why = next(iter(file.new.values()))[0].words
    if last is not None:
        yield SourceEdit(file.path, last, last, "".join(f"{ending}{each}" for each in made), why)
    else:
        yield SourceEdit(file.path, before, before, "".join(f"{each}{ending}" for each in made), why)
