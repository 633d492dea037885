"""PL213: two policies with different names and the same meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from policylang.analysis.asker import Asker
from policylang.analysis.formula import true
from policylang.analysis.query import SATISFIABLE, UNKNOWN, Sat
from policylang.analysis.questions import same_policy_twice
from policylang.analysis.witness import situation
from policylang.check.finding import Finding, related
from policylang.check.limits import Questions, claims, for_complete
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import NUMBERS, DateTimeType, DateType, DurationType, IpType
from policylang.runtime.truth import Situation, truth
from policylang.source import Location

RULE = Rule(
    code="PL213",
    name="same-policy-twice",
    family="conflicts",
    severity="info",
    summary="two policies with different names and the same meaning",
    why=("Readers look for a difference that is not there, and a change to one of them is forgotten in the other."),
    bad="""\
resource doc { level : int  actions view }
policy low on doc { level < 3 }
policy small on doc { not (level >= 3) }   #! PL213
""",
    good="""\
resource doc { level : int  actions view }
policy low on doc { level < 3 }
""",
    near="""\
resource doc { optional level : int  actions view }
policy low on doc { level < 3 }
policy small on doc { not (level >= 3) or level is missing }
""",
    since="0.1.0",
    proof=True,
)

_SAMPLES = 64
"""How many records policies are tried on before any two are compared."""


_At = tuple[str, ...]
"""The root of a path, and its steps."""


class _Meaning(msgspec.Struct, frozen=True):
    """A policy, with its condition on each resource for each list of arguments that it is used with."""

    policy: ir.Policy
    instances: dict[tuple[str, tuple[c.Value, ...]], ir.PolicyInstance]
    pins: dict[_At, c.Value]
    """What attributes are where the policy is true, if it is one on one resource without parameters."""


def check(world: World) -> Iterator[Finding]:
    """Equal meaning: on the same resource, or on any with the same attributes, with the same parameters and for the
    same actions, true of the same records for the same users at the same times. Whether a condition is false or unknown
    makes no difference to a limit. Policies with parameters, and those on any resource, are compared where both are
    used with the same arguments on the same resource. Left out are policies that are always or never true (PL202,
    PL203).
    """
    yield from claims(world, lambda questions: _findings(world, questions))


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    meanings = list(_meanings(world, world.once(for_complete)))
    samples = _samples(world, meanings)
    told: dict[tuple[object, ...], list[_Meaning]] = {}
    for meaning in meanings:
        alike = told.setdefault((*_shape(meaning.policy), _tried(world, meaning, samples)), [])
        for first in alike:
            if any(first.pins.get(at, value) != value for at, value in meaning.pins.items()):
                continue
            if not (_is_true(world, first, meaning) and _is_true(world, meaning, first)):
                continue
            answer = _equal(world, questions, first, meaning)
            if answer is not False:
                yield _finding(first.policy, meaning.policy, unproved=answer is None)
                break
        else:
            alike.append(meaning)


def _meanings(world: World, questions: Questions) -> Iterator[_Meaning]:
    """The policies in the order of their places, as far as they are used and mean something."""
    of: dict[str, list[ir.PolicyInstance]] = {}
    for instance in world.policy_set.policy_instances:
        of.setdefault(instance.policy, []).append(instance)
    for policy in sorted(world.policy_set.policies, key=lambda policy: Location.parse(policy.at)):
        instances = {
            (each.resource, tuple(argument.value for argument in each.arguments)): each
            for each in of.get(policy.name, ())
            if questions.together((each.id,)) is SATISFIABLE and questions.implied((), each.id) is SATISFIABLE
        }
        if instances:
            made = _Meaning(policy, instances, {})
            alone = _alone(made)
            yield made if alone is None else msgspec.structs.replace(made, pins=_pins(alone.condition))


def _shape(policy: ir.Policy) -> tuple[object, ...]:
    """What policies of equal meaning have in common, whatever they are used for."""
    return policy.resource, policy.needs, tuple(parameter.type for parameter in policy.parameters)


# --- tried before anything is proved: policies that differ on a record are not equal ---------------------------


def _alone(meaning: _Meaning) -> ir.PolicyInstance | None:
    """The one instance of a policy on one resource without parameters."""
    if meaning.policy.resource is None or meaning.policy.parameters:
        return None
    return next(iter(meaning.instances.values()))


def _samples(world: World, meanings: Sequence[_Meaning]) -> dict[str, list[Situation]]:
    """Some situations for each resource on which there is more than one policy."""
    by_resource: dict[str, list[ir.PolicyInstance]] = {}
    for meaning in meanings:
        instance = _alone(meaning)
        if instance is not None:
            by_resource.setdefault(instance.resource, []).append(instance)
    found: dict[str, list[Situation]] = {}
    for resource, instances in by_resource.items():
        asker = Asker(world.index, resource, world.now)
        spread = instances[:: -(-len(instances) // _SAMPLES)]
        for instance in spread if len(instances) > 2 else ():
            answer = world.ask(true(instance.condition), resource)
            if isinstance(answer, Sat):
                found.setdefault(resource, []).append(situation(asker, answer.witness))
    return found


def _pins(condition: c.Condition) -> dict[_At, c.Value]:
    """Attributes that can have one value only where the condition is true, as far as it says so itself. Policies that
    can be true and pin down other values of the same attribute are not equal.
    """
    match condition:
        case c.And(items):
            return {at: value for item in items for at, value in _pins(item).items()}
        case c.In(c.Path() as path, (value,)) if not isinstance(path.type, _FREE):
            return {(path.root, *path.steps): value}
        case c.Compare("eq", c.Path() as path, c.Constant(_, value)) if not isinstance(path.type, _FREE):
            return {(path.root, *path.steps): value}
        case _:
            return {}


def _is_true(world: World, first: _Meaning, second: _Meaning) -> bool:
    """Whether one is true of a situation in which the other is; also where that is not tried."""
    one, other = _alone(first), _alone(second)
    if one is None or other is None:
        return True
    answer = world.ask(true(one.condition), one.resource)
    if not isinstance(answer, Sat):
        return True
    return truth(other.condition, situation(Asker(world.index, one.resource, world.now), answer.witness)) is True


_FREE = (*NUMBERS, DateTimeType, DateType, DurationType, IpType)
"""Types with values that are written in several ways."""


def _tried(world: World, meaning: _Meaning, samples: Mapping[str, Sequence[Situation]]) -> tuple[object, ...]:
    instance = _alone(meaning)
    if instance is None:
        return ()
    return tuple(truth(instance.condition, each) is True for each in samples.get(instance.resource, ()))


# --- proved --------------------------------------------------------------------------------------------------


def _equal(world: World, questions: Questions, first: _Meaning, second: _Meaning) -> bool | None:
    """Whether two policies mean the same wherever both are used, ``None`` if that is not known."""
    shared = [(each, second.instances[key]) for key, each in first.instances.items() if key in second.instances]
    doubt = False
    for one, other in shared:
        if _actions(world, one) != _actions(world, other):
            return False
        found = questions.anybody(same_policy_twice(one.condition, other.condition), one.resource)
        if found is SATISFIABLE:
            return False
        doubt = doubt or found is UNKNOWN
    return False if not shared else None if doubt else True


def _actions(world: World, instance: ir.PolicyInstance) -> frozenset[str]:
    every = world.index.actions[instance.resource]
    return frozenset(every if instance.actions is None else instance.actions)


def _finding(first: ir.Policy, second: ir.Policy, *, unproved: bool) -> Finding:
    return Finding(
        code="PL213",
        message=f"`{second.name}` means the same as `{first.name}`",
        at=second.at,
        help="keep one of them",
        related=(related(first.at, f"`{first.name}`"),),
        proved=None if unproved else "no record and no instant at which one of them is true and the other is not",
        unproved=unproved,
    )
