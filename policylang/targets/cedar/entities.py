"""The entities: users and integrations, groups and roles with the rights that they bring, places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policylang.ir import nodes as ir
from policylang.model.types import RecordType
from policylang.runtime.index import Index
from policylang.runtime.truth import user_value
from policylang.targets.cedar.names import GROUP, PLACE, USER, uid
from policylang.targets.cedar.policies import Policies, tag
from policylang.targets.cedar.refusals import are_held
from policylang.targets.cedar.rights import DayRange
from policylang.targets.cedar.values import ID, attribute_value
from policylang.targets.target import Refusals

_Entity = dict[str, Any]


def entities(policies: Policies, refuse: Refusals) -> Iterator[tuple[_Entity, str]]:
    """Each with the statement that it comes from."""
    index, rights = policies.index, policies.rights
    for name, person in rights.people.items():
        tags = {
            tag(right, number): _tag(policies, period, places)
            for right, held in person.held.items()
            for number, (period, places) in enumerate(sorted(held.items(), key=lambda item: item[0]), 1)
        }
        parents = [uid(*each) for each in person.inside]
        declared: ir.User | ir.Integration | None = index.users.get(name) or index.integrations[name]
        assert declared is not None
        yield _entity(USER, name, _attributes(index, name, refuse), parents, tags), declared.at
    for (type_, name), said in rights.sources.items():
        at = (index.groups if type_ == GROUP else index.roles)[name].at
        parents = [uid(right.type, right.id) for right in said]
        yield _entity(type_, name, {}, parents), at
    for place in index.policy_set.places:
        parents = [] if place.parent is None else [uid(PLACE, place.parent)]
        yield _entity(PLACE, place.name, {"kind": place.kind}, parents), place.at


def _entity(
    type_: str, id: str, attributes: _Entity, parents: list[dict[str, str]], tags: _Entity | None = None
) -> _Entity:
    found: _Entity = {"uid": uid(type_, id), "attrs": attributes, "parents": parents}
    return {**found, "tags": tags} if tags else found


def _attributes(index: Index, name: str, refuse: Refusals) -> _Entity:
    declared = index.users.get(name)
    found: _Entity = {}
    for given in declared.attributes if declared is not None else ():
        type_, value = index.subject[given.name], user_value(index, name, given.name)
        if are_held(given.values, given.at, refuse):
            found[given.name] = {ID: value} if isinstance(type_, RecordType) else attribute_value(type_, value)
    return found


def _tag(policies: Policies, period: DayRange, places: frozenset[str] | None) -> _Entity:
    """When and where somebody is in a right; everywhere if ``places`` is null."""
    found: _Entity = {}
    if policies.dated:
        found |= {"since": period.since, "until": period.until}
    if policies.placed:
        every = [{"__entity": uid(PLACE, place)} for place in sorted(places or ())]
        found |= {"everywhere": places is None, "places": every}
    return found
