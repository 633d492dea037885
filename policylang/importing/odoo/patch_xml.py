"""Edits of records in XML: what a field says, a field or a whole record more or less, laid out like what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape

import msgspec

from policylang.importing.edits import CannotEditError, SourceEdit, decoded, line_break
from policylang.importing.imported import Imported, Origin
from policylang.importing.odoo.records import OdooValue, Record, module_of, read_records
from policylang.importing.reading import InputFile
from policylang.source import Source

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_RECORD_END = re.compile(r"</record\s*>")
_FIELD = re.compile(r"<field\b[^>]*>")
_WHOLE_FIELD = re.compile(
    r"<field\b(?P<given>(?:[^>\"']|\"[^\"]*\"|'[^']*')*?)(?:/>|>(?P<text>.*?)</field\s*>)", re.DOTALL
)
_EVAL = re.compile(r"""\beval\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""", re.DOTALL)


class PlacedRecord(msgspec.Struct, frozen=True):
    """A record, and where it stands. ``text``: of the file, with blanks in place of comments; ``end``: before its
    closing tag.
    """

    record: Record
    text: str
    start: int
    end: int

    @property
    def path(self) -> str:
        return self.record.origin.path

    @property
    def where(self) -> str:
        return str(self.record.origin)


class XmlRecords:
    """The records of all files, those in XML with their places."""

    def __init__(self, files: tuple[InputFile, ...]) -> None:
        self.records = read_records(Imported(), files)
        self._sources: dict[str, Source] = {}
        for file in files:
            if file.suffix == ".xml":
                try:
                    text = decoded(file)[2]
                except ValueError:
                    continue
                self._sources[file.path] = Source(file.path, _COMMENT.sub(_blank, text))
        self._placed: dict[tuple[str, str], PlacedRecord] = {}
        self._gone: set[tuple[str, int]] = set()
        """Where records stand that go."""
        for key, record in self.records.items():
            made = None if record.unclear else self._place(record)
            if made is not None:
                self._placed[key] = made

    def of(self, model: str) -> list[PlacedRecord]:
        return [each for (name, _), each in self._placed.items() if name == model]

    def find(self, model: str, id: str) -> PlacedRecord | None:
        return self._placed.get((model, id))

    def _place(self, record: Record) -> PlacedRecord | None:
        start = self._start(record.origin, "<record")
        if start < 0:
            return None
        text = self._sources[record.origin.path].text
        end = _RECORD_END.search(text, start)
        return None if end is None else PlacedRecord(record, text, start, end.start())

    def _start(self, at: Origin, tag: str) -> int:
        source = self._sources.get(at.path)
        if source is None or at.line > len(source.line_starts):
            return -1
        return source.text.find(tag, source.line_starts[at.line - 1])

    def _field(self, value: OdooValue) -> re.Match[str] | None:
        """The element that a value stands in."""
        start = self._start(value.origin, "<field")
        return None if start < 0 else _WHOLE_FIELD.match(self._sources[value.origin.path].text, start)

    # --- fields ------------------------------------------------------------------------------------------------------

    def rewrite(self, value: OdooValue, text: str, why: str) -> SourceEdit:
        """Another text or expression in a field. Raises `CannotEditError`."""
        found = self._field(value)
        if found is None:
            raise CannotEditError(f"the field at {value.origin} is not found in XML")
        evaluated = _EVAL.search(found["given"]) if value.kind == "eval" else None
        if value.kind == "eval" and evaluated is not None:
            group = "double" if evaluated["double"] is not None else "single"
            begin = found.start("given")
            span = (begin + evaluated.start(group), begin + evaluated.end(group))
            sign, entity = ('"', "&quot;") if group == "double" else ("'", "&#39;")
            shown = escape(text, quote=False).replace(sign, entity)
            return SourceEdit(value.origin.path, *span, shown, why)
        if value.kind != "text" or found["text"] is None or "<" in found["text"]:
            raise CannotEditError(f"the field at {value.origin} is no plain text")
        inside = found["text"]
        lead = len(inside) - len(inside.lstrip())
        begin = found.start("text") + lead
        return SourceEdit(value.origin.path, begin, begin + len(inside.strip()), escape(text, quote=False), why)

    def eval_of(self, value: OdooValue) -> str:
        """An expression as the file writes it, in which ids may be without their module."""
        found = self._field(value)
        evaluated = None if found is None else _EVAL.search(found["given"])
        if evaluated is None:
            raise CannotEditError(f"the field at {value.origin} is no expression in XML")
        return unescape(evaluated["double"] if evaluated["double"] is not None else evaluated["single"])

    def relink(self, of: PlacedRecord, names: Sequence[str], changes: Mapping[str, bool], why: str) -> SourceEdit:
        """A record that links to some more ids, and not to others any more. Raises `CannotEditError`."""
        values = [value for name in names for value in of.record.fields.get(name, ())]
        if not values:
            if not all(changes.values()):
                raise CannotEditError(f"the record at {of.where} does not say it itself")
            return self.add_field(of, link_field(names[0], [short(id, of.path) for id in changes]), why)
        value = values[-1]
        text, path = self.eval_of(value), value.origin.path
        for id, give in changes.items():
            made = _with_link(text, id, path) if give else without_link(text, (id, short(id, path)))
            if made is None:
                raise CannotEditError(f"the record at {of.where} does not say it itself")
            text = made
        return self.rewrite(value, text, why)

    def add_field(self, of: PlacedRecord, field: str, why: str) -> SourceEdit:
        """A field behind the last one, on a line of its own, laid out like the first."""
        fields = list(_FIELD.finditer(of.text, of.start, of.end))
        line = of.text.rfind("\n", 0, fields[0].start()) + 1 if fields else 0
        indent = of.text[line : fields[0].start()] if fields else ""
        close = of.text.rfind("\n", of.start, of.end) + 1
        if not fields or indent.strip() or of.text[close : of.end].strip() or close <= of.start:
            raise CannotEditError(f"the fields at {of.where} do not stand in lines of their own")
        return SourceEdit(of.path, close, close, f"{indent}{field}{line_break(of.text)}", why)

    # --- records -----------------------------------------------------------------------------------------------------

    def anchor(self, *models: str) -> PlacedRecord:
        """The last record of the first of these models that there is, which a new one is put behind."""
        for model in models:
            found = [each for each in self.of(model) if (each.path, each.start) not in self._gone]
            if found:
                return max(found, key=lambda each: (each.path, each.start))
        raise CannotEditError("there is no XML file with records that it could stand beside")

    def add_record(self, beside: PlacedRecord, id: str, model: str, fields: Sequence[str], why: str) -> SourceEdit:
        """A record behind another, laid out like that."""
        ending = line_break(beside.text)
        line = beside.text.rfind("\n", 0, beside.start) + 1
        indent = beside.text[line : beside.start]
        indent = indent if not indent.strip() else "    "
        first = _FIELD.search(beside.text, beside.start, beside.end)
        before = beside.text[beside.text.rfind("\n", 0, first.start()) + 1 : first.start()] if first else ""
        deeper = before if first and not before.strip() and before != indent else f"{indent}    "
        inside = "".join(f"{deeper}{each}{ending}" for each in fields)
        closing = _RECORD_END.match(beside.text, beside.end)
        assert closing is not None
        at = closing.end()
        made = f'{ending}{indent}<record id="{escape(id)}" model="{model}">{ending}{inside}{indent}</record>'
        return SourceEdit(beside.path, at, at, made, why)

    def without_record(self, of: PlacedRecord, why: str) -> SourceEdit:
        """A file without a record, and without its lines where nothing else stands there."""
        self._gone.add((of.path, of.start))
        closing = _RECORD_END.match(of.text, of.end)
        assert closing is not None
        start, end = of.start, closing.end()
        line = of.text.rfind("\n", 0, start) + 1
        rest = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)").match(of.text, end)
        if not of.text[line:start].strip() and rest is not None:
            start, end = line, rest.end()
        return SourceEdit(of.path, start, end, "", why)


def _blank(hit: re.Match[str]) -> str:
    return re.sub(r"[^\n\r]", " ", hit[0])


def short(id: str, path: str) -> str:
    """An id as a file of a module may write it."""
    module, _, bare = id.partition(".")
    return bare if bare and module == module_of(path) else id


# --- fields with many records --------------------------------------------------------------------------------------


def _with_link(text: str, full_id: str, path: str) -> str:
    """An expression that also holds an id, which is written as the others are. Raises `CannotEditError`."""
    id = full_id if f"{full_id.partition('.')[0]}." in text else short(full_id, path)
    several = re.search(r"(?:\(\s*6\s*,\s*(?:0|False)?\s*,\s*\[|Command\.set\(\s*\[)([^\]]*)\]", text)
    if several is not None:
        more = f", ref('{id}')" if several[1].strip() else f"ref('{id}')"
        return f"{text[: several.end(1)]}{more}{text[several.end(1) :]}"
    if not (text.strip().startswith("[") and text.rstrip().endswith("]")):
        raise CannotEditError("the groups are not a list")
    link = f"Command.link(ref('{id}'))" if "Command." in text else f"(4, ref('{id}'))"
    end = text.rindex("]")
    before = text[:end].rstrip()
    comma = "" if before.endswith(("[", ",")) else ", "
    return f"{before}{comma}{' ' if before.endswith(',') else ''}{link}{text[end:]}"


def without_link(text: str, ids: Sequence[str]) -> str | None:
    """An expression without an id, under any of its spellings; ``None`` where it does not have it."""
    id = "|".join(re.escape(each) for each in ids)
    ref = rf"ref\(\s*(?:'(?:{id})'|\"(?:{id})\")\s*\)"
    link = rf"(?:[(\[]\s*4\s*,\s*{ref}\s*(?:,\s*(?:0|False)?\s*)?[)\]]|Command\.link\(\s*{ref}\s*\)|{ref})"
    found = re.search(rf"{link}\s*,\s*|,\s*{link}|{link}", text)
    return None if found is None else text[: found.start()] + text[found.end() :]


def link_field(name: str, ids: Sequence[str]) -> str:
    """A field that holds some ids."""
    links = ", ".join(f"(4, ref('{each}'))" for each in ids)
    return f'<field name="{name}" eval="[{links}]"/>'


def text_field(name: str, text: str) -> str:
    return f'<field name="{name}">{escape(text, quote=False)}</field>'
