"""The ways an action could be open: every grant of it in a source that the user has, or would have."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

import msgspec

from policylang.diagnostics import cut, listed
from policylang.explaining.tree import ExplainedLimit, ExplainedWay, Obstacle, Provenance, Tested
from policylang.explaining.values import condition_text, named, tested, truth_of
from policylang.ir import nodes as ir
from policylang.ir.nesting import name_of
from policylang.model.conditions import At
from policylang.runtime.access import dates_in_words, place_in_words
from policylang.runtime.grants import (
    Granted,
    Holding,
    appends_of,
    begun_or_ended,
    granted,
    holdings,
    limiting,
    overrides_of,
)
from policylang.runtime.index import Index
from policylang.runtime.parts import grant_fields, record_place
from policylang.runtime.sources import Bundle, RightsSource
from policylang.runtime.truth import Situation, Truth
from policylang.runtime.values import BadValueError

_MOST_NAMES = 8


def possible_sources(index: Index, user: str, now: datetime.datetime) -> list[Holding]:
    """The user's sources, active ones first; of two that are alike the active one, or the first."""
    unique: dict[RightsSource, Holding] = {}
    for each in sorted(holdings(index, user, now), key=lambda each: not each.active):
        unique.setdefault(each.source, each)
    return list(unique.values())


def _given(index: Index, user: str, each: Holding) -> Provenance:
    name, who = named(each.source.name), cut(user)
    match each.by:
        case "integration":
            text = f"integration {named(user)}"
            if each.assignment is not None:
                text += f" {dates_in_words(each.assignment)}"
        case "group":
            text = f"{who} is in group {name}"
        case "job":
            job = index.users[user].job
            assert job is not None
            text = f"{who} has job {named(job.name)}, which brings role {name}"
        case "assignment":
            assert each.assignment is not None
            dates = dates_in_words(each.assignment)
            where = where_in_words(index, each.source.place)
            text = f"role {name} is assigned to {who} {where}{f' {dates}' if dates else ''}"
            if index.roles[each.source.name].owner is not None:
                text = f"what the block of {who} says holds for {who} alone, everywhere"
    return Provenance(each.by, text, each.at[0])


def why_inactive(user: str, each: Holding) -> str | None:
    """Why somebody does not have what is held; ``None`` where they have it."""
    if each.lost and each.by == "group":
        return f"{cut(user)} is terminated, and a terminated user is in no group"
    if each.lost:
        return f"{cut(user)} is terminated, and {each.source.in_words} is not essential"
    if each.assignment is None or each.due is None:
        return None
    what = "integration" if each.by == "integration" else "assignment"
    return f"the {what} {begun_or_ended(each.assignment, each.due)}"


def where_in_words(index: Index, place: str | None) -> str:
    """``at site "HQ"``, or ``everywhere``."""
    return "everywhere" if place is None else f"at {cut(place_in_words(index, place))}"


# --- limits --------------------------------------------------------------------------------------------------


class Attached(msgspec.Struct, frozen=True):
    """A policy instance, who says it, and where it is attached."""

    instance: ir.PolicyInstance
    said_by: str
    at: At


def _attached(s: Situation, each: Granted) -> tuple[Attached, ...]:
    """The policies that limit a grant, each once."""
    unique: dict[str, Attached] = {}
    for limit in each.limits:
        who = f"an override of {cut(s.user)}"
        if not each.overridden:
            who = bundle_in_words(next(bundle for bundle in each.chain if limit in bundle.limits))
        unique.setdefault(limit.instance, Attached(s.index.instances[limit.instance], who, limit.at))
    return tuple(unique.values())


def attached_appends(s: Situation, action: str) -> tuple[Attached, ...]:
    """The policies that the user appends for the action."""
    return tuple(
        Attached(s.index.instances[limit.instance], f"an append of {cut(s.user)}", limit.at)
        for limit in limiting(s.index, appends_of(s.index, s.user), s.resource, action)
    )


def bundle_in_words(bundle: Bundle) -> str:
    return ir.bundle_in_words(*name_of(bundle))


class Tester:
    """The limits of one situation, each evaluated once: many roles share a policy."""

    def __init__(self, s: Situation) -> None:
        self.s = s
        self._known: dict[str, tuple[Truth, tuple[Tested, ...], int, str]] = {}

    def limit(self, each: Attached) -> ExplainedLimit:
        """The policy with what it says of the situation."""
        instance = each.instance
        if instance.id not in self._known:
            found = truth_of(instance.condition, self.s)
            tests, more = ((), 0) if found else tested(instance.condition, self.s)
            self._known[instance.id] = (found, tests, more, condition_text(instance.condition, self.s))
        found, tests, more, words = self._known[instance.id]
        return ExplainedLimit(
            instance.policy, cut(instance.id), words, each.said_by, found, tests, more, instance.at, each.at
        )


