"""The result: what decided, what was seen, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from policylang.model.conditions import Condition
from policylang.model.words import condition_in_words
from policylang.runtime.truth import Truth
from policylang.source import Location
from policylang.testing.coverage.outcomes import OUTCOMES, Watched
from policylang.testing.coverage.recorder import Recorder

_WORDS: dict[Truth, str] = {True: "true", False: "false", None: "unknown"}


class StatementCoverage(msgspec.Struct, frozen=True):
    """A statement: in how many cases it had a part, and in how many it was decisive, also for each action it names."""

    kind: str
    words: str
    path: str
    line: int
    column: int
    reached: int
    decisive: int
    actions: dict[str, int]


class TestCoverage(msgspec.Struct, frozen=True):
    """A condition, or one test of it: the cases by what it came to. ``possible``: what counts."""

    words: str
    path: str
    line: int
    column: int
    outcomes: dict[str, int]
    possible: tuple[str, ...]

    @property
    def seen(self) -> int:
        return sum(1 for outcome in self.possible if self.outcomes[outcome])


class ConditionCoverage(msgspec.Struct, frozen=True):
    """The condition of a policy on one resource, or of a deny. ``tests``: the parts of one put together of several."""

    name: str
    cases: int
    whole: TestCoverage
    tests: tuple[TestCoverage, ...]

    @property
    def all(self) -> tuple[TestCoverage, ...]:
        return (self.whole, *self.tests)


class Count(msgspec.Struct, frozen=True):
    """How much there is, and how much of it the tests cover."""

    statements: int = 0
    decisive: int = 0
    possible: int = 0
    seen: int = 0

    @property
    def percent(self) -> float:
        """Of statements and outcomes together, rounded down to a tenth, so that 100 means all; 100 of nothing."""
        total = self.statements + self.possible
        return (self.decisive + self.seen) * 1000 // total / 10 if total else 100.0

    def reaches(self, percent: float) -> bool:
        """Whether that much is covered, exactly."""
        return (self.decisive + self.seen) * 100 >= percent * (self.statements + self.possible)


class Coverage(msgspec.Struct, frozen=True):
    """Coverage of all policy sets that were tested, in the order of files and places."""

    cases: int
    statements: tuple[StatementCoverage, ...]
    conditions: tuple[ConditionCoverage, ...]

    def files(self) -> dict[str, Count]:
        """By path, in order."""
        paths = {each.path for each in self.statements} | {t.path for each in self.conditions for t in each.all}
        return {path: self.count(path) for path in sorted(paths)}

    def count(self, path: str | None = None) -> Count:
        """Of one file, or of all."""
        mine = [each for each in self.statements if path in (None, each.path)]
        tests = [test for each in self.conditions for test in each.all if path in (None, test.path)]
        return Count(
            len(mine),
            sum(1 for each in mine if each.decisive),
            sum(len(test.possible) for test in tests),
            sum(test.seen for test in tests),
        )


def coverage(recorders: Iterable[tuple[Recorder, dict[str, str]]]) -> Coverage:
    """The result of recorders, each with the paths of its policy set's files as they are shown."""
    cases = 0
    statements: list[StatementCoverage] = []
    conditions: list[ConditionCoverage] = []
    for recorder, shown in recorders:
        cases += recorder.cases
        statements += _statements(recorder, shown)
        conditions += (_condition(recorder, key, watched, shown) for key, watched in recorder.watched.items())
    statements.sort(key=lambda each: (each.path, each.line, each.column))
    conditions.sort(key=lambda each: (each.whole.path, each.whole.line, each.whole.column, each.name))
    return Coverage(cases, tuple(statements), tuple(conditions))


def _statements(recorder: Recorder, shown: dict[str, str]) -> Iterator[StatementCoverage]:
    for at, each in recorder.statements.items():
        where = Location.parse(at)
        actions = {action: recorder.by_action[at, action] for action in each.actions}
        counts = recorder.reached[at], recorder.decisive[at]
        yield StatementCoverage(each.kind, each.words, shown[where.path], where.line, where.column, *counts, actions)


def _condition(recorder: Recorder, key: str, watched: Watched, shown: dict[str, str]) -> ConditionCoverage:
    def part(number: int, at: str, condition: Condition) -> TestCoverage:
        where = Location.parse(at)
        outcomes = {_WORDS[each]: recorder.outcomes[key, number, each] for each in OUTCOMES}
        possible = tuple(_WORDS[each] for each in watched.possible[number])
        words = condition_in_words(condition, watched.names)
        return TestCoverage(words, shown[where.path], where.line, where.column, outcomes, possible)

    whole = part(0, watched.at, watched.condition)
    tests = tuple(part(number, test.at, test) for number, test in enumerate(watched.parts, 1))
    return ConditionCoverage(watched.name, recorder.evaluated[key], whole, tests)
