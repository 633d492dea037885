"""What the calendar brings agrees with the rules, with the decision, and with calendars made by others."""

from __future__ import annotations

import datetime
import json

import icalendar
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from policylang.agenda.agenda import Agenda, AgendaEntry, Agendas, End, Review, Start, SuppressionEnd, agenda
from policylang.check.engine import run_checks
from policylang.ir.nodes import PolicySet
from policylang.model.instants import zone
from policylang.model.types import Duration
from policylang.output import ical
from policylang.output.agenda import render
from policylang.runtime.clock import shift_day
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.schemas import SCHEMAS
from policylang.text.readable import json_bytes
from tests.agenda.rendering import NOW, agendas
from tests.helpers import TESTS, compiled

ZONES = (
    "UTC",
    "America/Denver",
    "Pacific/Apia",  # had no 30 December 2011
    "America/Sao_Paulo",  # days there began at one o'clock
    "Asia/Beirut",
    "Australia/Lord_Howe",  # moves its clock by half an hour
    "America/Scoresbysund",
)
CASES = sorted((TESTS / "agenda" / "cases").glob("*.policy"))
SKIPPED = datetime.date(2011, 12, 30)
"""In Apia; an assignment for this day alone is an error there."""
near = st.integers(-400, 400).map(lambda n: SKIPPED + datetime.timedelta(days=n))
days = st.one_of(near, st.dates(datetime.date(1971, 1, 1), datetime.date(2100, 12, 31)))
lengths = st.tuples(st.integers(1, 40), st.sampled_from(["minutes", "hours", "days", "weeks", "months", "years"]))


@st.composite
def policy_texts(draw: st.DrawFn) -> str:
    lines = [
        f'timezone "{draw(st.sampled_from(ZONES))}"',
        'scope site\nplace site "HQ"\nresource doc { actions view }',
        "role a { grant view on doc }\nrole b { grant view on doc }\ngroup team",
        "integration robot { role a  objects doc }",
    ]
    for number in range(draw(st.integers(1, 4))):
        given_roles = []
        for role in draw(st.lists(st.sampled_from("ab"), max_size=3)):
            dates = sorted(draw(st.lists(near, min_size=2, max_size=2).filter(lambda days: {*days} != {SKIPPED})))
            start = f" from {dates[0]}" if draw(st.booleans()) else ""
            until = f" until {dates[1]}" if draw(st.booleans()) else ""
            place = ' at site "HQ"' if draw(st.booleans()) else ""
            given_roles.append(f"assign role {role}{place}{start}{until}")
        lines.append(f'user "u{number}" {{ {"  ".join(given_roles)} }}')
    for _ in range(draw(st.integers(0, 5))):
        subject = draw(st.sampled_from(["role a", "role b", "group team", "integration robot", 'user "u0"']))
        amount, unit = draw(lengths)
        last = f" last {draw(near)}" if draw(st.booleans()) else ""
        lines.append(f"review {subject} every {amount} {unit}{last}")
    return "\n".join(lines)


def at_noon(policy_set: PolicySet, day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(12), zone(policy_set.timezone)).astimezone(datetime.UTC)


def entries(found: Agenda) -> list[AgendaEntry]:
    return [*found.overdue, *found.over, *found.coming]


# --- the rules say the same ----------------------------------------------------------------------------------


@given(policy_texts(), near)
@settings(max_examples=150, deadline=None)
def test_what_is_past_is_what_the_rules_find(text: str, day: datetime.date) -> None:
    policy_set = compiled(text)
    now = at_noon(policy_set, day)
    found = agenda(policy_set, now, 0)
    rules = run_checks(policy_set, now, ["PL307", "PL603"])
    overdue = {(each.of, each.name) for each in found.overdue}
    reviewed = {review.at: (review.kind, review.name) for review in policy_set.reviews}
    assert {reviewed[each.at] for each in rules if each.code == "PL603"} == overdue
    ended = {
        f"the assignment of `{each.role}` to `{each.user}` ended on {each.until}"
        for each in found.over
        if isinstance(each, End)
    }
    # The rule counts users who are alike together.
    said = {each.message for each in rules if each.code == "PL307"}
    assert len(said) <= len(ended)
    assert bool(said) == bool(ended)
    assert {each for each in said if " and " not in each and "`, `" not in each} <= ended


# --- day by day ----------------------------------------------------------------------------------------------


