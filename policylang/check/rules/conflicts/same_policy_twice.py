"""PL213: two policies with different names and the same meaning."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import msgspec

from policylang.analysis.formula import Formula, true
from policylang.analysis.guards import Guards
from policylang.analysis.query import ANYBODY, COMPLETE, Assumed, Sat
from policylang.analysis.questions import same_policy_twice
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, Satisfiability, either
from policylang.check.finding import Finding, related
from policylang.check.limits import Questions, claims, for_complete
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.runtime.truth import Situation
from policylang.runtime.truth import truth as truth
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


class _Meaning(msgspec.Struct, frozen=True):
    """A policy, with its condition on each resource for each list of arguments that it is used with."""

    policy: ir.Policy
    instances: dict[tuple[str, tuple[c.Value, ...]], ir.PolicyInstance]
    shown: Situation | None
    """Where it is true, if it is one on one resource without parameters."""

    @property
    def resource(self) -> str:
        return next(iter(self.instances.values())).resource

    @property
    def alone(self) -> ir.PolicyInstance | None:
        """The one instance of a policy on one resource without parameters."""
        if self.policy.resource is None or self.policy.parameters:
            return None
        return next(iter(self.instances.values()))


def check(world: World) -> Iterator[Finding]:
    """Equal meaning: on the same resource, or on any with the same attributes, with the same parameters and for the
    same actions, true of the same records for the same users at the same times. Whether a condition is false or unknown
    makes no difference to a limit. Policies with parameters, and those on any resource, are compared where both are
    used with the same arguments on the same resource. Left out are policies that are always or never true (PL202,
    PL203).
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    by_shape: dict[tuple[object, ...], list[_Meaning]] = {}
    for meaning in _meanings(world, world.once(for_complete)):
        by_shape.setdefault(_shape(world, meaning), []).append(meaning)
    for alike in by_shape.values():
        if alike[0].alone is None:
            for first, second, unproved in _pairs(world, questions, alike):
                yield _finding(alike[first].policy, alike[second].policy, unproved=unproved)
        else:
            yield from _Sweep(world, questions, alike).findings()


def _pairs(world: World, questions: Questions, group: Sequence[_Meaning]) -> Iterator[tuple[int, int, bool]]:
    """Each policy with the first one before it that means the same, by their numbers, and whether it is not proved."""
    kept: list[int] = []
    for number, meaning in enumerate(group):
        answers = ((first, _differ(world, questions, group[first], meaning)) for first in kept)
        found = next(((first, differ) for first, differ in answers if differ is not SATISFIABLE), None)
        if found is None:
            kept.append(number)
        else:
            yield found[0], number, found[1] is UNKNOWN


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
            made = _Meaning(policy, instances, None)
            alone = made.alone
            shown = None if alone is None else _shown(world, true(alone.condition), alone.resource)
            yield msgspec.structs.replace(made, shown=shown)


def _shape(world: World, meaning: _Meaning) -> tuple[object, ...]:
    """What policies of equal meaning have in common, whatever they are used for."""
    policy, alone = meaning.policy, meaning.alone
    actions = None if alone is None else _actions(world, alone)
    return policy.resource, policy.needs, tuple(parameter.type for parameter in policy.parameters), actions


# --- few are compared: what tells two apart mostly tells many apart --------------------------------------------------


