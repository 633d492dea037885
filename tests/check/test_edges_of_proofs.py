"""Where a proof is near its edge: what it may not claim, what it may not miss, and what it shows."""

from __future__ import annotations

import datetime

import pytest

from policylang.check.engine import run_checks
from policylang.check.finding import Finding
from policylang.diff.compare import compare
from policylang.runtime.index import Index
from tests.helpers import compiled, explain

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


def findings(text: str, *codes: str, now: datetime.datetime = NOW) -> list[Finding]:
    return run_checks(compiled(text), now, codes)


def limited(attributes: str, condition: str) -> str:
    return f"""\
resource doc {{ {attributes}  actions view }}
policy some on doc {{ {condition} }}
role reader {{ grant view on doc  policy some }}
user "ann" {{ assign role reader }}
"""


@pytest.mark.parametrize(
    ("attributes", "condition", "found"),
    [
        ("span : duration", "span is 0 days", []),
        ("span : duration", "span < 0 days", ["PL203"]),
        ("span : duration", "span <= 0 days and span >= 0 days", []),
        # whole numbers beside ones with decimals
        ("level : int  fee : money", "level > fee and fee > 1.2 and fee < 1.5", []),
        ("level : int  fee : money", "level < fee and fee > 1.2 and fee < 1.5", []),
        ("level : int  fee : money", "level is fee and fee > 1.2 and fee < 1.5", ["PL203"]),
        # a length that the record says
        ("created : datetime  span : duration", "created within span", []),
        ("created : datetime  span : duration", "created within span and created is missing", ["PL203"]),
        ("due : date  span : duration", "due within next span and not (due older than span)", []),
        # the first and the last years of the calendar
        ("created : datetime", "created after 9999-06-01T00:00:00Z", []),
        ("created : datetime", "created >= 9999-12-31T23:59:59.999999Z", []),
        ("created : datetime", "created > 9999-12-31T23:59:59.999999Z", ["PL203"]),
        ("created : datetime", "created before 0001-06-01T00:00:00Z", []),
        ("created : datetime", "created before 0001-01-01T00:00:00Z", ["PL203"]),
        ("due : date", "due after 9999-12-30", []),
        ("due : date", "due after 9999-12-31", ["PL203"]),
        ("due : date", "due before 0001-01-02", []),
        ("due : date", "due before 0001-01-01", ["PL203"]),
        # numbers of many digits between numbers of many digits
        ("rate : decimal", f"rate > 1 and rate < 1.{'0' * 60}1", []),
        ("rate : decimal", f"rate > 1.{'0' * 60}1 and rate < 1.{'0' * 60}2", []),
        ("rate : decimal", f"rate > 1.{'0' * 60}1 and rate < 1.{'0' * 60}1", ["PL203"]),
    ],
)
def test_what_can_never_be_true(attributes: str, condition: str, found: list[str]) -> None:
    assert [each.code for each in findings(limited(attributes, condition), "PL202", "PL203")] == found


def test_a_length_that_the_record_says_is_shown() -> None:
    text = limited("created : datetime  span : duration", "created within span")
    for condition, broken in (
        ("created within span", True),
        ("created is missing", False),
        ("created > 2027-01-01T00:00:00Z", True),  # of those who ask later
    ):
        said = f'invariant "none" {{ no user with role reader can view doc where {{ {condition} }} }}\n'
        found = findings(text + said, "PL601", "PL602")
        assert [each.code for each in found] == (["PL601"] if broken else []), condition
        assert all(each.shown for each in found)


@pytest.mark.parametrize("now", ["1970-01-02", "1971-06-15", "2098-06-15", "2099-12-30"])
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("created within 1 month", []),
        ("created older than 1 month and created within 2 months", []),
        ("created older than 2 months and created within 1 month", ["PL203"]),
        ("created within next 1 month and created within 1 month", []),
        ("created within next 1 month and created older than 1 month", ["PL203"]),
    ],
)
def test_months_near_the_first_and_the_last_year(now: str, condition: str, found: list[str]) -> None:
    instant = datetime.datetime.fromisoformat(f"{now}T12:00:00+00:00")
    text = limited("created : date", condition)
    assert [each.code for each in findings(text, "PL202", "PL203", now=instant)] == found


@pytest.mark.parametrize(
    ("kind", "condition", "found"),
    [
        ("datetime", "created within 1 day and created < 1970-01-20T00:00:00Z", []),
        ("datetime", "created within 1 day and created < 1969-12-20T00:00:00Z", ["PL203"]),
        ("datetime", "created within next 1 day and created > 2099-12-20T00:00:00Z", []),
        ("datetime", "created within next 1 day and created > 2100-01-20T00:00:00Z", ["PL203"]),
        ("date", "created within 1 month and created < 1970-01-20", []),
        ("date", "created within 1 month and created < 1969-11-20", ["PL203"]),
        ("date", "created within next 1 month and created > 2099-12-20", []),
        ("date", "created within next 1 month and created > 2100-02-20", ["PL203"]),
    ],
)
def test_requests_come_between_1970_and_2099(kind: str, condition: str, found: list[str]) -> None:
    text = limited(f"created : {kind}", condition)
    for now in (NOW, datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC)):
        assert [each.code for each in findings(text, "PL203", now=now)] == found


