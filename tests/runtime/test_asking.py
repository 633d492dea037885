"""Every way of asking agrees with `decide`."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from hypothesis import given, note, settings

from policylang.api.holders import holders
from policylang.api.policy_set import PolicySet
from policylang.ir.nodes import Attribute
from policylang.model.types import SetType, UserType
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from tests.generated import Case, Features, cases
from tests.helpers import compiled
from tests.runtime.dates import holds

EXAMPLES = settings.default.max_examples // 5  # type: ignore[union-attr]
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


@given(cases(Features(strange_requests=False, requests=25)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_allowed_is_found(case: Case) -> None:
    """Whatever `decide` allows is among the answers to every wider question."""
    asked = PolicySet(case.policy_set)
    index = asked.index
    for request, arguments in zip(case.requests, case.arguments(), strict=True):
        user, action, resource, record, now = (arguments[n] for n in ("user", "action", "resource", "record", "now"))
        field, attributes, changes = arguments["field"], arguments["request"], arguments["changes"]
        decision = asked.decide(**arguments)
        note(f"{request}\n{arguments}\n{decision}")
        assert asked.allows(**arguments) == decision.allowed
        assert asked.decide_many([arguments]) == [decision]
        assert asked.explain(**arguments).decision == decision
        if changes is None and record is not None:
            found = {
                each.user for each in holders(asked, action, resource, record, now=now, request=attributes, field=field)
            }
            assert (user in found) == decision.allowed
        if changes is None and field is None and record is not None:
            assert asked.filter(user, action, resource, now=now, request=attributes).matches(record) == decision.allowed
            assert (user in asked.who_can(action, resource, record, now=now, request=attributes)) == decision.allowed
        if not decision.allowed:
            continue
        assert not asked.filter(user, action, resource, now=now, request=attributes).nothing
        assert user in asked.who_can(action, resource, now=now)
        assert user in asked.who_can(action, resource, now=now, request=attributes or {})
        assert user in {each.user for each in holders(asked, action, resource, now=now, field=field)}
        for at in (now, None):
            ways = [w for w in asked.access(user, now=at) if (w.action, w.resource) == (action, resource)]
            ways = [way for way in ways if holds(way.dates, index, now)]
            assert ways
            assert {name for way in ways for name in way.fields} >= set(decision.fields)


@given(cases(Features(strange_requests=False, requests=1)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_listed_without_a_condition_is_allowed(case: Case) -> None:
    """A way without limits and denies is open on every record on the days that it names."""
    asked, now = PolicySet(case.policy_set), case.world.now
    for user, at in itertools.product(asked.index.requesters, (now, None)):
        for way in asked.access(user, now=at):
            if not way.limits and not way.denies and holds(way.dates, asked.index, now):
                note(str(way))
                decision = asked.decide(user, way.action, way.resource, {}, now=now)
                assert decision.allowed
                assert set(way.fields) <= set(decision.fields)


@given(cases(Features(strange_requests=False, requests=1)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_who_is_eligible_may_be_written(case: Case) -> None:
    """`eligible` lists exactly those with whom a decision lets somebody create a record who may create any."""
    now = case.world.now
    grants = (
        f"grant {', '.join(creating)} on {resource.name} ({', '.join(a.name for a in resource.attributes)})"
        for resource in case.policy_set.resources
        if resource.attributes and (creating := [each.name for each in resource.actions if each.kind == "create"])
    )
    index = Index(compiled(f"{case.text}role the_writer {{ {' '.join(grants)} }}\n"))
    changed, writer = hypothetical(index.changed(denies=()), [("the_writer", None)])
    asked = PolicySet(changed)
    for resource in case.policy_set.resources:
        create = next((each.name for each in resource.actions if each.kind == "create" and not each.requires), None)
        if create is None:
            continue
        for declared in resource.attributes:
            type_ = declared.type.of if isinstance(declared.type, SetType) else declared.type
            if isinstance(type_, UserType) and type_.role is not None:
                users = [
                    user
                    for user in index.users
                    if asked.allows(writer, create, resource.name, {declared.name: _as(declared, user)}, now=now)
                ]
                assert sorted(users) == list(asked.eligible(f"{resource.name}.{declared.name}", now=now))


def test_a_time_that_comes_twice_has_its_offset_where_it_is_not_the_one_that_would_be_read() -> None:
    """`from` takes the first and `until` the second."""
    asked = PolicySet(
        compiled(
            """
            timezone "America/Denver"
            resource doc { actions view }
            role reader { grant view on doc }
            role locked { deny view on doc }
            user "ann" { assign role reader  assign role locked from 2026-11-01 01:30 }
            user "ben" { assign role reader  assign role locked until 2026-11-01 01:30 }
            user "cho" { assign role reader from 2026-11-01 01:30 until 2027-11-07 01:30 }
            user "dee" { assign role reader from 0900-01-01 10:00 }
            """
        )
    )
    said = {user: [way.dates for way in asked.access(user)] for user in asked.users}
    assert said == {
        "ann": [("until 2026-11-01 01:30-06:00",)],
        "ben": [("from 2026-11-01 01:30-07:00",)],
        "cho": [("from 2026-11-01 01:30 until 2027-11-07 01:30",)],
        "dee": [("from 0900-01-01 10:00",)],
    }


def _as(declared: Attribute, user: str) -> Any:
    return [user] if isinstance(declared.type, SetType) else user


def test_somebody_made_up_is_like_somebody_declared() -> None:
    policy_set = compiled(
        """
        scope site  place site "A"  place site "B"
        subject { team : text }
        resource doc { owner : user  title : text  site : site  actions view, modify, delete }
        policy mine on doc { owner is assigned user }
        policy of_team on doc { title is assigned user.team }
        role same { grant view on doc  deny delete on doc  policy mine }
        role other { grant delete, modify on doc  policy of_team }
        group same { role other  grant view on doc }
        user "u0" { team : "x"  assign role same  assign role other at site "A" }
        user "u1" in same { team : "x"  assign role same at site "B" }
        superuser user "u2" in same { team : "y" }
        """
    )
    index = Index(policy_set)
    for declared in policy_set.users:
        roles = [(each.role, each.place) for each in declared.assignments]
        group = None if declared.group is None else declared.group.name
        changed, somebody = hypothetical(
            index, roles, group, attributes=declared.attributes, superuser=declared.superuser
        )
        mine, theirs = PolicySet(index), PolicySet(changed)
        for action, site, title in itertools.product(("view", "modify", "delete"), (None, "A", "B"), ("x", "y")):
            for of in (False, True):
                records: list[dict[str, Any]] = [
                    {"owner": user if of else "u9", "title": title, "site": site} for user in (declared.id, somebody)
                ]
                decisions = [
                    asked.decide(user, action, "doc", record, now=NOW)
                    for asked, user, record in zip((mine, theirs), (declared.id, somebody), records, strict=True)
                ]
                assert decisions[0] == decisions[1]
        ways = [
            [(w.action, w.fields, w.limits, w.denies, w.source) for w in asked.access(user)]
            for asked, user in ((mine, declared.id), (theirs, somebody))
        ]
        assert ways[0] == ways[1]


# --- what is past, and what is denied ------------------------------------------------------------------------

PAST = """
resource doc { name : text  actions view, delete }
role trainee { deny delete on doc }
role lead { grant delete on doc }
group sales { grant view, delete on doc }
group desk { grant view on doc }
user "past" in sales { assign role trainee until 2020-01-31 }
user "now" in sales { assign role trainee from 2020-01-31 }
user "both" in sales { assign role trainee until 2020-01-31  assign role trainee from 2030-01-01 }
user "once" in desk { assign role lead until 2020-01-31 }
user "twice" in desk { assign role lead until 2020-01-31  assign role lead from 2020-02-01 until 2020-06-30 }
"""


def test_access_at_any_time_takes_away_only_while_something_is_denied() -> None:
    asked = PolicySet(compiled(PAST))
    dates = {user: [way.dates for way in asked.access(user) if way.action == "delete"] for user in asked.index.users}
    assert dates == {
        "past": [("from 2020-02-01",)],
        "now": [("until 2020-01-30",)],
        "both": [("from 2020-02-01 until 2029-12-31",)],
        "once": [("until 2020-01-31",)],
        "twice": [("until 2020-06-30",)],
    }
    assert all(way.dates == () for user in asked.index.users for way in asked.access(user) if way.action == "view")


def test_an_action_may_be_open_and_cover_nothing() -> None:
    asked = PolicySet(
        compiled(
            """
            resource doc { name : text  actions view, delete }
            role clerk { grant view, delete on doc (name) }
            deny delete on doc (name)
            user "dana" { assign role clerk }
            """
        )
    )
    assert asked.decide("dana", "delete", "doc", {"name": "x"}, now=NOW).allowed
    assert asked.who_can("delete", "doc", now=NOW) == ("dana",)
    assert [(way.action, way.fields) for way in asked.access("dana")] == [("view", ("name",)), ("delete", ())]
    assert [each.user for each in holders(asked, "delete", "doc", now=NOW)] == ["dana"]
    assert list(holders(asked, "delete", "doc", now=NOW, field="name")) == []
    assert not asked.allows("dana", "delete", "doc", {"name": "x"}, now=NOW, field="name")


def test_what_is_denied_at_a_place_is_open_elsewhere() -> None:
    asked = PolicySet(
        compiled(
            """
            scope site
            place site "A"
            place site "B"
            resource doc { name : text  site : site  actions view }
            role guest { deny view on doc }
            group sales { grant view on doc }
            user "ann" in sales { assign role guest at site "A" }
            user "ben" in sales { assign role guest }
            """
        )
    )
    assert [asked.allows("ann", "view", "doc", {"site": site}, now=NOW) for site in ("A", "B")] == [False, True]
    assert asked.who_can("view", "doc", now=NOW) == ("ann",)
    assert [each.user for each in holders(asked, "view", "doc", now=NOW)] == ["ann"]
    for now in (NOW, None):
        assert [way.denies for way in asked.access("ann", now=now)] == [('at site "A"',)]
        assert asked.access("ben", now=now) == ()


def test_a_deny_where_no_record_can_be_is_not_told() -> None:
    asked = PolicySet(
        compiled(
            """
            scope site
            place site "A"
            resource memo { name : text  actions view }
            role guest { deny view on memo }
            group sales { grant view on memo }
            user "ann" in sales { assign role guest at site "A" }
            """
        )
    )
    assert asked.allows("ann", "view", "memo", {}, now=NOW)
    assert [way.denies for now in (NOW, None) for way in asked.access("ann", now=now)] == [(), ()]


def test_access_at_any_time_needs_what_is_required_at_that_time() -> None:
    asked = PolicySet(
        compiled(
            """
            resource log { name : text  actions view }
            resource doc { name : text  action approve requires view on log }
            role clerk { grant approve on doc }
            role reader { grant view on log }
            user "ann" { assign role clerk  assign role reader from 2026-01-05 until 2026-01-09 }
            """
        )
    )
    (way,) = (way for way in asked.access("ann") if way.action == "approve")
    assert way.dates == ("from 2026-01-05 until 2026-01-09",)
