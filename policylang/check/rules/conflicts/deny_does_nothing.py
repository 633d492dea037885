"""PL206: a deny of something that none of its holders is granted."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.analysis.questions import deny_does_nothing
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT, Satisfiability, either
from policylang.check.finding import Finding
from policylang.check.granting import Granting, grants_by_permission
from policylang.check.limits import Questions, claims
from policylang.check.privileges import statements
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


def check(world: World) -> Iterator[Finding]:
    """A deny does something if it matches one record on which the action is granted to somebody who has the deny or
    could get it: a role can be given to anybody, also one that only denies and that nobody holds yet. So every grant in
    every role counts, under the limits of that role, and every grant in every group; for what a group denies, only that
    group, since nobody is in two; for what a user's block denies, no block of another user. A deny that takes away some
    of what it names does something. What else may keep the record from the user is not asked: another deny, an append,
    a requirement.
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    granted = world.once(grants_by_permission)
    for by, denies in _statements(world):
        matched = either(
            _matches(world, questions, deny, granting)
            for deny in denies
            for action in deny.actions
            for granting in granted.get((deny.resource, action), ())
            if granting.beside(world.index, by)
        )
        if matched is not SATISFIABLE:
            yield _finding(world, by, denies, unproved=matched is UNKNOWN)


def _statements(world: World) -> Iterator[tuple[Name | None, list[ir.Deny]]]:
    """The denies as they were written, one on all resources is one on each of them; with the role or group that says
    it, nothing for one that is for everyone.
    """
    for source, bundle in world.bundles:
        yield from ((source.bundle_name, denies) for denies in statements(bundle.denies).values())
    yield from ((None, denies) for denies in statements(world.index.denies).values())


def _matches(world: World, questions: Questions, deny: ir.Deny, granting: Granting) -> Satisfiability:
    """Whether the deny matches a record that the grant reaches."""
    if deny.fields is not None and granting.fields.isdisjoint(deny.fields):
        return UNSAT
    if not granting.limits and deny.condition is None:
        return SATISFIABLE
    formula = deny_does_nothing(world.index, granting.reach(world.index), deny)
    return granting.settle(questions, formula)


def _finding(world: World, by: Name | None, denies: list[ir.Deny], *, unproved: bool) -> Finding:
    deny = denies[0]
    what = f"{', '.join(deny.actions)} on `{deny.resource}`"
    if len(denies) > 1:
        what += f" and {len(denies) - 1} more"
    if deny.fields is not None:
        what += f" ({', '.join(deny.fields)})"
    granted = f"{_nobody(world, by)} granted {what}"
    where = "" if all(each.condition is None for each in denies) else " where the deny applies"
    return Finding(
        code="PL206",
        message=f"{granted}{where}, so the deny has no effect",
        at=deny.at,
        subjects=tuple(f"{action} on {each.resource}" for each in denies for action in each.actions),
        help="remove it, or check its action, resource and condition",
        proved=None if unproved else f"{granted} on a record that the deny matches",
        unproved=unproved,
    )


def _nobody(world: World, by: Name | None) -> str:
    """``nobody can be``, of those who could have what denies."""
    if by is None:
        return "nobody is"
    if by[0] == "group":
        return f"nobody in group `{by[1]}` can be"
    owner = world.index.roles[by[1]].owner
    return "nobody can be" if owner is None else f"`{owner}` can never be"
