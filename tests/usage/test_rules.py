"""What is unused, and what is not called so: PL407, PL415 and the report."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.catalogue import BY_CODE, OF_USAGE, RULES
from policylang.check.engine import examine, run_checks
from policylang.check.usage import ObservedUse, Usage
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.settings.usage import UsageSettings
from policylang.source import Location
from policylang.usage.analyse import usage_report
from tests.helpers import compiled, marked
from tests.usage.helpers import NOW, POLICIES, read

CODES = tuple(OF_USAGE)
OLD = "2026-07-01T08:00:00Z"
RECENT = "2026-11-20T08:00:00Z"


def log(*rows: str) -> str:
    """Rows as ``user action resource time [allow|deny]``."""
    filled = [row.replace("OLD", OLD).replace("RECENT", RECENT).split() for row in rows]
    lines = [",".join((*row, "allow")[:5]) for row in filled]
    return "\n".join(("user,action,resource,time,decision", f"nobody,view,doc,{OLD},allow", *lines)) + "\n"


def found(tmp_path: Path, policies: str, text: str, config: UsageSettings | None = None) -> list[tuple[int, str]]:
    policy_set = compiled(policies)
    usage = read(tmp_path, policy_set, text, settings=config).usage
    return [(Location.parse(each.at).line, each.code) for each in run_checks(policy_set, NOW, CODES, usage=usage)]


@pytest.mark.parametrize("code", CODES)
def test_the_examples_of_a_rule(tmp_path: Path, code: str) -> None:
    rule = BY_CODE[code]
    for text in (rule.bad, rule.good, rule.near):
        policy_set = compiled(text)
        usage = read(tmp_path, policy_set, rule.log).usage
        lines = [(Location.parse(each.at).line, each.code) for each in run_checks(policy_set, NOW, [code], usage=usage)]
        assert lines == marked(text)
    assert marked(rule.bad)


def test_rules_about_usage_say_with_which_log() -> None:
    assert [rule.code for rule in RULES if rule.log] == list(CODES) == ["PL407", "PL415"]


ALL_USED = ("ann view doc RECENT", "ann modify doc RECENT", "cy delete doc RECENT", "ben delete doc RECENT")


def test_grants_that_nobody_used(tmp_path: Path) -> None:
    assert found(tmp_path, POLICIES, log(*ALL_USED, "ben view doc RECENT", "cy view doc RECENT")) == []
    unchanged = log("ann view doc RECENT", *ALL_USED[2:], "cy view doc RECENT", "ben view doc RECENT")
    assert found(tmp_path, POLICIES, unchanged) == [(4, "PL407")]
    nobody = log("ann view doc RECENT", "ann modify doc RECENT", "ben view doc RECENT", "cy view doc RECENT")
    assert found(tmp_path, POLICIES, nobody) == [(6, "PL407")]
    old = log(*ALL_USED[:2], "ben delete doc OLD", "ben view doc RECENT", "cy view doc RECENT")
    policy_set = compiled(POLICIES)
    (finding,) = run_checks(policy_set, NOW, CODES, usage=read(tmp_path, policy_set, old).usage)
    assert finding.message == (
        "nobody has used anything that role `cleaner` grants for 90 days, the last time on 2026-07-01; "
        "2 users (`ben`, `cy`) have it"
    )


def test_assignments_of_which_nothing_was_used(tmp_path: Path) -> None:
    assert found(tmp_path, POLICIES, log(*ALL_USED, "ben view doc RECENT")) == [(10, "PL415")]
    dormant = found(tmp_path, POLICIES, log(*ALL_USED[:2], "ben view doc RECENT", "ben delete doc RECENT"))
    assert dormant == [(10, "PL415")]
    policy_set = compiled(POLICIES)
    usage = read(tmp_path, policy_set, log(*ALL_USED[:2], "ben view doc RECENT", "ben delete doc RECENT")).usage
    (finding,) = run_checks(policy_set, NOW, CODES, usage=usage)
    assert finding.message == "`cy` has done nothing for 90 days, and has `clerk`, `cleaner`"


def test_what_something_requires_is_used(tmp_path: Path) -> None:
    policies = POLICIES + "role reader { grant view on archive }\nrole key { grant view on doc }\n"
    policies += 'user "di" { assign role reader  assign role key }\n'
    rows = (*ALL_USED, "ben view doc RECENT", "cy view doc RECENT")
    assert found(tmp_path, policies, log(*rows, "di view archive RECENT")) == []
    assert (12, "PL407") in found(tmp_path, policies, log(*rows, "di view archive OLD"))


@pytest.mark.parametrize(
    ("more", "config"),
    [
        ("", UsageSettings(break_glass=("cleaner",))),
        ("", UsageSettings(periods={"cleaner": 200})),
        ("", UsageSettings(days=200)),
        ("", UsageSettings(periods={"tidy": 200})),
        ("review role cleaner every 90 days last 2026-11-01\n", UsageSettings()),
    ],
)
def test_what_may_be_unused_for_longer(tmp_path: Path, more: str, config: UsageSettings) -> None:
    policies = (
        POLICIES.replace("cleaner { ", "cleaner { performs tidy  ") + "task tidy { needs delete on doc }\n" + more
    )
    rows = ("ann view doc RECENT", "ann modify doc RECENT", "ben view doc RECENT", "cy view doc RECENT")
    used = log(*rows, "ben delete doc 2026-06-01T00:00:00Z", "cy delete doc 2026-06-01T00:00:00Z")
    assert found(tmp_path, policies, used, config) == []
    assert found(tmp_path, policies.replace(" last 2026-11-01", ""), used)


def test_without_the_time_to_be_used_nothing_is_unused(tmp_path: Path) -> None:
    young = POLICIES.replace("assign role cleaner", "assign role cleaner from 2026-10-01")
    rows = ("ann view doc RECENT", "ann modify doc RECENT", "ben view doc RECENT", "cy view doc RECENT")
    assert found(tmp_path, young, log(*rows)) == []
    short = log(*rows).replace(OLD, "2026-09-30T00:00:00Z")
    policy_set = compiled(POLICIES)
    reading = read(tmp_path, policy_set, short)
    assert run_checks(policy_set, NOW, CODES, usage=reading.usage) == []
    assert not usage_report(policy_set, reading, NOW).covered
    assert found(tmp_path, POLICIES, short, UsageSettings(days=30)) == [(6, "PL407")]


def test_what_came_after_the_log_is_not_known(tmp_path: Path) -> None:
    rows = ("ann view doc RECENT", "ann modify doc RECENT", "ben view doc RECENT", "cy view doc RECENT")
    policy_set = compiled(POLICIES)
    months_later = NOW + datetime.timedelta(days=200)
    usage = read(tmp_path, policy_set, log(*rows)).usage
    week_later = usage.until + datetime.timedelta(days=7)
    expected = run_checks(policy_set, week_later, CODES, usage=usage)
    assert run_checks(policy_set, months_later, CODES, usage=usage) == expected
    assert [each.code for each in expected] == ["PL407"]
    short = read(tmp_path, policy_set, log(*rows).replace(OLD, "2026-09-30T00:00:00Z"))
    assert run_checks(policy_set, months_later, CODES, usage=short.usage) == []
    assert not usage_report(policy_set, short, months_later).covered
    assert usage_report(policy_set, short, months_later).unused == ()


@pytest.mark.parametrize(
    ("row", "is_used"),
    [
        (f"ann,modify,doc,{RECENT},completed", True),
        (f"ann,modify,doc,{RECENT},", True),
        ("ann,modify,doc,yesterday,allow", True),
        (f"ann,modify,doc,{OLD},completed", False),
        ("ann,modify,doc,yesterday,deny", False),
        (f"ann,modify,dog,{RECENT},completed", False),
        (f",modify,doc,{RECENT},allow", False),
    ],
)
def test_what_somebody_may_have_done_is_not_called_unused(tmp_path: Path, row: str, is_used: bool) -> None:
    rows = log("ann view doc RECENT", "ben view doc RECENT", "ben delete doc RECENT", "cy delete doc RECENT")
    assert found(tmp_path, POLICIES, f"{rows}{row}\n") == (
        [(10, "PL415")] if is_used else [(4, "PL407"), (10, "PL415")]
    )


def test_who_may_have_done_something_is_not_dormant(tmp_path: Path) -> None:
    policy_set = compiled(POLICIES)
    rows = log("ben view doc RECENT", "ben delete doc RECENT", "cy view doc RECENT")
    report = usage_report(policy_set, read(tmp_path, policy_set, f"{rows}ann,view,doc,yesterday,allow\n"), NOW)
    assert [each.what for each in report.unused if each.kind == "user"] == []


def test_dormant_users_and_integrations(tmp_path: Path) -> None:
    policies = POLICIES + "role robot { grant view on doc }\nintegration sync { role robot  objects doc }\n"
    policy_set = compiled(policies)
    rows = ("ann view doc RECENT", "ann modify doc RECENT", "ben view doc OLD", "cy view doc RECENT")
    report = usage_report(policy_set, read(tmp_path, policy_set, log(*rows)), NOW)
    dormant = [(each.kind, each.what, each.last) for each in report.unused if each.kind in ("user", "integration")]
    assert dormant == [("user", "`ben`", datetime.date(2026, 7, 1)), ("integration", "`sync`", None)]


def test_places_count_where_the_log_says_them(tmp_path: Path) -> None:
    policies = """\
