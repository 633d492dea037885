"""PL701: a resource, policy, role or group without a label."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, together
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir

RULE = Rule(
    code="PL701",
    name="missing-label",
    family="hygiene",
    severity="info",
    summary="a resource, policy, role or group without a label",
    why=(
        "Reports and explanations are read by people who know the words on the screen, not the names in the policy "
        "files. The label is what the thing is called there."
    ),
    bad="""\
resource customer "Customer" { actions view }
role sales_rep   #! PL701
""",
    good="""\
resource customer "Customer" { actions view }
role sales_rep "Sales Representative"
""",
    near="""\
feature lab_licence on
task selling { needs view on customer }
resource customer "Customer" { actions view }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Of what people see and choose. Features, tasks, jobs, users and integrations may do without. Where nothing of a
    kind has a label, that is one finding.
    """
    kinds: tuple[tuple[str, str, tuple[ir.Resource | ir.Policy | ir.Role | ir.Group, ...]], ...] = (
        ("resource", 'resource customer "Customer"', world.policy_set.resources),
        ("policy", 'policy own "Own records"', world.policy_set.policies),
        ("role", 'role clerk "Clerk"', world.policy_set.shared_roles),
        ("group", 'group sales "Sales"', world.policy_set.groups),
    )
    for kind, example, declared in kinds:
        found = {f"{kind} `{each.name}`": _finding(kind, each) for each in declared if not each.label}
        if len(found) < len(declared):
            yield from found.values()
        else:
            message = f"none of the {len(found):,} {kind[:-1] + 'ies' if kind == 'policy' else kind + 's'} has a label"
            help = f"add what people call each after its name, as in `{example}`, or switch PL701 off"
            yield from together(tuple(found.values()), tuple(found), message, help)


def _finding(kind: str, each: ir.Resource | ir.Policy | ir.Role | ir.Group) -> Finding:
    return Finding(
        code="PL701",
        message=f"{kind} `{each.name}` has no label",
        at=each.at,
        help=f'add what people call it after the name: `"{_suggestion(each.name)}"`',
    )


def _suggestion(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
