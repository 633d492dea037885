"""PL413: modify or delete without view on the same resource."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.privileges import granted_reads, of_kinds, on, reads, several, taken
from policylang.check.world import World
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL413",
    name="read-missing",
    family="privilege",
    severity="warning",
    summary="modify or delete without view on the same resource",
    why=(
        "Most systems cannot change a record that they may not show, and never say so: the permission is there, "
        "but the button is not. Where it does work, somebody changes what they cannot check."
    ),
    bad="""\
resource doc { level : int  actions view, modify, delete }
group office {
  grant modify on doc   #! PL413
}
""",
    good="""\
resource doc { level : int  actions view, modify, delete }
group office {
  grant view, modify on doc
}
""",
    near="""\
resource doc { level : int  actions view, modify, delete }
resource reminder { text : text  actions create, modify }
role reader { grant view on doc }
group office {
  role reader
  grant modify, delete on doc
  grant create, modify on reminder
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Every role and every group for itself, with the roles inside it, whatever limits and fields its grants have. A
    resource without an action like view has nothing to be missed. What a deny without a condition takes is not granted.
    """
    index = world.index
    for source, bundle in world.bundles:
        written = of_kinds(index, bundle.grants, "modify", "delete")
        if not written:
            continue
        gone, _fields = taken(world, source)
        seen = reads(world, source)
        blind: dict[tuple[str, bool], list[str]] = {}
        granted: dict[str, frozenset[str]] | None = None
        for grant, actions in written:
            if grant.resource not in seen and index.of_kind(grant.resource, "view"):
                left = [action for action in actions if (grant.resource, action) not in gone]
                if left:
                    granted = granted_reads(world, source) if granted is None else granted
                    blind.setdefault((grant.at, grant.resource in granted), []).append(on(left, grant.resource))
        for (at, is_denied), what in blind.items():
            yield Finding(
                code="PL413",
                message=f"{source.in_words} is granted {several(what)}"
                + (", and a deny takes view of it away" if is_denied else " without view"),
                at=at,
                subjects=tuple(what),
                help=f"{'remove the deny' if is_denied else 'grant view as well'}, or remove the other action",
            )
