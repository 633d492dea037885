"""PL414: modify of attributes that the same role or group cannot view."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.privileges import granted_reads, in_order, of_kinds, on, reads, several, taken
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.runtime.parts import grant_fields

RULE = Rule(
    code="PL414",
    name="field-write-without-read",
    family="privilege",
    severity="warning",
    summary="modify of attributes that the same role or group cannot view",
    why=(
        "An attribute that can be changed but not seen is overwritten blindly, and most forms do not show it. Usually "
        "one of the two lists of attributes was forgotten when the other changed."
    ),
    bad="""\
resource doc { title : text  level : int  actions view, modify }
group office {
  grant view on doc (title)
  grant modify on doc (title, level)   #! PL414
}
""",
    good="""\
resource doc { title : text  level : int  actions view, modify }
group office {
  grant view on doc (title, level)
  grant modify on doc (title, level)
}
""",
    near="""\
resource doc { title : text  level : int  actions view, modify }
group office {
  grant view on doc (title)
  grant view on doc (level)
  grant modify on doc
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Every role and every group for itself, with the roles inside it. Nothing to view at all is another finding,
    PL413. A new record is written by who knows what is in it, so create is not asked.
    """
    index = world.index
    for source, bundle in world.bundles:
        written = of_kinds(index, bundle.grants, "modify")
        if not written:
            continue
        gone, hidden = taken(world, source)
        seen = reads(world, source)
        blind: dict[tuple[str, bool], list[str]] = {}
        granted: dict[str, frozenset[str]] | None = None
        for grant, actions in written:
            for action in actions if grant.resource in seen else ():
                key = (grant.resource, action)
                unseen = grant_fields(index, grant) - hidden.get(key, frozenset()) - seen[grant.resource]
                if key not in gone and unseen:
                    granted = granted_reads(world, source) if granted is None else granted
                    denied = unseen & granted[grant.resource]
                    for is_denied, fields in ((False, unseen - denied), (True, denied)):
                        if fields:
                            named = in_order(index, grant.resource, fields)
                            blind.setdefault((grant.at, is_denied), []).append(on((action,), grant.resource, named))
        for (at, is_denied), what in blind.items():
            yield Finding(
                code="PL414",
                message=f"{source.in_words} is granted {several(what)}, "
                + ("which a deny keeps it from viewing" if is_denied else "which it cannot view"),
                at=at,
                subjects=tuple(what),
                help="remove these attributes from the deny, or from modify"
                if is_denied
                else "grant view of these attributes as well, or remove them from modify",
            )