class _Sweep:
    """Policies on one resource without parameters, in groups that no situation so far tells apart.

    A situation in which one of a group is true and another is not divides the whole group, so that most policies are
    never compared with most others: SAT sweeping (Kuehlmann, Dynamic Transition Relation Simplification for Bounded
    Property Checking).
    """

    def __init__(self, world: World, questions: Questions, group: Sequence[_Meaning]) -> None:
        self.world, self.questions, self.group = world, questions, group
        self.conditions = [each.alone.condition for each in group if each.alone is not None]
        self.guards = Guards(self.conditions)
        self.chance = random.Random(len(group))  # noqa: S311 - the same choice each time
        self.same: dict[int, tuple[int, bool]] = {}

    def findings(self) -> Iterator[Finding]:
        for number, (_, unproved) in sorted(self._same().items()):
            first = number
            while first in self.same:
                first, doubt = self.same[first]
                unproved = unproved or doubt
            yield _finding(self.group[first].policy, self.group[number].policy, unproved=unproved)

    def _same(self) -> dict[int, tuple[int, bool]]:
        """Each policy that means the same as one before it, with that one, and whether it is not proved."""
        waiting = [OrderedDict.fromkeys(range(len(self.group)))]
        while waiting:
            part = waiting.pop()
            inside = self._like_the_middle(part)
            while not inside and len(part) > 1:
                one, other = self._two(part)
                inside = self._like_one(part, one, other)
                if inside:
                    break
                differ = _differ(self.world, self.questions, self.group[one], self.group[other])
                if differ is SATISFIABLE:  # without a situation that shows it
                    self._compare_each(list(part))
                    break
                del part[other]
                self.same[other] = one, differ is UNKNOWN
            if inside:
                for number in inside:
                    del part[number]
                waiting += (OrderedDict.fromkeys(inside), part)
        return self.same

    def _compare_each(self, part: Sequence[int]) -> None:
        meanings = [self.group[number] for number in part]
        for first, second, unproved in _pairs(self.world, self.questions, meanings):
            self.same[part[second]] = part[first], unproved

    def _two(self, part: Collection[int]) -> tuple[int, int]:
        """Two of several that stand beside each other, anywhere: what tells them apart mostly divides those that are in
        some order, or in several, into two large parts.
        """
        at = self.chance.randrange(len(part) - 1)
        one, other = islice(part, at, at + 2)
        return one, other

    def _like_the_middle(self, part: Collection[int]) -> list[int]:
        """Those that are true where one in the middle is shown to be; none if all are, which divides nothing."""
        shown = self.group[_middle(part)].shown
        inside = [] if shown is None or len(part) < 3 else self._true(part, shown)
        return inside if len(inside) < len(part) else []

    def _like_one(self, part: Collection[int], one: int, other: int) -> list[int]:
        """Those that are true where one of two is, and the other is not; none if nothing tells these two apart."""
        s = self._told_apart(one, other)
        inside = [] if s is None else self._true(part, s)
        return inside if (one in inside) != (other in inside) else []

    def _told_apart(self, one: int, other: int) -> Situation | None:
        """A situation of which one of two policies is true, and the other is not, if there is one."""
        for each, beside in ((one, other), (other, one)):
            shown = self.group[each].shown
            if shown is not None and truth(self.conditions[beside], shown) is not True:
                return shown
        question, resource = same_policy_twice(self.conditions[one], self.conditions[other]), self.group[one].resource
        if self.questions.anybody(question, resource) is not SATISFIABLE:
            return None
        return _shown(self.world, question, resource, self.questions.assumed)

    def _true(self, part: Collection[int], s: Situation) -> list[int]:
        """Those of a group that are true of the situation."""
        return [number for number in self.guards.candidates(s, part) if truth(self.conditions[number], s) is True]


def _middle(part: Collection[int]) -> int:
    return next(islice(part, len(part) // 2, None))


def _shown(world: World, formula: Formula, resource: str, assumed: Assumed = COMPLETE) -> Situation | None:
    """Where the formula holds."""
    query = world.query(formula, resource, ANYBODY, None, assumed)
    answer = world.prover.ask(query)
    return world.prover.situation(query, answer.witness) if isinstance(answer, Sat) else None


# --- proved --------------------------------------------------------------------------------------------------


def _differ(world: World, questions: Questions, first: _Meaning, second: _Meaning) -> Satisfiability:
    """Whether two policies can differ where both are used; those that never are both, do."""
    shared = [(each, second.instances[key]) for key, each in first.instances.items() if key in second.instances]
    if not shared:
        return SATISFIABLE
    return either(
        SATISFIABLE
        if _actions(world, one) != _actions(world, other)
        else questions.anybody(same_policy_twice(one.condition, other.condition), one.resource)
        for one, other in shared
    )


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
