"""The rest of the questions, by an SMT solver: texts that contain each other, and formulas with very many cases.

Constraints become formulas of Z3 (de Moura and Bjørner, Z3: An Efficient SMT Solver). What cannot be said there is left
open, so "unsatisfiable" is certain, and a model is a candidate that the caller tries, like every other.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import msgspec
import z3

from policylang.analysis.conjunction import LIMITS, CandidateModel, group_of
from policylang.analysis.constraints import (
    STATES,
    YES,
    ZERO,
    All,
    Among,
    Apart,
    Below,
    ConstantTerm,
    Constraint,
    Difference,
    Hard,
    Member,
    NetworkConstraint,
    Same,
    Some,
    Term,
    TextIs,
    There,
    Tree,
    Variable,
    variable_of,
)
from policylang.analysis.satisfiability import UNKNOWN, UNSAT, NoWitness
from policylang.model import conditions as c
from policylang.model.addresses import MAPPED
from policylang.model.addresses import network as read_network
from policylang.model.types import NUMBERS, BoolType, IntType

RESOURCES = 2_000_000
"""What Z3 may use for one question, in its own unit, which does not depend on the machine's speed."""


def solve(tree: Tree) -> CandidateModel | NoWitness:
    """A candidate, the certainty that there is none, or neither where Z3 cannot tell."""
    encoder = _Encoder()
    formula = encoder.tree(tree)
    solver = z3.SolverFor("ALL", ctx=encoder.context)
    solver.set("rlimit", RESOURCES)
    solver.set("random_seed", 0)
    solver.add(formula, *encoder.axioms)
    answer = solver.check()
    if answer == z3.unsat:
        return UNSAT
    return encoder.candidate(tree, solver.model()) if answer == z3.sat else UNKNOWN


