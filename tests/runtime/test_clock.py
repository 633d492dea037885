"""Times of day and weekdays: boundaries, midnight, clocks that change."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from policylang.api.policy_set import PolicySet
from policylang.model.types import Duration
from policylang.runtime.access import access
from policylang.runtime.clock import is_over, overlapping, shift
from policylang.runtime.index import Index
from policylang.runtime.periods import periods
from policylang.runtime.reference import decide as reference
from policylang.runtime.truth import Situation, truth
from tests.helpers import compiled, explain

SET = """
timezone "{zone}"
resource visit "Visit" {{ report : text  actions view }}
policy p on visit {{ {condition} }}
role guard "Guard" {{ grant view on visit  policy p }}
user "amy" {{ assign role guard }}
"""
NIGHT = "now is between 22:00 and 06:00"
DAY = "now is between 08:00 and 17:30"


def holds(condition: str, now: str, zone: str = "America/Denver") -> bool:
    """What the definition says, and the decision as well, which has to be the same."""
    policy_set = compiled(SET.format(zone=zone, condition=condition))
    index, at = Index(policy_set), datetime.datetime.fromisoformat(now)
    found = truth(index.instances["p"].condition, Situation(index, "amy", "visit", {}, {}, at))
    assert found is not None
    policies = PolicySet(policy_set)
    assert policies.decide("amy", "view", "visit", {}, now=at).allowed is found
    assert policies.filter("amy", "view", "visit", now=at).matches({}) is found
    return found


@pytest.mark.parametrize(
    ("condition", "now", "expected"),
    [
        (NIGHT, "2026-11-20T21:59:59.999999-07:00", False),
        (NIGHT, "2026-11-20T22:00:00-07:00", True),
        (NIGHT, "2026-11-21T05:00:00Z", True),
        (NIGHT, "2026-11-21T00:00:00-07:00", True),
        (NIGHT, "2026-11-21T05:59:59.999999-07:00", True),
        (NIGHT, "2026-11-21T06:00:00-07:00", False),
        (DAY, "2026-11-20T07:59:59-07:00", False),
        (DAY, "2026-11-20T08:00:00-07:00", True),
        (DAY, "2026-11-20T17:29:59.999999-07:00", True),
        (DAY, "2026-11-20T17:30:00-07:00", False),
        ("now is not between 08:00 and 17:30", "2026-11-20T17:30:00-07:00", True),
        ("now is between 09:00 and 09:00", "2026-11-20T09:00:00-07:00", False),
        ("now is between 00:00 and 00:00", "2026-11-20T00:00:00-07:00", False),
        ("now is between 18:00 and 00:00", "2026-11-20T23:59:59-07:00", True),
        ("now is between 18:00 and 00:00", "2026-11-21T00:00:00-07:00", False),
        ("now is on friday", "2026-11-21T06:59:59Z", True),
        ("now is on friday", "2026-11-21T07:00:00Z", False),
        ("now is on saturday, sunday", "2026-11-21T07:00:00Z", True),
        ("now is on sunday, saturday", "2026-11-23T06:59:59Z", True),
        ("now is not on saturday, sunday", "2026-11-23T07:00:00Z", True),
        (f"{NIGHT} and not (now is on saturday, sunday)", "2026-11-21T06:59:59Z", True),
        (f"{NIGHT} and not (now is on saturday, sunday)", "2026-11-21T07:00:00Z", False),
    ],
)
def test_boundaries(condition: str, now: str, expected: bool) -> None:
    assert holds(condition, now) is expected


@pytest.mark.parametrize(
    ("condition", "now", "expected"),
    [
        # On 2026-03-08 the clocks of Denver go from 02:00 to 03:00: there is no 02:30.
        ("now is between 02:15 and 02:45", "2026-03-08T08:59:59Z", False),
        ("now is between 02:15 and 02:45", "2026-03-08T09:00:00Z", False),
        ("now is between 02:30 and 04:00", "2026-03-08T08:59:59Z", False),
        ("now is between 02:30 and 04:00", "2026-03-08T09:00:00Z", True),
        # On 2026-11-01 they go from 02:00 back to 01:00: 01:30 comes twice, and both are in.
        ("now is between 01:30 and 01:45", "2026-11-01T07:30:00Z", True),
        ("now is between 01:30 and 01:45", "2026-11-01T07:45:00Z", False),
        ("now is between 01:30 and 01:45", "2026-11-01T08:30:00Z", True),
        ("now is between 01:30 and 01:45", "2026-11-01T08:45:00Z", False),
    ],
)
def test_clocks_that_change(condition: str, now: str, expected: bool) -> None:
    assert holds(condition, now) is expected


def test_the_timezone_is_the_policy_sets() -> None:
    for zone, expected in (("UTC", True), ("Asia/Tokyo", False), ("Pacific/Kiritimati", False)):
        assert holds(NIGHT, "2026-11-20T22:00:00Z", zone) is expected


def test_a_denial_says_what_the_clock_shows() -> None:
    policy_set = compiled(SET.format(zone="America/Denver", condition=f"{NIGHT} and now is not on monday"))
    now = datetime.datetime(2026, 11, 20, 19, tzinfo=datetime.UTC)
    told = explain(Index(policy_set), "amy", "view", "visit", {}, now=now)
    assert "in America/Denver it is 12:00:00 on friday" in str(told)


SHIFT = """
timezone "America/Denver"
resource visit "Visit" {{ report : text  actions view }}
role guard "Guard" {{ grant view on visit }}
user "amy" {{ assign role guard {dates} }}
"""


@pytest.mark.parametrize(
    ("dates", "first", "end"),
    [
        ("from 2026-01-05 20:00 until 2026-01-06 02:00", "2026-01-06T03:00:00Z", "2026-01-06T09:00:00Z"),
        ("from 2026-01-05 until 2026-01-05 12:00", "2026-01-05T07:00:00Z", "2026-01-05T19:00:00Z"),
        ("from 2026-01-05 12:00 until 2026-01-05", "2026-01-05T19:00:00Z", "2026-01-06T07:00:00Z"),
        ("from 2026-01-05 00:00 until 2026-01-06 00:00", "2026-01-05T07:00:00Z", "2026-01-06T07:00:00Z"),
        # There is no 02:30 on 2026-03-08: it is the instant behind the gap.
        ("from 2026-03-08 02:30 until 2026-03-08 06:00", "2026-03-08T09:00:00Z", "2026-03-08T12:00:00Z"),
        ("from 2026-03-08 01:00 until 2026-03-08 02:30", "2026-03-08T08:00:00Z", "2026-03-08T09:00:00Z"),
        # On 2026-11-01 there are two 01:30: `from` takes the first, `until` the second.
        ("from 2026-11-01 01:30 until 2026-11-01 06:00", "2026-11-01T07:30:00Z", "2026-11-01T13:00:00Z"),
        ("from 2026-11-01 00:00 until 2026-11-01 01:30", "2026-11-01T06:00:00Z", "2026-11-01T08:30:00Z"),
        ("from 2026-11-01 01:30 until 2026-11-01 01:30", "2026-11-01T07:30:00Z", "2026-11-01T08:30:00Z"),
        ("from 2026-11-01 01:45 until 2026-11-01 01:15", "2026-11-01T07:45:00Z", "2026-11-01T08:15:00Z"),
    ],
)
def test_an_assignment_with_times(dates: str, first: str, end: str) -> None:
    policy_set = compiled(SHIFT.format(dates=dates))
    policies, index = PolicySet(policy_set), Index(policy_set)
    second = datetime.timedelta(microseconds=1)
    begins, ends = (datetime.datetime.fromisoformat(each) for each in (first, end))
    for now, expected in ((begins - second, False), (begins, True), (ends - second, True), (ends, False)):
        assert reference(index, "amy", "view", "visit", {}, now=now).allowed is expected, now
        # Asked in turn, so that nothing is remembered from one instant to the next.
        assert policies.decide("amy", "view", "visit", {}, now=now).allowed is expected, now
        assert len(policies.who_can("view", "visit", now=now)) == expected
    shown = [period.instants(index.timezone) for period, _ in periods(index, "amy")]
    assert shown == [(None, begins), (begins, ends), (ends, None)]


def test_a_period_that_ends_at_midnight_does_not_reach_into_the_next_day() -> None:
    index = Index(compiled(SHIFT.format(dates="from 2026-01-05 00:00 until 2026-01-06 00:00")))
    days = [(period.first and period.first.day, period.last and period.last.day) for period, _ in periods(index, "amy")]
    assert days == [(None, 4), (5, 5), (6, None)]


def test_two_shifts_that_follow_each_other_are_one_time() -> None:
    dates = (
        "from 2026-01-05 20:00 until 2026-01-06 02:00  assign role guard from 2026-01-06 02:00 until 2026-01-06 08:00"
    )
    index = Index(compiled(SHIFT.format(dates=dates)))
    (row,) = access(index, "amy", None)
    assert row.dates == ("from 2026-01-05 20:00 until 2026-01-06 08:00",)


def test_a_shift_that_ends_at_noon_does_not_lead_to_the_next_day() -> None:
    dates = "from 2026-01-05 08:00 until 2026-01-05 12:00  assign role guard from 2026-01-06 until 2026-01-07"
    (row,) = access(Index(compiled(SHIFT.format(dates=dates))), "amy", None)
    assert row.dates == ("from 2026-01-05 08:00 until 2026-01-05 12:00", "from 2026-01-06 until 2026-01-07")


def test_at_its_end_an_assignment_is_over() -> None:
    dates = (
        "from 2026-01-05 20:00 until 2026-01-06 02:00  assign role guard from 2026-01-06 02:00 until 2026-01-06 08:00"
    )
    index = Index(compiled(SHIFT.format(dates=dates)))
    first, second = index.users["amy"].assignments
    end = datetime.datetime(2026, 1, 6, 9, tzinfo=datetime.UTC)
    assert is_over(first, end, index.timezone)
    assert not is_over(first, end - datetime.timedelta(microseconds=1), index.timezone)
    assert not overlapping(first, second, index.timezone)
    assert overlapping(first, first, index.timezone)


def test_months_from_a_time_that_comes_twice_lead_to_the_same_one_of_two() -> None:
    """On 2020-11-01 01:30 came twice as well."""
    zone = ZoneInfo("America/Denver")
    for hour in (7, 8):
        now = datetime.datetime(2026, 11, 1, hour, 30, tzinfo=datetime.UTC)
        assert shift(now, Duration(72, "months"), -1, zone) == now.replace(year=2020)


def test_a_denial_says_when_an_assignment_ended() -> None:
    index = Index(compiled(SHIFT.format(dates="from 2026-01-05 20:00 until 2026-01-06 02:00")))
    for now, words in (("2026-01-06T02:00:00Z", "begins at 2026-01-05 20:00"), ("2026-01-06T09:00:00Z", "ended at")):
        decision = reference(index, "amy", "view", "visit", {}, now=datetime.datetime.fromisoformat(now))
        assert words in decision.reasons[0]


@pytest.mark.parametrize(
    "dates", ["from 2026-01-05 20:00", "until 2026-01-06 02:00", "from 2026-01-05", "until 2026-01-05"]
)
def test_what_is_kept_of_others_does_not_say_when_an_assignment_ended(dates: str) -> None:
    index = Index(compiled(SHIFT.format(dates=dates) + 'user "ann" {}\n'))
    policies = PolicySet(index)
    for day in (3, 8, 3):
        now = datetime.datetime(2026, 1, day, 12, tzinfo=datetime.UTC)
        for user in ("ann", "amy", "ann"):
            expected = reference(index, user, "view", "visit", {}, now=now)
            assert policies.decide(user, "view", "visit", {}, now=now) == expected