# --- ways ----------------------------------------------------------------------------------------------------


class Grounds(msgspec.Struct, frozen=True):
    """What a way stands on, for those who look for changes: the way's own parts before they are put into words."""

    holding: Holding
    granted: Granted
    limits: tuple[Attached, ...]

    @property
    def source(self) -> RightsSource:
        return self.holding.source


def place_of(s: Situation) -> str | None:
    """Where the record lives, and ``None`` for a place that there is not."""
    try:
        return record_place(s)
    except BadValueError:
        return None


def grounds(s: Situation, action: str, wanted: Callable[[RightsSource], bool] | None = None) -> Iterator[Grounds]:
    """Every grant of the action in every source; in those that are wanted only, if given."""
    overrides = overrides_of(s.index, s.user)
    for holding in possible_sources(s.index, s.user, s.now):
        if wanted is None or wanted(holding.source):
            for each in granted(s.index, holding.source, overrides, (s.resource, action)):
                yield Grounds(holding, each, _attached(s, each))


def ways(s: Situation, action: str, asked: tuple[str, ...]) -> Iterator[ExplainedWay]:
    """The ways, the likeliest first. Raises `BadValueError` where the record's place is none."""
    tester, place = Tester(s), record_place(s)
    found = [_way(tester, place, each, asked) for each in grounds(s, action)]
    return iter(sorted(found, key=_rank))


def _rank(way: ExplainedWay) -> tuple[int, bool]:
    """In covering places first; then what is not active, what holds elsewhere, what holds who knows where."""
    kinds = {obstacle.kind: obstacle for obstacle in way.obstacles}
    if "inactive" in kinds:
        return 1, False
    if "place" in kinds:
        return (3 if kinds["place"].truth is None else 2), False
    return 0, not way.open


def _way(tester: Tester, place: str | None, each: Grounds, asked: tuple[str, ...]) -> ExplainedWay:
    s, source, grant = tester.s, each.source, each.granted.grant
    given, inactive = _given(s.index, s.user, each.holding), why_inactive(s.user, each.holding)
    limits = [tester.limit(limit) for limit in each.limits]
    obstacles: list[Obstacle] = []
    if inactive is not None:
        obstacles.append(Obstacle("inactive", inactive, False, (), 0, given.at))
    if not s.index.covers(source.place, place):
        obstacles.append(_elsewhere(s, source, place, given.at))
    obstacles += [_limit_obstacle(limit) for limit in limits if limit.truth is not True]
    is_open = not obstacles
    covered = grant_fields(s.index, grant)
    obstacles += _field_obstacles(s, grant, [name for name in asked if name not in covered])
    return ExplainedWay(
        source=source.in_words + (f" {where_in_words(s.index, source.place)}" if source.place is not None else ""),
        chain=tuple(bundle_in_words(bundle) for bundle in each.granted.chain),
        given=given,
        fields=tuple(name for name in s.index.attributes[s.resource] if name in covered),
        open=is_open,
        obstacles=tuple(obstacles),
        held=tuple(limit for limit in limits if limit.truth is True),
        overridden=each.granted.overridden,
        because=None if grant.because is None else cut(grant.because, 200),
        at=grant.at,
    )


def _elsewhere(s: Situation, source: RightsSource, place: str | None, at: At) -> Obstacle:
    here = where_in_words(s.index, source.place)
    name = s.index.resources[s.resource].place
    if place is not None:
        there = where_in_words(s.index, place)
        return Obstacle("place", f"the role applies {here}, but this {s.resource} is {there}", False, (), 0, at)
    if name is None:
        return Obstacle("place", f"the role applies only {here}, but {s.resource} has no places", False, (), 0, at)
    text = f"the role applies {here}, but where this {s.resource} is remains unknown because `{name}` is missing"
    return Obstacle("place", text, None, (), 0, at)


def _limit_obstacle(limit: ExplainedLimit) -> Obstacle:
    state = "is false" if limit.truth is False else "is unknown"
    return Obstacle(
        "limit",
        f"{limit_in_words(limit)} {state}{condition_unless_tested(limit)}",
        limit.truth,
        limit.tests,
        limit.more,
        limit.at,
    )


def limit_in_words(limit: ExplainedLimit) -> str:
    of_bundle = limit.said_by.startswith(("role ", "group ", "the block "))
    said_by = f" of {limit.said_by}" if of_bundle else f", {limit.said_by},"
    return f"policy {named(limit.instance)}{said_by}"


def condition_unless_tested(limit: ExplainedLimit) -> str:
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
        yield Obstacle("field", f"the grant excludes {_names(left_out)}", False, (), 0, grant.at)


def _names(names: list[str]) -> str:
    shown = [named(name) for name in names[:_MOST_NAMES]]
    return (
        listed(shown, "and") if len(shown) == len(names) else f"{', '.join(shown)} and {len(names) - len(shown)} more"
    )