@given(policy_texts(), near, st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_a_window_is_its_days_one_after_the_other(text: str, first: datetime.date, length: int) -> None:
    policy_set = compiled(text)
    window = agenda(policy_set, at_noon(policy_set, first), length)
    each_day: list[AgendaEntry] = []
    for number in range(length + 1):
        day = first + datetime.timedelta(days=number)
        found = agenda(policy_set, at_noon(policy_set, day), 0)
        # noon of a day that a zone left out is another day
        each_day += found.coming if found.today == day else ()
    assert list(window.coming) == each_day


@given(policy_texts(), near)
@settings(max_examples=100, deadline=None)
def test_everything_is_past_or_to_come(text: str, day: datetime.date) -> None:
    policy_set = compiled(text)
    found = agenda(policy_set, at_noon(policy_set, day), 3_000_000)
    assignments = [each for user in policy_set.users for each in user.assignments]
    ends = sorted(each.until for each in assignments if each.until is not None)
    starts = sorted(each.start for each in assignments if each.start is not None and each.start >= str(found.today))
    assert sorted(str(each.day) for each in entries(found) if isinstance(each, End)) == ends
    assert sorted(str(each.day) for each in entries(found) if isinstance(each, Start)) == starts
    asked = {(each.kind, each.name, each.every) for each in policy_set.reviews}
    listed = [(each.of, each.name, each.every) for each in entries(found) if isinstance(each, Review)]
    assert sorted(map(str, listed)) == sorted(map(str, asked))
    assert [each.day for each in found.coming] == sorted(each.day for each in found.coming)


# --- the ends of days ----------------------------------------------------------------------------------------


@given(st.sampled_from(ZONES), near)
@settings(max_examples=150, deadline=None)
def test_an_assignment_holds_as_long_as_its_end_is_to_come(name: str, day: datetime.date) -> None:
    assume((name, day) != ("Pacific/Apia", SKIPPED))
    policy_set = compiled(
        f'timezone "{name}"\nresource doc {{ actions view }}\nrole a {{ grant view on doc }}\n'
        f'user "u" {{ assign role a from {day} until {day} }}'
    )
    index = Index(policy_set)
    quarter = datetime.timedelta(minutes=15)
    begin = datetime.datetime.combine(day, datetime.time(), datetime.UTC) - datetime.timedelta(hours=15)
    for number in range(4 * 56):
        now = begin + number * quarter
        for instant in (now, now - datetime.timedelta(microseconds=1)):
            found = agenda(policy_set, instant, 0)
            holds = decide(index, "u", "view", "doc", {}, now=instant).allowed
            assert [type(each) for each in found.coming] == ([End, Start] if holds else [])
            assert not (holds and found.over)


# --- months --------------------------------------------------------------------------------------------------


@given(days, lengths, st.sampled_from(ZONES))
@settings(max_examples=300, deadline=None)
def test_reviews_are_due_by_the_calendar(last: datetime.date, length: tuple[int, str], name: str) -> None:
    amount, unit = length
    policy_set = compiled(f'timezone "{name}"\nrole a\nreview role a every {amount} {unit} last {last}')
    if unit in ("minutes", "hours"):
        end = datetime.datetime.combine(last, datetime.time()) + relativedelta(days=1)
        due = (end + relativedelta(**{unit: amount})).date()
    else:
        due = last + relativedelta(**{unit: amount})
    for now, expected in ((due, "coming"), (due + datetime.timedelta(days=1), "overdue")):
        found = agenda(policy_set, at_noon(policy_set, now), 0)
        if found.today == now:
            assert [each.day for each in getattr(found, expected)] == [due]
            assert len(entries(found)) == 1


def test_what_comes_after_the_calendar_does_not_come() -> None:
    policy_set = compiled("role a\nreview role a every 1000 years last 9999-12-31\nreview role a every 1 day")
    assert not entries(agenda(policy_set, NOW, 3_000_000))
    assert shift_day(datetime.date(2026, 8, 31), Duration(6, "months"), 1) == datetime.date(2027, 2, 28)


def test_the_window_ends_with_the_calendar() -> None:
    policy_set = compiled('role a\nuser "u" { assign role a until 9999-12-31 }')
    found = agenda(policy_set, NOW, 3_000_000)
    assert found.last == datetime.date.max
    assert [each.day for each in found.coming] == [datetime.date.max]
    assert b"DTSTART;VALUE=DATE:99991231" in ical.render(Agendas(NOW, 3_000_000, (found,)))


# --- the formats ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_json_is_as_published(path) -> None:
    content = json.loads(json_bytes(agendas(path)))
    Draft202012Validator(SCHEMAS["agenda"]()).validate(content)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_calendars_are_read_back_as_they_were_meant(path) -> None:
    found = agendas(path)
    written = ical.render(found)
    lines = written.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    assert written.count(b"BEGIN:VEVENT\r\n") == written.count(b"\r\nEND:VEVENT\r\n")
    calendar = icalendar.Calendar.from_ical(written)
    events = calendar.walk("VEVENT")
    assert len({str(event["UID"]) for event in events}) == len(events)
    (agenda_,) = found.sets
    for event in events:
        assert event.decoded("DTSTAMP") == NOW
        assert type(event.decoded("DTSTART")) is datetime.date
        assert str(event["SUMMARY"]).isprintable()
    stand = {event.decoded("DTSTART") for event in events}
    past = {agenda_.today} if agenda_.overdue or agenda_.over else set()
    assert stand == {each.day for each in agenda_.coming} | past
    text = written.replace(b"\r\n ", b"").decode()
    for user in {each.user for each in entries(agenda_) if isinstance(each, End | Start)}:
        assert user.isprintable() is (user in text)


def _uids(text: str, now: datetime.datetime = NOW) -> list[str]:
    found = agenda(compiled(text), now, 90)
    calendar = icalendar.Calendar.from_ical(ical.render(Agendas(now, 90, (found,))))
    return [str(event["UID"]) for event in calendar.walk("VEVENT")]


def test_an_event_keeps_its_uid() -> None:
    text = 'role a\nuser "u" { assign role a until 2026-12-01 }\nreview role a every 90 days last 2026-09-10\n'
    before = _uids(text)
    assert len(before) == 2
    assert _uids("# moved down\n\n" + text) == before
    assert _uids(text + 'user "v" { assign role a until 2026-12-01 }') == before
    assert set(_uids(text, NOW + datetime.timedelta(days=60))) == set(before)  # by now over, and overdue
    assert not set(_uids(text.replace("2026-12-01", "2026-12-02"))) & {before[0]}


def test_the_same_in_two_sets_is_two_events() -> None:
    found = agenda(compiled('role a\nuser "u" { assign role a until 2026-12-01 }'), NOW, 90)
    written = ical.render(Agendas(NOW, 90, (found, found)))
    calendar = icalendar.Calendar.from_ical(written)
    assert len({str(event["UID"]) for event in calendar.walk("VEVENT")}) == 2


@pytest.mark.parametrize("reason", ["", ' because "case {}"'])
def test_very_many_stay_readable(reason: str) -> None:
    users = [f'user "u{n:05}" {{ assign role a until 2026-12-01{reason.format(n)} }}' for n in range(3000)]
    found = agenda(compiled("role a\n" + "\n".join(users)), NOW, 90)
    assert len(found.coming) == 3000
    lines = list(render(Agendas(NOW, 90, (found,))))
    assert len(lines) < 15
    assert any("2,997 more" in line or "2,992 more" in line for line in lines)
    assert lines[-1].startswith("3,000 to come")


def test_comments_that_end_are_listed_with_their_place() -> None:
    found = agendas(TESTS / "agenda" / "cases" / "everything.policy").sets[0]
    (comment,) = (each for each in found.coming if isinstance(each, SuppressionEnd))
    assert (comment.day, comment.codes, comment.at.line) == (datetime.date(2027, 1, 31), ("PL402",), 19)


def test_of_a_log_of_reviews_the_latest_line_counts() -> None:
    log = [("2026-09-30", "amy"), ("2026-10-31", "bo"), ("2026-08-31", "cy")]
    lines = [f'review role a every 1 month last {day} by "{user}"' for day, user in log]
    users = [f'user "{user}"' for _, user in log]
    found = agenda(compiled("\n".join(["role a", *users, *lines, "review role a every 1 year"])), NOW, 400)
    first, second = entries(found)
    assert isinstance(first, Review)
    assert isinstance(second, Review)
    assert (first.day, first.by, first.at.line) == (datetime.date(2026, 11, 30), "bo", 6)
    assert (second.day, second.by, second.at.line) == (datetime.date(2027, 10, 31), "bo", 8)
