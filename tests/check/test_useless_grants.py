"""PL507 names exactly the grants that open nothing from the place where their role is given."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.engine import run_checks
from policylang.ir import nodes as ir
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.check.test_rules import NOW
from tests.helpers import compiled

_WORLD = """\
scope region contains site
scope brand
place region "N"
place site "A" in "N"
place site "B"
place brand "X"
resource lab { actions use }
resource visit { site : site  actions use }
resource plan { optional region : region  actions use }
resource ad { brand : brand  actions use }
resource rest { site : site  actions use }
"""
RECORDS = {
    "lab": [{}],
    "visit": [{"site": place} for place in ("A", "B")],
    "plan": [{"region": "N"}, {}],
    "ad": [{"brand": "X"}],
    "rest": [{"site": place} for place in ("A", "B")],
}
PLACES = ("", "", 'region "N"', 'site "A"', 'site "B"', 'brand "X"')


def _policy_set(rng: random.Random) -> str:
    lines = []
    for n in range(3):
        inside = f"role r{rng.randrange(n)}" if n and rng.random() < 0.4 else ""
        lines += [
            f"role r{n} {{",
            f"  grant use on rest  {inside}",
        ]  # nowhere without use, so it is lines that are told
        lines += [f"  grant use on {name}" for name in rng.sample(("lab", "visit", "plan", "ad"), rng.randrange(3))]
        lines += ["}"]
    for n in range(2):
        given = [
            f"assign role r{rng.randrange(3)}{at and ' at ' + at}" for at in rng.choices(PLACES, k=rng.randrange(4))
        ]
        lines.append(f'user "u{n}" {{ {"  ".join(given)} }}')
    return _WORLD + "\n".join(lines) + "\n"


def _opens(index: Index, user: str, resource: str) -> bool:
    return any(decide(index, user, "use", resource, record, now=NOW).allowed for record in RECORDS[resource])


def _inside(index: Index, role: str) -> list[ir.Role]:
    found = [index.roles[role]]
    for each in found:
        found += [index.roles[ref.name] for ref in each.roles]
    return found


@settings(max_examples=150)
@given(st.integers(0, 10**6))
def test_the_grants_that_open_nothing(seed: int) -> None:
    policy_set = compiled(_policy_set(random.Random(seed)))
    index = Index(policy_set)
    expected = {
        (grant.at, user.id)
        for user in policy_set.users
        for each in user.assignments
        if each.place is not None
        if any(_opens(*hypothetical(index, ((each.role, each.place),)), r) for r in RECORDS)
        for role in _inside(index, each.role)
        for grant in role.grants
        if not _opens(index, user.id, grant.resource)
    }
    findings = [f for f in run_checks(policy_set, NOW, ["PL507"]) if "is never allowed for" in f.message]
    told = {(f.at, user.id) for f in findings for user in policy_set.users if f"`{user.id}`" in f.message}
    assert told == expected
    assert len({f.at for f in findings}) == len(findings)
