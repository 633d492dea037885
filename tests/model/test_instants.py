"""Assignments that are never active, because of what is written or of clocks that change."""

from __future__ import annotations

import pytest

from policylang.model.instants import beginning, ending, never_active, zone

CASES = [
    (
        "Europe/Berlin",
        "2026-03-29 02:10",
        "2026-03-29 02:50",
        "the shift never holds: the clocks of Europe/Berlin go from 02:00 to 03:00 on 2026-03-29",
        "let it end after 03:00, or begin before 02:00",
    ),
    (
        "Africa/Cairo",
        "2026-04-24",
        "2026-04-24 00:30",
        "the shift never holds: the clocks of Africa/Cairo go from 00:00 to 01:00 on 2026-04-24",
        "let it end after 01:00, or begin before 00:00",
    ),
    (
        "Pacific/Apia",
        "2011-12-30",
        "2011-12-30",
        "the shift never holds: the clocks of Pacific/Apia go from 00:00 to 2011-12-31 00:00 on 2011-12-30",
        "let it end after 2011-12-31 00:00, or begin before 00:00",
    ),
    (
        "Europe/Berlin",
        "2026-10-25 03:00",
        "2026-10-25 02:30",
        "the shift ends at 2026-10-25 02:30 before it begins at 2026-10-25 03:00",
        "swap the two dates, or correct one",
    ),
    (
        "Europe/Berlin",
        "2026-10-26 02:30",
        "2026-10-26 02:30",
        "the shift ends when it begins, at 2026-10-26 02:30",
        "correct one of the two",
    ),
]


@pytest.mark.parametrize(("timezone", "begins", "ends", "why", "help"), CASES)
def test_never_active(timezone: str, begins: str, ends: str, why: str, help: str) -> None:
    assert never_active(ends, begins, zone(timezone), "shift") == (why, help)


@pytest.mark.parametrize(
    ("timezone", "begins", "ends"),
    [
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 02:30"),
        ("Europe/Berlin", "2026-10-25 02:59", "2026-10-25 02:00"),
        ("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 02:00"),
        ("Europe/Berlin", "2026-03-29 02:10", "2026-03-29 03:01"),
        ("Africa/Cairo", "2026-04-24", "2026-04-24 01:01"),
        # Beyond the calendar in UTC.
        ("America/Denver", "9999-12-31 20:00", "9999-12-31 22:00"),
        ("Asia/Tokyo", "0001-01-01 01:00", "0001-01-01 02:00"),
        ("Asia/Tokyo", "0001-01-01", "9999-12-31"),
    ],
)
def test_active_at_some_time(timezone: str, begins: str, ends: str) -> None:
    assert never_active(ends, begins, zone(timezone)) is None


@pytest.mark.parametrize("timezone", ["UTC", "America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"])
@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2011-12-30"])
def test_never_active_where_there_is_no_instant_between(timezone: str, day: str) -> None:
    moments = [day, *(f"{day} {hour:02}:{minute:02}" for hour in range(5) for minute in (0, 20, 40))]
    for begins in moments:
        for ends in moments:
            between = beginning(begins, zone(timezone)) < ending(ends, zone(timezone))
            assert (never_active(ends, begins, zone(timezone)) is None) is between, (begins, ends)
