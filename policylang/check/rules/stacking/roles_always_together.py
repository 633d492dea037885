"""PL304: roles that many users have together and nobody has alone."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from policylang.check.finding import Finding, counted, related
from policylang.check.suggested_role import suggested_role
from policylang.check.world import World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.grants import holdings
from policylang.runtime.sources import RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL304",
    name="roles-always-together",
    family="stacking",
    severity="info",
    summary="roles that many users have together and nobody has alone",
    why=(
        "Two roles that are always assigned together are one role in two pieces. Every new hire needs two "
        "correct assignments, and nobody has written down what the pieces do together."
    ),
    bad="""\
resource doc { actions view }
resource note { actions view }
role reader { grant view on doc }
role noter { grant view on note }   #! PL304
user "a@acme.test" { assign role reader  assign role noter }
user "b@acme.test" { assign role reader  assign role noter }
user "c@acme.test" { assign role reader  assign role noter }
user "d@acme.test" { assign role reader  assign role noter }
user "e@acme.test" { assign role reader  assign role noter }
""",
    good="""\
resource doc { actions view }
resource note { actions view }
role reader_and_noter {
  grant view on doc
  grant view on note
}
user "a@acme.test" { assign role reader_and_noter }
user "b@acme.test" { assign role reader_and_noter }
user "c@acme.test" { assign role reader_and_noter }
user "d@acme.test" { assign role reader_and_noter }
user "e@acme.test" { assign role reader_and_noter }
""",
    near="""\
resource doc { actions view }
resource note { actions view }
role reader { grant view on doc }
role noter { grant view on note }
user "a@acme.test" { assign role reader  assign role noter }
user "b@acme.test" { assign role reader  assign role noter }
user "c@acme.test" { assign role reader  assign role noter }
user "d@acme.test" { assign role reader  assign role noter }
user "e@acme.test" { assign role reader  assign role noter }
user "f@acme.test" { assign role reader }
""",
    since="0.1.0",
    fix="suggested",
)

_Given = frozenset[tuple[str, str, str, str]]


def check(world: World) -> Iterator[Finding]:
    """Roles given to the same users, directly or by a job, at the same places and times, to as many as `together` asks
    for. A role that also lies inside a role or group, or belongs to an integration, is apart from one that does not.
    What terminated users do not hold does not count. Roles with the same holders are found by comparing whole sets of
    them, so that no two roles need be compared: any number of roles is one finding, on the last of them.
    """
    together: dict[tuple[_Given, bool], list[ir.Role]] = {}
    given = _given(world)
    for role in world.policy_set.roles:
        if role.name in given:
            together.setdefault((given[role.name], role.essential), []).append(role)
    for (holders, _), roles in together.items():
        users = sorted({user for kind, user, *_ in holders if kind == "user"})
        if len(roles) > 1 and len(users) >= world.thresholds.together:
            yield _finding(world, roles, users)


def _finding(world: World, roles: list[ir.Role], users: list[str]) -> Finding:
    *others, last = sorted(roles, key=lambda role: Location.parse(role.at))
    names = [f"`{role.name}`" for role in (*others, last)]
    text = suggested_role(world, [RightsSource("role", role.name) for role in (*others, last)], narrow=False)
    in_one_line = " ".join(line.strip() for line in text.split("\n")).strip()
    return Finding(
        code="PL304",
        message=f"{listed(names, 'and')} are always assigned together, to {counted(users)}",
        at=last.at,
        users=tuple(users),
        help=f"merge them into one: `{in_one_line}`" if text else "assign what must be kept apart to different users",
        policies=text,
        related=tuple(related(role.at, f"`{role.name}`") for role in others),
    )


def _given(world: World) -> dict[str, _Given]:
    """Role, and everything that it is given to: users with place and time, what it lies in."""
    found: dict[str, set[tuple[str, str, str, str]]] = {}
    for user in world.policy_set.users:
        for role, place, first, last in _of_user(world, user):
            found.setdefault(role, set()).add(("user", user.id, place, f"{first}/{last}"))
    for bundle in world.policy_set.bundles:
        for ref in bundle.roles:
            found.setdefault(ref.name, set()).add(("inside", bundle.at, "", ""))
    for integration in world.policy_set.integrations:
        for each in (*integration.roles, integration.mirror):
            if each is not None:
                found.setdefault(each.name, set()).add(("integration", integration.name, "", ""))
    return {role: frozenset(holders) for role, holders in found.items()}


def _of_user(world: World, user: ir.User) -> Iterator[tuple[str, str, str, str]]:
    """The roles of a user with the place and the time, those without a gap between them as one."""
    spans: dict[tuple[str, str], list[_Span]] = {}
    for each in holdings(world.index, user.id, None):
        if each.by in ("job", "assignment") and not each.lost:
            span = _ALWAYS if each.assignment is None else _span(each.assignment, world.index.timezone)
            spans.setdefault((each.source.name, each.source.place or ""), []).append(span)
    for (role, place), found in spans.items():
        for begin, end in _joined(sorted(found)):
            yield role, place, begin.isoformat(), end.isoformat()


_Span = tuple[datetime.datetime, datetime.datetime]
_ALWAYS: _Span = (
    datetime.datetime.min.replace(tzinfo=datetime.UTC),
    datetime.datetime.max.replace(tzinfo=datetime.UTC),
)


def _span(assignment: ir.Assignment, timezone: ZoneInfo) -> _Span:
    first, last = _ALWAYS
    return begin_of(assignment, timezone) or first, end_of(assignment, timezone) or last


def _joined(spans: list[_Span]) -> Iterator[_Span]:
    begin, end = spans[0]
    for first, last in spans[1:]:
        if first <= end:
            end = max(end, last)
        else:
            yield begin, end
            begin, end = first, last
    yield begin, end
