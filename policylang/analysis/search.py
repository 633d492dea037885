"""Looking for a situation in which a formula holds, or for the certainty that there is none.

A tableau (Smullyan, First-Order Logic): disjunctions are split one after the other, and a branch is left as soon as its
constraints cannot be met. What a branch proposes is tried by the definition of the conditions, so a witness is always
right; "never" is certain where every branch was closed by reasoning alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from msgspec.structs import replace

from policylang.analysis.asker import Asker
from policylang.analysis.clock_cases import ClockCase, clock_cases, clock_tests, instants_of
from policylang.analysis.conjunction import CandidateModel, propose
from policylang.analysis.constraints import (
    EPOCH,
    MICROSECOND,
    NOW,
    TODAY,
    ZERO,
    All,
    Constraint,
    Difference,
    Some,
    Tree,
)
from policylang.analysis.domains import Domains
from policylang.analysis.formula import AllOf, Formula, Holds, conjuncts, holds, more_conditions, nnf
from policylang.analysis.months import near_changes, patterns, years_of
from policylang.analysis.query import COMPLETE, Answer, Sat, Witness
from policylang.analysis.question_instant import QuestionInstant, leaves_at_times
from policylang.analysis.satisfiability import UNKNOWN, UNSAT, Impossible
from policylang.analysis.translator import Translator
from policylang.analysis.witness import make_witness, situation, with_users
from policylang.model import conditions as c
from policylang.model.types import DateTimeType, DateType, Duration
from policylang.runtime.residual import is_of_record
from policylang.runtime.truth import Situation
from policylang.runtime.values import BadValueError

BUDGET = 4000
"""How many branches a question may look at."""
MOST_TESTS = 300
"""A formula with more tests is not looked at: what reasoning costs grows faster than they do."""
FEW_CONDITIONS = 24
"""A formula of more conditions is looked at step by step."""
_TRY = 20
"""What trying a candidate costs, in branches."""
_FEW_INSTANTS = 3
"""Instants to try around one at which the clock says something else."""
_CHEAP = 32
"""As many constraints as a branch may have at the cost of one."""


class _Budget:
    def __init__(self) -> None:
        self.left = BUDGET
        self.complete = True
        """Whether every branch so far was closed for certain."""


def find(asker: Asker) -> Answer:
    """A record, a request, an instant and a user, where open, for which the formula holds, of those asked about."""
    return (_step_by_step if more_conditions(asker.query.formula, FEW_CONDITIONS) else _find)(asker)


def _step_by_step(asker: Asker) -> Answer:
    """The answer from a few parts, and as many again of those that the situation found does not meet, until it meets
    all: mostly few of very many limits matter.
    """
    parts = conjuncts(asker.query.formula)
    chosen = list(parts[:1])
    while len(chosen) < len(parts):
        found = _find(replace(asker, query=replace(asker.query, formula=AllOf(tuple(chosen)))))
        if found is UNSAT:
            return UNSAT
        if found is UNKNOWN:
            break
        seen, taken = situation(asker, found.witness), set(chosen)
        failing = [each for each in parts if each not in taken and not _holds(each, seen)]
        if not failing:
            return found
        chosen += failing[: len(chosen)]
    return _find(asker)


def _find(asker: Asker) -> Answer:
    plain = nnf(asker.query.formula)
    if sum(1 for _ in islice(_tests(plain), MOST_TESTS + 1)) > MOST_TESTS:
        return UNKNOWN
    left = _Budget()
    witness = _at(plain, asker, asker.query.now, left)
    if witness is not None:
        return Sat(witness)
    months, absolute = _times(plain, asker)
    absolute = absolute or bool(clock_tests(_tests(plain)))
    timeless = asker.query.is_at_one_instant or not (months or absolute)
    if left.complete and timeless:
        return UNSAT  # nothing of it depends on which instant now is
    answer = UNKNOWN if timeless else _any_time(plain, asker, months)
    return _by_solver(plain, asker, months) if answer is UNKNOWN else answer


def _by_solver(plain: Formula, asker: Asker, months: tuple[tuple[int, int], ...]) -> Answer:
    """The answer of an SMT solver, which is loaded only here."""
    from policylang.analysis.smt import solve

    candidate = solve(Translator(asker, QuestionInstant(asker.query.now)).tree(plain))
    for witness in _witnesses(asker, candidate, asker.query.now) if isinstance(candidate, CandidateModel) else ():
        if _confirms(asker, witness):
            return Sat(witness)
    if asker.query.is_at_one_instant:
        return UNSAT if candidate is UNSAT else UNKNOWN
    for _day, open_ in _open_instants(plain, asker, months):
        if solve(All((Translator(asker, open_).tree(plain), *_open_time(asker)))) is not UNSAT:
            return UNKNOWN
    return UNSAT


def _open_instants(
    plain: Formula, asker: Asker, months: tuple[tuple[int, int], ...]
) -> Iterator[tuple[datetime.date | None, QuestionInstant]]:
    """What instants there are, by the lengths of months seen from them, each with a day, and by what the clock says."""
    tests = clock_tests(_tests(plain))
    cases = (
        clock_cases(tests, asker.index.policy_set.timezone, asker.query.since, asker.query.until) if tests else ((),)
    )
    for day, lengths in patterns(months, asker.query.now.year) if months else ((None, ()),):
        pattern = tuple(zip(months, lengths, strict=True))
        for case in cases:
            yield day, QuestionInstant(None, pattern, case)


def _at(plain: Formula, asker: Asker, now: datetime.datetime, budget: _Budget) -> Witness | None:
    """A witness at one instant."""
    tree = Translator(asker, QuestionInstant(now)).tree(plain)
    for candidate in _branches(tree, budget, now):
        for witness in _witnesses(asker, candidate, now):
            budget.left -= _TRY
            if _confirms(asker, witness):
                return witness
        budget.complete = False
    if budget.left <= 0:
        budget.complete = False
    return None


def _witnesses(asker: Asker, candidate: CandidateModel, now: datetime.datetime) -> Iterator[Witness]:
    """The situations to try for a candidate: with records filled up, and if that is not asked for, then without."""
    for variant in with_users(asker, candidate):
        for whole in (True,) if asker.query.assumed >= COMPLETE else (True, False):
            yield make_witness(asker, variant, now, whole=whole)


def _confirms(asker: Asker, witness: Witness) -> bool:
    """Whether the formula holds there; not so where a candidate has a value that is not of its type."""
    try:
        return _holds(asker.query.formula, situation(asker, witness))
    except BadValueError:
        return False


def _holds(formula: Formula, seen: Situation) -> bool:
    """Whether the formula holds; not so where a value is not of its type."""
    try:
        return holds(formula, seen)
    except BadValueError:
        return False


def _any_time(plain: Formula, asker: Asker, months: tuple[tuple[int, int], ...]) -> Answer:
    """A witness at any instant: first find out which instants are possible, then look at these, with one budget for
    all: what is found is found at the first ones, mostly at once.
    """
    certain = True
    left, tries = _Budget(), _Budget()
    seen: set[datetime.datetime] = set()
    for day, open_ in _open_instants(plain, asker, months):
        tree = All((Translator(asker, open_).tree(plain), *_open_time(asker)))
        possible = False
        for number, candidate in enumerate(_branches(tree, left, asker.query.now)):
            possible = True
            for now in _instants(asker, day, candidate, open_.clock):
                if tries.left > 0 and now not in seen and asker.query.is_open(now):
                    seen.add(now)
                    witness = _at(plain, asker, now, tries)
                    if witness is not None:
                        return Sat(witness)
            if number >= 20:
                break
        certain = certain and not possible
    if certain and left.left > 0:
        return UNSAT
    for now in near_changes(asker.index.policy_set.timezone, asker.query.now.year) if months else ():
        if tries.left > 0 and now not in seen and asker.query.is_open(now):
            witness = _at(plain, asker, now, tries)
            if witness is not None:
                return Sat(witness)
    return UNKNOWN


def _open_time(asker: Asker) -> Iterator[Tree]:
    """Now lies in the time that is asked about, and in the years that are thought about."""
    first, last = years_of(asker.query.since, asker.query.until)
    for node, low, high in (
        (NOW, (first - EPOCH) // MICROSECOND, (last - EPOCH) // MICROSECOND),
        (TODAY, first.date().toordinal(), last.date().toordinal()),
    ):
        yield Difference(ZERO, node, Fraction(-low))
        yield Difference(node, ZERO, Fraction(high))
    if asker.query.since is not None:
        yield Difference(ZERO, NOW, Fraction(-((asker.query.since - EPOCH) // MICROSECOND)))
    if asker.query.until is not None:
        yield Difference(NOW, ZERO, Fraction((asker.query.until - EPOCH) // MICROSECOND - 1))


def _instants(
    asker: Asker, day: datetime.date | None, candidate: CandidateModel, case: ClockCase
) -> Iterator[datetime.datetime]:
    """Instants to look at: those of the candidate, and noon of the day that has such months; where the clock matters,
    those close by at which it says what it has to.
    """
    found = _proposed(asker, day, candidate)
    if not case:
        yield from found
        return
    timezone = asker.index.policy_set.timezone
    near = [*(each for each in (asker.query.now, asker.query.since) if each is not None), *found]
    for each in near:
        yield from islice((now for now in instants_of(case, timezone, each) if asker.query.is_open(now)), _FEW_INSTANTS)


def _proposed(asker: Asker, day: datetime.date | None, candidate: CandidateModel) -> Iterator[datetime.datetime]:
    if candidate.now is not None:
        yield candidate.now
    for each in (candidate.today, day):
        if each is not None:
            for hour in (12, 0):
                yield datetime.datetime.combine(each, datetime.time(hour), asker.index.timezone).astimezone(
                    datetime.UTC
                )


def _branches(tree: Tree, budget: _Budget, now: datetime.datetime) -> Iterator[CandidateModel]:
    """The candidates of the branches that cannot be closed."""
    waiting: list[tuple[Domains, list[Constraint], list[Some], Tree]] = [(Domains(), [], [], tree)]
    while waiting:
        domains, before, splits, choice = waiting.pop()
        if budget.left <= 0:
            return
        constraints = list(before)
        left = _closer(Domains(domains), constraints, splits, choice)
        budget.left -= 1 + len(constraints) // _CHEAP
        if left is UNSAT:
            continue
        narrowed, splits = left
        candidate = propose(constraints, now)
        if candidate is UNSAT:
            continue
        if not splits:
            yield candidate
            continue
        split = min(splits, key=lambda each: len(each.items))
        rest = [each for each in splits if each is not split]
        waiting += [(narrowed, constraints, rest, item) for item in reversed(split.items)]


def _closer(
    domains: Domains, constraints: list[Constraint], splits: list[Some], choice: Tree
) -> tuple[Domains, list[Some]] | Impossible:
    """Add a choice to the constraints, and all that is left to choose where only one alternative remains; the splits
    that are open then.
    """
    todo: list[Tree] = [choice]
    splits = list(splits)
    while todo:
        changed = False
        while todo:
            part = todo.pop()
            match part:
                case All(items):
                    todo.extend(items)
                case Some():
                    splits.append(part)
                    changed = True
                case _:
                    verdict = domains.judge(part)
                    if verdict is False:
                        return UNSAT
                    if verdict is None:
                        domains.add(part)
                        constraints.append(part)
                        changed = True
        if not changed:
            break
        open_: list[Some] = []
        for split in splits:
            verdicts = [domains.judge(item) for item in split.items]
            if True in verdicts:
                continue
            items = tuple(item for item, each in zip(split.items, verdicts, strict=True) if each is None)
            if not items:
                return UNSAT
            if len(items) == 1:
                todo.append(items[0])
            else:
                open_.append(split if len(items) == len(split.items) else Some(items))
        splits = open_
    return domains, splits


# --- what of time occurs -------------------------------------------------------------------------------------


def _times(plain: Formula, asker: Asker) -> tuple[tuple[tuple[int, int], ...], bool]:
    """The shifts by months, with their signs; and whether anything is compared with a certain day or instant, or may be
    with one that is outside of the calendar.
    """
    months: set[tuple[int, int]] = set()
    absolute = False
    years = years_of(asker.query.since, asker.query.until)
    for test in _tests(plain):
        match test:
            case c.Time(operand=operand, duration=duration):
                match asker.known(duration):
                    case c.Constant(value=Duration() as length):
                        of_days = isinstance(operand.type, DateType)
                        absolute = absolute or leaves_at_times(asker.index, length, test.sign, of_days, years)
                        if length.unit == "months":
                            months.add((length.amount, test.sign))
            case c.Compare(_, left, right):
                if isinstance(left.type, DateType | DateTimeType):
                    absolute = absolute or not (is_of_record(left) and is_of_record(right))
            case c.In(operand, _):
                absolute = absolute or isinstance(operand.type, DateType | DateTimeType)
    return tuple(sorted(months)), absolute


def _tests(plain: Formula) -> Iterator[c.Condition]:
    """The tests that are true or false in a formula in negation normal form."""
    for node in plain.walk():
        if isinstance(node, Holds) and node.value is not None and not isinstance(node.condition, c.Missing):
            yield node.condition
