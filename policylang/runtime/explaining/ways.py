"""The ways an action could be open: every grant of it in a source that the user has, or would have."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

import msgspec

from policylang.diagnostics import listed
from policylang.ir import nodes as ir
from policylang.model.conditions import At
from policylang.runtime.access import dates_in_words, place_in_words
from policylang.runtime.explaining.tree import Given, Limit, Obstacle, Tested, Way
from policylang.runtime.explaining.values import condition_text, cut, named, tested, truth_of
from policylang.runtime.index import Index
from policylang.runtime.parts import grant_fields, written
from policylang.runtime.sources import Bundle, Source, chains, is_active
from policylang.runtime.truth import Situation, Truth
from policylang.runtime.values import MISSING, BadValueError

_MOST_NAMES = 8


class Possible(msgspec.Struct, frozen=True):
    """A source of the user's declarations. ``inactive``: why the user does not have it at the moment.

    ``assignment`` is what would have to be extended, if that is all.
    """

    source: Source
    given: Given
    inactive: str | None = None
    assignment: ir.Assignment | None = None


def possible_sources(index: Index, user: str, now: datetime.datetime) -> list[Possible]:
    """The user's sources, active ones first; of two that are alike the active one, or the first."""
    found = sorted(_declared_sources(index, user, now), key=lambda each: each.inactive is not None)
    unique: dict[Source, Possible] = {}
    for each in found:
        unique.setdefault(each.source, each)
    return list(unique.values())


def _declared_sources(index: Index, user: str, now: datetime.datetime) -> Iterator[Possible]:
    integration = index.integrations.get(user)
    if integration is not None and integration.role is not None:
        ref = integration.role
        yield Possible(Source("role", ref.name, None), Given("integration", f"integration {named(user)}", ref.at))
    declared = index.users.get(user)
    if declared is None:
        return
    who = cut(user)
    if declared.group is not None:
        group = declared.group
        lost = f"{who} is terminated, and a terminated user is in no group" if declared.terminated else None
        given = Given("group", f"{who} is in group {named(group.name)}", group.at)
        yield Possible(Source("group", group.name, None), given, lost)
    if declared.job is not None:
        job = declared.job
        for role in index.jobs[job.name].roles:
            given = Given("job", f"{who} has job {named(job.name)}, which brings role {named(role.name)}", job.at)
            yield Possible(Source("role", role.name, None), given, _lost(index, declared, role.name))
    for each in declared.assignments:
        dates = dates_in_words(each)
        text = f"role {named(each.role)} is assigned to {who} {where_in_words(index, each.place)}"
        given = Given("assignment", f"{text}{f' {dates}' if dates else ''}", each.at)
        lost = _lost(index, declared, each.role)
        due = None if is_active(index, each, now) else each
        if lost is None and due is not None:
            yield Possible(Source("role", each.role, each.place), given, _why_not_active(index, each, now), due)
        else:
            yield Possible(Source("role", each.role, each.place), given, lost, due)


def _lost(index: Index, user: ir.User, role: str) -> str | None:
    if not user.terminated or index.roles[role].essential:
        return None
    return f"{cut(user.id)} is terminated, and role {named(role)} is not essential"


def _why_not_active(index: Index, each: ir.Assignment, now: datetime.datetime) -> str:
    today = now.astimezone(index.timezone).date().isoformat()
    if each.start is not None and today < each.start:
        return f"the assignment begins on {each.start}"
    return f"the assignment ended on {each.until}"


def where_in_words(index: Index, place: str | None) -> str:
    """``at site "HQ"``, or ``everywhere``."""
    return "everywhere" if place is None else f"at {cut(place_in_words(index, place))}"


# --- limits --------------------------------------------------------------------------------------------------


class Attached(msgspec.Struct, frozen=True):
    """A policy instance, who says it, and where it is attached."""

    instance: ir.PolicyInstance
    said_by: str
    at: At


def overrides(s: Situation) -> tuple[ir.UserPolicy, ...]:
    """The user's overriding policies on the resource."""
    user = s.index.users.get(s.user)
    return tuple(each for each in (user.overrides if user else ()) if _is_on(s, each.limit))


