"""Separations against what users hold at every place and time, one by one."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from policylang.check.engine import run_checks
from policylang.check.finding import Finding
from policylang.ir import nodes as ir
from policylang.model.types import PlaceType
from policylang.runtime.clock import begin_of
from policylang.runtime.index import Index
from policylang.runtime.sources import RightsSource, inside, sources
from policylang.source import Location
from tests.generated import Case, Features, cases
from tests.helpers import compiled

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
ACTIONS = ("create", "approve", "pay")
HEAD = """\
scope region contains site
place region "North"
place site "HQ" in "North"
place site "Pier" in "North"
resource invoice { site : site  actions create, approve, pay }
role denies_approve { deny approve on invoice }
"""
PLACES = {"": {"", "North", "HQ", "Pier"}, "North": {"North", "HQ", "Pier"}, "HQ": {"HQ"}, "Pier": {"Pier"}}
AT = {"": "", "North": ' at region "North"', "HQ": ' at site "HQ"', "Pier": ' at site "Pier"'}
TIMES = {"": (0, 1), " until 2026-06-30": (0,), " from 2026-07-01": (1,)}

ROLES = st.sampled_from([*ACTIONS, *ACTIONS, "denies_approve"])
ASSIGNMENTS = st.lists(st.tuples(ROLES, st.sampled_from(list(PLACES)), st.sampled_from(list(TIMES))), max_size=6)


def held(given_: list[tuple[str, str, str]], place: str, time: int) -> set[str]:
    """The actions that a user may do to a record at a place, at a time."""
    roles = {role for role, where, when in given_ if place in PLACES[where] and time in TIMES[when]}
    return roles - ({"approve", "denies_approve"} if "denies_approve" in roles else set())


@given(st.lists(ASSIGNMENTS, min_size=1, max_size=8), st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_those_who_hold_too_many_at_one_place_and_time_are_found(people: list, most: int) -> None:
    lines = [HEAD, *(f"role {action} {{ grant {action} on invoice }}\n" for action in ACTIONS)]
    lines.append(f"separate at most {most} of {{ {'  '.join(f'{action} on invoice' for action in ACTIONS)} }}\n")
    for n, given_ in enumerate(people):
        assigned = "".join(f"  assign role {role}{AT[place]}{time}\n" for role, place, time in given_)
        lines.append(f'user "u{n}" {{\n{assigned}}}\n')
    findings = run_checks(compiled("".join(lines)), NOW, ["PL211"])
    assert {user for finding in findings for user in finding.users} == {
        f"u{n}"
        for n, given_ in enumerate(people)
        if any(len(held(given_, place, time)) > most for place in PLACES for time in (0, 1))
    }


# --- of any policy set ---------------------------------------------------------------------------------------

Pair = tuple[str, str]

# Without shrinking: it takes minutes, and the case that is printed says enough.
SETTINGS = settings(
    deadline=None,
    max_examples=settings.default.max_examples // 2,  # type: ignore[union-attr]
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def together(index: Index, found: Iterable[RightsSource]) -> set[Pair]:
    """What sources grant and none of their denies, nor one for everyone, takes away whole. Those at a place say nothing
    of resources whose records cannot be there.
    """
    bundles = [(source, bundle) for source in found for bundle in inside(index, source)]
    said = [(source, each) for source, bundle in bundles for each in bundle.grants if reaches(index, source, each)]
    granted = {(each.resource, action) for _, each in said for action in each.actions}
    denies = [deny for source, bundle in bundles for deny in bundle.denies if reaches(index, source, deny)]
    whole = [each for each in (*index.denies, *denies) if each.condition is None and each.fields is None]
    return granted - {(each.resource, action) for each in whole for action in each.actions}


def reaches(index: Index, source: RightsSource, said: ir.Grant | ir.Deny) -> bool:
    attribute = index.resources[said.resource].place
    if source.place is None or attribute is None:
        return source.place is None
    type_ = index.attributes[said.resource][attribute].type
    return isinstance(type_, PlaceType) and index.is_kind_or_above(index.places[source.place].kind, type_.scope)


def every_holding(index: Index, holder: str, since: datetime.datetime) -> Iterator[set[Pair]]:
    """What somebody holds at each place, from an instant on and from each later one at which something begins."""
    declared = index.users.get(holder) or index.integrations[holder]
    begins = [begin for each in declared.assignments if (begin := begin_of(each, index.timezone)) is not None]
    for now in {since, *(begin for begin in begins if begin > since)}:
        active = list(sources(index, holder, now))
        for place in (None, *index.places):
            yield together(index, [each for each in active if index.covers(each.place, place)])


def breaks(separation: ir.Separation, held_: set[Pair]) -> bool:
    return sum((each.resource, each.action) in held_ for each in separation.permissions) > separation.most


@SETTINGS
@given(cases(Features(requests=1, rows=1)))
def test_those_who_hold_too_many_in_generated_policy_sets_are_found(case: Case) -> None:
    index = Index(case.policy_set)
    findings = run_checks(case.policy_set, case.world.now, ["PL211"])
    for separation in case.policy_set.separations:
        here = [each for each in findings if Location.parse(separation.at) in {to.location for to in each.related}]
        named = {user for each in here for user in each.users}
        for holder in index.requesters:
            broken = any(breaks(separation, each) for each in every_holding(index, holder, case.world.now))
            assert not broken or holder in named, (holder, separation)
            assert broken or not any(holder in each.users for each in here if not bundles_of(each)), (
                holder,
                separation,
            )
    for finding in findings:
        for kind, name in bundles_of(finding):
            own = together(index, [RightsSource(kind, name)])
            assert any(breaks(separation, own) for separation in case.policy_set.separations), finding


def bundles_of(finding: Finding) -> list[tuple[str, str]]:
    """The role or group that a finding is about; none where it is about users."""
    return list(finding.held) if finding.message.startswith(("role ", "group ")) else []
