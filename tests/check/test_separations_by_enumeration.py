"""Separations against what users hold at every place and time, one by one."""

from __future__ import annotations

import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.engine import run_checks
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
