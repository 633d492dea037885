"""Edits of groups and users: who is in a group, which groups are inside it, and groups and users more or less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, telling
from policylang.importing.graph import distances
from policylang.importing.imported import NotImportedError
from policylang.importing.odoo.access import EVERYBODY
from policylang.importing.odoo.patch_xml import (
    PlacedRecord,
    XmlRecords,
    link_field,
    short,
    text_field,
    without_link,
)

_OF_USER = ("groups_id", "group_ids")
_INSIDE = "it may come from another group: take it out of that, or change who is in that"
_OF_GROUP = ("users", "user_ids", "all_user_ids")


def patch_groups(records: XmlRecords, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits of groups, of what they imply, and of who is in them. Raises `CannotExpressError`."""
    created = {each.holder: each for each in wanted if each.kind == "role" and each.of == "role" and each.give}
    inside: dict[str, list[Wanted]] = {}
    for each in wanted:
        if each.kind == "inside" and not each.is_gone and each.of == "role" and each.role != EVERYBODY:
            inside.setdefault(each.holder, []).append(each)
    for id, several in inside.items():
        if id not in created:
            yield _implied(records, id, several)
    for each in wanted:
        if each.kind == "role" and each.of == "role" and not each.give:
            yield records.without_record(_defined(records, each.holder, each), each.words)
    for id, each in created.items():
        yield _new_group(records, id, each, [of.role for of in inside.get(id, ())])
    yield from _users(records, wanted)


def _implied(records: XmlRecords, id: str, several: Sequence[Wanted]) -> SourceEdit:
    first = several[0]
    of = _defined(records, id, first)
    with telling(first, _INSIDE):
        return records.relink(of, ("implied_ids",), {each.role: each.give for each in several}, first.words)


def _defined(records: XmlRecords, id: str, wanted: Wanted) -> PlacedRecord:
    of = records.find("res.groups", id)
    if of is None:
        raise CannotExpressError(wanted, f"no XML file defines {quoted(id)}", "change it where it is defined")
    return of


def _new_group(records: XmlRecords, id: str, wanted: Wanted, implied: Sequence[str]) -> SourceEdit:
    with telling(wanted):
        beside = records.anchor("res.groups", "ir.rule", "res.users")
    label = wanted.label or wanted.name.replace("_", " ").capitalize()
    fields = [text_field("name", label)]
    if implied:
        fields.append(link_field("implied_ids", [short(each, beside.path) for each in implied]))
    return records.add_record(beside, short(id, beside.path), "res.groups", fields, wanted.words)


# --- users -------------------------------------------------------------------------------------------------------


