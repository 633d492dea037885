"""Edits of Odoo's modules: operations of access lists in CSV and XML, and the groups, rules and users of XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, telling
from policylang.importing.imported import Imported
from policylang.importing.odoo.access import OPERATIONS
from policylang.importing.odoo.manifests import loaded
from policylang.importing.odoo.patch_access import XmlAccess, xml_access
from policylang.importing.odoo.patch_csv import AccessList, access_list
from policylang.importing.odoo.patch_groups import patch_groups, patch_users
from policylang.importing.odoo.patch_rules import patch_rules
from policylang.importing.odoo.patch_xml import XmlRecords
from policylang.importing.odoo.records import full, module_of
from policylang.importing.reading import Inputs


def patch(inputs: Inputs, _mapping: Any, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    if not wanted:
        return
    files = loaded(inputs.files, (), Imported()).files
    lists = [made for file in files if file.suffix == ".csv" and (made := access_list(file)) is not None]
    records = XmlRecords(inputs.files)
    wanted = _with_ids(records, wanted)
    yield from _accesses(lists, records, wanted)
    for part in (patch_groups, patch_users):
        yield from part(records, wanted)
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
    in_xml = list(xml_access(records))
    for each in wanted:
        if each.kind == "role" and each.of == "role" and not each.give:
            for of in lists:
                for row in of.of_group(each.holder):
                    of.take(row, each.words)
            yield from (records.without_record(of.placed, each.words) for of in in_xml if of.is_of(each.holder))
        elif each.kind == "grant" and not each.is_gone:
            yield from _grant(lists, in_xml, each)


def _grant(lists: Sequence[AccessList], in_xml: Sequence[XmlAccess], wanted: Wanted) -> Iterator[SourceEdit]:
    if wanted.action not in OPERATIONS:
        raise CannotExpressError(wanted, f"access lists have no operation but {', '.join(OPERATIONS)}")
    there = [(of, row) for of in lists for row in of.about(wanted)]
    edits = [edit for of in in_xml if of.is_about(wanted) and (edit := of.set(wanted)) is not None]
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
