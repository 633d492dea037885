"""Values for variables that meet a list of constraints, or the certainty that there are none.

What is hard is tried, not reasoned about: values are a candidate that the caller checks, "none" is certain.
"""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import msgspec

from policylang.analysis.constraints import (
    EPOCH,
    MICROSECOND,
    MISSING,
    NOW,
    STATES,
    TODAY,
    VALUE,
    ZERO,
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
    Term,
    TextIs,
    There,
    ValueState,
    Variable,
)
from policylang.analysis.differences import Solution, solution
from policylang.analysis.months import CENTURIES
from policylang.analysis.satisfiability import UNSAT, Impossible
from policylang.model.addresses import address
from policylang.model.addresses import network as read_network
from policylang.model.types import (
    ORDERED,
    BoolType,
    DateTimeType,
    DateType,
    DurationType,
    IntType,
    IpType,
    PlaceType,
    RecordType,
    UserType,
)

_Value = object
"""A value as records hold it: str, bool, int, Fraction for other numbers, date, datetime, a list for a set."""


class CandidateModel:
    """Values of the variables, those that must be missing, of another type, there, or a set with an item missing, what
    is in sets, which records lie below which, and the instant and day that go with all this.
    """

    def __init__(self) -> None:
        self.values: dict[Variable, _Value] = {}
        self.missing: set[Variable] = set()
        self.bad: set[Variable] = set()
        self.holed: set[Variable] = set()
        self.present: set[Variable] = set()
        self.members: list[Member] = []
        self.below: list[Below] = []
        self.now: datetime.datetime | None = None
        self.today: datetime.date | None = None

    def put(self, variable: Variable, state: ValueState, *, forced: bool = True) -> None:
        """The variable is in a state; ``forced``: in no better one."""
        match state:
            case "missing":
                self.missing.add(variable)
            case "bad":
                self.bad.add(variable)
            case _ if forced:
                self.present.add(variable)
        if state == "holed":
            self.holed.add(variable)

    def put_number(self, node: Quantity, group: str, number: Fraction) -> None:
        """A variable of a group, now or today is as the solution says."""
        if isinstance(node, Variable):
            self.values[node] = _from_number(group, number)
        elif node == NOW:
            self.now = EPOCH + int(number) * MICROSECOND
        elif node == TODAY:
            self.today = datetime.date.fromordinal(int(number))


def propose(constraints: Sequence[Constraint], now: datetime.datetime) -> CandidateModel | Impossible:
    """Values for a conjunction, times close to ``now`` if possible."""
    found = CandidateModel()
    if _is_contradiction(constraints):
        return UNSAT
    identities = _identities(constraints)
    if identities is UNSAT:
        return UNSAT
    constraints = [*constraints, *identities, *_implied(constraints)]
    if not (_presence(constraints, found) and _numbers(constraints, found, now) and _equalities(constraints, found)):
        return UNSAT
    found.members = [each for each in constraints if isinstance(each, Member)]
    found.below = _belows(constraints)
    return found


def _is_contradiction(constraints: Sequence[Constraint]) -> bool:
    """Whether the same is asked to be and not to be."""
    asked = set(constraints)
    for each in constraints:
        match each:
            case Below():
                if not asked.isdisjoint(each.others):
                    return True
            case Member() | TextIs() | NetworkConstraint() | Same() | Hard():
                if each.wanted and msgspec.structs.replace(each, wanted=False) in asked:
                    return True
    return False


def _identities(constraints: Sequence[Constraint]) -> list[Same] | Impossible:
    """Records that have to be the one at the top, because they lie below it and what is above them does not; `UNSAT`
    where the way up has an end, and from the record above it has none or leads to the top. Other than that the two may
    differ: a way may be one record too long, or turn in a circle with the record alone.
    """
    wanted = {(each.variable, each.tree, each.optional, each.top): each.wanted for each in _belows(constraints)}
    states = _states(constraints)
    found: list[Same] = []
    for below in _belows(constraints):
        above = (below.above, below.tree, below.optional, below.top)
        if above in wanted:
            end = wanted[above]
        elif below.above in states and not states[below.above] & VALUE:
            end = False if below.optional and states[below.above] == MISSING else None
        else:
            continue
        if below.wanted is False and end is not False:
            return UNSAT
        if below.wanted is True and end is not True:
            found.append(Same(below.variable, below.top, True))
    return found


