"""What one side says, as a formula about the records of the other side."""

from __future__ import annotations

import datetime

import msgspec

from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, Holds, NotOf
from policylang.check.fix.same_access import NOWHERE
from policylang.diff.readings import Nothing, PathRead, PathReader, Unclear, alike
from policylang.model import conditions as c
from policylang.model.types import DateType, Duration, SetType
from policylang.runtime.index import Index
from policylang.runtime.residual import as_value
from policylang.runtime.truth import Situation, truth, user_value, value
from policylang.runtime.values import MISSING

_MOST_MOVED = 20
"""Users with other attributes than before whom a formula tells apart; where there are more, it is only bounded."""
_ANY_TIME = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


class Lifter:
    """From formulas of the one side, ``reader.theirs``, to formulas about the records of the other, ``reader.ours``.

    ``user``: the one who asks, if that is a certain one. Where there is no equal formula, one that holds more often, if
    ``over``, or less often.
    """

    def __init__(self, reader: PathReader, resource: str, user: str | None, *, over: bool) -> None:
        self.reader, self.resource, self.user, self.over = reader, resource, user, over
        self.doubt: Formula = TRUE if over else FALSE

    def lift(self, formula: Formula) -> Formula:
        """An equal formula, as far as there is one."""
        match formula:
            case AllOf(items):
                return AllOf(tuple(map(self.lift, items)))
            case AnyOf(items):
                return AnyOf(tuple(map(self.lift, items)))
            case NotOf(item):
                return NotOf(self._opposite.lift(item))
            case Holds(condition, None):
                opposite = self._opposite
                return AllOf(tuple(NotOf(opposite.holds(condition, each)) for each in (True, False)))
            case Holds(condition, wanted):
                return self.holds(condition, bool(wanted))

    @property
    def _opposite(self) -> Lifter:
        return Lifter(self.reader, self.resource, self.user, over=not self.over)

    def holds(self, condition: c.Condition, wanted: bool) -> Formula:
        if all(map(self._is_read_alike, condition.tests())):
            return Holds(condition, wanted)
        match condition:
            case c.And(items) | c.Or(items):
                parts = tuple(self.holds(item, wanted) for item in items)
                return AllOf(parts) if isinstance(condition, c.And) == wanted else AnyOf(parts)
            case c.Not(item):
                return self.holds(item, not wanted)
            case _:
                return self._test(condition, wanted)

    def _is_read_alike(self, test: c.Test) -> bool:
        if not self._one_clock(test):
            return False
        for operand in test.sides:
            if isinstance(operand, c.Path) and operand.steps:
                if self._is_known(operand):
                    if not self._has_the_same(operand):
                        return False
                else:
                    reading = self.reader.read(self.resource, operand)
                    if not isinstance(reading, PathRead) or reading.moved or reading.path != operand:
                        return False
        return True

    def _test(self, test: c.Test, wanted: bool) -> Formula:
        """The test is true (false)."""
        if not self._one_clock(test):
            return self.doubt
        readable: list[Formula] = []
        moved: list[PathRead] = []
        for operand in test.sides:
            if not isinstance(operand, c.Path) or not operand.steps:
                continue
            if self._is_known(operand):
                if self._has_the_same(operand):
                    continue
                return self._known(test, operand, wanted)
            reading = self.reader.read(self.resource, operand)
            if isinstance(reading, Unclear):
                return self.doubt
            if isinstance(reading, Nothing):
                return TRUE if isinstance(test, c.Missing) and wanted else FALSE
            test = _with(test, operand, reading.path)
            if isinstance(test, c.Missing) and reading.readable != TRUE:
                return _missing(Holds(test, True), reading, wanted)
            readable.append(reading.readable)
            moved += [reading] if reading.moved else []
        if not moved:
            return AllOf((Holds(test, wanted), *(each for each in readable if each != TRUE)))
        return self._moved(test, wanted, moved)

    # --- the user who asks -----------------------------------------------------------------------------------

    def _is_known(self, path: c.Path) -> bool:
        return self.user is not None and path.root == "subject" and bool(path.steps)

    def _value(self, index: Index, path: c.Path) -> object:
        assert self.user is not None
        found = value(path, Situation(index, self.user, self.resource, {}, {}, _ANY_TIME))
        return frozenset(found) if isinstance(found, tuple) else found

    def _has_the_same(self, path: c.Path) -> bool:
        """Whether the user has the same attribute on both sides."""
        theirs, ours = self.reader.theirs.subject[path.steps[0]], self.reader.ours.subject.get(path.steps[0])
        if ours is None or not alike(theirs, ours) or len(path.steps) > 1:
            return False
        return self._value(self.reader.theirs, path) == self._value(self.reader.ours, path)

    def _known(self, test: c.Test, path: c.Path, wanted: bool) -> Formula:
        """The test with what their user has in the place of the path."""
        found = self._value(self.reader.theirs, path)
        if isinstance(test, c.Missing):
            return TRUE if (found is MISSING) == wanted else FALSE
        if found is MISSING:
            return FALSE
        if isinstance(path.type, SetType):
            assert isinstance(found, frozenset)
            values = tuple(sorted((as_value(path.type.of, each) for each in found), key=str))
            return self._of_set(test, path, values, wanted)
        return self._decided(_with(test, path, c.Constant(path.type, as_value(path.type, found), NOWHERE)), wanted)

    def _of_set(self, test: c.Test, path: c.Path, values: tuple[c.Value, ...], wanted: bool) -> Formula:
        """A test of a set whose items are known."""
        match test:
            case c.Empty():
                return TRUE if (not values) == wanted else FALSE
            case c.Overlaps(left, right):
                other = right if left == path else left
                assert isinstance(other, c.Path)
                item = path.type.item
                each = (self.holds(c.Contains(other, c.Constant(item, v, NOWHERE), NOWHERE), wanted) for v in values)
                if wanted:
                    return AnyOf(tuple(each))
                return AllOf(tuple(each)) if values else self.holds(c.Missing(other, NOWHERE), False)
            case _:
                assert isinstance(test, c.Contains)
                return self._in_set(test.item, values, wanted)

    def _in_set(self, item: c.Operand, values: tuple[c.Value, ...], wanted: bool) -> Formula:
        if values:
            return self._decided(c.In(item, values, NOWHERE), wanted)
        if wanted:
            return FALSE
        return self.holds(c.Missing(item, NOWHERE), False) if isinstance(item, c.Path) and item.steps else TRUE

    def _decided(self, test: c.Test, wanted: bool) -> Formula:
        """A test of constants has an answer, unless it looks at the clock."""
        if isinstance(test, c.Time) or not all(isinstance(operand, c.Constant) for operand in test.sides):
            return self.holds(test, wanted)
        s = Situation(self.reader.theirs, self.user or "", self.resource, {}, {}, _ANY_TIME)
        return TRUE if truth(test, s) is wanted else FALSE

    # --- others, of whom a record speaks ---------------------------------------------------------------------

    def _moved(self, test: c.Test, wanted: bool, moved: list[PathRead]) -> Formula:
        """The test, one by one for those users whose attribute is another one on the other side."""
        (reading, *others) = moved
        owner = reading.owner
        if others or owner is None or len(reading.moved) > _MOST_MOVED or isinstance(reading.path.type, SetType):
            return self.doubt
        owned = self.reader.read(self.resource, owner)
        if not isinstance(owned, PathRead) or owned.moved or owned.readable != TRUE:
            return self.doubt
        cases: list[Formula] = []
        for user in sorted(reading.moved):
            found = user_value(self.reader.theirs, user, reading.path.steps[-1])
            if isinstance(test, c.Missing):
                said: Formula = TRUE if (found is MISSING) == wanted else FALSE
            elif found is MISSING:
                said = FALSE
            else:
                constant = c.Constant(reading.path.type, as_value(reading.path.type, found), NOWHERE)
                said = self._constant(_with(test, reading.path, constant), wanted)
            cases.append(AllOf((Holds(c.In(owned.path, (user,), NOWHERE), True), said)))
        others_ = NotOf(Holds(c.In(owned.path, tuple(sorted(reading.moved)), NOWHERE), True))
        return AnyOf((AllOf((others_, Holds(test, wanted))), *cases))

    def _constant(self, test: c.Test, wanted: bool) -> Formula:
        if isinstance(test, c.Time) or not all(isinstance(operand, c.Constant) for operand in test.sides):
            return Holds(test, wanted)
        return self._decided(test, wanted)

    # --- time ------------------------------------------------------------------------------------------------

    def _one_clock(self, test: c.Test) -> bool:
        """Whether the test says the same in both timezones."""
        if self.reader.one_clock or not isinstance(test, c.Time | c.Hours | c.Weekdays):
            return True
        if not isinstance(test, c.Time):
            return False
        length = test.duration.value if isinstance(test.duration, c.Constant) else None
        exact = isinstance(length, Duration) and length.unit != "months"
        return exact and not isinstance(test.operand.type, DateType)


def _missing(missing: Holds, reading: PathRead, wanted: bool) -> Formula:
    """Whether a value is missing that can only be read sometimes; where it cannot, that is unknown."""
    if reading.left_out:
        return NotOf(reading.readable) if wanted else reading.readable
    return missing if wanted else AllOf((Holds(missing.condition, False), reading.readable))


def _with(test: c.Test, operand: c.Operand, other: c.Operand) -> c.Test:
    """The test with another operand in the place of one."""
    names = [name for name in test.__struct_fields__ if getattr(test, name) is operand]
    return msgspec.structs.replace(test, **dict.fromkeys(names, other))
