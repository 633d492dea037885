"""What a formula looks at: time, users by name, attributes of users. What it does not look at makes no difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from policylang.analysis.formula import Formula
from policylang.model import conditions as c
from policylang.model.types import DateTimeType, DateType, Type, UserType
from policylang.runtime.caching import cached_method
from policylang.runtime.index import Index


class Looks(msgspec.Struct, frozen=True, gc=False):
    """What a formula looks at: whether at time, at which attributes of users, which users it names, and whether it
    speaks of the one who asks.
    """

    time: bool = False
    attributes: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    asking: bool = False

    @property
    def peculiar(self) -> bool:
        """Whether the answer may depend on who asks: else one user is as good as another."""
        return bool(self.attributes or self.users)

    @property
    def personal(self) -> bool:
        """Whether the situations in which it holds may depend on who asks: else a witness is one for every user."""
        return self.peculiar or self.asking


_NOTHING = Looks()


class Looking:
    """What the formulas about one policy set look at, each worked out once."""

    def __init__(self, index: Index) -> None:
        self._subject = index.subject

    @cached_method
    def of(self, formula: Formula) -> Looks:
        """What the formula looks at."""
        return self.of_all(formula.conditions())

    def of_all(self, conditions: Iterable[c.Condition]) -> Looks:
        """What any of the conditions looks at."""
        each = {self._condition(condition) for condition in conditions} - {_NOTHING}
        if len(each) < 2:
            return next(iter(each), _NOTHING)
        return Looks(
            any(looks.time for looks in each),
            frozenset().union(*(looks.attributes for looks in each)),
            frozenset().union(*(looks.users for looks in each)),
            any(looks.asking for looks in each),
        )

    @cached_method
    def _condition(self, condition: c.Condition) -> Looks:
        paths = list(condition.paths())
        users = {str(constant.value) for constant in condition.constants() if is_user(constant.type)}
        time = any(map(looks_at_time, condition.tests()))
        attributes = frozenset([name for path in paths for name in self._of_user(path)])
        asking = any(path.root == "subject" for path in paths)
        return Looks(time, attributes, frozenset(users), asking)

    def _of_user(self, path: c.Path) -> Iterator[str]:
        """The attributes of users that a path may go through."""
        steps = path.steps if path.root == "subject" else path.steps[1:]
        yield from (step for step in steps if step in self._subject)


def looks_at_time(test: c.Test) -> bool:
    """Whether the answer of a test may depend on which instant now is."""
    if isinstance(test, c.Hours | c.Weekdays):
        return True
    return any(isinstance(side.type, DateType | DateTimeType) for side in test.sides)


def is_user(type_: Type) -> bool:
    """Whether values of the type are users, or sets of users."""
    return isinstance(type_.item, UserType)