SENSITIVE = """\
resource doc { title : text  sensitive fee : money  sensitive owner : user with role sales  actions view, create }
role sales
role sync { grant ACTION on doc (fee FIELDS) }
integration bot { role sync  objects doc }
"""


@pytest.mark.parametrize(("action", "fields"), [("view", ""), ("create", ", title"), ("create", "")])
def test_what_an_integration_sees_is_shown(action: str, fields: str) -> None:
    """A new record with what may be set, and nothing else."""
    (found,) = findings(SENSITIVE.replace("ACTION", action).replace("FIELDS", fields), "PL410")
    (shown,) = found.shown
    assert (shown.who.user, shown.action, shown.field, shown.allowed) == ("bot", action, "fee", True)


STACKED = """\
resource doc { owner : user  level : int  actions view }
policy mine on doc { owner is assigned user }
policy low on doc { level < 5 }
group sales { grant view on doc  policy mine }
role reader { grant view on doc }
user "ann" in sales { OVERRIDE  assign role reader }
"""


@pytest.mark.parametrize(
    ("override", "policy", "other"), [("", "mine", "low"), ("override policy low on doc", "low", "mine")]
)
def test_a_limit_that_is_lost_is_the_one_that_holds(override: str, policy: str, other: str) -> None:
    """A group's, or the policy that stands in its place."""
    (found,) = findings(STACKED.replace("OVERRIDE", override), "PL301")
    words = [each.message for each in found.related]
    assert any(f"`{policy}`" in each for each in words), words
    assert not any(f"`{other}`" in each for each in words), words


PERIODS = """\
resource doc { owner : user  actions view, modify }
role reader { grant view on doc }
role editor { grant view, modify on doc }
user "ann" { assign role reader DATES  assign role editor EDITOR }
"""


@pytest.mark.parametrize(
    ("dates", "editor", "found"),
    [
        ("", "", ["PL303"]),
        ("from 2026-12-01", "", ["PL303"]),
        ("", "from 2026-12-01", []),  # alone until then
        ("", "until 2027-01-31", []),  # alone from then on
        ("until 2026-12-31", "until 2027-01-31", ["PL303"]),
        ("from 2026-12-01 until 2026-12-31", "from 2026-11-01 until 2027-01-31", ["PL303"]),
    ],
)
def test_a_role_that_adds_nothing_for_some_time(dates: str, editor: str, found: list[str]) -> None:
    text = PERIODS.replace("DATES", dates).replace("EDITOR", editor)
    assert [each.code for each in findings(text, "PL303")] == found


def test_a_denial_through_a_nested_role_says_that_the_assignment_ended() -> None:
    policy_set = compiled("""\
resource doc { reviewer : user with role inner  actions view, modify }
role inner
role outer { role inner }
role clerk { grant modify on doc }
user "ann" { assign role clerk }
user "ben" { assign role outer until 2026-01-31 }
""")
    made = explain(Index(policy_set), "ann", "modify", "doc", {}, now=NOW, changes={"reviewer": "ben"})
    (written,) = made.written
    assert "ended on 2026-01-31" in str(written)


def test_a_new_role_that_nobody_has_is_a_change() -> None:
    old = compiled("resource doc { actions view }\nrole reader { grant view on doc }\n")
    new = compiled("resource doc { actions view }\nrole reader { grant view on doc }\nrole copy { role reader }\n")
    assert [each.kind for each in compare(old, new, NOW).changes] == ["gained"]


def test_what_holds_after_the_last_year_of_a_century() -> None:
    """A role until the end of 2099 means one without an end to many: what is left behind it is looked at as well."""
    text = """
timezone "America/Denver"
resource doc { created : datetime  actions view }
policy night on doc { now is between 22:00 and 06:00 }
policy monday on doc { created within 1 month and now is on monday }
role guard { grant view on doc }
role wide { grant view on doc }
role nightly { grant view on doc  policy night }
user "ann" { assign role guard until 2099-12-31  assign role wide  append policy night }
user "ben" { assign role guard until 2099-12-31  assign role wide  append policy monday }
user "cy" { assign role nightly from 2100-01-01 12:00 until 2100-01-02 12:00 }
user "di" { assign role nightly from 1959-01-01 12:00 until 1959-01-02 12:00 }
"""
    assert findings(text, "PL201", "PL209", now=datetime.datetime(1950, 1, 1, tzinfo=datetime.UTC)) == []
    assert findings(text, "PL201", "PL209") == []
    (shift,) = findings(text.replace("01-02 12:00", "01-01 18:00"), "PL201", "PL209")
    assert shift.message.startswith("no `doc` can satisfy `night` while `nightly` is assigned to `cy`")


def test_a_role_from_the_next_century_on_breaks_an_invariant() -> None:
    text = """
resource doc { created : datetime  fee : int  actions view }
policy late on doc { created > 2150-01-01T00:00:00Z and created within 1 day }
role reader { grant view on doc  policy late }
user "ann" { assign role reader from 2155-01-01 }
invariant "n" { no user can view doc.fee }
"""
    (found,) = findings(text, "PL601")
    assert "`ann`" in found.message
