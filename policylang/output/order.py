"""The order that people read findings in: what matters most first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from policylang.check.selection import SOURCE
from policylang.diagnostics import Severity
from policylang.pipelines.findings import ReportedFinding

Order = Literal["weight", "place"]

RANKS: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
_OF_A_RULE = 3
"""How many findings of one rule the first screen shows whole."""


def in_order(findings: Sequence[ReportedFinding], order: Order) -> list[ReportedFinding]:
    """Findings by ``place``, as they come, or by ``weight``: errors in the sources in the order of their places, then
    errors, warnings and infos, each rule by rule. Findings that are more urgent or reach further come first, and so do
    their rules.
    """
    if order == "place":
        return list(findings)
    furthest: dict[str, tuple[int, ...]] = {}
    for each in findings:
        furthest[each.code] = min(furthest.get(each.code, ()) or _weight(each), _weight(each))

    def weight(finding: ReportedFinding) -> tuple[int, tuple[int, ...], str, tuple[int, ...]]:
        if finding.code.startswith(SOURCE):
            return -1, (), "", ()
        return RANKS[finding.severity], furthest[finding.code], finding.code, _weight(finding)

    return sorted(findings, key=weight)


def _weight(finding: ReportedFinding) -> tuple[int, ...]:
    """Less is heavier."""
    return tuple(-each for each in (finding.urgency, *finding.reach.weight))


class Screen(msgspec.Struct, frozen=True):
    """What fits on a first screen. ``more``: how many further findings there are of rules of which some are shown;
    ``left``: of the others. Both by severity and code.
    """

    shown: tuple[ReportedFinding, ...]
    more: dict[str, int]
    left: dict[tuple[Severity, str, str], int]


def first_screen(findings: Sequence[ReportedFinding], limit: int, named: Iterable[str] = ()) -> Screen:
    """At most so many findings, of each rule the first few; no infos beside something worse, unless they are ``named``
    by their code.
    """
    wanted = frozenset(named)
    worse = any(each.severity != "info" for each in findings)
    shown: list[ReportedFinding] = []
    of_rule: Counter[str] = Counter()
    rest: list[ReportedFinding] = []
    for each in findings:
        is_aside = worse and each.severity == "info" and each.code not in wanted
        if is_aside or len(shown) == limit or of_rule[each.code] == _OF_A_RULE:
            rest.append(each)
        else:
            shown.append(each)
            of_rule[each.code] += 1
    more = Counter(each.code for each in rest if each.code in of_rule)
    left = Counter((each.severity, each.code, each.name) for each in rest if each.code not in of_rule)
    return Screen(tuple(shown), more, left)
