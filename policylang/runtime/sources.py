"""Where a user's rights come from: the group, and every role given directly or by the job."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.nesting import Bundle as Bundle
from policylang.ir.nesting import Limiting, Name, least_limiting, name_of
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.index import Index, Layer


class RightsSource(msgspec.Struct, frozen=True, gc=False):
    """A group or role that a user has, and where it holds: at a place and below, or (``None``) everywhere."""

    kind: Literal["group", "role"]
    name: str
    place: str | None = None

    @property
    def bundle_name(self) -> Name:
        """Which group or role it is."""
        return (self.kind, self.name)

    @property
    def in_words(self) -> str:
        """Without the place."""
        return ir.bundle_in_words(self.kind, self.name)


def sources(index: Index, user: str, now: datetime.datetime | None) -> Iterator[RightsSource]:
    """A user's sources that are active at ``now``, wherever they hold; at any time if there is no ``now``.

    A terminated user has only essential roles, and no group. An integration has its roles, everywhere, on the days
    from its first to its last.
    """
    integration = index.integrations.get(user)
    for each in integration.assignments if integration is not None else ():
        if now is None or is_active(index, each, now):
            yield RightsSource("role", each.role)
    declared = index.users.get(user)
    if declared is None:
        return
    if declared.group is not None and not declared.terminated:
        yield RightsSource("group", declared.group.name)
    given = [RightsSource("role", ref.name) for ref in index.jobs[declared.job.name].roles] if declared.job else []
    for each in declared.assignments:
        if now is None or is_active(index, each, now):
            given.append(RightsSource("role", each.role, each.place))
    yield from (source for source in given if not declared.terminated or index.roles[source.name].essential)


def is_active(index: Index, assignment: ir.Assignment, now: datetime.datetime) -> bool:
    """From the start of its first day to the end of its last, in the policy set's timezone; where it says a time, from
    that on, and up to, not including, that.
    """
    if assignment.start_time is not None or assignment.until_time is not None:
        begin, end = begin_of(assignment, index.timezone), end_of(assignment, index.timezone)
        return (begin is None or begin <= now) and (end is None or now < end)
    today = now.astimezone(index.timezone).date().isoformat()
    return (assignment.start is None or assignment.start <= today) and (
        assignment.until is None or today <= assignment.until
    )


def inside(index: Index, source: RightsSource) -> Iterator[Bundle]:
    """The source itself and every role inside it to any depth, each once, the nearest first."""
    waiting = [index.bundle(source.bundle_name)]
    seen = {name_of(waiting[0])}
    for bundle in waiting:
        yield bundle
        for ref in bundle.roles:
            if ("role", ref.name) not in seen:
                seen.add(("role", ref.name))
                waiting.append(index.roles[ref.name])


def chains(index: Index, source: RightsSource) -> tuple[tuple[Bundle, ...], ...]:
    """The source itself and every role inside it to any depth, each with what is around it, outermost first.

    A role that lies inside in several ways comes once for each set of limiting bundles around it, and not for a set
    that contains another one: what it says is open wherever it would be with fewer limits. So roles in roles in roles
    do not multiply where their limits do not; where they do, the compiler refuses them (see `policylang.ir.nesting`).
    """
    name = source.bundle_name
    if name not in index.chains:
        index.chains[name] = tuple(_chains(index, index.bundle(name)))
    return index.chains[name]


def _chains(index: Index, outer: Bundle) -> Sequence[tuple[Bundle, ...]]:
    found: list[tuple[Bundle, ...]] = [(outer,)]
    seen = {name_of(outer)}
    for chain in found:
        for ref in chain[-1].roles:
            if ("role", ref.name) in seen:
                return list(_least_limited(index, outer))
            seen.add(("role", ref.name))
            found.append((*chain, index.roles[ref.name]))
    return found


def _least_limited(index: Index, outer: Bundle) -> Iterator[tuple[Bundle, ...]]:
    """The chains where some role lies inside in several ways."""
    least = least_limiting(outer, index.roles)
    waiting: list[tuple[Bundle, ...]] = [(outer,)]
    seen: set[tuple[Name, Limiting]] = set()
    for chain in waiting:
        name, limiting = name_of(chain[-1]), frozenset(name_of(bundle) for bundle in chain if bundle.limits)
        if limiting in least[name] and (name, limiting) not in seen:
            seen.add((name, limiting))
            yield chain
            waiting += [(*chain, index.roles[ref.name]) for ref in chain[-1].roles]


def layers(index: Index, source: RightsSource) -> tuple[Layer, ...]:
    """The `chains`, each with what its last bundle says and the policies that this stands under."""
    name = source.bundle_name
    if name not in index.layers:
        index.layers[name] = tuple(_layers(index, chains(index, source)))
    return index.layers[name]


def _layers(index: Index, chains: Sequence[tuple[Bundle, ...]]) -> Sequence[Layer]:
    found: list[Layer] = []
    around = 0
    for chain in chains:
        outer: Mapping[str, tuple[ir.Limit, ...]] = {}
        if found:
            while found[around].chain != chain[:-1]:  # those around come in the order of those inside
                around += 1
            outer = found[around].limits
        found.append(Layer(chain, index.said(chain[-1]), _with_limits(index, outer, chain[-1])))
    return found


def _with_limits(
    index: Index, around: Mapping[str, tuple[ir.Limit, ...]], bundle: Bundle
) -> Mapping[str, tuple[ir.Limit, ...]]:
    if not bundle.limits:
        return around
    found = dict(around)
    for limit in bundle.limits:
        resource = index.instances[limit.instance].resource
        found[resource] = (*found.get(resource, ()), limit)
    return found


def has_role(index: Index, user: str, role: str, now: datetime.datetime) -> bool:
    """Whether the user has the role at ``now`` from any source, wherever it holds."""
    return any(
        isinstance(bundle, ir.Role) and bundle.name == role
        for source in sources(index, user, now)
        for bundle in inside(index, source)
    )
