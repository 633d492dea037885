"""What counts as a use of a construct."""

from __future__ import annotations

from collections import Counter

import pytest

from policylang.runtime.index import Index
from policylang.targets.constructs import CONSTRUCTS, uses
from tests.helpers import compiled

WORLD = """\
scope region contains site
place region "North"
place site "HQ" in "North"
feature stock on
subject { department : text  optional boss : user  marks : set of text }
request { ip : ip  channel : one of ui, api }
resource office { city : text  tags : set of text  actions view }
resource customer {
  name : text
  optional parent : customer as tree
  optional office : office
  optional other : office
  rep : user with role rep  #! eligible
  tags : set of text
  marks : set of text
  born : date
  made : datetime
  fee : money
  sensitive age : duration  #! fields
  lived : int
  site : site
  actions view, delete
}
role rep
"""
CONDITIONS = {
    "now is between 22:00 and 06:00": {"clock"},
    "now is on saturday, sunday": {"clock"},
    'name is "x"': {"comparison"},
    'name is "x" or name is missing': {"comparison", "logic"},
    "not (lived < 3)": {"comparison", "logic"},
    "born is 2026-01-31": {"comparison", "date"},
    "fee in [1, 2.5]": {"comparison", "decimal"},
    "age < 2 days": {"comparison", "duration"},
    'request.ip in "10.0.0.0/8"': {"network", "request"},
    'request.ip is "10.0.0.1"': {"network", "request", "comparison"},
    'tags contains "x"': {"set"},
    'tags contains all of ["x", "y"]': {"set", "logic"},
    'tags overlaps ["x", "y"]': {"set", "logic"},
    "tags overlaps marks": {"overlaps"},
    "tags overlaps assigned user.marks": {"overlaps", "subject"},
    "assigned user.marks overlaps assigned user.marks": {"set", "subject"},
    "tags is empty": {"empty"},
    "office.tags is empty": {"empty", "related"},
    "rep.marks is empty": {"set", "user-attribute"},
    "assigned user.marks is empty": {"set", "subject"},
    'name starts with "x"': {"text"},
    'customer is under "x"': {"tree"},
    'parent is under "x"': {"tree"},
    "customer is under parent": {"tree"},
    'office.city is "x" and parent.parent is under "x"': {"tree", "related", "comparison", "logic"},
    "made within 30 days": {"within"},
    "born older than 30 days": {"within-days", "date"},
    "made within 1 month": {"within-months"},
    "born within 1 year": {"within-months", "date"},
    'office.city is "x"': {"related", "comparison"},
    "office is other": {"same-record", "comparison", "two-attributes"},
    "name is assigned user.department": {"subject", "comparison"},
    "rep is assigned user": {"comparison"},
    'rep.department is "x"': {"user-attribute", "comparison"},
    'rep.boss.department is "x"': {"user-attribute", "comparison"},
    "rep is assigned user.boss": {"subject", "comparison"},
    'assigned user.boss.department is "x"': {"subject", "user-attribute", "comparison"},
    'site is "HQ"': {"places", "comparison"},
    "request.channel is ui": {"request", "comparison"},
}


def of(text: str) -> set[str]:
    return {use.construct for use in uses(Index(compiled(text)))}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions(condition: str) -> None:
    policies = f"{WORLD}policy p on customer {{ {condition} }}\n"
    nothing = of(WORLD)
    assert of(policies) == nothing, "a policy that nobody attaches asks nothing"
    for attached in (
        "group g { grant view on customer policy p }",
        'user "u" { append policy p on customer }',
        'user "u" { override policy p on customer }',
    ):
        found = of(policies + attached)
        assert found - nothing - {"limits", "append", "override"} == CONDITIONS[condition] - nothing
    assert of(f"{WORLD}deny view on customer {{ {condition} }}") - nothing == CONDITIONS[condition] | {"deny-everyone"}


DECISIONS = {
    "group g { grant view on office }": set(),
    "group g { grant view on customer (name) }": {"fields"},
    "group g { deny view on customer }": {"deny"},
    "role r { deny view on customer (name) }": {"deny", "deny-fields"},
    "deny view on customer (name)": {"deny-everyone", "deny-fields"},
    "resource a { action view requires view on office }": {"requires"},
    "resource a { action view requires feature stock }": {"requires"},
    "resource a { action view requires superuser }": {"requires"},
    "resource a { site : site action view requires view on office at region }": {"requires-at"},
    "resource a { action view bypasses policies }": {"bypasses"},
    "resource a { name : text actions modify }": {"modify"},
    "resource a { actions modify }": set(),
    'role r user "u" { assign role r at site "HQ" }': {"places"},
    'role r user "u" { assign role r until 2026-01-31 }': {"dated"},
    'role r user "u" { assign role r until 2026-01-31 08:00 }': {"hours"},
    'role r user "u" { assign role r from 2026-01-01 08:00 until 2026-01-31 }': {"hours"},
    'terminated user "u"': {"terminated"},
    "role r integration i { role r }": {"integration"},
    "role r integration i { role r  until 2026-01-31 }": {"integration", "dated"},
    "role r integration i { role r  from 2026-01-31 }": {"integration", "dated"},
    "task t { needs view on customer }": set(),
    'invariant "x" { no user can view customer where { name is "x" } }': set(),
}


@pytest.mark.parametrize("text", DECISIONS)
def test_decisions(text: str) -> None:
    before, after = (Counter(use.construct for use in uses(Index(compiled(each)))) for each in (WORLD, WORLD + text))
    assert set(after - before) == DECISIONS[text]


def test_every_construct_is_found_somewhere() -> None:
    seen = of(WORLD).union(*CONDITIONS.values(), *DECISIONS.values())
    assert seen | {"limits", "append", "override"} == set(CONSTRUCTS)


def test_uses_lead_to_their_places() -> None:
    found = {(int(use.at.split(":")[1]), use.construct) for use in uses(Index(compiled(WORLD)))}
    assert found == {(n, line.rpartition("#! ")[2]) for n, line in enumerate(WORLD.splitlines(), 1) if "#! " in line}
