"""Edits of access lists in XML: one word in a field of a record, or a new field."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, telling
from policylang.importing.odoo.access import EVERYBODY
from policylang.importing.odoo.expressions import NoExpressionError
from policylang.importing.odoo.patch_xml import PlacedRecord, XmlRecords
from policylang.importing.odoo.records import model_key, referred, truth

_OTHER_WORD = {"1": "0", "0": "1", "True": "False", "False": "True", "true": "false", "false": "true"}


class XmlAccess(msgspec.Struct, frozen=True):
    """A record of an access list. ``group``, ``model``: which it is about."""

    placed: PlacedRecord
    group: str
    model: str
    records: XmlRecords

    def is_of(self, group: str) -> bool:
        return group in (self.group, self.group.partition(".")[2])

    def is_about(self, wanted: Wanted) -> bool:
        """Whether it is of the group and the model."""
        return self.is_of(wanted.holder) and self.model == wanted.resource

    def set(self, wanted: Wanted) -> SourceEdit | None:
        """One operation in it; nothing where it says that already."""
        name = f"perm_{wanted.action}"
        of = self.placed
        if truth(of.record, name, False) == wanted.give:
            return None
        inside = of.text[of.start : of.end]
        found = re.search(
            rf"""<field\s+name=(["']){name}\1\s*(?:eval=(["'])(?P<eval>\w+)\2\s*/>|>\s*(?P<text>\w+)\s*<)""", inside
        )
        if found is not None:
            group = "eval" if found["eval"] is not None else "text"
            word = _OTHER_WORD.get(found[group])
            if word is not None:
                start, end = (of.start + each for each in found.span(group))
                return SourceEdit(of.path, start, end, word, wanted.words)
        if f'"{name}"' in inside or f"'{name}'" in inside:
            raise CannotExpressError(wanted, f"the field at {of.where} is neither 1 nor 0, True nor False")
        with telling(wanted):
            return self.records.add_field(of, f'<field name="{name}" eval="True"/>', wanted.words)


def xml_access(records: XmlRecords) -> Iterator[XmlAccess]:
    """The records of access lists in XML that say plainly what they say."""
    for each in records.of("ir.model.access"):
        try:
            group = referred(each.record, "group_id") or EVERYBODY
            model = model_key(each.record)
        except NoExpressionError:
            continue
        yield XmlAccess(each, group, model, records)
