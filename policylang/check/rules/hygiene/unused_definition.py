"""PL702: something that is defined and never used."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.ir.requirements import atoms
from policylang.model import conditions as c
from policylang.model.types import PlaceType, UserType

RULE = Rule(
    code="PL702",
    name="unused-definition",
    family="hygiene",
    severity="info",
    summary="something that is defined and never used",
    why=(
        "A policy that is attached to nothing limits nothing, and a task that no role performs helps nobody. "
        "Readers take it for something that is in force."
    ),
    bad="""\
resource doc { created : datetime  actions view }
policy recent on doc { created within 30 days }   #! PL702
role reader { grant view on doc }
user "ria@acme.test" { assign role reader }
""",
    good="""\
resource doc { created : datetime  actions view }
policy recent on doc { created within 30 days }
role reader { grant view on doc  policy recent }
user "ria@acme.test" { assign role reader }
""",
    near="""\
scope site
place site "HQ"
resource doc { created : datetime  site : site  actions view }
policy newer_than(age: duration) on any resource with created { created within age }
role reader { grant view on doc }
essential role former_employee
user "ria@acme.test" { assign role reader  append policy newer_than(30 days) on doc }
""",
    since="0.1.0",
)

_DEFAULT_PORTALS = ("admin", "staff", "client")


def check(world: World) -> Iterator[Finding]:
    """Policies attached to nobody, tasks that no role performs, jobs that no user has,
    features that nothing requires, attributes of users and requests that no condition looks at, portals without a role,
    and places where no record can live and no role is given.

    Jobs count only where users are declared. Resources are what the product has, and roles and groups that nobody can
    come to hold are another finding, PL406.
    """
    for kind, name, at, help in _unused(world):
        yield Finding(code="PL702", message=f"{kind} `{name}` is never used", at=at, help=help)


def _unused(world: World) -> Iterator[tuple[str, str, str, str]]:
    of = world.written
    attached = {instance.policy for instance in world.index.attached()}
    for policy in of.policies:
        if policy.name not in attached:
            yield "policy", policy.name, policy.at, "attach it to a role, a group or a user, or remove it"
    if of.users:
        jobs = {each.declared.job.name for each in world.user_classes if each.declared.job is not None}
        for job in of.jobs:
            if job.code not in jobs:
                yield "job", job.code, job.at, "assign it to somebody, or remove it"
    performed = {ref.name for role in of.roles for ref in role.performs}
    for task in of.tasks:
        if task.name not in performed:
            yield "task", task.name, task.at, "let a role perform it, or remove it"
    required = {
        atom.feature
        for resource in of.resources
        for action in resource.actions
        for atom in atoms(action.requires)
        if isinstance(atom, ir.RequiresFeature)
    }
    for feature in of.features:
        if feature.name not in required:
            yield "feature", feature.name, feature.at, "let the actions that need it require it, or remove it"
    portals = {role.portal for role in of.roles}
    for portal in of.portals:
        if portal.at is not None and portal.name not in (*portals, *_DEFAULT_PORTALS):
            yield "portal", portal.name, portal.at, "name it in a role, or remove it"
    yield from _attributes(world)
    yield from _places(world)


def _attributes(world: World) -> Iterator[tuple[str, str, str, str]]:
    of = world.policy_set
    if not (of.subject or of.request):
        return
    asked: set[tuple[str, str]] = set()
    for resource, condition in world.policy_set.conditions():
        for path in condition.paths():
            holders = world.index.holders(resource, path)
            asked.update(("subject", name) for holder, name in holders if isinstance(holder, UserType))
            if path.root == "request":
                asked.add(("request", path.steps[0]))
    for owner, attributes in (("subject", of.subject), ("request", of.request)):
        for each in attributes:
            if (owner, each.name) not in asked:
                yield f"{owner} attribute", each.name, each.at, "use it in a condition, or remove it"


def _places(world: World) -> Iterator[tuple[str, str, str, str]]:
    of, index = world.written, world.index
    if not of.places:
        return
    attributes = [attribute for resource in of.resources for attribute in resource.attributes]
    types = [attribute.type.item for attribute in (*attributes, *of.subject, *of.request)]
    kinds = {type_.scope for type_ in types if isinstance(type_, PlaceType)}
    used = {place.name for place in of.places if place.kind in kinds}
    used |= {a.place for user in of.users for a in user.assignments if a.place is not None}
    for _, condition in world.policy_set.conditions():
        for test in condition.tests():
            for operand in test.sides:
                if isinstance(operand, c.Constant) and isinstance(operand.type, PlaceType):
                    used.add(str(operand.value))
    used = {around for name in used if name in index.places for around in index.around(name)}
    for place in of.places:
        if place.name not in used:
            yield "place", place.name, place.at, "no record is there and no role is assigned there: remove it"
