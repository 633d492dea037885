"""What comes first, and what fits on a first screen."""

from __future__ import annotations

import msgspec

from policylang.check.finding import Finding as Said
from policylang.check.reach import Reach
from policylang.output.order import first_screen, in_order
from policylang.pipelines.findings import ReportedFinding


def finding(code: str, severity: str, line: int, users: int = 0, reach: Reach | None = None) -> ReportedFinding:
    content = ("name", severity, f"m{line}", None, "a.policy", line, 1, line, 2, (), None)
    return msgspec.structs.replace(ReportedFinding(code, *content), reach=reach or Reach(users))  # type: ignore[arg-type]


def lines(found: list[ReportedFinding] | tuple[ReportedFinding, ...]) -> list[int]:
    return [each.line for each in found]


MIXED = [
    finding("PL701", "info", 1),
    finding("PL402", "warning", 2),
    finding("PL301", "error", 3, users=2),
    finding("PL211", "error", 4, users=1),
    finding("PL301", "error", 5, users=7),
    finding("PL402", "warning", 6),
    finding("PL305", "warning", 7, users=1),
]


def test_weight_is_severity_then_the_users_of_the_rule_and_the_finding() -> None:
    assert lines(in_order(MIXED, "weight")) == [5, 3, 4, 7, 2, 6, 1]


def test_of_as_many_users_sensitive_attributes_come_first_then_all_records_then_who_could_get_it() -> None:
    found = [
        finding("PL402", "warning", 1, reach=Reach(None, None, "some")),
        finding("PL402", "warning", 2, reach=Reach(0, 3, "all")),
        finding("PL402", "warning", 3, reach=Reach(0, 7, "all")),
        finding("PL402", "warning", 4, reach=Reach(0, 0, "some", ("doc.fee",))),
        finding("PL402", "warning", 5, reach=Reach(1, 0)),
    ]
    assert lines(in_order(found, "weight")) == [5, 4, 3, 2, 1]


def test_place_is_as_they_come() -> None:
    assert lines(in_order(MIXED, "place")) == [1, 2, 3, 4, 5, 6, 7]


def test_errors_in_the_sources_stay_in_their_order() -> None:
    found = [finding("PL103", "error", 1), finding("PL100", "error", 2), finding("PL101", "error", 3)]
    assert lines(in_order(found, "weight")) == [1, 2, 3]


def test_a_screen_shows_few_of_each_rule_and_counts_the_others() -> None:
    found = in_order([finding("PL402", "warning", n) for n in range(1, 9)] + MIXED, "weight")
    screen = first_screen(found, 6)
    assert [each.code for each in screen.shown] == ["PL301", "PL301", "PL211", "PL305", "PL402", "PL402"]
    assert screen.more == {"PL402": 8}
    assert screen.left == {("info", "PL701", "name"): 1}


def test_infos_stand_aside_unless_they_are_all_there_is_or_asked_for() -> None:
    infos = [finding("PL701", "info", 1), finding("PL702", "info", 2)]
    assert lines(first_screen(infos, 5).shown) == [1, 2]
    worse = in_order([*infos, finding("PL402", "warning", 3)], "weight")
    assert lines(first_screen(worse, 5).shown) == [3]
    assert lines(first_screen(worse, 5, ["PL702"]).shown) == [3, 2]


def test_everything_is_shown_or_counted() -> None:
    for limit in range(1, 10):
        screen = first_screen(in_order(MIXED, "weight"), limit)
        assert len(screen.shown) + sum(screen.more.values()) + sum(screen.left.values()) == len(MIXED)


def test_a_reach_is_one_phrase_of_what_is_known() -> None:
    assert Reach().in_words() == ""
    assert Reach(1, 0).in_words() == "1 user"
    assert Reach(0, 0, "some").in_words() == "nobody now; some records"
    assert Reach(0, 2_000).in_words() == "nobody now, 2,000 could get it"
    whole = Reach(1_200, 1, "all", ("doc.a", "doc.b", "doc.c", "doc.d", "doc.e"))
    assert whole.in_words() == (
        "1,200 users, 1 more could get it; all records; sensitive `doc.a`, `doc.b`, `doc.c` and 2 more"
    )


def test_the_more_urgent_come_before_what_reaches_further() -> None:
    said = [Said(code="PL211", message="m", at="a:1:1-1:2", urgency=urgency) for urgency in (-1, 0, 1)]
    plain = [finding("PL211", "error", line, users=9 - line) for line in (1, 2, 3)]
    found = [msgspec.structs.replace(each, said=said[number]) for number, each in enumerate(plain)]
    assert lines(in_order([*found, finding("PL301", "error", 4, users=20)], "weight")) == [3, 2, 1, 4]