def _belows(constraints: Iterable[Constraint]) -> list[Below]:
    return [each for each in constraints if isinstance(each, Below)]


def _implied(constraints: Sequence[Constraint]) -> Iterator[Same]:
    """What is in a set and what is not are different things, and so are the items of sets that have none in common. Of
    numbers, times and lengths, which may be written in several ways, only the same is the same. A record that is not
    known to lie below another one is not that one, and neither is the record above it; nor is it that itself, where the
    way up has an end.
    """
    within: dict[Variable, list[Term]] = defaultdict(list)
    named = {side for each in constraints if isinstance(each, Same) and each.wanted for side in (each.left, each.right)}
    named |= {each.variable for each in constraints if isinstance(each, There) and each.states <= VALUE}
    for each in constraints:
        if isinstance(each, Member) and each.wanted:
            within[each.variable].append(each.item)
    for each in constraints:
        if isinstance(each, Member) and not each.wanted:
            yield from _different(within[each.variable], [each.item])
        elif isinstance(each, Apart):
            yield from _different(within[each.left], within[each.right])
        elif isinstance(each, Below) and each.wanted is not True:
            yield Same(each.variable, each.top, False)
            if each.above in named:
                yield Same(each.above, each.top, False)
                if each.wanted is False:
                    yield Same(each.variable, each.above, False)


def _different(items: Iterable[Term], others: Sequence[Term]) -> Iterator[Same]:
    for item in items:
        for other in others:
            ordered = any(isinstance(side, Variable) and isinstance(side.type, ORDERED) for side in (item, other))
            if not ordered or item == other:
                yield Same(item, other, False)


def _presence(constraints: Iterable[Constraint], found: CandidateModel) -> bool:
    left = _states(constraints)
    if not all(left.values()):
        return False
    for variable, states in left.items():
        found.put(variable, next(state for state in STATES if state in states), forced=states <= VALUE)
    return True


def _states(constraints: Iterable[Constraint]) -> dict[Variable, frozenset[ValueState]]:
    """The states that each variable may be in."""
    found: dict[Variable, frozenset[ValueState]] = {}
    for each in constraints:
        if isinstance(each, There):
            found[each.variable] = found.get(each.variable, each.states) & each.states
    return found


# --- ordered -------------------------------------------------------------------------------------------------


def _numbers(constraints: Iterable[Constraint], found: CandidateModel, now: datetime.datetime) -> bool:
    """Numbers, days and instants have nothing to do with each other, but for now and today."""
    groups: dict[str, list[Difference]] = defaultdict(list)
    for each in constraints:
        if isinstance(each, Difference):
            groups[group_of(each)].append(each)
    for group, bounds in groups.items():
        numbers: Solution | Impossible = UNSAT
        for calendar in _years(now):
            numbers = solution([*bounds, *_calendar(group, bounds, calendar)])
            if numbers is not UNSAT or group in ("numbers", "lengths"):
                break
        if numbers is UNSAT:
            return False
        numbers = _whole(bounds, numbers)
        for node, number in numbers.items():
            found.put_number(node, group, number)
    return True


def _whole(bounds: list[Difference], numbers: Solution) -> Solution:
    """The solution with whole numbers for variables that have such, if that can be had by rounding one by one. A whole
    number beside one with decimals is all that this is for; the caller tries what comes out.
    """
    fixed = list(bounds)
    for node in numbers:
        if isinstance(node, Variable) and isinstance(node.type, IntType) and numbers[node].denominator != 1:
            for value in (Fraction(math.floor(numbers[node])), Fraction(math.ceil(numbers[node]))):
                at = [Difference(node, ZERO, value), Difference(ZERO, node, -value)]
                better = solution([*fixed, *at])
                if better is not UNSAT:
                    fixed += at
                    numbers = better
                    break
    return numbers