scope site
place site "A"
place site "B"
resource post { site : site  actions view }
role guard { grant view on post }
user "ann" {
  assign role guard at site "A"
  assign role guard at site "B"
}
"""
    rows = f"user,action,resource,time,site\nann,view,post,{OLD},A\nann,view,post,{RECENT},A\n"
    assert found(tmp_path, policies, rows) == [(8, "PL415")]
    assert found(tmp_path, policies, rows.replace(",site", "").replace(",A", "")) == []
    assert found(tmp_path, policies, rows.replace(",A", ",C")) == []


def test_no_rule_about_usage_runs_without_a_log() -> None:
    policy_set = compiled(BY_CODE["PL407"].bad)
    assert examine(policy_set, NOW, CODES).found == ()


def test_the_report(tmp_path: Path) -> None:
    policy_set = compiled(POLICIES + "role boss { grant delete on doc  grant modify on doc }\n")
    rows = (
        *ALL_USED,
        "ann delete doc RECENT deny",
        "ben modify doc RECENT deny",
        "cy view archive OLD deny",
        "ann veiw doc OLD",
    )
    report = usage_report(policy_set, read(tmp_path, policy_set, log(*rows)), NOW)
    assert [(each.resource, each.action, each.count, each.users) for each in report.used] == [
        ("doc", "delete", 2, 2),
        ("doc", "modify", 1, 1),
        ("doc", "view", 1, 1),
    ]
    assert [(each.kind, each.what, each.by) for each in report.unused] == [
        ("group", "group `desk`", "group `desk`"),
        ("assignment", "`cy`", "role `clerk`"),
    ]
    assert [(each.action, each.resource, each.users, each.why, each.change) for each in report.denied] == [
        ("view", "archive", ("cy",), "nothing that they have grants it", "grant view on `archive`"),
        ("delete", "doc", ("ann",), "nothing that they have grants it", "assign role `cleaner`"),
        ("modify", "doc", ("ben",), "nothing that they have grants it", "assign role `boss`, with 1 more permission"),
    ]
    assert [(each.kind, each.name) for each in report.unknown] == [("action", "veiw on doc"), ("user", "nobody")]


def test_why_attempts_were_denied(tmp_path: Path) -> None:
    policies = """\