def _users(records: XmlRecords, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits of who is in which groups."""
    gone = {each.holder for each in wanted if each.kind == "role" and each.of == "role" and not each.give}
    by_user: dict[str, dict[str, list[Wanted]]] = {}
    for each in wanted:
        if each.kind in ("assignment", "member"):
            if each.place:
                raise CannotExpressError(each, "groups hold everywhere", "assign the role without a place")
            for group in each.role.split(" and "):
                by_user.setdefault(each.holder, {}).setdefault(group, []).append(each)
    left = {
        user: {group: net for group, of in groups.items() if (net := _net(of)) is not None and group != EVERYBODY}
        for user, groups in by_user.items()
    }
    for user, group, why in _no_more_implied(records, wanted, left):
        left.setdefault(user, {}).setdefault(group, msgspec.structs.replace(why, give=False))
    for user, changes in left.items():
        yield from _user(records, user, changes, gone)


def _no_more_implied(
    records: XmlRecords, wanted: Sequence[Wanted], changes: Mapping[str, Mapping[str, Wanted]]
) -> Iterator[tuple[str, str, Wanted]]:
    """Groups that somebody has by name, and that went without saying until now: they would stay without the others."""
    before = {of.record.id: _links(of, "implied_ids") for of in records.of("res.groups")}
    after = {id: set(of) for id, of in before.items()}
    less = [each for each in wanted if each.kind == "inside" and not each.give]
    for each in wanted:
        if each.kind == "inside":
            inside = after.setdefault(each.holder, set())
            inside.add(each.role) if each.give else inside.discard(each.role)
    for of in records.of("res.users"):
        user = of.record.text("login") or of.record.id
        mine, named = changes.get(user, {}), _links(of, *_OF_USER)
        reasons = [*(each for each in mine.values() if not each.give), *less]
        direct = {group for group in named if not any(group in distances(before, other) for other in named - {group})}
        kept = {group for group in direct if group not in mine} | {group for group, each in mine.items() if each.give}
        for group in sorted(named - direct - distances(after, *kept).keys() - mine.keys()) if reasons else ():
            yield user, group, reasons[0]


def _links(of: PlacedRecord, *names: str) -> set[str]:
    try:
        return set(of.record.linked(*names))
    except NotImportedError:
        return set()


def _net(of: Sequence[Wanted]) -> Wanted | None:
    """What is left of statements about a user and a group, where one takes what another gives."""
    return of[0] if all(each.give == of[0].give for each in of) else None


def _user(records: XmlRecords, user: str, groups: dict[str, Wanted], gone: set[str]) -> Iterator[SourceEdit]:
    there = _record(records, user)
    if there is None:
        new = {group: each for group, each in groups.items() if each.give}
        if new:
            yield _new_user(records, user, new)
    lost = [group for group, each in groups.items() if not each.give and group not in gone]
    taken = [(group, of) for group in lost for of in _members(records, group, user)]
    for group, (of, ids) in taken:
        yield from _without_member(records, of, ids, groups[group])
    if there is None:
        return
    changes = {group: each for group, each in groups.items() if group not in dict(taken) or each.give}
    if not changes:
        return
    first = next(iter(changes.values()))
    names = _OF_USER if any(name in there.record.fields for name in _OF_USER) else (_field(records),)
    with telling(first, _INSIDE):
        yield records.relink(there, names, {group: each.give for group, each in changes.items()}, first.words)


def _record(records: XmlRecords, user: str) -> PlacedRecord | None:
    for each in records.of("res.users"):
        if user in (each.record.text("login"), each.record.id):
            return each
    return None


def _members(records: XmlRecords, group: str, user: str) -> Iterator[tuple[PlacedRecord, tuple[str, ...]]]:
    """The record of a group that names a user, with the ids of that."""
    of, there = records.find("res.groups", group), _record(records, user)
    id = there.record.id if there is not None else user
    if of is not None and any(id in value.text for name in _OF_GROUP for value in of.record.fields.get(name, ())):
        yield of, (id, short(id, of.path))


def _without_member(
    records: XmlRecords, of: PlacedRecord, ids: tuple[str, ...], wanted: Wanted
) -> Iterator[SourceEdit]:
    with telling(wanted):
        for value in (value for name in _OF_GROUP for value in of.record.fields.get(name, ())):
            made = without_link(records.eval_of(value), ids)
            if made is not None:
                yield records.rewrite(value, made, wanted.words)


def _field(records: XmlRecords) -> str:
    """How these files call the groups of a user, which has changed with versions."""
    used = [name for each in records.of("res.users") for name in _OF_USER if name in each.record.fields]
    return max(_OF_USER, key=used.count)


def _new_user(records: XmlRecords, user: str, groups: dict[str, Wanted]) -> SourceEdit:
    first = next(iter(groups.values()))
    with telling(first):
        beside = records.anchor("res.users", "res.groups", "ir.rule")
    id = "user_" + "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in user.lower()).strip("_")
    fields = [
        text_field("name", user),
        text_field("login", user),
        link_field(_field(records), [short(group, beside.path) for group in groups]),
    ]
    return records.add_record(beside, id, "res.users", fields, first.words)