def _limits(first: datetime.datetime, last: datetime.datetime) -> dict[str, tuple[int | None, int | None]]:
    return {
        "numbers": (None, None),
        "lengths": (0, None),
        "days": (first.date().toordinal(), last.date().toordinal()),
        "instants": ((first - EPOCH) // MICROSECOND, (last - EPOCH) // MICROSECOND),
    }


Calendar = tuple[datetime.datetime, datetime.datetime]
_WHOLE_CALENDAR: Calendar = (
    datetime.datetime.min.replace(tzinfo=datetime.UTC),
    datetime.datetime.max.replace(tzinfo=datetime.UTC),
)
_NEAR = datetime.timedelta(days=400)
LIMITS = _limits(*_WHOLE_CALENDAR)
"""How small and how large the values of a group may be."""


def _years(now: datetime.datetime) -> Iterator[Calendar]:
    """Where to look for times: around now, which reads best, then in this century, then anywhere."""
    first, last = _WHOLE_CALENDAR
    yield now - min(_NEAR, now - first), now + min(_NEAR, last - now)
    yield CENTURIES
    yield _WHOLE_CALENDAR


def _calendar(group: str, bounds: Iterable[Difference], calendar: Calendar) -> Iterator[Difference]:
    """The bounds of the values of a group."""
    low, high = _limits(*calendar)[group]
    for node in dict.fromkeys(node for bound in bounds for node in (bound.left, bound.right)):
        if node != ZERO and high is not None:
            yield Difference(node, ZERO, Fraction(high))
        if node != ZERO and low is not None:
            yield Difference(ZERO, node, Fraction(-low))


def group_of(each: Difference) -> str:
    for side in (each.left, each.right):
        if isinstance(side, Variable):
            if isinstance(side.type, DateTimeType):
                return "instants"
            if isinstance(side.type, DurationType):
                return "lengths"
            return "days" if isinstance(side.type, DateType) else "numbers"
    return "instants" if NOW in (each.left, each.right) else "days"


def _from_number(group: str, number: Fraction) -> _Value:
    if group == "instants":
        return EPOCH + int(number) * MICROSECOND
    if group == "days":
        return datetime.date.fromordinal(int(number))
    return int(number) if number.denominator == 1 else number


# --- equal or not --------------------------------------------------------------------------------------------


class _Classes:
    """Which sides are equal (union-find)."""

    def __init__(self) -> None:
        self.parent: dict[Term, Term] = {}

    def find(self, side: Term) -> Term:
        self.parent.setdefault(side, side)
        while self.parent[side] != side:
            side = self.parent[side]
        return side

    def join(self, left: Term, right: Term) -> None:
        first, second = self.find(left), self.find(right)
        if isinstance(first, ConstantTerm):
            first, second = second, first  # a constant stays the representative
        self.parent[first] = second


def _equalities(constraints: Sequence[Constraint], found: CandidateModel) -> bool:
    classes = _Classes()
    finite: dict[Term, frozenset[str]] = {}
    for each in constraints:
        if isinstance(each, Same):
            classes.find(each.left), classes.find(each.right)
            if each.wanted:
                first, second = classes.find(each.left), classes.find(each.right)
                if isinstance(first, ConstantTerm) and isinstance(second, ConstantTerm) and first != second:
                    return False
                classes.join(each.left, each.right)
        elif isinstance(each, Among | TextIs | NetworkConstraint):
            classes.find(each.variable)
    parts: dict[Term, list[Constraint]] = defaultdict(list)
    for each in constraints:
        if isinstance(each, Among):
            root = classes.find(each.variable)
            finite[root] = finite.get(root, each.values) & each.values
        elif isinstance(each, TextIs | NetworkConstraint):
            parts[classes.find(each.variable)].append(each)
    apart = _apart(constraints, classes)
    if apart is UNSAT:
        return False
    for root, values in finite.items():
        if isinstance(root, ConstantTerm):
            if root.value not in values:
                return False
        else:
            values -= {side.value for side in apart[root] if isinstance(side, ConstantTerm)}
            finite[root] = frozenset(value for value in values if all(_fits(value, each) for each in parts[root]))
            if not finite[root]:
                return False
    return _choose(constraints, classes, finite, apart, found)


def _apart(constraints: Iterable[Constraint], classes: _Classes) -> dict[Term, set[Term]] | Impossible:
    """Which classes must differ; `UNSAT` where one would have to differ from itself."""
    apart: dict[Term, set[Term]] = defaultdict(set)
    for each in constraints:
        if isinstance(each, Same) and not each.wanted:
            first, second = classes.find(each.left), classes.find(each.right)
            if first == second:
                return UNSAT
            apart[first].add(second)
            apart[second].add(first)
    return apart


def _choose(
    constraints: Sequence[Constraint],
    classes: _Classes,
    finite: Mapping[Term, frozenset[str]],
    apart: Mapping[Term, set[Term]],
    found: CandidateModel,
) -> bool:
    """A value for each class: first where there are few to choose from."""
    members: dict[Term, list[Variable]] = defaultdict(list)
    for side in classes.parent:
        if isinstance(side, Variable):
            members[classes.find(side)].append(side)
    chosen: dict[Term, str] = {root: root.value for root in members if isinstance(root, ConstantTerm)}
    order = sorted(members, key=lambda root: (len(finite[root]) if root in finite else 10**9, str(root)))
    for root in order:
        taken = {chosen[other] if other in chosen else _given(other) for other in apart.get(root, ())}
        if root not in chosen:
            asked = [each for each in constraints if _is_about(each, members[root])]
            value = _pick(members[root][0], finite.get(root), taken, asked)
            if value is None:
                # With few values and many that must differ another choice before might have done.
                return any(isinstance(side, Variable) for side in apart.get(root, ())) or bool(asked)
            chosen[root] = value
        elif not all(_fits(chosen[root], each) for each in constraints if _is_about(each, members[root])):
            return False
        for variable in members[root]:
            found.values[variable] = chosen[root] == "true" if isinstance(variable.type, BoolType) else chosen[root]
    return True


def _given(side: Term) -> str | None:
    return side.value if isinstance(side, ConstantTerm) else None


def _is_about(each: Constraint, variables: list[Variable]) -> bool:
    return isinstance(each, TextIs | NetworkConstraint) and each.variable in variables


def _fits(value: str, each: Constraint) -> bool:
    match each:
        case TextIs(_, "contains", part, wanted):
            return (part in value) == wanted
        case TextIs(_, "starts_with", part, wanted):
            return value.startswith(part) == wanted
        case TextIs(_, _, part, wanted):
            return value.endswith(part) == wanted
        case NetworkConstraint(_, network, wanted):
            return (address(value) in read_network(network)) == wanted
        case _:
            return True


def _pick(
    variable: Variable, values: frozenset[str] | None, taken: set[str | None], asked: Sequence[Constraint]
) -> str | None:
    """A value that is not taken and fits; ``None`` if none of those tried does."""
    for candidate in sorted(values) if values is not None else _candidates(variable, asked):
        if candidate not in taken and all(_fits(candidate, each) for each in asked):
            return candidate
    return None


def _candidates(variable: Variable, asked: Sequence[Constraint]) -> Iterable[str]:
    match variable.type:
        case IpType():
            networks = [read_network(each.network) for each in asked if isinstance(each, NetworkConstraint)]
            for network in networks:
                for found in (network[0], network[-1], network[1 % network.num_addresses]):
                    yield str(address(found))
                    for other in (int(found) - 1, int(found) + 1):
                        if 0 <= other < 2**found.max_prefixlen:
                            yield str(address(type(found)(other)))
            yield from (f"192.0.2.{number}" for number in range(1, 100))
            yield from ("2001:db8::1", "198.51.100.7", "203.0.113.9", "8.8.8.8")
        case UserType():
            yield from (f"user-{number}" for number in range(1, 200))
        case PlaceType():
            yield from (f"place-{number}" for number in range(1, 200))  # where the ones that there are will not do
        case RecordType(resource):
            yield from (f"{resource}-{number}" for number in range(1, 200))
        case _:
            texts = [each for each in asked if isinstance(each, TextIs) and each.wanted]
            start = max((t.part for t in texts if t.test == "starts_with"), key=len, default="")
            end = max((t.part for t in texts if t.test == "ends_with"), key=len, default="")
            middle = "".join(t.part for t in texts if t.test == "contains")
            if start or end or middle:
                for filler in ("", " ", "-", "x", "0"):
                    yield start + filler + middle + filler + end
                for size in range(1, min(len(start), len(end)) + 1):
                    yield start + end[size:]
            else:
                yield ""
            yield from (f"{start}{middle}text {number}{end}" for number in range(1, 200))