class _Encoder:
    def __init__(self) -> None:
        self.context = z3.Context()
        self.axioms: list[Any] = []
        self._texts: dict[Variable, Any] = {}
        self._numbers: dict[Any, Any] = {}
        self._states: dict[Variable, Any] = {}
        self._sets: dict[Variable, Any] = {}
        self._trees: dict[Below, Any] = {}
        self._addresses: dict[Variable, tuple[Any, Any]] = {}
        self._constraints: dict[Constraint, Any] = {}

    def tree(self, tree: Tree) -> Any:
        match tree:
            case All(items):
                return z3.And([z3.BoolVal(True, self.context), *map(self.tree, items)])
            case Some(items):
                return z3.Or([z3.BoolVal(False, self.context), *map(self.tree, items)])
            case _:
                if tree not in self._constraints:
                    self._constraints[tree] = self._constraint(tree)
                return self._constraints[tree]

    def _constraint(self, each: Constraint) -> Any:
        match each:
            case There(variable, states):
                return z3.Or([self._state(variable) == STATES.index(state) for state in sorted(states)])
            case Difference():
                return self._difference(each)
            case Among(variable, values):
                text = self._text(variable)
                return z3.Or([z3.BoolVal(False, self.context), *(text == self._value(v) for v in sorted(values))])
            case Same(left, right, wanted):
                return _is(self._side(left) == self._side(right), wanted)
            case TextIs(variable, test, part, wanted):
                return _is(_TEXTS[test](self._text(variable), self._value(part)), wanted)
            case NetworkConstraint():
                return self._network(each)
            case Member(variable, item, wanted):
                return _is(z3.Select(self._set(variable), self._side(item)), wanted)
            case Apart(left, right):
                nothing = z3.EmptySet(z3.StringSort(self.context))
                return z3.SetIntersect(self._set(left), self._set(right)) == nothing
            case Below():
                key = msgspec.structs.replace(each, wanted=True)
                if key not in self._trees:
                    self._trees[key] = z3.Int(f"tree {len(self._trees)}", self.context)
                    self._relate(key)
                return self._trees[key] == _TRUTHS.index(each.wanted)
            case Hard(c.TextTest(test, c.Path() as text, c.Path() as part), wanted):
                sides = (self._text(variable_of(path)) for path in (text, part))
                return _is(_TEXTS[test](*sides), wanted)
            case _:
                return self._open()

    def _relate(self, new: Below) -> None:
        """What the way up from a record has to do with that from the record above it, see `conjunction`."""
        true, false = _TRUTHS.index(True), _TRUTHS.index(False)
        for low, high in ((low, high) for low in self._trees for high in self._trees if new in (low, high)):
            if high == msgspec.structs.replace(low, variable=low.above):
                is_there = self._state(high.variable) == STATES.index("there")
                same = self._side(low.variable) == self._side(low.top)
                known = z3.Or(self._trees[low] != false, self._trees[high] == false)
                named = z3.Or(self._trees[low] != true, self._trees[high] == true, same)
                self.axioms.append(z3.Implies(is_there, z3.And(known, named)))

    def _open(self) -> Any:
        """Something of which nothing is known."""
        return z3.Bool(f"open {len(self._constraints)}", self.context)

    # --- values ----------------------------------------------------------------------------------------------

    def _value(self, text: str) -> Any:
        return z3.StringVal(text, self.context)

    def _state(self, variable: Variable) -> Any:
        if variable not in self._states:
            state = self._states[variable] = z3.Int(f"state {len(self._states)}", self.context)
            self.axioms.append(z3.And(state >= 0, state < len(STATES)))
        return self._states[variable]

    def _text(self, variable: Variable) -> Any:
        if variable not in self._texts:
            self._texts[variable] = z3.String(f"text {len(self._texts)}", self.context)
        return self._texts[variable]

    def _set(self, variable: Variable) -> Any:
        name = f"set {len(self._sets)}"
        strings, truths = z3.StringSort(self.context), z3.BoolSort(self.context)
        return self._sets.setdefault(variable, z3.Array(name, strings, truths))

    def _side(self, side: Term) -> Any:
        return self._value(side.value) if isinstance(side, ConstantTerm) else self._text(side)

    def _number(self, node: Any, group: str) -> Any:
        if node == ZERO:
            return z3.RealVal(0, self.context)
        if (node, group) not in self._numbers:
            name = f"number {len(self._numbers)}"
            dense = isinstance(node, Variable) and isinstance(node.type, NUMBERS) and not isinstance(node.type, IntType)
            made = z3.Real(name, self.context) if dense else z3.ToReal(z3.Int(name, self.context))
            self._numbers[node, group] = made
            low, high = LIMITS[group]
            if low is not None and high is not None:
                self.axioms.append(z3.And(made >= low, made <= high))
            elif low is not None:
                self.axioms.append(made >= low)
        return self._numbers[node, group]

    def _difference(self, each: Difference) -> Any:
        group = group_of(each)
        weight = z3.RealVal(f"{each.weight.numerator}/{each.weight.denominator}", self.context)
        difference = self._number(each.left, group) - self._number(each.right, group)
        return difference < weight if each.strict else difference <= weight

    def _network(self, each: NetworkConstraint) -> Any:
        if each.variable not in self._addresses:
            name = f"address {len(self._addresses)}"
            six, number = z3.Bool(f"{name} six", self.context), z3.Int(name, self.context)
            mapped = z3.And(number >= int(MAPPED[0]), number <= int(MAPPED[-1]))
            self.axioms.append(z3.And(number >= 0, number < z3.If(six, 2**128, 2**32), z3.Not(z3.And(six, mapped))))
            self._addresses[each.variable] = six, number
        six, number = self._addresses[each.variable]
        network = read_network(each.network)
        first, last = int(network[0]), int(network[-1])
        return _is(z3.And(six == (network.version == 6), number >= first, number <= last), each.wanted)

    # --- back ------------------------------------------------------------------------------------------------

    def candidate(self, tree: Tree, model: Any) -> CandidateModel:
        """The values of a model, of what the tree has to look at there. A model has values for everything else as well,
        of which nothing is asked, not even that it is of its type.
        """
        found, asked = CandidateModel(), list(self._chosen(tree, model))
        looked_at = {node for each in asked for node in _nodes(each)}
        for variable in dict.fromkeys(each.variable for each in asked if isinstance(each, There)):
            found.put(variable, STATES[model.eval(self._states[variable], model_completion=True).as_long()])
        for variable, text in self._texts.items():
            if variable in looked_at:
                chosen = _unescaped(model.eval(text, model_completion=True).as_string())
                found.values[variable] = chosen == "true" if isinstance(variable.type, BoolType) else chosen
        for (node, group), made in self._numbers.items():
            if node not in looked_at:
                continue
            answer = model.eval(made, model_completion=True)
            number = Fraction(answer.numerator_as_long(), answer.denominator_as_long())
            found.put_number(node, group, number)
        for variable, (six, number_) in self._addresses.items():
            if variable in looked_at:
                address = model.eval(number_, model_completion=True).as_long()
                is_six = z3.is_true(model.eval(six, model_completion=True))
                found.values[variable] = str((ipaddress.IPv6Address if is_six else ipaddress.IPv4Address)(address))
        found.members = [each for each in asked if isinstance(each, Member)]
        found.below = [each for each in asked if isinstance(each, Below)]
        return found

    def _chosen(self, tree: Tree, model: Any) -> Iterator[Constraint]:
        """Constraints that are met in a model, and with which the tree is."""
        match tree:
            case All(items):
                for item in items:
                    yield from self._chosen(item, model)
            case Some(items):
                yield from self._chosen(next((item for item in items if self._is_met(item, model)), YES), model)
            case _:
                yield tree

    def _is_met(self, tree: Tree, model: Any) -> bool:
        match tree:
            case All(items):
                return all(self._is_met(item, model) for item in items)
            case Some(items):
                return any(self._is_met(item, model) for item in items)
            case _:
                return bool(z3.is_true(model.eval(self._constraints[tree], model_completion=True)))


def _is(formula: Any, wanted: bool) -> Any:
    return formula if wanted else z3.Not(formula)


def _nodes(each: Constraint) -> Iterator[object]:
    """What a constraint has a value of."""
    match each:
        case Difference(left, right) | Same(left, right):
            yield from (left, right)
        case Among(variable) | TextIs(variable) | NetworkConstraint(variable):
            yield variable
        case Member(_, item):
            yield item
        case Hard(test):
            yield from (variable_of(path) for path in test.sides if isinstance(path, c.Path))
        case _:
            return


_TRUTHS: tuple[bool | None, ...] = (True, False, None)

_TEXTS: dict[str, Callable[[Any, Any], Any]] = {
    "contains": lambda text, part: z3.Contains(text, part),
    "starts_with": lambda text, part: z3.PrefixOf(part, text),
    "ends_with": lambda text, part: z3.SuffixOf(part, text),
}


def _unescaped(text: str) -> str:
    r"""Z3 writes what is not ASCII as ``\u{…}``."""
    return re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda match: chr(int(match[1], 16)), text)
