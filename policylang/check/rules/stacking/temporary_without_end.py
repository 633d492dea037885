"""PL306"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylang.check.finding import Finding, counted
from policylang.check.stacks import alike
from policylang.check.world import World
from policylang.diagnostics import Rule, quoted
from policylang.ir import nodes as ir

RULE = Rule(
    code="PL306",
    name="temporary-without-end",
    family="stacking",
    severity="warning",
    summary="temporary access that does not end",
    why=(
        "What is meant for a few weeks stays until somebody remembers it. An assignment with a last day ends by itself."
    ),
    bad="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader because "covering leave" }   #! PL306
user "ben@acme.test" { assign role reader from 2026-01-01 }            #! PL306
""",
    good="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader until 2026-12-31 because "covering leave" }
user "ben@acme.test" { assign role reader from 2026-01-01 until 2026-06-30 }
""",
    near="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader because "discovers and recovers lost documents" }
user "ben@acme.test" { assign role reader because "approves leave requests" }
user "eve@acme.test" { assign role reader }
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


def is_temporary(because: str) -> bool:
    """Whether a reason speaks of temporary cover."""
    return _COVER.search(_WORK.sub(" ", because)) is not None


def check(world: World) -> Iterator[Finding]:
    """An assignment without `until` that has a first day, or whose `because` has one of the words above in it, as a
    word of its own and not as the subject of the work. It stands on the assignment; users who have all the same
    are one finding.
    """
    for users, user in alike(world):
        for each in user.assignments:
            if each.until is None and (each.start is not None or is_temporary(each.because or "")):
                yield _finding(users, each)


def _finding(users: list[str], assignment: ir.Assignment) -> Finding:
    why = f"is for a time ({quoted(assignment.because or '')})"
    if assignment.start is not None:
        why = f"starts on {assignment.start}"
    return Finding(
        code="PL306",
        message=f"`{assignment.role}` of {counted(users)} {why} and never ends",
        at=assignment.at,
        help="add the last day: `until 2026-12-31`",
    )
