"""Edits of a product's files: statements that it has to make or not to make, and the texts that come of it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import msgspec

from policylang.importing.reading import InputFile, Inputs
from policylang.model.conditions import Condition

EditKind = Literal[
    "grant",
    "fields",
    "deny",
    "everyone",
    "limit",
    "condition",
    "role",
    "inside",
    "assignment",
    "dates",
    "member",
    "person",
    "job",
    "integration",
    "own",
]
"""What differs: a grant, its attributes, a deny, one for everyone, a policy that limits, what a policy says, a role or
group, a role inside one, a role of a user, its dates, the group of a user, what else is said of a user, a role of a
job or of an integration, and statements in the block of a user.
"""
HolderKind = Literal["role", "group", "user", "job", "integration", "policy", "everyone"]
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Wanted(msgspec.Struct, frozen=True):
    """A statement that the product has to make (``give``), or to make no more. ``of``, ``holder``: whom it is about.
    All names are the product's own, in conditions too; of what it does not have yet, the label or else the name.
    ``role``: the role, group or policy that is given. ``words``: as policy text. ``at``: where the policy files say it,
    or its holder. ``place``: where the role is given; empty for everywhere. ``is_gone``: the holder is not in the files
    at all. ``name``, ``label``: what the files call the holder, or the policy. ``actions``: those that a policy is for.
    """

    kind: EditKind
    of: HolderKind
    holder: str
    resource: str
    action: str
    role: str
    give: bool
    words: str
    at: str
    place: str = ""
    is_gone: bool = False
    name: str = ""
    label: str = ""
    actions: tuple[str, ...] = ()
    condition: Condition | None = None


class SourceEdit(msgspec.Struct, frozen=True, order=True):
    """A change of a file: what stands there in place of the text from ``start`` to ``end``, and why."""

    path: str
    start: int
    end: int
    text: str
    why: str = ""


class CannotExpressError(ValueError):
    """A statement that cannot be written back, why, and what to do by hand."""

    def __init__(self, wanted: Wanted, why: str, help: str = "") -> None:
        super().__init__(why)
        self.wanted, self.why = wanted, why
        self.help = help or "change it in the product by hand, and import it again"


class CannotEditError(ValueError):
    """There is no small edit: nothing there says such a thing, or the text is laid out in another way."""


@contextmanager
def telling(wanted: Wanted, help: str = "") -> Iterator[None]:
    """Tell of which statement something cannot be edited."""
    try:
        yield
    except CannotEditError as error:
        raise CannotExpressError(wanted, str(error), help) from None


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


def behind_break(text: str, end: int) -> int:
    """The offset behind the line break at an offset; the same where there is none."""
    return next((end + len(sign) for sign in ("\r\n", "\n", "\r") if text.startswith(sign, end)), end)


def appended(path: str, text: str, lines: str, why: str) -> SourceEdit:
    """Lines, each ending in ``\\n``, at the end of a text, which breaks them as its own."""
    before = "" if not text or text.endswith(("\n", "\r")) else "\n"
    return SourceEdit(path, len(text), len(text), f"{before}{lines}".replace("\n", line_break(text)), why)


def csv_cell(text: str, separator: str = ",", in_quotes: bool = False) -> str:
    """A text as a cell, in quotes where it needs them."""
    if in_quotes or any(sign in text for sign in (separator, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text
