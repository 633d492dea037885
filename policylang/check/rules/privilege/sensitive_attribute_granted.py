"""PL403: a grant of a sensitive attribute that does not say why."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.privileges import is_explained, on, sensitive_fields
from policylang.check.world import World
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL403",
    name="sensitive-attribute-granted",
    family="privilege",
    severity="warning",
    security="medium",
    summary="a grant of a sensitive attribute that does not say why",
    why=(
        "Somebody marked the attribute as sensitive so that nobody gets it by accident. Whoever reviews the "
        "grant needs the reason."
    ),
    bad="""\
resource doc { level : int  sensitive fee : money  actions view }
group office {
  grant view on doc including fee   #! PL403
}
""",
    good="""\
resource doc { level : int  sensitive fee : money  actions view }
group office {
  grant view on doc including fee because "writes the invoices"
}
""",
    near="""\
resource doc { level : int  sensitive fee : money  actions view }
group office {
  grant view on doc
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Whether named by `including` or in a list of fields, and whatever the actions. An empty reason is none."""
    for _source, bundle in world.bundles:
        for grant in bundle.grants:
            sensitive = sensitive_fields(world.index, grant)
            if sensitive and not is_explained(grant.because):
                yield Finding(
                    code="PL403",
                    message=f"{on(grant.actions, grant.resource, sensitive)}: sensitive, and granted without a reason",
                    at=grant.at,
                    help='add the reason: `because "…"`, or remove the attribute',
                )