scope site
place site "North"
resource doc { level : int  site : site  actions view, modify, delete }
resource log { action view requires view on doc }
role boss { grant view on doc }
policy low on doc { level < 3 }
role clerk { grant view on doc  grant view on log  policy low  grant delete on doc }
role auditor { grant view on log }
deny delete on doc
user "ann" { assign role clerk }
user "ben" { assign role auditor }
user "cy" { assign role boss }
user "di" { assign role boss at site "North" }
"""
    policy_set = compiled(policies)
    rows = [
        f"{who} RECENT deny" for who in ("ann view doc", "ann delete doc", "ben view log", "cy view doc", "di view doc")
    ]
    report = usage_report(policy_set, read(tmp_path, policy_set, log(*rows)), NOW)
    assert sorted((each.resource, each.why, each.change) for each in report.denied) == [
        ("doc", "a deny takes it away", None),
        ("doc", 'held only for some records: role `boss` at `North`: at site "North"', None),
        ("doc", "held only for some records: role `clerk`: level < 3", None),
        ("doc", "these policies allow it, for every record: role `boss`", None),
        ("log", "it requires view on `doc`", "assign role `boss`"),
    ]


def test_outliers(tmp_path: Path) -> None:
    people = "".join(f'user "u{number:02}" in desk\n' for number in range(40))
    policy_set = compiled("resource doc { actions view, delete }\ngroup desk { grant view, delete on doc }\n" + people)
    rows = [f"u{number:02} view doc RECENT" for number in range(40) for _ in range(5)]
    report = usage_report(policy_set, read(tmp_path, policy_set, log(*rows, *["u07 delete doc RECENT"] * 100)), NOW)
    assert [(each.user, each.what, each.among, each.measure) for each in report.outliers] == [
        ("u07", "delete on `doc`", "group `desk`", "1 of 40 do it"),
        ("u07", "anything at all", "group `desk`", "105 times; the median of 40 is 5"),
    ]


def test_fields_that_nobody_named(tmp_path: Path) -> None:
    policy_set = compiled(POLICIES)
    rows = f"user,action,resource,time,field\nann,view,doc,{OLD},level\nann,view,doc,{RECENT},level\n"
    report = usage_report(policy_set, read(tmp_path, policy_set, rows), NOW)
    assert [each.what for each in report.unused if each.kind == "field"] == ["`note` of `doc`"]


_USERS, _DONE = ("ann", "ben", "cy"), (("view", "doc"), ("modify", "doc"), ("delete", "doc"), ("view", "archive"))


@given(st.lists(st.tuples(st.sampled_from(_USERS), st.sampled_from(_DONE), st.integers(0, 300)), max_size=12))
@settings(deadline=None, max_examples=60)
def test_without_what_is_unused_all_that_was_done_is_still_allowed(
    done: list[tuple[str, tuple[str, str], int]],
) -> None:
    """Take every unused grant out: whoever did something in the window, and was allowed to, still is."""
    policy_set = compiled(POLICIES)
    record = {"level": 1}
    uses = []
    for user, (action, resource), days in done:
        at = NOW - datetime.timedelta(days=days)
        if decide(Index(policy_set), user, action, resource, record, now=at).allowed:
            uses.append(ObservedUse(user, resource, action, True, None, None, 1, at, at))
    usage = Usage(tuple(sorted(uses, key=lambda use: use.order)), NOW - datetime.timedelta(days=400), NOW)
    lines = POLICIES.splitlines()
    for finding in run_checks(policy_set, NOW, ["PL407"], usage=usage):
        at = Location.parse(finding.at)
        text = lines[at.line - 1]
        if "grant" in text and at.line == 4:
            unused = [each.partition(" on ")[0] for each in finding.subjects]
            left = [each for each in ("view", "modify") if each not in unused]
            lines[at.line - 1] = f"  grant {', '.join(left)} on doc" if left else ""
        else:
            lines[at.line - 1] = text[: text.index("{")] + "{ }" if "{ " in text else text
            if "{ }" not in lines[at.line - 1]:
                lines[at.line] = ""
    after = Index(compiled("\n".join(lines) + "\n"))
    for use in uses:
        if use.last >= NOW - datetime.timedelta(days=90):
            assert decide(after, use.user, use.action, use.resource, record, now=NOW).allowed, (use, lines)
