"""What somebody is granted: every grant with its source, what limits it, where and when it holds, and why not now.

The definition's sources, grants and limits once more, for all that has to know how an answer comes about: plans,
explanations, coverage, rules and targets. The reference says the same by itself; the tests hold one against the other.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from policylang.ir import nodes as ir
from policylang.model.conditions import At
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.index import Index, Layer, Permission
from policylang.runtime.sources import Bundle, RightsSource, layers


class Holding(msgspec.Struct, frozen=True, gc=False):
    """A group or role that a declaration gives to somebody.

    ``at``: the statements that give it, the holder's own first. ``lost``: the holder is terminated, and does not keep
    it. ``due``: it is assigned for another time.
    """

    source: RightsSource
    by: Literal["integration", "group", "job", "assignment"]
    at: tuple[At, ...]
    lost: bool = False
    assignment: ir.Assignment | None = None
    due: Literal["not begun", "ended"] | None = None

    @property
    def active(self) -> bool:
        """Whether the holder has it at the instant that was asked about."""
        return not self.lost and self.due is None

    @property
    def lapses(self) -> bool:
        """Whether the holder does not have it at some time."""
        given = self.assignment
        return self.lost or (given is not None and (given.start is not None or given.until is not None))


def holdings(index: Index, holder: str, now: datetime.datetime | None) -> Iterator[Holding]:
    """What the declarations give to a user or an integration, at ``now`` or not; without it no date counts."""
    integration = index.integrations.get(holder)
    for each in integration.assignments if integration is not None else ():
        dated = None if each.start is None and each.until is None else each
        source = RightsSource("role", each.role)
        yield Holding(source, "integration", (each.at,), False, dated, _due(index, each, now))
    user = index.users.get(holder)
    if user is None:
        return
    if user.group is not None:
        yield Holding(RightsSource("group", user.group.name), "group", (user.group.at,), user.terminated)
    if user.job is not None:
        for role in index.jobs[user.job.name].roles:
            lost = user.terminated and not index.roles[role.name].essential
            yield Holding(RightsSource("role", role.name), "job", (user.job.at, role.at), lost)
    for each in user.assignments:
        lost = user.terminated and not index.roles[each.role].essential
        yield Holding(
            RightsSource("role", each.role, each.place), "assignment", (each.at,), lost, each, _due(index, each, now)
        )


def _due(index: Index, each: ir.Assignment, now: datetime.datetime | None) -> Literal["not begun", "ended"] | None:
    if now is None:
        return None
    if each.start_time is not None or each.until_time is not None:
        begin, end = begin_of(each, index.timezone), end_of(each, index.timezone)
        if begin is not None and now < begin:
            return "not begun"
        return "ended" if end is not None and end <= now else None
    today = now.astimezone(index.timezone).date().isoformat()
    if each.start is not None and today < each.start:
        return "not begun"
    return "ended" if each.until is not None and each.until < today else None


def begun_or_ended(assignment: ir.Assignment, due: Literal["not begun", "ended"] | None) -> str:
    """Why an assignment is not active: ``begins on 2026-01-05``, ``ended at 2026-01-06 02:00``."""
    early = due == "not begun"
    timed = assignment.start_time if early else assignment.until_time
    moment = assignment.begins if early else assignment.ends
    return f"{'begins' if early else 'ended'} {'on' if timed is None else 'at'} {moment}"


class Profile(msgspec.Struct, frozen=True, gc=False):
    """What two users must have in common for every request of theirs to be decided alike, but for who they are.

    ``appends`` and ``overrides`` are without their places, which are different ones for each user.
    """

    sources: tuple[RightsSource, ...]
    appends: tuple[ir.Limit, ...] = ()
    overrides: tuple[ir.Limit, ...] = ()
    superuser: bool = False


def profile(index: Index, holder: str, now: datetime.datetime | None) -> Profile:
    """The profile of a user or an integration at an aware instant, or with everything assigned at any time."""
    found = tuple(dict.fromkeys(each.source for each in holdings(index, holder, now) if each.active))
    user = index.users.get(holder)
    if user is None:
        return Profile(found)
    return Profile(found, unplaced(user.appends), unplaced(user.overrides), user.superuser)


def unplaced(policies: Iterable[ir.UserPolicy]) -> tuple[ir.Limit, ...]:
    """The policies of a user, each once, wherever they are written."""
    return tuple(dict.fromkeys(ir.Limit(each.limit.instance, each.limit.actions, "") for each in policies))


def appends_of(index: Index, holder: str) -> tuple[ir.Limit, ...]:
    """The policies that a user appends, each at its statement."""
    user = index.users.get(holder)
    return () if user is None else _by_statement(user.appends)


def overrides_of(index: Index, holder: str) -> tuple[ir.Limit, ...]:
    """The policies that a user overrides with, each at its statement."""
    user = index.users.get(holder)
    return () if user is None else _by_statement(user.overrides)


def _by_statement(policies: Iterable[ir.UserPolicy]) -> tuple[ir.Limit, ...]:
    return tuple(ir.Limit(each.limit.instance, each.limit.actions, each.at) for each in policies)


class Granted(msgspec.Struct, frozen=True, gc=False):
    """An action that a grant gives to whoever has the source.

    ``chain``: what is around the grant in the source, outermost first; the last says it. ``limits``: the policies that
    must be true, each where it is attached; none for an action that bypasses policies. ``overridden``: they are the
    holder's own, in place of all that the group says.
    """

    source: RightsSource
    chain: tuple[Bundle, ...]
    grant: ir.Grant
    action: str
    limits: tuple[ir.Limit, ...]
    overridden: bool


def granted(
    index: Index,
    source: RightsSource,
    overrides: Sequence[ir.Limit] = (),
    wanted: Permission | None = None,
) -> Iterator[Granted]:
    """What a source grants to somebody with these overriding policies; ``wanted``: of that permission alone."""
    for layer in layers(index, source):
        if wanted is None or wanted in layer.said.grants:
            yield from granted_by(index, source, layer, overrides, wanted)


def granted_by(
    index: Index,
    source: RightsSource,
    layer: Layer,
    overrides: Sequence[ir.Limit] = (),
    wanted: Permission | None = None,
) -> Iterator[Granted]:
    """As `granted`, what one layer of the source says."""
    said = layer.chain[-1].grants if wanted is None else layer.said.grants.get(wanted, ())
    for grant in said:
        resource = grant.resource
        instead = _instead(index, source, overrides, resource) if overrides else ()
        limits = instead or layer.limits.get(resource, ())
        for action in grant.actions if wanted is None else wanted[1:]:
            bypasses = index.actions[resource][action].bypasses_policies
            mine = () if bypasses or not limits else tuple([limit for limit in limits if limit.applies(action)])
            yield Granted(source, layer.chain, grant, action, mine, bool(instead))


def standing_limits(
    index: Index, source: RightsSource, chain: tuple[Bundle, ...], overrides: Sequence[ir.Limit], resource: str
) -> tuple[Sequence[ir.Limit], bool]:
    """The policies on a resource that limit what the last bundle of a chain in the source grants, for some action; and
    whether they are overriding ones, which stand in place of all that a group and the roles inside it say.
    """
    instead = _instead(index, source, overrides, resource)
    if instead:
        return instead, True
    return [limit for bundle in chain for limit in bundle.limits if limit_is_on(index, limit, resource)], False


def _instead(index: Index, source: RightsSource, overrides: Sequence[ir.Limit], resource: str) -> Sequence[ir.Limit]:
    return [limit for limit in overrides if limit_is_on(index, limit, resource)] if source.kind == "group" else ()


def limit_is_on(index: Index, limit: ir.Limit, resource: str) -> bool:
    """Whether the policy is about the resource."""
    return index.instances[limit.instance].resource == resource


def limiting(index: Index, limits: Iterable[ir.Limit], resource: str, action: str) -> tuple[ir.Limit, ...]:
    """Those of the attached policies that must be true for the action; none if it bypasses policies."""
    if index.actions[resource][action].bypasses_policies:
        return ()
    return tuple(limit for limit in limits if limit.applies(action) and limit_is_on(index, limit, resource))


def instances(index: Index, limits: Iterable[ir.Limit]) -> tuple[ir.PolicyInstance, ...]:
    """The policies that are attached, each once."""
    return tuple([index.instances[name] for name in dict.fromkeys([limit.instance for limit in limits])])
