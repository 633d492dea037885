"""Conditions: three values, boundaries, calendars."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from policylang.model.instants import zone
from policylang.model.types import Duration
from policylang.runtime.clock import shift
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation, conjunction, disjunction, negation, truth
from tests.helpers import compiled

RECORD = """
subject {
  level : int  sites : set of site  grade : one of low, high
  names : set of text  none : set of text  lacking : set of text
}
request { ip : ip  at : datetime }
scope site
place site "HQ"
resource folder { name : text  owner : user  actions view }
resource doc {
  title : text  size : int  rate : decimal  price : money  open : bool  day : date  created : datetime
  length : duration  from_ip : ip  status : one of draft, final  owner : user  folder : folder  other : folder
  site : site  tags : set of text  marks : set of text  sizes : set of int  rates : set of decimal
  lengths : set of duration  folders : set of folder  others : set of folder  actions view
}
user "u" { level : 3  sites : ["HQ"]  names : ["a", "b"]  none : [] }
"""
NOW = "2026-11-21T12:00:00+00:00"


def holds(condition: str, record: dict[str, Any], request: dict[str, Any] | None = None, **more: str) -> bool | None:
    timezone = more.get("timezone", "UTC")
    index = Index(compiled(f'timezone "{timezone}"\n{RECORD}policy p on doc {{ {condition} }}\n'))
    now = datetime.datetime.fromisoformat(more.get("now", NOW)).astimezone(datetime.UTC)
    situation = Situation(index, "u", "doc", record, request or {}, now)
    return truth(index.instances["p"].condition, situation)


def test_kleene_tables() -> None:
    values = (True, False, None)
    table = {(a, b): (conjunction([a, b]), disjunction([a, b])) for a in values for b in values}
    assert table == {
        (True, True): (True, True),
        (True, False): (False, True),
        (True, None): (None, True),
        (False, True): (False, True),
        (False, False): (False, False),
        (False, None): (False, None),
        (None, True): (None, True),
        (None, False): (False, None),
        (None, None): (None, None),
    }
    assert [negation(value) for value in values] == [False, True, None]


@pytest.mark.parametrize(
    ("condition", "record", "expected"),
    [
        ('title is "a"', {"title": "a"}, True),
        ('title is "a"', {"title": "A"}, False),
        ('title is "a"', {}, None),
        ('title is not "a"', {}, None),
        ('not (title is "a")', {"title": None}, None),
        ("title is missing", {}, True),
        ("title is missing", {"title": ""}, False),
        ("title is present", {}, False),
        ("folder.name is missing", {}, True),
        ("folder.name is missing", {"folder": {"name": "x"}}, False),
        ('folder.name is "x"', {"folder": {"name": "x"}}, True),
        ('folder.name is "x"', {"folder": {}}, None),
        ('folder.name is "x"', {"folder": "a bare key"}, None),
        ("folder is other", {"folder": {"id": 1}, "other": {"id": 1}}, True),
        ("folder is other", {"folder": {"id": 1}, "other": {"id": 2}}, False),
        ("folder is other", {"folder": "k", "other": {"id": "k"}}, True),
        ("folder is other", {"folder": {}, "other": {}}, False),
        ("folder.owner is assigned user", {"folder": {"owner": "u"}}, True),
        ("owner.level is 3", {"owner": "u"}, True),
        ("owner.level is 3", {"owner": "stranger"}, None),
        ("assigned user.level > 2", {}, True),
        ("assigned user.grade is low", {}, None),
        ("assigned user.sites contains site", {"site": "HQ"}, True),
        ("assigned user.sites contains site", {}, None),
        ("size < 3", {"size": 2}, True),
        ("size < 3", {"size": 3}, False),
        ("size <= 3 and size >= 3", {"size": 3}, True),
        ("rate is 0.1", {"rate": 0.1}, True),
        ("rate is 0.1", {"rate": Decimal("0.10")}, True),
        ("price > 49.90", {"price": "49.91"}, True),
        ("price is size", {"price": "3.00", "size": 3}, True),
        ("open is true", {"open": False}, False),
        ("status in [draft, final]", {}, None),
        ("status in [draft]", {"status": "final"}, False),
        ("size in [1, 2]", {"size": 2}, True),
        ('from_ip in "10.0.0.0/8"', {"from_ip": "10.1.2.3"}, True),
        ('from_ip in "10.0.0.0/8"', {"from_ip": "11.1.2.3"}, False),
        ('from_ip in "10.0.0.0/8"', {"from_ip": "::1"}, False),
        ('from_ip in ["10.0.0.0/8", "2001:db8::1"]', {"from_ip": "2001:DB8:0::1"}, True),
        ('tags contains "a"', {"tags": ["b", "a"]}, True),
        ('tags contains "a"', {"tags": []}, False),
        ('tags contains "a"', {}, None),
        ('tags contains "a"', {"tags": ["b", None]}, None),
        ('tags contains "a"', {"tags": ["a", None]}, True),
        ('tags contains all of ["a", "b"]', {"tags": ["c", "b", "a"]}, True),
        ('tags contains all of ["a", "b"]', {"tags": ["a"]}, False),
        ('tags contains all of ["a", "b"]', {"tags": []}, False),
        ('tags contains all of ["a", "b"]', {}, None),
        ('tags contains all of ["a", "b"]', {"tags": ["a", None]}, None),
        ('tags contains all of ["a", title]', {"tags": ["a"]}, None),
        ("tags contains all of [title]", {"tags": ["a"], "title": "a"}, True),
        ("tags overlaps assigned user.names", {"tags": ["x", "b"]}, True),
        ("tags overlaps assigned user.names", {"tags": ["B"]}, False),
        ("tags overlaps assigned user.names", {"tags": []}, False),
        ("tags overlaps assigned user.names", {}, None),
        ("tags overlaps assigned user.names", {"tags": "a"}, None),
        ("tags overlaps assigned user.names", {"tags": ["a", 1]}, None),
        ("tags overlaps assigned user.none", {"tags": ["a", None]}, False),
        ("tags overlaps assigned user.none", {}, None),
        ("tags overlaps assigned user.lacking", {"tags": []}, None),
        ("tags overlaps marks", {"tags": ["a", None], "marks": ["a"]}, True),
        ("tags overlaps marks", {"tags": ["a", None], "marks": ["b"]}, None),
        ("tags overlaps marks", {"tags": ["a", None], "marks": []}, False),
        ("tags overlaps marks", {"tags": [None], "marks": [None]}, None),
        ("not (tags overlaps marks)", {"tags": ["a"], "marks": ["b", None]}, None),
        ("tags overlaps tags", {"tags": []}, False),
        ('tags overlaps ["a", "b"]', {"tags": ["b"]}, True),
        ('tags overlaps ["a", title]', {"tags": ["b"]}, None),
        ("sizes overlaps rates", {"sizes": [3], "rates": ["3.00", 1]}, True),
        ("sizes overlaps rates", {"sizes": [3], "rates": [3.5]}, False),
        ("lengths overlaps lengths", {"lengths": ["1 day"]}, True),
        ("folders overlaps others", {"folders": [{"id": "k"}], "others": ["k"]}, True),
        ("folders overlaps others", {"folders": [{}], "others": [{}]}, False),
        ("assigned user.names overlaps assigned user.none", {}, False),
        ("tags is empty", {"tags": []}, True),
        ("tags is empty", {"tags": ["a"]}, False),
        ("tags is empty", {"tags": [None]}, False),
        ("tags is empty", {}, None),
        ("tags is empty", {"tags": {}}, None),
        ("tags is not empty", {"tags": []}, False),
        ("tags is not empty", {}, None),
        ("not (tags is empty)", {"tags": ["a"]}, True),
        ("assigned user.none is empty", {}, True),
        ("assigned user.lacking is empty", {}, None),
        ("length is not 1 month", {"length": "28 days"}, None),
        ('title contains "b"', {"title": "abc"}, True),
        ('title starts with "b"', {"title": "abc"}, False),
        ('title ends with "bc"', {"title": "abc"}, True),
        ('title ends with "bc"', {}, None),
        ("length > 8 hours", {"length": "1 day"}, True),
        ("length > 8 hours", {"length": "480 minutes"}, False),
        ("length > 8 hours", {"length": "1 month"}, None),
        ("length is 12 months", {"length": "1 year"}, True),
        ('title is "a" or size > 1', {"size": 2}, True),
        ('title is "a" and size > 1', {"size": 1}, False),
        ('title is "a" and size > 1', {"size": 2}, None),
    ],
)
def test_conditions(condition: str, record: dict[str, Any], expected: bool | None) -> None:
    assert holds(condition, record) is expected


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("created within 30 days", "2026-10-22T12:00:00Z", True),
        ("created within 30 days", "2026-10-22T11:59:59.999999Z", False),
        ("created within 30 days", NOW, True),
        ("created within 30 days", "2026-11-21T12:00:00.000001Z", False),
        ("created within next 90 minutes", "2026-11-21T13:30:00Z", True),
        ("created within next 90 minutes", "2026-11-21T13:30:01Z", False),
        ("created within next 90 minutes", "2026-11-21T11:59:59Z", False),
        ("created older than 30 days", "2026-10-22T12:00:00Z", False),
        ("created older than 30 days", "2026-10-22T11:59:59Z", True),
        ("created before 2026-01-01T00:00:00+02:00", "2025-12-31T21:59:59Z", True),
        ("created after 2026-01-01T00:00:00+02:00", "2025-12-31T22:00:00Z", False),
    ],
)
def test_instants(condition: str, value: str, expected: bool) -> None:
    assert holds(condition, {"created": value}) is expected
    assert holds(condition, {"created": datetime.datetime.fromisoformat(value)}) is expected
    assert holds(condition, {}) is None


def test_a_day_is_24_hours_and_a_month_is_on_the_calendar_across_a_clock_change() -> None:
    """New York, noon of 2026-11-15; the clocks went back an hour on the 1st."""
    noon = {"timezone": "America/New_York", "now": "2026-11-15T12:00:00-05:00"}
    assert holds("created within 20 days", {"created": "2026-10-26T13:00:00-04:00"}, **noon) is True
    assert holds("created within 20 days", {"created": "2026-10-26T12:59:59-04:00"}, **noon) is False
    assert holds("created within 1 month", {"created": "2026-10-15T12:00:00-04:00"}, **noon) is True
    assert holds("created within 1 month", {"created": "2026-10-15T11:59:59-04:00"}, **noon) is False


@pytest.mark.parametrize(
    ("now", "length", "first"),
    [
        ("2026-03-31T10:00:00+00:00", "1 month", "2026-02-28"),
        ("2024-03-31T10:00:00+00:00", "1 month", "2024-02-29"),
        ("2024-02-29T10:00:00+00:00", "1 year", "2023-02-28"),
        ("2026-05-31T10:00:00+00:00", "3 months", "2026-02-28"),
        ("2026-01-31T10:00:00+00:00", "2 weeks", "2026-01-17"),
    ],
)
def test_months_are_clamped(now: str, length: str, first: str) -> None:
    before = (datetime.date.fromisoformat(first) - datetime.timedelta(days=1)).isoformat()
    assert holds(f"day within {length}", {"day": first}, now=now) is True
    assert holds(f"day within {length}", {"day": before}, now=now) is False
    assert holds(f"created within {length}", {"created": f"{first}T10:00:00Z"}, now=now) is True
    assert holds(f"created within {length}", {"created": f"{first}T09:59:59Z"}, now=now) is False


def test_days_are_days_of_the_timezone() -> None:
    late = {"timezone": "Pacific/Auckland", "now": "2026-11-21T11:30:00+00:00"}  # half past midnight of the 22nd there
    assert holds("day within 0 days", {"day": "2026-11-22"}, **late) is True
    assert holds("day within 0 days", {"day": "2026-11-21"}, **late) is False
    assert holds("day within next 1 day", {"day": "2026-11-23"}, **late) is True
    assert holds("day older than 1 day", {"day": "2026-11-20"}, **late) is True
    assert holds("day older than 1 day", {"day": "2026-11-21"}, **late) is False


def test_request_attributes() -> None:
    assert holds('request.ip in "10.0.0.0/8"', {}, {"ip": "10.0.0.1"}) is True
    assert holds('request.ip in "10.0.0.0/8"', {}, {}) is None
    assert holds("created < request.at", {"created": NOW}, {"at": "2026-11-21T14:00:01+02:00"}) is True


def test_beyond_the_calendar_is_unknown() -> None:
    assert holds("created within 1000 years", {"created": NOW}, now="0500-01-01T00:00:00+00:00") is None
    assert holds("day within 1000 years", {"day": "2026-01-01"}, now="0500-01-01T00:00:00+00:00") is None


@pytest.mark.parametrize("unit", ["minutes", "days"])
def test_minutes_and_days_are_exact_whatever_clock_now_is_read_from(unit: str) -> None:
    """Samoa had no 30th of December in 2011: its clocks say two days where one has passed."""
    apia = zone("Pacific/Apia")
    length = Duration(2 * 24 * 60 if unit == "minutes" else 2, unit)  # type: ignore[arg-type]
    for text in ("2011-12-31T00:00:00+14:00", "2011-12-29T12:00:00-10:00"):
        now = datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
        for sign in (-1, 1):
            assert shift(now.astimezone(apia), length, sign, apia) == shift(now, length, sign, apia)
            assert shift(now, length, sign, apia) == now + sign * datetime.timedelta(days=2)
