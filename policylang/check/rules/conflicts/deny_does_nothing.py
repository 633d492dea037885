"""PL206: a deny of something that none of its holders is granted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.analysis.questions import deny_does_nothing
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN
from policylang.check.finding import Finding
from policylang.check.granting import Granting, grants_by_permission
from policylang.check.limits import Questions, claims
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name

RULE = Rule(
    code="PL206",
    name="deny-does-nothing",
    family="conflicts",
    severity="warning",
    security="medium",
    summary="a deny of something that none of its holders is granted",
    why=(
        "What is not granted is not allowed, so the deny has no effect. Often it names the wrong action, "
        "or the grant it was written for is gone."
    ),
    bad="""\
resource doc { actions view, approve }
group sales {
  grant view on doc
  deny approve on doc   #! PL206
}
""",
    good="""\
resource doc { actions view, approve }
group sales { grant view on doc }
""",
    near="""\
resource doc { actions view, approve }
role approver { grant approve on doc }
role blocked { deny approve on doc }   # to be given on top of others
user "amy@acme.test" { assign role approver }
""",
    since="0.1.0",
    proof=True,
    fix="safe",
)


class _Said(msgspec.Struct):
    """A deny as it was written: one on all resources is one on each of them. ``by``: the kind and name of the role or
    group that says it; nothing for one that is for everyone.
    """

    denies: list[ir.Deny]
    by: Name | None
    unproved: bool = False


def check(world: World) -> Iterator[Finding]:
    """A deny does something if it matches one record on which the action is granted to somebody who has the deny or
    could get it: a role can be given to anybody, also one that only denies and that nobody holds yet. So every grant in
    every role counts, under the limits of that role, and every grant in every group; for what a group denies, only that
    group, since nobody is in two. A deny that takes away some of what it names does something. What else may keep the
    record from the user is not asked: another deny, an append, a requirement.
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    granted = world.once(grants_by_permission)
    for said in _statements(world):
        if not any(
            _matches(world, questions, said, deny, granting)
            for deny in said.denies
            for action in deny.actions
            for granting in granted.get((deny.resource, action), ())
            if granting.beside(said.by)
        ):
            yield _finding(said)


def _statements(world: World) -> Iterator[_Said]:
    found: dict[str, _Said] = {}
    for source, bundle in world.bundles:
        for deny in bundle.denies:
            found.setdefault(deny.at, _Said([], source.bundle_name)).denies.append(deny)
    for deny in world.index.denies:
        found.setdefault(deny.at, _Said([], None)).denies.append(deny)
    yield from found.values()


def _matches(world: World, questions: Questions, said: _Said, deny: ir.Deny, granting: Granting) -> bool:
    """Whether the deny matches a record that the grant reaches."""
    if deny.fields is not None and granting.fields.isdisjoint(deny.fields):
        return False
    if not granting.limits and deny.condition is None:
        return True
    formula = deny_does_nothing(world.index, deny.resource, granting.reach(world.index), deny)
    found = granting.settle(questions, formula)
    said.unproved = said.unproved or found is UNKNOWN
    return found is SATISFIABLE


def _finding(said: _Said) -> Finding:
    deny = said.denies[0]
    what = f"{', '.join(deny.actions)} on `{deny.resource}`"
    if len(said.denies) > 1:
        what += f" and {len(said.denies) - 1} more"
    if deny.fields is not None:
        what += f" ({', '.join(deny.fields)})"
    who = "nobody" if said.by is None or said.by[0] == "role" else f"nobody in group `{said.by[1]}`"
    can = "can be" if said.by is not None else "is"
    where = "" if all(each.condition is None for each in said.denies) else " where the deny applies"
    return Finding(
        code="PL206",
        message=f"{who} {can} granted {what}{where}, so the deny has no effect",
        at=deny.at,
        subjects=tuple(f"{action} on {each.resource}" for each in said.denies for action in each.actions),
        help="remove it, or check its action, resource and condition",
        proved=None if said.unproved else f"{who} {can} granted {what} on a record that the deny matches",
        unproved=said.unproved,
    )
