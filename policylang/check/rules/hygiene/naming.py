"""PL703: a name that is not in lower case with underscores."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from policylang.check.finding import Finding, together
from policylang.check.world import World
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL703",
    name="naming",
    family="hygiene",
    severity="info",
    summary="a name that is not in lower case with underscores",
    why=(
        "Names are case-sensitive, and a name of several words may be written with spaces in a condition: `sales "
        "rep` is `sales_rep`, never `SalesRep`. With one convention nobody has to look names up."
    ),
    bad="""\
resource doc { actions view }
role SalesRep { grant view on doc }   #! PL703
""",
    good="""\
resource doc { actions view }
role sales_rep { grant view on doc }
""",
    near="""\
resource doc { country : one of US, CA  actions view }
role sales_rep2 "SalesRep" { grant view on doc }
job "GRD-1" { role sales_rep2 }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """All names but the values of enums, which are often those of another system. What is a text, like user ids,
    places and job codes, may be anything. One finding for a policy set in which hardly a name is in lower case.
    """
    every = list(_names(world))
    other = [each for each in every if each[1] != each[1].lower()]
    found = tuple(
        Finding(
            code="PL703",
            message=f"{kind} `{name}` is not in lower case",
            at=at,
            help=f"call it `{_snake_case(name)}`",
        )
        for kind, name, at in other
    )
    if len(other) * 2 < len(every):
        yield from found
        return
    yield from together(
        found,
        [f"{kind} `{name}`" for kind, name, _ in other],
        f"{len(other):,} of {len(every):,} names are not in lower case",
        "call them as in `sales_rep`, or switch PL703 off if the names come from another system",
    )


def _names(world: World) -> Iterator[tuple[str, str, str]]:
    """What is named, its name, and where; in the order of the kinds."""
    of = world.policy_set
    named: list[tuple[str, Iterable[Any]]] = [
        ("portal", [portal for portal in of.portals if portal.at is not None]),
        ("kind of place", of.scope),
        ("feature", of.features),
        ("subject attribute", of.subject),
        ("request attribute", of.request),
    ]
    for resource in of.resources:
        named += [("resource", [resource]), ("attribute", resource.attributes), ("action", resource.actions)]
    for policy in of.policies:
        named += [("policy", [policy]), ("parameter", policy.parameters)]
    named += [
        ("role", of.shared_roles),
        ("group", of.groups),
        ("task", of.tasks),
        ("integration", of.integrations),
    ]
    yield from ((kind, each.name, each.at) for kind, declared in named for each in declared)


def _snake_case(name: str) -> str:
    """``SalesRep`` → ``sales_rep``, ``HTTPLog`` → ``http_log``."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()