def attached(s: Situation, source: Source, chain: tuple[Bundle, ...], action: str) -> tuple[Attached, ...]:
    """What `reference.limits` looks at, each policy once, with where it comes from."""
    mine = overrides(s) if source.kind == "group" else ()
    if mine:
        who = f"an override of {cut(s.user)}"
        found = [
            Attached(s.index.instances[each.limit.instance], who, each.at)
            for each in mine
            if each.limit.applies(action)
        ]
    else:
        found = [
            Attached(s.index.instances[limit.instance], bundle_in_words(bundle), limit.at)
            for bundle in chain
            for limit in bundle.limits
            if _is_on(s, limit) and limit.applies(action)
        ]
    return tuple({each.instance.id: each for each in reversed(found)}.values())[::-1]


def appended(s: Situation, action: str) -> tuple[tuple[Attached, ir.UserPolicy], ...]:
    """What `reference.appends` looks at."""
    user = s.index.users.get(s.user)
    return tuple(
        (Attached(s.index.instances[each.limit.instance], f"an append of {cut(s.user)}", each.at), each)
        for each in (user.appends if user else ())
        if _is_on(s, each.limit) and each.limit.applies(action)
    )


def _is_on(s: Situation, limit: ir.Limit) -> bool:
    return s.index.instances[limit.instance].resource == s.resource


def bundle_in_words(bundle: Bundle) -> str:
    return f"{'role' if isinstance(bundle, ir.Role) else 'group'} {named(bundle.name)}"


class Tester:
    """The limits of one situation, each evaluated once: many roles share a policy."""

    def __init__(self, s: Situation) -> None:
        self.s = s
        self._known: dict[str, tuple[Truth, tuple[Tested, ...], int, str]] = {}

    def limit(self, each: Attached) -> Limit:
        """The policy with what it says of the situation."""
        instance = each.instance
        if instance.id not in self._known:
            found = truth_of(instance.condition, self.s)
            tests, more = ((), 0) if found else tested(instance.condition, self.s)
            self._known[instance.id] = (found, tests, more, condition_text(instance.condition))
        found, tests, more, words = self._known[instance.id]
        return Limit(instance.policy, cut(instance.id), words, each.said_by, found, tests, more, instance.at, each.at)


# --- ways ----------------------------------------------------------------------------------------------------


class Grounds(msgspec.Struct, frozen=True):
    """What a way stands on, for those who look for changes: the way's own parts before they are put into words."""

    possible: Possible
    chain: tuple[Bundle, ...]
    grant: ir.Grant
    limits: tuple[Attached, ...]


def record_place(s: Situation) -> str | None:
    """Where the record lives. Raises `BadValueError` for a place that there is not."""
    name = s.index.resources[s.resource].place
    found = MISSING if name is None else written(s, name)
    return None if found is MISSING else str(found)


def place_of(s: Situation) -> str | None:
    """As `record_place`, and ``None`` for a place that there is not."""
    try:
        return record_place(s)
    except BadValueError:
        return None


def grounds(s: Situation, action: str, wanted: Callable[[Source], bool] | None = None) -> Iterator[Grounds]:
    """Every grant of the action in every source; in those that are wanted only, if given."""
    bypasses = s.index.actions[s.resource][action].bypasses_policies
    for possible in possible_sources(s.index, s.user, s.now):
        if wanted is not None and not wanted(possible.source):
            continue
        for chain in chains(s.index, possible.source):
            for grant in chain[-1].grants:
                if grant.resource == s.resource and action in grant.actions:
                    yield Grounds(
                        possible, chain, grant, () if bypasses else attached(s, possible.source, chain, action)
                    )


def ways(s: Situation, action: str, asked: tuple[str, ...]) -> Iterator[Way]:
    """The ways, the likeliest first. Raises `BadValueError` where the record's place is none."""
    tester, place = Tester(s), record_place(s)
    found = [_way(tester, place, each, asked) for each in grounds(s, action)]
    return iter(sorted(found, key=_rank))


