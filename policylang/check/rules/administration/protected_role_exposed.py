"""PL503: someone without the superuser tag who may assign a protected role."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, counted, related
from policylang.check.holding import Holdings
from policylang.check.world import World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.source import Location

RULE = Rule(
    code="PL503",
    name="protected-role-exposed",
    family="administration",
    severity="error",
    security="high",
    summary="someone without the superuser tag who may assign a protected role",
    why=(
        "Only superusers may edit or assign a protected role. Anyone else who may assign it decides who gets "
        "it, and no role brings the tag, not even an administrator's."
    ),
    bad="""\
resource doc { actions view, delete }
protected role boss { grant delete on doc }
role deputy {
  grant view on doc
  may assign boss   #! PL503
}
user "dora@acme.test" { assign role deputy }
""",
    good="""\
resource doc { actions view, delete }
protected role boss { grant delete on doc }
role helper { grant view on doc }
role deputy {
  grant view on doc
  may assign helper
}
user "dora@acme.test" { assign role deputy }
""",
    near="""\
resource doc { actions view, delete }
protected role boss { grant delete on doc }
role owner {
  grant view, delete on doc
  may assign boss
}
superuser user "root@acme.test" { assign role owner }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """On the line that says so. A role that has a protected role inside hands that out as well. Where everybody who
    holds the role or group is tagged, nobody is exposed; where nobody holds it, the next holder need not be tagged.
    """
    held = world.once(Holdings)
    protected = {role.name for role in world.policy_set.roles if role.protected}
    if not protected:
        return
    for source, bundle in world.bundles:
        by_line: dict[int, list[tuple[ir.Ref, ir.Role]]] = {}
        for ref in bundle.may_assign:
            for role in held.inside(("role", ref.name)):
                if isinstance(role, ir.Role) and role.protected:
                    by_line.setdefault(Location.parse(ref.at).line, []).append((ref, role))
        if by_line:
            untagged = _untagged(held, source.bundle_name)
            if untagged is not None:
                for exposed in by_line.values():
                    yield _finding(source.bundle_name, exposed, untagged)


def _untagged(held: Holdings, name: Name) -> list[str] | None:
    """The holders without the tag; ``None`` if there are holders and all of them have it."""
    holders = held.held_by.get(name, ())
    untagged = dict.fromkeys(user for holder in holders if not holder.profile.superuser for user in holder.users)
    return None if holders and not untagged else list(untagged)


def _finding(name: Name, exposed: list[tuple[ir.Ref, ir.Role]], untagged: list[str]) -> Finding:
    words = [
        f"`{role.name}`" if ref.name == role.name else f"`{role.name}` (inside `{ref.name}`)" for ref, role in exposed
    ]
    kind, plain = name
    roles = list(dict.fromkeys(words))
    return Finding(
        code="PL503",
        message=(
            f"{kind} `{plain}` may assign {listed(roles, 'and')}, which "
            f"{'is' if len(roles) == 1 else 'are'} protected, without the superuser tag"
            + (f": {counted(untagged)}" if untagged else "")
        ),
        at=exposed[0][0].at,
        users=tuple(untagged),
        help="leave protected roles to superusers: remove it from `may assign`",
        related=tuple(related(role.at, "protected here") for role in {role.name: role for _, role in exposed}.values()),
    )
