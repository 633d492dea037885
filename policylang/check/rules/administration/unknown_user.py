"""PL509: a condition that names a user who is not declared, or who cannot have the required role."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, related
from policylang.check.privileges import can_be_held, roles_inside, several
from policylang.check.world import World
from policylang.diagnostics import Rule, quoted
from policylang.model import conditions as c
from policylang.model.types import UserType
from policylang.runtime.caching import cached_method
from policylang.runtime.sources import sources
from policylang.suggest import closest

RULE = Rule(
    code="PL509",
    name="unknown-user",
    family="administration",
    severity="warning",
    summary="a condition that names a user who is not declared, or who cannot have the required role",
    why=(
        "No record names such a user, so a limit lets nothing through and a deny denies nothing. Often the id is "
        'mistyped, or comes from another language: "me" is ordinary text here. For the user who makes the '
        "request, write `assigned user`."
    ),
    bad="""\
resource customer { owner : user  actions view }
policy own on customer { owner is "me" }   #! PL509
group sales { grant view on customer  policy own }
user "dana@acme.test" in sales
""",
    good="""\
resource customer { owner : user  actions view }
policy own on customer { owner is assigned user }
group sales { grant view on customer  policy own }
user "dana@acme.test" in sales
""",
    near="""\
role sales_rep
resource customer { owner : user  optional rep : user with role sales_rep  note : text  actions view }
policy of(who: user) on customer { owner is who or owner is "nightly" or note is "me" }
policy manned on customer { rep is not "dana@acme.test" }
group sales { role sales_rep  grant view on customer  policy of("dana@acme.test")  policy manned }
user "dana@acme.test" in sales
integration nightly { role sales_rep }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Conditions of policies, denies and invariants, and the arguments of policies, which tell of themselves. Users are
    those of policy and directory files, and integrations. A user cannot have a role who has it neither now nor at
    another time, and to whom nobody may hand it out. Without any user nothing can be said.
    """
    if not world.policy_set.users:
        return
    roles = _Roles(world)
    vain: dict[tuple[str, str | None], dict[str, None]] = {}  # place, the role that is lacking, whose ids
    for id_, role, at in dict.fromkeys(_named(world)):
        if not world.index.knows(id_):
            vain.setdefault((at, None), {})[id_] = None
        elif role is not None and not roles.may_have(id_, role):
            vain.setdefault((at, role), {})[id_] = None
    for (at, role), ids in vain.items():
        yield _unknown(world, at, list(ids)) if role is None else _without(world, at, role, list(ids))


def _named(world: World) -> Iterator[tuple[str, str | None, str]]:
    """The users whom the policy set names, with the role that they should have, and where."""
    for instance in world.policy_set.policy_instances:
        given = {str(each.value): each.at for each in instance.arguments if isinstance(each.type, UserType)}
        for id_, role, at in users_named(instance.condition):
            yield id_, role, given.get(id_, at)
        for id_, at in given.items():
            yield id_, None, at
    instances = {id(each.condition) for each in world.policy_set.policy_instances}
    for _, condition in world.policy_set.conditions():
        if id(condition) not in instances:
            yield from users_named(condition)


def users_named(condition: c.Condition) -> Iterator[tuple[str, str | None, str]]:
    """The users whom a condition names, each with the role that the other side of the test asks for, and where."""
    for test in condition.tests():
        sides = list(test.sides)
        users = [each.type.item for each in sides]
        roles = [type_.role for type_ in users if isinstance(type_, UserType) and type_.role is not None]
        role = roles[0] if roles else None
        if isinstance(test, c.In) and isinstance(test.operand.type, UserType):
            yield from ((str(value), role, test.at) for value in test.values)
        for each in sides:
            if isinstance(each, c.Constant) and isinstance(each.type, UserType):
                yield str(each.value), role, each.at


class _Roles:
    """Who can have which role."""

    def __init__(self, world: World) -> None:
        self.world = world
        handed = (world.index.roles[ref.name] for _, bundle in world.bundles for ref in bundle.may_assign)
        self.handed_out = {role.name for role in can_be_held(world, handed).values()}

    def may_have(self, user: str, role: str) -> bool:
        declared = self.world.index.users.get(user)
        person = declared is not None and not declared.terminated
        return role in self._had(user) or (person and role in self.handed_out)

    @cached_method
    def _had(self, user: str) -> frozenset[str]:
        return roles_inside(self.world, *sources(self.world.whole, user, None))


def _unknown(world: World, at: str, ids: list[str]) -> Finding:
    near = closest(ids[0], world.index.requesters) if len(ids) == 1 else None
    named = several([quoted(each) for each in ids])
    return Finding(
        code="PL509",
        message=f"nobody has the id {named}" if len(ids) == 1 else f"nobody has the ids {named}",
        at=at,
        help=(
            f"did you mean {quoted(near)}?"
            if near is not None
            else "declare the user, or write `assigned user` for the user who makes the request"
        ),
    )


def _without(world: World, at: str, role: str, ids: list[str]) -> Finding:
    has = "does not have" if len(ids) == 1 else "do not have"
    return Finding(
        code="PL509",
        message=f"{several([quoted(each) for each in ids])} {has} the role `{role}`, and nobody may assign it",
        at=at,
        help="name somebody who has the role, or assign it to them",
        related=(related(world.index.roles[role].at, "the required role"),),
    )