def _rank(way: Way) -> tuple[int, bool]:
    """In covering places first; then what is not active, what holds elsewhere, what holds who knows where."""
    kinds = {obstacle.kind: obstacle for obstacle in way.obstacles}
    if "inactive" in kinds:
        return 1, False
    if "place" in kinds:
        return (3 if kinds["place"].truth is None else 2), False
    return 0, not way.open


def _way(tester: Tester, place: str | None, each: Grounds, asked: tuple[str, ...]) -> Way:
    s, source = tester.s, each.possible.source
    limits = [tester.limit(limit) for limit in each.limits]
    obstacles: list[Obstacle] = []
    if each.possible.inactive is not None:
        obstacles.append(Obstacle("inactive", each.possible.inactive, False, (), 0, each.possible.given.at))
    if not s.index.covers(source.place, place):
        obstacles.append(_elsewhere(s, source, place, each.possible.given.at))
    obstacles += [_limit_obstacle(limit) for limit in limits if limit.truth is not True]
    is_open = not obstacles
    covered = grant_fields(s.index, each.grant)
    obstacles += _field_obstacles(s, each.grant, [name for name in asked if name not in covered])
    return Way(
        source=f"{source.kind} {named(source.name)}"
        + (f" {where_in_words(s.index, source.place)}" if source.place is not None else ""),
        chain=tuple(bundle_in_words(bundle) for bundle in each.chain),
        given=each.possible.given,
        fields=tuple(name for name in s.index.attributes[s.resource] if name in covered),
        open=is_open,
        obstacles=tuple(obstacles),
        held=tuple(limit for limit in limits if limit.truth is True),
        overridden=source.kind == "group" and bool(overrides(s)),
        because=None if each.grant.because is None else cut(each.grant.because, 200),
        at=each.grant.at,
    )


def _elsewhere(s: Situation, source: Source, place: str | None, at: At) -> Obstacle:
    here = where_in_words(s.index, source.place)
    name = s.index.resources[s.resource].place
    if place is not None:
        there = where_in_words(s.index, place)
        return Obstacle("place", f"the role holds {here}, and this {s.resource} is {there}", False, (), 0, at)
    if name is None:
        return Obstacle("place", f"the role holds {here} only, and {s.resource} has no places", False, (), 0, at)
    text = f"the role holds {here}, and where this {s.resource} is remains unknown because `{name}` is missing"
    return Obstacle("place", text, None, (), 0, at)


def _limit_obstacle(limit: Limit) -> Obstacle:
    state = "is false" if limit.truth is False else "is unknown"
    return Obstacle(
        "limit",
        f"{limit_in_words(limit)} {state}{condition_unless_tested(limit)}",
        limit.truth,
        limit.tests,
        limit.more,
        limit.at,
    )


def limit_in_words(limit: Limit) -> str:
    said_by = f" of {limit.said_by}" if limit.said_by.startswith(("role ", "group ")) else f", {limit.said_by},"
    return f"policy {named(limit.instance)}{said_by}"


def condition_unless_tested(limit: Limit) -> str:
    """The condition, where it is more than the one test that decides it."""
    if len(limit.tests) == 1 and limit.tests[0].text.startswith(f"`{limit.condition}` is "):
        return ""
    return f": `{limit.condition}`"


def _field_obstacles(s: Situation, grant: ir.Grant, lacking: list[str]) -> Iterator[Obstacle]:
    declared = s.index.attributes[s.resource]
    sensitive = [name for name in lacking if declared[name].sensitive]
    left_out = [name for name in lacking if not declared[name].sensitive]
    if sensitive:
        text = f"{_names(sensitive)} {'is' if len(sensitive) == 1 else 'are'} sensitive, and the grant does not name "
        text += "it" if len(sensitive) == 1 else "them"
        yield Obstacle("field", text, False, (), 0, grant.at)
    if left_out:
        yield Obstacle("field", f"the grant leaves {_names(left_out)} out", False, (), 0, grant.at)


def _names(names: list[str]) -> str:
    shown = [named(name) for name in names[:_MOST_NAMES]]
    return (
        listed(shown, "and") if len(shown) == len(names) else f"{', '.join(shown)} and {len(names) - len(shown)} more"
    )
