"""PL306: temporary access that never ends."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from policylang.check.finding import Finding, people, related
from policylang.check.stacks import alike
from policylang.check.world import World
from policylang.diagnostics import Rule, quoted
from policylang.ir import nodes as ir
from policylang.source import Location

RULE = Rule(
    code="PL306",
    name="temporary-without-end",
    family="stacking",
    severity="info",
    security="medium",
    summary="temporary access that never ends",
    why=(
        "What was meant for a few weeks stays until somebody remembers it. An assignment with an end date ends "
        "by itself."
    ),
    bad="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader because "covering leave" }   #! PL306
""",
    good="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader until 2026-12-31 because "covering leave" }
""",
    near="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader because "discovers and recovers lost documents" }
user "ben@acme.test" { assign role reader because "approves leave requests" }
user "eve@acme.test" { assign role reader }
user "kim@acme.test" { assign role reader from 2026-01-01 because "hired" }
""",
    since="0.1.0",
)

_COVER = re.compile(
    r"""\b(
        temp | temporar(?:y|ily) | interim | acting | provisional(?:ly)? | cover(?:s|ing)? | stand(?:s|ing)?[ -]in
      | step(?:s|ping)?[ ]in | fill(?:s|ing)?[ ]in | deputi[sz](?:es|ing) | substitut(?:e|es|ing|ion)
      | on[ ]loan | loaned | on[ ]secondment | seconded | until | away | for[ ]now | for[ ]the[ ]time[ ]being
      | in[ ]the[ ]meantime | meanwhile | short[ -]term
      | leave | holidays? | vacations? | pto | sabbatical | sick | ill | illness | absen(?:t|ce)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that speak of temporary cover."""

_WORK = re.compile(
    r"""\b(?:approv|manag|plan|handl|book|record|register|enter|review|check|administ|process|calculat)\w*\s
        (?:\w+\s){0,2}(?:leave|holidays?|vacations?|pto|absences?|sick[ ]days)\b
      | \b(?:(?:sick|leave|holiday|vacation|absence|pto)s?\s(?:and\s)?)+(?:request|plan|polic|calendar|approval
        |management|balance|pay|record|administration|entitlement|allowance|account|list|schedul|booking|rental|home|house|park|resort
        |tour|report)\w*
      | \b(?:temp|temporary|interim|short[ -]term)\s(?:staff|worker|employee|badge|permit|contract|file|report|statement
        |result|storage|housing|rental|loan|account)\w*
      | \bcover\s(?:letter|page|sheet|image|photo|art)\w*
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""The same words as the subject of somebody's work: `approves leave requests`, `manages temporary staff`."""


def _is_temporary(because: str) -> bool:
    """Whether a reason speaks of temporary cover."""
    return _COVER.search(_WORK.sub(" ", because)) is not None


def check(world: World) -> Iterator[Finding]:
    """An assignment without `until` whose `because` has one of the words above in it, as a word of its own and not as
    the subject of the work. It is a guess. One finding for a role and a reason, with all users who have it so, on the
    first assignment; the help proposes the last day of the third month from the check's `now` on.
    """
    found: dict[tuple[str, str], list[tuple[list[str], ir.Assignment]]] = {}
    for users, user in alike(world):
        for each in user.assignments:
            because = each.because or ""
            if each.until is None and _is_temporary(because):
                found.setdefault((each.role, because), []).append((users, each))
    for given in found.values():
        yield _finding(world, given)


def _finding(world: World, given: list[tuple[list[str], ir.Assignment]]) -> Finding:
    _, first = min(given, key=lambda each: Location.parse(each[1].at))
    users = sorted({user for names, _ in given for user in names})
    return Finding(
        code="PL306",
        message=(
            f"the assignment of `{first.role}` to {people(users)} sounds temporary "
            f"({quoted(first.because or '')}) but never ends"
        ),
        at=first.at,
        help=f"if it is, add an end date: `until {_proposed(world.today)}`",
        related=tuple(related(each.at, "and here") for _, each in given if each.at != first.at)[:_SHOWN],
        users=tuple(users),
    )


_SHOWN = 3


def _proposed(today: datetime.date) -> datetime.date:
    """The last day of the third month from a day on."""
    year, month = divmod(today.year * 12 + today.month - 1 + 3, 12)
    return datetime.date(year, month + 1, 1) - datetime.timedelta(days=1)
