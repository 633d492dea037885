"""Cerbos decides as the reference does, on a real server."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from policylang.runtime.request import Request
from policylang.syntax.quoting import quote_text
from tests.engines.cerbos_engine import CerbosServer
from tests.generated import Case, Features, cases
from tests.helpers import compiled
from tests.targets.cerbos_session import starting
from tests.targets.differential import SETS, Compared, compare, known, of_case

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
SIZES = {
    "small": (Features(strange_requests=False, resources=1, requests=35), 2 * EXAMPLES // 3),
    "large": (Features(strange_requests=False, requests=60), EXAMPLES // 4),
}
"""What the generated policy sets have, and how many there are, of which some are refused."""


@pytest.mark.parametrize("name", SETS)
def test_policy_sets_that_people_wrote(cerbos: CerbosServer, name: str) -> None:
    policy_set, scenarios = known(name)
    found = compare("cerbos", starting(cerbos), policy_set, [scenario.asked for scenario in scenarios])
    assert found.refused == []
    assert found.unanswered == 0
    assert found.asked > 60
    assert 0.2 < found.allowed / found.asked < 0.8


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.hypothesis
def test_generated_policy_sets(cerbos: CerbosServer, size: str) -> None:
    features, count = SIZES[size]
    total = Compared()

    @given(cases(features))
    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        total.add(compare("cerbos", starting(cerbos), case.policy_set, of_case(case)))

    agree()
    assert {re.sub(r"`.*`", "…", each.partition(": ")[0]) for each in total.refused} <= {
        "PL803 Cerbos's numbers are doubles",
        "PL803 Cerbos takes … for a pattern",
        "PL803 Cerbos takes … for one name",
        "PL801 Cerbos cannot follow …",
    }
    assert len(total.refused) < count / 2  # 0.22 of them are; Hypothesis likes some values more and comes to a third
    assert total.asked > 10 * count
    assert total.unanswered < total.asked / 20
    assert 0.15 < total.allowed / total.asked < 0.7


# --- by hand -------------------------------------------------------------------------------------------------

TANGLE = r"""
timezone "America/Denver"
scope region contains zone contains site
place region "North"
place zone "N\"1'" in "North"
place site "HQ" in "N\"1'"
place site "Pier"
feature stock on
feature plus off
subject { department : text  optional boss : user  reach : duration }
request { ip : ip  optional channel : one of ui, api }
resource customer {
  name : text
  optional in : text
  created : datetime
  due : date
  fee : money
  span : duration
  tags : set of text
  when : set of datetime
  parent : customer
  kin : set of customer
  rep : user with role rep
  optional team : set of user with role rep
  address : ip
  site : site
  sensitive rate : money
  actions view, create, modify, approve
  action delete requires (view on customer at region or superuser) and feature stock
  action audit requires approve on customer and not_there on shelf or feature plus
  action show bypasses policies
}
resource shelf { actions not_there }
policy own on customer { rep is assigned user or not (rep.department is assigned user.department) }
policy fresh(age: duration) on customer { created within age and not (due older than 1 month) }
policy near on customer { not (request.ip in ["10.0.0.0/8", "::/0"]) or address in "2001:db8::/32" }
policy kept on customer { tags contains "a" and (parent.fee > 2.5 or not (kin contains parent)) }
policy odd on customer { in is missing or in is "'\"\\\n${x}{{y}}--" or span < 2 days }
policy reach on customer {
  created within assigned user.reach and (when contains created or team contains assigned user)
}
policy bossy on customer { assigned user.boss.department is "x" or parent is missing }
role rep { policy own on customer for modify }
role guard {
  grant view, modify, delete, show on customer
  grant approve on customer (name)
  deny view on customer (fee) { span > 1 month }
  deny modify on customer { tags contains "b" }
  policy odd
}
essential role leaver { grant view on customer (name, rate)  policy bossy }
group sales {
  role rep
  grant all on customer including rate
  grant not_there on shelf
  policy own  policy kept
}
group eng { role guard  grant create on customer except fee  policy near for create  policy fresh(36 hours) }
job "J" { role leaver }
user "ann" in sales { department : "x" reach : "3 months"  append policy fresh(30 days) on customer for view, modify }
user "o'b \"x\"" in sales {
  department : "y"  boss : "ann"  override policy near on customer  override policy reach on customer for view
}
user "cid" in eng job "J" { reach : "10 days"  assign role guard at site "HQ" until 2026-11-01 }
superuser user "dan" {
  department : "x"  assign role guard at region "North" from 2026-11-01  assign role rep at site "Pier"
}
terminated user "eve" in sales { department : "x"  assign role leaver  assign role guard }
integration bot { role leaver objects customer }
deny view, approve on customer { fee < 0 or not (address is present) }
"""
# The night in which clocks are set back, the hour that comes twice, ends of days.
INSTANTS = [
    datetime.datetime.fromisoformat(text)
    for text in (
        "2026-11-01T05:59:59Z",
        "2026-11-01T06:00:00Z",
        "2026-11-01T08:30:00Z",
        "2026-11-02T07:00:00Z",
        "2026-11-02T06:59:59.999999Z",
    )
]
_BASE: dict[str, Any] = {
    "name": "n",
    "created": "2026-11-01T05:59:59Z",
    "due": "2026-10-02",
    "fee": "2.50",
    "span": "2 days",
    "tags": ["a"],
    "when": ["2026-11-01T05:59:59Z"],
    "rep": "ann",
    "address": "2001:db8::1",
    "site": "HQ",
    "parent": {"id": "p", "fee": 3},
    "kin": ["p", None],
}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"site": "Pier", "rep": "dan"},
    {"site": None, "kin": [{"id": "q"}]},
    {"site": "Atlantis"},
    {"in": "'\"\\\n${x}{{y}}--", "span": "1 month"},
    {"in": "", "span": "5 weeks", "tags": ["b", None]},
    {"in": 5, "span": None, "address": "::ffff:10.0.0.1"},
    {"fee": "-0.01", "parent": "p"},
    {"fee": None, "address": None, "parent": None},
    {"rep": 'o\'b "x"', "team": ["ann", "cid"], "when": [None]},
    {"rep": "nobody", "team": ["cid"], "created": "2026-10-02T06:00:00Z"},
    {"created": "2026-10-31T18:30:00Z", "due": "2026-10-01", "tags": []},
    {"parent": {"fee": True}, "kin": [], "rep": "eve"},
]
CHANGES: list[dict[str, Any]] = [
    {"name": "m"},
    {"rep": "dan"},
    {"rep": "cid", "team": ["ann"]},
    {"team": ["ann", "bot"]},
    {"fee": "-1", "rate": 5},
    {"site": "Pier"},
    {"tags": ["b"], "in": None},
    {"due": "soon"},
]


def tangled() -> list[Request]:
    users = ("ann", 'o\'b "x"', "cid", "dan", "eve", "bot")
    addresses = ({"ip": "10.1.2.3"}, {"ip": "::ffff:10.0.0.1", "channel": "ui"}, {}, {"ip": 5})
    found = []
    for number, variant in enumerate(VARIANTS):
        record = {**_BASE, **variant}
        for user in users:
            now, request = INSTANTS[number % len(INSTANTS)], addresses[(number + len(user)) % 4]
            for action in ("view", "create", "modify", "delete", "approve", "audit", "show"):
                found.append(Request(user, action, "customer", record, now, request))
            for field in ("fee", "rate", "name"):
                found.append(Request(user, "view", "customer", record, now, request, field))
            for changes in CHANGES:
                found.append(Request(user, "modify", "customer", record, now, request, None, changes))
    return found


def test_a_tangle(cerbos: CerbosServer) -> None:
    found = compare("cerbos", starting(cerbos), compiled(TANGLE), tangled())
    assert found.refused == []
    assert found.unanswered == 0
    assert found.asked > 1000
    assert 0.1 < found.allowed / found.asked < 0.6


# --- conditions of the same tests ----------------------------------------------------------------------------

ALIKE = """
resource doc { owner : user  flag : bool  actions view, modify, delete, approve }
policy both on doc { owner is assigned user and flag is true }
policy either on doc { owner is assigned user or flag is true }
role narrow { grant view, modify on doc  policy both }
role wide { grant view, delete, approve on doc  policy either for view, delete }
group g {
  role narrow
  role wide
  deny modify on doc { owner is assigned user and flag is true }
  deny modify on doc { owner is assigned user or flag is true }
  deny delete on doc { flag is true }
  deny delete on doc { not (flag is true) }
}
user "u" in g
user "v" { assign role wide  append policy both on doc for approve  append policy either on doc for approve }
user "w" { assign role wide  append policy either on doc for approve }
"""


def test_conditions_that_differ_in_how_they_are_put_together(cerbos: CerbosServer) -> None:
    """Cerbos would take some of these rules for one: see `told_apart`."""
    records: list[dict[str, Any]] = [
        {**owner, **flag}
        for owner in ({}, {"owner": "u"}, {"owner": "v"}, {"owner": "x"})
        for flag in ({}, {"flag": True}, {"flag": False})
    ]
    now = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
    asked = [
        Request(user, action, "doc", record, now)
        for user in ("u", "v", "w")
        for action in ("view", "modify", "delete", "approve")
        for record in records
    ]
    found = compare("cerbos", starting(cerbos), compiled(ALIKE), asked)
    assert found.asked == len(asked)
    assert found.allowed > 10


# --- users who are called like a pattern ---------------------------------------------------------------------

PATTERNS = ("*", "a*", "[a-z]nn", "?nn", "{ann,bob}", "a\\nn", "!ann", "%2A", "ann", "bob", "%")


def test_rights_of_users_who_are_called_like_a_pattern(cerbos: CerbosServer) -> None:
    """Cerbos takes names of roles for patterns, and each user with grants or denies has a role."""
    actions = {user: f"a{number}" for number, user in enumerate(PATTERNS)}
    text = f"resource doc {{ actions {', '.join(actions.values())} }}\nrole r {{ grant all on doc }}\n"
    for user, own in actions.items():
        text += f"user {quote_text(user)} {{ grant {own} on doc }}\n"
        text += f"user {quote_text('denied ' + user)} {{ assign role r  deny {own} on doc }}\n"
    now = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
    users = [*PATTERNS, *(f"denied {user}" for user in PATTERNS)]
    asked = [Request(user, action, "doc", {}, now) for user in users for action in actions.values()]
    found = compare("cerbos", starting(cerbos), compiled(text), asked)
    assert (found.refused, found.asked) == ([], len(asked))
    assert found.allowed == len(PATTERNS) + len(PATTERNS) * (len(PATTERNS) - 1)


# --- sets in which an item is missing ------------------------------------------------------------------------

APART = """
resource doc { tags : set of text  marks : set of text  actions view, modify }
policy apart on doc { not (tags overlaps marks) }
role reader { grant view on doc  policy apart }
role writer { grant modify on doc  deny modify on doc { tags overlaps marks } }
user "u" { assign role reader  assign role writer }
"""


def test_an_item_that_is_missing_could_be_in_the_other_set(cerbos: CerbosServer) -> None:
    sets: list[list[str | None]] = [[], ["a"], ["b"], ["a", None], [None]]
    now = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
    asked = [
        Request("u", action, "doc", {"tags": tags, "marks": marks}, now)
        for action in ("view", "modify")
        for tags in sets
        for marks in sets
    ]
    found = compare("cerbos", starting(cerbos), compiled(APART), asked)
    assert found.asked == len(asked)
    assert found.allowed > 10
