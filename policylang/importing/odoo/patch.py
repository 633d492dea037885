"""Edits of Odoo's modules: operations of access lists in CSV and XML, and the groups, rules and users of XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, telling
from policylang.importing.imported import Imported, NotImportedError
from policylang.importing.odoo.access import EVERYBODY, OPERATIONS
from policylang.importing.odoo.manifests import loaded
from policylang.importing.odoo.patch_csv import AccessList, access_list
from policylang.importing.odoo.patch_groups import patch_groups
from policylang.importing.odoo.patch_rules import patch_rules
from policylang.importing.odoo.patch_xml import PlacedRecord, XmlRecords
from policylang.importing.odoo.records import full, module_of
from policylang.importing.reading import Inputs

_OTHER_WORD = {"1": "0", "0": "1", "True": "False", "False": "True", "true": "false", "false": "true"}


def patch(inputs: Inputs, _mapping: Any, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    if not wanted:
        return
    files = loaded(inputs.files, (), Imported()).files
    lists = [made for file in files if file.suffix == ".csv" and (made := access_list(file)) is not None]
    records = XmlRecords(inputs.files)
    wanted = _with_ids(records, wanted)
    yield from _accesses(lists, records, wanted)
    yield from patch_groups(records, wanted)
    yield from patch_rules(records, lists, wanted)
    for of in lists:
        yield from of.edits()


def _with_ids(records: XmlRecords, wanted: Sequence[Wanted]) -> list[Wanted]:
    """The statements in which new groups have the ids that they get."""
    ids: dict[str, str] = {}
    for each in wanted:
        if each.kind == "role" and each.of == "group" and each.give:
            message = "a group here stands for the groups of Odoo that somebody has"
            raise CannotExpressError(each, message, "assign its roles to the users")
        if each.kind == "role" and each.of == "role" and each.give:
            with telling(each, "add an XML file with a group"):
                module = module_of(records.anchor("res.groups", "ir.rule", "res.users").path)
            ids[each.holder] = full(f"group_{each.name}", module)
    return [
        msgspec.structs.replace(
            each,
            holder=ids.get(each.holder, each.holder) if each.of == "role" else each.holder,
            role=each.role if each.kind in ("limit", "condition") else ids.get(each.role, each.role),
        )
        for each in wanted
    ]


def _accesses(lists: Sequence[AccessList], records: XmlRecords, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Operations in access lists; those of a group that goes away go as rows and records."""
    in_xml = list(_in_xml(records))
    for each in wanted:
        if each.kind == "role" and each.of == "role" and not each.give:
            for of in lists:
                for row in of.of_group(each.holder):
                    of.take(row, each.words)
            yield from (records.without_record(of.placed, each.words) for of in in_xml if of.is_of(each.holder))
        elif each.kind == "grant" and not each.is_gone:
            yield from _grant(lists, in_xml, each)


class _XmlAccess(msgspec.Struct, frozen=True):
    """A record of an access list. ``group``, ``model``: which it is about."""

    placed: PlacedRecord
    group: str
    model: str
    records: XmlRecords

    def is_of(self, group: str) -> bool:
        return group in (self.group, self.group.partition(".")[2])

    def set(self, wanted: Wanted) -> SourceEdit | None:
        """One operation in it; nothing where it says that already."""
        name = f"perm_{wanted.action}"
        of = self.placed
        if of.record.truth(name, False) == wanted.give:
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


def _in_xml(records: XmlRecords) -> Iterator[_XmlAccess]:
    """The records of access lists in XML that say plainly what they say."""
    for each in records.of("ir.model.access"):
        try:
            group = each.record.referred("group_id") or EVERYBODY
            model = each.record.model_key()
        except NotImportedError:
            continue
        yield _XmlAccess(each, group, model, records)


def _grant(lists: Sequence[AccessList], in_xml: Sequence[_XmlAccess], wanted: Wanted) -> Iterator[SourceEdit]:
    if wanted.action not in OPERATIONS:
        raise CannotExpressError(wanted, f"access lists have no operation but {', '.join(OPERATIONS)}")
    there = [(of, row) for of in lists for row in of.about(wanted)]
    about = [of for of in in_xml if of.is_of(wanted.holder) and of.model == wanted.resource]
    edits = [edit for of in about if (edit := of.set(wanted)) is not None]
    if not wanted.give:
        if not there and not edits:
            raise CannotExpressError(wanted, "it is not in an access list", "take it away from the group it comes from")
        yield from edits
        for of, row in there:
            of.set(row, wanted)
    elif there:
        there[0][0].set(there[0][1], wanted)
    elif edits:
        yield edits[0]
    elif lists:
        best = max(lists, key=lambda of: sum(of.model(row) == wanted.resource for row in of.rows))
        best.add(wanted)
    else:
        raise CannotExpressError(wanted, "there is no CSV access list", "add `ir.model.access.csv` with its first line")
