"""Edits of access lists in XML: one word in a field of a record, or a new field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, decoded, line_break
from policylang.importing.imported import Imported
from policylang.importing.odoo.access import EVERYBODY
from policylang.importing.odoo.expressions import NoExpressionError
from policylang.importing.odoo.records import Record, read_records, referred, truth
from policylang.importing.reading import InputFile

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_END = re.compile(r"</record\s*>")
_FIELD = re.compile(r"<field\b[^>]*>")
_OTHER_WORD = {"1": "0", "0": "1", "True": "False", "False": "True", "true": "false", "false": "true"}


class XmlAccess(msgspec.Struct, frozen=True):
    """A record of an access list, and where it stands."""

    record: Record
    text: str
    start: int
    end: int

    @property
    def where(self) -> str:
        return str(self.record.origin)

    def set(self, wanted: Wanted) -> SourceEdit | None:
        """One operation in it; nothing where it says that already."""
        name = f"perm_{wanted.action}"
        if truth(self.record, name, False) == wanted.give:
            return None
        inside = self.text[self.start : self.end]
        found = re.search(
            rf"""<field\s+name=(["']){name}\1\s*(?:eval=(["'])(?P<eval>\w+)\2\s*/>|>\s*(?P<text>\w+)\s*<)""", inside
        )
        if found is not None:
            group = "eval" if found["eval"] is not None else "text"
            word = _OTHER_WORD.get(found[group])
            if word is not None:
                start, end = (self.start + each for each in found.span(group))
                return SourceEdit(self.record.origin.path, start, end, word, wanted.words)
        if f'"{name}"' in inside or f"'{name}'" in inside:
            raise CannotExpressError(wanted, f"the field at {self.where} is neither 1 nor 0, True nor False")
        return self._added(name, wanted)

    def _added(self, name: str, wanted: Wanted) -> SourceEdit:
        """A new field behind the last one, laid out like the first."""
        fields = list(_FIELD.finditer(self.text, self.start, self.end))
        line = self.text.rfind("\n", 0, fields[0].start()) + 1 if fields else 0
        indent = self.text[line : fields[0].start()] if fields else ""
        close = self.text.rfind("\n", self.start, self.end) + 1
        if not fields or indent.strip() or self.text[close : self.end].strip() or close <= self.start:
            raise CannotExpressError(wanted, f"the fields at {self.where} do not stand in lines of their own")
        made = f'{indent}<field name="{name}" eval="True"/>{line_break(self.text)}'
        return SourceEdit(self.record.origin.path, close, close, made, wanted.words)


def xml_access(files: tuple[InputFile, ...]) -> list[XmlAccess]:
    """The records of access lists in XML that say plainly what they say."""
    texts: dict[str, str] = {}
    for file in files:
        if file.suffix == ".xml":
            try:
                texts[file.path] = decoded(file)[2]
            except ValueError:
                continue
    found = (each for (model, _), each in read_records(Imported(), files).items() if model == "ir.model.access")
    return [made for each in found if not each.unclear and (made := _placed(each, texts)) is not None]


def _placed(record: Record, texts: Mapping[str, str]) -> XmlAccess | None:
    text = texts.get(record.origin.path)
    if text is None:
        return None
    plain = _COMMENT.sub(lambda hit: re.sub(r"[^\n\r]", " ", hit[0]), text)
    lines = list(_starts_of_lines(plain))
    if record.origin.line > len(lines):
        return None
    start = plain.find("<record", lines[record.origin.line - 1])
    end = _END.search(plain, start) if start >= 0 else None
    return None if end is None else XmlAccess(record, plain, start, end.start())


def _starts_of_lines(text: str) -> Iterator[int]:
    yield 0
    yield from (each.end() for each in re.finditer(r"\r\n|\n|\r", text))


def is_about(of: XmlAccess, wanted: Wanted) -> bool:
    """Whether a record is of the group and the model."""
    try:
        group = referred(of.record, "group_id") or EVERYBODY
        model = of.record.last("model_id")
        name = "" if model is None else model.text if model.kind == "ref" else referred(of.record, "model_id")
    except NoExpressionError:
        return False
    return wanted.holder in (group, group.partition(".")[2]) and name.rpartition(".")[2] == f"model_{wanted.resource}"
