"""What the constraints of a branch leave of each variable by itself, to judge others at a glance.

Unit propagation (Davis, Logemann and Loveland, A Machine Program for Theorem-Proving): an alternative that constraints
exclude is left out before anything is tried, and the last one left is taken.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from policylang.analysis.constraints import (
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
    Quantity,
    Same,
    Some,
    TextIs,
    There,
    Tree,
    Tried,
    ValueState,
    Variable,
)

_Pair = tuple[Quantity, Quantity]


class Domains:
    """The constraints so far, and for each variable the tightest of them."""

    def __init__(self, other: Domains | None = None) -> None:
        self.known: set[Constraint] = set() if other is None else set(other.known)
        self._bounds: dict[_Pair, tuple[Fraction, bool]] = {} if other is None else dict(other._bounds)
        self._among: dict[Variable, frozenset[str]] = {} if other is None else dict(other._among)
        self._excluded: dict[Variable, frozenset[str]] = {} if other is None else dict(other._excluded)
        self._states: dict[Variable, frozenset[ValueState]] = {} if other is None else dict(other._states)

    def judge(self, tree: Tree) -> bool | None:
        """True: it follows; false: it is impossible. Both are certain, and ``None`` says nothing."""
        match tree:
            case All(items):
                found = [self.judge(item) for item in items]
                return False if False in found else None if None in found else True
            case Some(items):
                found = [self.judge(item) for item in items]
                return True if True in found else None if None in found else False
            case _:
                return self._judge(tree)

    def add(self, each: Constraint) -> None:
        """Take one more for given."""
        self.known.add(each)
        match each:
            case Difference(left, right, weight, strict):
                before = self._bounds.get((left, right))
                if before is None or (weight, not strict) < (before[0], not before[1]):
                    self._bounds[left, right] = weight, strict
            case There(variable, states):
                self._states[variable] = self._states.get(variable, states) & states
            case Among(variable, values):
                self._among[variable] = self._among.get(variable, values) & values
            case Same(Variable() as variable, ConstantTerm(value), wanted) | Same(
                ConstantTerm(value), Variable() as variable, wanted
            ):
                if wanted:
                    only = frozenset((value,))
                    self._among[variable] = self._among.get(variable, only) & only
                else:
                    self._excluded[variable] = self._excluded.get(variable, frozenset()) | {value}
            case _:
                pass

    def _judge(self, each: Constraint) -> bool | None:
        if each in self.known:
            return True
        match each:
            case Difference():
                return self._difference(each)
            case Among(variable, values):
                return self._one_of(variable, values)
            case Same(Variable() as variable, ConstantTerm(value), wanted) | Same(
                ConstantTerm(value), Variable() as variable, wanted
            ):
                found = self._one_of(variable, frozenset((value,)))
                return found if wanted or found is None else not found
            case There(variable, states):
                possible = self._states.get(variable)
                if possible is None or possible & states != possible:
                    return None if possible is None or possible & states else False
                return True
            case TextIs() | NetworkConstraint() | Same() | Member() | Hard():
                return False if msgspec.structs.replace(each, wanted=not each.wanted) in self.known else None
            case Below():
                return None if self.known.isdisjoint(each.others) else False
            case Apart() | Tried():
                return None

    def _difference(self, each: Difference) -> bool | None:
        against = self._bounds.get((each.right, each.left))
        if against is not None:
            room = each.weight + against[0]
            if room < 0 or (room == 0 and (each.strict or against[1])):
                return False
        tighter = self._bounds.get((each.left, each.right))
        if tighter is not None and (tighter[0], not tighter[1]) <= (each.weight, not each.strict):
            return True
        return None

    def _one_of(self, variable: Variable, values: frozenset[str]) -> bool | None:
        left = self._among.get(variable)
        if left is not None and left <= values:
            return True
        possible = values if left is None else values & left
        return None if possible - self._excluded.get(variable, frozenset()) else False
