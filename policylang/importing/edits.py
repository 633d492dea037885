"""Edits of a product's files: statements that it has to make or not to make, and the texts that come of it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from policylang.importing.reading import InputFile, Inputs

Kind = Literal["grant", "deny", "assignment"]
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Wanted(msgspec.Struct, frozen=True, order=True):
    """A statement that the product has to make (``give``), or to make no more. ``of``, ``holder``: the role or group
    that grants or denies, or the user who has a role; all names are the product's own. ``words``: as policy text.
    ``at``: where the policy files say it, or its holder. ``place``: where the role is given; empty for everywhere.
    """

    kind: Kind
    of: Literal["role", "group", "user"]
    holder: str
    resource: str
    action: str
    role: str
    give: bool
    words: str
    at: str
    place: str = ""


class SourceEdit(msgspec.Struct, frozen=True, order=True):
    """A change of a file: what stands there in place of the text from ``start`` to ``end``, and why."""

    path: str
    start: int
    end: int
    text: str
    why: str = ""


class CannotExpressError(ValueError):
    """A statement for which a format has no edit."""

    def __init__(self, wanted: Wanted, why: str) -> None:
        super().__init__(why)
        self.wanted = wanted


def patched(inputs: Inputs, edits: Iterable[SourceEdit]) -> Inputs:
    """The files with edits, which must not overlap; all other bytes stay. Raises `ValueError` where a text cannot be
    written in the encoding of its file.
    """
    by_path: dict[str, list[SourceEdit]] = {}
    for edit in sorted(set(edits)):
        by_path.setdefault(edit.path, []).append(edit)
    return Inputs(tuple(_edited(each, by_path.get(each.path, [])) for each in inputs.files))


def _edited(file: InputFile, edits: Sequence[SourceEdit]) -> InputFile:
    if not edits:
        return file
    mark, encoding, text = decoded(file)
    parts, last = [], 0
    for edit in edits:
        if edit.start < last:
            raise ValueError(f"two changes of {file.path} overlap")
        parts += [text[last : edit.start], edit.text]
        last = edit.end
    made = "".join([*parts, text[last:]])
    return msgspec.structs.replace(file, data=mark + made.encode(encoding))


def decoded(file: InputFile) -> tuple[bytes, str, str]:
    """The byte order mark of a file, its encoding, and its text. Raises `ValueError` where writing the text again would
    not give the same bytes.
    """
    text = file.text()
    mark, encoding = next((each for each in _BOMS if file.data.startswith(each[0])), (b"", "utf-8"))
    for each in (encoding, "cp1252", "latin-1"):
        try:
            if mark + text.encode(each) == file.data:
                return mark, each, text
        except UnicodeEncodeError:
            pass
    raise ValueError(f"{file.path} is not text in a single encoding")


def line_break(text: str) -> str:
    """How lines end in a text."""
    first = text.find("\n")
    if first < 0:
        return "\r" if "\r" in text else "\n"
    return "\r\n" if text[first - 1 : first] == "\r" else "\n"


def changed_files(before: Inputs, after: Inputs) -> Iterator[InputFile]:
    """The files that are not as they were."""
    for old, new in zip(before.files, after.files, strict=True):
        if old.data != new.data:
            yield new
