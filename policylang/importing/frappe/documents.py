"""Documents in Frappe's JSON files, with the lines that they and their rows begin on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.files.json_source import JsonError, read_json
from policylang.importing.imported import Origin
from policylang.importing.reading import InputFile, NotThisError
from policylang.source import Source

KINDS = (
    "DocType",
    "Custom DocPerm",
    "Custom Field",
    "Property Setter",
    "Role",
    "Role Profile",
    "User",
    "Has Role",
    "User Permission",
    "DocShare",
    "Workflow",
)
_BRACES = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}]', re.DOTALL)
_NOT_LOOKED_AT = ("actions", "links", "states")
"""Tables of a DocType that files say twice, of which Frappe takes the last."""
_OURS = re.compile(r'"(?:permissions|custom_perms|DocType|Custom DocPerm|User Permission|permlevel)"')


class Row(msgspec.Struct, frozen=True):
    """An object of a file: a document, or a row of a table in one."""

    value: dict[str, Any]
    places: _Places

    @property
    def source(self) -> Source:
        return self.places.source

    @property
    def start(self) -> int:
        """The offset of its opening brace."""
        return self.places.offset(self.value)

    @property
    def origin(self) -> Origin:
        return Origin(self.source.name, self.source.position(self.start)[0])

    def rows(self, key: str) -> list[Row]:
        """The rows of a table in it."""
        found = self.value.get(key)
        return [Row(row, self.places) for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def text(self, key: str) -> str:
        """A text in it, without the spaces around it; empty where there is none."""
        found = self.value.get(key)
        return found.strip() if isinstance(found, str) else ""

    def number(self, key: str) -> int | None:
        """A whole number as Frappe takes it, where nothing is 0; ``None`` where it is none."""
        found = self.value.get(key)
        if found is None or found == "":
            return 0
        if isinstance(found, str) and re.fullmatch(r"\s*[0-9]{1,6}\s*", found):
            return int(found)
        return int(found) if isinstance(found, int) and 0 <= found < 1_000_000 else None


class Document(Row, frozen=True, kw_only=True):
    """``kind``: its own DocType."""

    kind: str


class _Places:
    """Where every object of a file begins."""

    def __init__(self, source: Source, objects: list[dict[str, Any]]) -> None:
        """``objects``: in the order of their ends."""
        self.source = source
        self._objects = objects  # kept, so that no other object has the identity of one that is gone
        self._offsets = {id(of): at for of, at in zip(objects, _beginnings(source.text), strict=True)}

    def offset(self, row: dict[str, Any]) -> int:
        return self._offsets[id(row)]


def _beginnings(text: str) -> Iterator[int]:
    """Where the objects of a JSON text begin, in the order of their ends."""
    open_: list[int] = []
    for match in _BRACES.finditer(text):
        if match[0] == "{":
            open_.append(match.start())
        elif match[0] == "}":
            yield open_.pop()


def documents(file: InputFile) -> Iterator[Document]:
    """What a file holds of the kinds that tell of access; nothing where it is about something else."""
    source = file.source()
    text = source.text
    if file.suffix == ".py":  # hooks
        return
    if not _OURS.search(text) and not any(f'"{kind}"' in text for kind in KINDS):
        return
    try:
        objects: list[dict[str, Any]] = []
        value = read_json(text, repeats=_NOT_LOOKED_AT, objects=objects)
    except JsonError as error:
        if _OURS.search(text):
            help = error.help or "fix it, or leave the file out"
            raise NotThisError(file.path, error.message, help, error.line, error.column) from None
        return
    places = _Places(source, objects)
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict):
            continue
        kind = each.get("doctype")
        if isinstance(kind, str) and ("custom_perms" in each or "property_setters" in each):
            yield from _customized(Row(each, places), kind)
        elif kind in KINDS:
            yield Document(each, places, kind=kind)


def _customized(of: Row, doctype: str) -> Iterator[Document]:
    """What *Export Customizations* writes of one DocType."""
    for key, kind, parent in (
        ("custom_perms", "Custom DocPerm", "parent"),
        ("custom_fields", "Custom Field", "dt"),
        ("property_setters", "Property Setter", "doc_type"),
    ):
        for row in of.rows(key):
            row.value.setdefault(parent, doctype)
            yield Document(row.value, row.places, kind=kind)
