"""What groups and roles say, as rights that users are in, and who is in which when and where.

Users in the same right are decided by the same policy, so there are as many policies as there are different things to
say, however many groups say them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

import msgspec

from policylang.ir import nodes as ir
from policylang.model.instants import day_number
from policylang.model.words import condition_in_words
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Granted, granted_by, holdings, unplaced
from policylang.runtime.index import Index
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import RightsSource, layers
from policylang.targets.cedar.names import APPEND, DENY, GRANT, GROUP, HOLDER, NEED, ROLE, SUPERUSER, TAG
from policylang.targets.needs import eligible_roles, grants_needed

_FIRST_DAY = day_number(datetime.date.min)
_LAST_DAY = day_number(datetime.date.max)


class CedarRight(msgspec.Struct, frozen=True, order=True):
    """``type`` and ``id`` are those of its entity.

    Grant: the actions, here one, under the limits, on the fields. Deny: of the fields, of all if null; ``condition``
    is its words. Need: a grant that an action requires, with the kind of place if it asks for one. Holder: of a role.
    Append: a policy that users append.
    """

    type: str
    id: str
    resource: str = ""
    actions: tuple[str, ...] | None = ()
    limits: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    condition: str | None = None


class DayRange(msgspec.Struct, frozen=True, order=True):
    """Days since 1970, both included."""

    since: int = _FIRST_DAY
    until: int = _LAST_DAY


ALWAYS = DayRange()
_Held = Mapping[DayRange, frozenset[str] | None]
"""By period the places at which somebody is in a right; null is everywhere."""


class UserEntity(msgspec.Struct, frozen=True):
    """``inside``: groups, roles and rights that the user is in. ``held``: rights at places or for a time."""

    inside: tuple[tuple[str, str], ...]
    held: Mapping[CedarRight, _Held]


class CedarRights:
    """``found``: every right with the statements that say it. ``sources``: by type and id of a group or role."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.found: dict[CedarRight, dict[str, None]] = {}
        self.denies: dict[CedarRight, ir.Deny] = {}
        self.eligible = eligible_roles(index)
        self._needs = sorted({need_of(each) for each in grants_needed(index)})
        self.sources: dict[tuple[str, str], tuple[CedarRight, ...]] = {}
        for group in index.policy_set.groups:
            self.sources[GROUP, group.name] = self._said(RightsSource("group", group.name))
        for role in index.policy_set.roles:
            self.sources[ROLE, role.name] = self._said(RightsSource("role", role.name))
        self.people = {name: self._person(name) for name in index.requesters}

    # --- what sources say ------------------------------------------------------------------------------------

    def _note(self, right: CedarRight, *at: str) -> CedarRight:
        self.found.setdefault(right, {}).update(dict.fromkeys(at))
        return right

    @cached_method
    def _said(self, source: RightsSource, overrides: tuple[ir.Limit, ...] = ()) -> tuple[CedarRight, ...]:
        return tuple(dict.fromkeys(self._statements(source, overrides)))

    def _statements(self, source: RightsSource, overrides: tuple[ir.Limit, ...]) -> Iterator[CedarRight]:
        for layer in layers(self.index, source):
            for each in granted_by(self.index, source, layer, overrides):
                right = self._grant(each)
                yield self._note(right, each.grant.at, *(self.index.instances[n].at for n in right.limits))
                for need in self._needs:
                    is_same = (need.resource, need.actions) == (right.resource, right.actions)
                    if is_same and self.index.reaches(source.place, need.condition):
                        yield self._note(need, each.grant.at)
            bundle = layer.chain[-1]
            for deny in bundle.denies:
                yield self._note(self._deny(deny), deny.at)
            if isinstance(bundle, ir.Role) and bundle.name in self.eligible:
                yield self._note(CedarRight(HOLDER, bundle.name), bundle.at)

    def _grant(self, each: Granted) -> CedarRight:
        resource, action, fields = each.grant.resource, each.action, grant_fields(self.index, each.grant)
        ordered = tuple(name for name in self.index.attributes[resource] if name in fields)
        some = "" if fields == self.index.plain[resource] else f" ({', '.join(ordered)})"
        limits = tuple(sorted({limit.instance for limit in each.limits}))
        limited = f" limited by {' and '.join(limits)}" if limits else ""
        return CedarRight(GRANT, f"{action} on {resource}{some}{limited}", resource, (action,), limits, ordered)

    def _deny(self, deny: ir.Deny) -> CedarRight:
        right = deny_right(self.index, deny)
        self.denies[right] = deny
        return right

    # --- people ----------------------------------------------------------------------------------------------

    def _person(self, name: str) -> UserEntity:
        inside: dict[tuple[str, str], None] = {}
        held: dict[CedarRight, dict[DayRange, frozenset[str] | None]] = {}
        declared = self.index.users.get(name)
        for holding in holdings(self.index, name, None):
            if holding.lost:
                continue
            source, given = holding.source, holding.assignment
            period = ALWAYS if given is None else _period(given)
            overrides = unplaced(declared.overrides) if declared and source.kind == "group" else ()
            said = self._said(source, overrides)
            whole = declared is not None or all(right.type != HOLDER for right in said)
            if source.place is None and period == ALWAYS and not overrides and whole:
                inside[source.kind.capitalize(), source.name] = None
                continue
            for right in said:
                if right.type == HOLDER and declared is None:
                    continue
                anywhere = right.type == HOLDER or (right.type == NEED and right.condition is None)
                place = None if anywhere else source.place
                if place is None and period == ALWAYS:
                    inside[right.type, right.id] = None
                elif place is None or right.type == NEED or self.index.resources[right.resource].place is not None:
                    places = held.setdefault(right, {})
                    before = places.get(period, frozenset())
                    places[period] = None if place is None or before is None else before | {place}
        for policy in declared.appends if declared else ():
            right = _append_right(self.index, policy.limit)
            inside[APPEND, self._note(right, policy.at).id] = None
        if declared is not None and declared.superuser:
            inside[TAG, SUPERUSER] = None
        return UserEntity(tuple(inside), held)


def _period(given: ir.Assignment) -> DayRange:
    since = _FIRST_DAY if given.start is None else day_number(datetime.date.fromisoformat(given.start))
    until = _LAST_DAY if given.until is None else day_number(datetime.date.fromisoformat(given.until))
    return DayRange(since, until)


def deny_right(index: Index, deny: ir.Deny) -> CedarRight:
    names = index.attributes[deny.resource]
    words = None if deny.condition is None else condition_in_words(deny.condition, names)
    fields = ir.in_brackets(deny.fields)
    where = "" if words is None else f" where {words}"
    id = f"{', '.join(deny.actions)} on {deny.resource}{fields}{where}"
    return CedarRight(DENY, id, deny.resource, deny.actions, (), deny.fields, words)


def _append_right(index: Index, limit: ir.Limit) -> CedarRight:
    actions = "" if limit.actions is None else f" for {', '.join(limit.actions)}"
    resource = index.instances[limit.instance].resource
    return CedarRight(APPEND, f"{limit.instance}{actions}", resource, limit.actions, (limit.instance,))


def need_of(need: ir.RequiresGrant) -> CedarRight:
    where = "" if need.place_kind is None else f" at {need.place_kind}"
    id = f"{need.action} on {need.resource}{where}"
    return CedarRight(NEED, id, need.resource, (need.action,), condition=need.place_kind)
