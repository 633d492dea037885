"""Whether a formula can hold, without a situation in which it does: from answers about its parts.

Limits on one grant mostly look at an attribute each: one at the owner, one at the age. Where statements share nothing,
a situation of each makes one of all, so few answers serve very many combinations. The search on the whole formula
gives the same verdict, and is asked where this gives none.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator

from policylang.analysis.formula import AllOf, AnyOf, Formula, NotOf, conjoined
from policylang.analysis.looks import looks_at_time
from policylang.analysis.query import Answer, Sat
from policylang.analysis.satisfiability import SATISFIABLE, UNSAT, Satisfiability
from policylang.model import conditions as c
from policylang.runtime.caching import cached_method
from policylang.runtime.index import Index

_MOST_CASES = 16
"""Formulas that fall into more cases are asked about as a whole."""

_Thing = tuple[str, ...]
"""Where an attribute is found, with its name; or:"""
_USERS = ("users",)
"""What at most one part may be about."""


class Decomposition:
    """Formulas in parts, for the records of one policy set."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def satisfiability(
        self, formula: Formula, resource: str, now: datetime.datetime, ask: Callable[[Formula], Answer]
    ) -> Satisfiability:
        """The verdict about a formula. ``ask`` finds a situation in which a part holds, at ``now`` if there is one.

        Situations can be put together where they are about different attributes, at most one of them is about users,
        and none needs another instant.
        """
        doubt = False
        for number, case in enumerate(_cases(formula)):
            if number == _MOST_CASES:
                doubt = True
                break
            parts = [(ask(part), time) for part, time in self._apart(case, resource)]
            if all(isinstance(found, Sat) and (found.witness.now == now or not time) for found, time in parts):
                return SATISFIABLE
            doubt = doubt or all(found is not UNSAT for found, _ in parts)
        if not doubt:
            return UNSAT
        found = ask(formula)
        return SATISFIABLE if isinstance(found, Sat) else found

    def _apart(self, statements: list[Formula], resource: str) -> Iterator[tuple[Formula, bool]]:
        """Statements in parts that share no attribute, of which one at most is about users; and whether each looks at
        time.
        """
        groups: list[tuple[frozenset[_Thing], list[Formula], bool]] = []
        for statement in dict.fromkeys(statements):
            things, time = self._looks(statement, resource)
            together = [statement]
            for group in [group for group in groups if not things.isdisjoint(group[0])]:
                groups.remove(group)
                things, together, time = things | group[0], [*group[1], *together], time or group[2]
            groups.append((things, together, time))
        for _, together, time in groups:
            yield (together[0] if len(together) == 1 else AllOf(tuple(together))), time

    @cached_method
    def _looks(self, formula: Formula, resource: str) -> tuple[frozenset[_Thing], bool]:
        """What a formula looks at, and whether at time."""
        seen = list(formula.tests())
        return frozenset(self._things(seen, resource)), any(map(looks_at_time, seen))

    def _things(self, seen: Iterable[c.Test], resource: str) -> Iterator[_Thing]:
        """The attributes of the record and of the request that tests look at, with `_USERS`."""
        for test in seen:
            if isinstance(test, c.Under):
                yield (test.operand.root, test.above.steps[0]) if test.operand.root != "subject" else _USERS
            for operand in test.sides:
                if isinstance(operand, c.Path) and operand.root == "record" and not operand.steps:
                    yield ("record", "id")
                elif isinstance(operand, c.Path):
                    yield (operand.root, *operand.steps[:1]) if operand.root != "subject" else _USERS
                    if self.index.to_user(resource, operand)[1]:
                        yield _USERS


def _cases(formula: Formula) -> Iterator[list[Formula]]:
    """The cases of a formula, each a conjunction of statements: it holds where one of them does."""
    waiting: list[tuple[list[Formula], list[Formula]]] = [([], [formula])]
    while waiting:
        done, todo = waiting.pop()
        choices: tuple[Formula, ...] | None = None
        while todo and choices is None:
            parts = conjoined(statement := todo.pop())
            if parts is not None:
                todo += reversed(parts)
                continue
            match statement:
                case AnyOf(items) if len(items) <= _MOST_CASES:
                    choices = items
                case NotOf(AllOf(items)) if len(items) <= _MOST_CASES:
                    choices = tuple(map(NotOf, items))
                case _:
                    done.append(statement)
        if choices is None:
            yield done
        else:
            waiting += [([*done], [*todo, choice]) for choice in reversed(choices)]
