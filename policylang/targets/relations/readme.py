"""The READMEs of both bundles."""

from __future__ import annotations

from importlib import resources

from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.validity import validity


def readme(plan: RelationPlan, package: str, draft: str) -> str:
    """How to load the bundle, which ``bundle.md`` in the target's package says, and how to ask, which ``asking.md``
    here does. ``draft``: what becomes of the tuples about a record that is only proposed.
    """
    trees = "".join(f", `{name}` along `{plan.index.resources[name].tree}`" for name in plan.nodes)
    filled = {
        "{period}": _period(plan),
        "{draft}": draft,
        "{timezone}": plan.index.policy_set.timezone,
        "{trees}": _TREES.replace("{trees}", trees.removeprefix(", ")) if trees else "",
    }
    parts = (resources.files(package).joinpath("bundle.md"), resources.files(__package__).joinpath("asking.md"))
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    for gap, filling in filled.items():
        text = text.replace(gap, filling)
    return text


def _period(plan: RelationPlan) -> str:
    """Until when the bundle is valid."""
    since, until = validity(plan.index, plan.now)
    if since is None and until is None:
        return "No assignment begins or ends: the bundle is valid until the policies change."
    begin = "" if since is None else f"from {since:%Y-%m-%dT%H:%M:%SZ} "
    end = "" if until is None else f"until {until:%Y-%m-%dT%H:%M:%SZ}, exclusive"
    return (
        f"**Valid {(begin + end).strip()}.** Roles with `from` or `until` stand as they are in this time. Compile and"
        " load anew when it ends: nothing in the engine does that, and a role that has ended would go on."
    )


_TREES = """\
5. where there is a `tree` under the resource ({trees}): one tuple in its `upwards` to `NODE:ID` for each id among
   the record's own and those of all records above it, but for ids whose encoded form has more than 200 characters;
   `NODE` is the type that `node` names. If there is a relation `whole`, then in it one for `user:*` if all records
   above are known: the way up ends at a record that may have none above it, and has none. It does not where a record
   above is unknown, where the way turns in circles, and after the 1,000th record above. When a record moves to another
   place in the tree, those below it change as well.
"""
