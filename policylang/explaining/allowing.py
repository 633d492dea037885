"""Values of the record, the request and the user that would allow a request, or the proof that there are none.

Some values are free and all else is as it is: what is left of the decision is a formula about them. The edges of its
tests are looked at first, nearest first; where none of them will do, the prover says whether any value does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial, reduce
from itertools import combinations
from typing import Any

import msgspec

from policylang.analysis.decision import allowed
from policylang.analysis.formula import FALSE, AllOf, Formula, given, holds
from policylang.analysis.months import FIRST_YEAR, LAST_YEAR
from policylang.analysis.prover import Prover
from policylang.analysis.query import TYPED, Answer, DeclaredUser, NamedUser, Sat, Witness, at_one_instant
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.explaining.edits import Question, applied
from policylang.explaining.gaps import moments
from policylang.explaining.nearest import edges, in_order, of_witness, plain, told, with_kept
from policylang.explaining.settings import in_json
from policylang.explaining.solve import Edits, EditTarget, setting, target_of
from policylang.explaining.tree import SuggestedEdit
from policylang.explaining.values import truth_of
from policylang.model import conditions as c
from policylang.model.types import ORDERED, RecordType, SetType
from policylang.model.words import operand_in_words
from policylang.runtime.grants import profile
from policylang.runtime.plan import make_plan
from policylang.runtime.residual import as_value
from policylang.runtime.trees import identity
from policylang.runtime.truth import Truth, value
from policylang.runtime.values import MISSING

_MOST_TESTS = 300
"""A decision that looks at more is left to the search among likely edits."""
_MOST_SPOTS = 12
_MOST_QUESTIONS = 24
_OF_NO_AVAIL = 12
"""As many questions one costs that the prover cannot answer: it tried long."""
_MOST_ITEMS = 50
_LONGEST = 10_000
_AT = "change:1:1-1:1"


class FreeValue(msgspec.Struct, frozen=True):
    """A value that can be set: where it stands, and the path that leads to it. Behind a user nothing can be set: there
    another user is.
    """

    target: EditTarget
    path: c.Path


class Allowing:
    """What a request needs of the values that conditions look at."""

    def __init__(self, q: Question) -> None:
        self.q = q
        plan = make_plan(q.index, profile(q.index, q.user, q.now), q.action, q.resource)
        self._plan = plan
        names = q.asked(q.index) or (None,)
        self.formula: Formula = AllOf(tuple(allowed(q.index, plan, name) for name in names))
        self.tests = tuple(dict.fromkeys(self.formula.tests()))
        self.moments = moments(q)
        self.situations = {after: q.situation(after) for after in self.moments}
        self.is_too_much = len(self.tests) > _MOST_TESTS
        self._left = _MOST_QUESTIONS

    @cached_property
    def _truths(self) -> dict[bool, dict[c.Test, Truth]]:
        return {after: {test: truth_of(test, s) for test in self.tests} for after, s in self.situations.items()}

    @cached_property
    def _spots_of(self) -> dict[bool, dict[c.Test, tuple[FreeValue, ...]]]:
        return {
            after: {test: tuple(dict.fromkeys(self._looked_at(test, after))) for test in self.tests}
            for after in self.moments
        }

    @cached_property
    def spots(self) -> tuple[FreeValue, ...]:
        """What can be set, data before what belongs to the user."""
        found = dict.fromkeys(
            spot for after in self.moments for spots in self._spots_of[after].values() for spot in spots
        )
        return tuple(sorted(filter(self._is_short, found), key=lambda spot: spot.target == "user"))

    def _is_short(self, spot: FreeValue) -> bool:
        """Whether what stands there can be said in a sentence."""
        present = self._present(spot)
        most = _LONGEST if isinstance(present, str) else _MOST_ITEMS
        return not isinstance(present, str | tuple) or len(present) <= most

    def _looked_at(self, test: c.Test, after: bool) -> Iterator[FreeValue]:
        for path in test.sides:
            if isinstance(path, c.Path) and (found := self._spot(path, after)) is not None:
                yield found

    def _spot(self, path: c.Path, after: bool) -> FreeValue | None:
        if not path.steps:
            return None
        index, first = self.q.index, path.steps[0]
        if path.root == "subject":
            own = c.Path("subject", (first,), index.subject[first], _AT)
            return FreeValue("user", own) if self.q.user in index.users else None
        path, _ = index.to_user(self.q.resource, path)
        target: EditTarget = "request" if path.root == "request" else target_of(self.q, first) if after else "record"
        return FreeValue(target, msgspec.structs.replace(path, at=_AT))

    # --- what is left of the decision ------------------------------------------------------------------------

    def left(self, free: Iterable[FreeValue]) -> dict[bool, Formula] | None:
        """What is left of the decision at each moment where these are free; ``None`` where they cannot matter."""
        free, found = frozenset(free), {}
        for after in self.moments:
            open_ = {test for test, spots in self._spots_of[after].items() if not free.isdisjoint(spots)}
            known = {test: each for test, each in self._truths[after].items() if test not in open_}
            pinned: dict[c.Condition, c.Condition | None] = {t: self._pinned(t, after, free) for t in open_}
            known |= {test: None for test in open_ if pinned[test] is None}
            left = given(self.formula, known)
            if left == FALSE:
                return None
            found[after] = left.map(partial(_put, pinned))
        return found

    def _pinned(self, test: c.Test, after: bool, free: frozenset[FreeValue]) -> c.Condition | None:
        """The test with the present value of what is not free; ``None`` where that leaves it unknown."""
        changed: dict[str, c.Operand] = {}
        for name, side in zip(test._sides, test.sides, strict=True):
            if not isinstance(side, c.Path) or not side.steps or self._spot(side, after) in free:
                continue
            if isinstance(test, c.Under) and name == "operand":
                return test  # the way up is that of a record, which no constant is
            try:
                found = value(side, self.situations[after])
            except Exception:
                return None  # records come from callers: what cannot be read is unknown
            if found is MISSING:
                return None
            if isinstance(side.type, SetType):
                return _of_set(test, side, found)
            if isinstance(side.type, RecordType):
                found = identity(found)
                if not isinstance(found, str):
                    return test
                changed[name] = c.Constant(side.type, found, _AT)
            else:
                changed[name] = c.Constant(side.type, as_value(side.type, found), _AT)
        return msgspec.structs.replace(test, **changed) if changed else test

    def is_met(self, left: dict[bool, Formula], edits: Iterable[SuggestedEdit]) -> bool:
        """Whether what is left of the decision holds with the edits made."""
        try:
            q = reduce(applied, edits, self.q)
            return all(holds(formula, q.situation(after)) for after, formula in left.items())
        except Exception:
            return False  # records come from callers: what cannot be read or copied is not changed

    # --- asking ----------------------------------------------------------------------------------------------

    def ruled_out(self) -> tuple[str, ...]:
        """The values that conditions look at, if it is proved that the request is denied whatever they are."""
        names = () if self.q.index.kind(self.q.resource, self.q.action) == "create" else self.q.asked(self.q.index)
        if self.q.field is not None:
            names = self.q.asked(self.q.index) if names else (self.q.field,)
        formula = AllOf(tuple(allowed(self.q.index, self._plan, name) for name in names or (None,)))
        data = dict.fromkeys(operand_in_words(spot.path) for spot in self.spots if spot.target != "user")
        if not data or self.is_too_much:
            return ()
        return tuple(data) if self._answer(formula, DeclaredUser(self.q.user)) is UNSAT else ()

    @cached_property
    def _prover(self) -> Prover:
        return Prover(self.q.index, self.q.now)

    def _witness(self, left: dict[bool, Formula], free: Iterable[FreeValue]) -> Witness | None:
        who = NamedUser if any(spot.target == "user" for spot in free) else DeclaredUser
        found = self._answer(AllOf(tuple(dict.fromkeys(left.values()))), who(self.q.user))
        return found.witness if isinstance(found, Sat) else None

    def _answer(self, formula: Formula, who: DeclaredUser | NamedUser) -> Answer:
        if self._left <= 0 or not FIRST_YEAR <= self.q.now.year <= LAST_YEAR:
            return UNKNOWN
        found = self._prover.ask(at_one_instant(formula, self.q.resource, self.q.now, TYPED, who))
        self._left -= _OF_NO_AVAIL if found is UNKNOWN else 1
        return found

    def one(self, spot: FreeValue, *, ask: bool = True) -> SuggestedEdit | None:
        """The edit that sets one value to the nearest one with which the request is allowed."""
        left = self.left((spot,))
        if left is None:
            return None
        present = self._present(spot)
        tried: dict[Any, bool] = {}

        def is_met(found: Any) -> bool:
            if found not in tried:
                tried[found] = self.is_met(left, (self._set(spot, found, ""),))
            return tried[found]

        pool = self._edges(spot, left)
        for found in in_order(spot.path.type, present, pool):
            if found is None and spot.target == "user":
                continue
            if is_met(found):
                return self._set(spot, found, told(spot.path.type, present, found, pool, is_met))
        witness = self._witness(left, (spot,)) if ask else None
        if witness is None:
            return None
        for found in of_witness(spot.path.type, present, _in_witness(witness, spot)):
            if is_met(found):
                found = with_kept(spot.path.type, present, found, is_met)
                return self._set(spot, found, told(spot.path.type, present, found, (), is_met))
        return None

    def _present(self, spot: FreeValue) -> Any:
        """What stands there now; missing where that is not of its type."""
        try:
            return plain(spot.path.type, value(spot.path, self.situations[spot.target == "changes"]))
        except Exception:
            return MISSING

    def _edges(self, spot: FreeValue, left: dict[bool, Formula]) -> list[Any]:
        try:
            return [
                found
                for after, formula in left.items()
                for test in dict.fromkeys(formula.tests())
                for found in edges(test, spot.path, self.situations[after])
            ]
        except Exception:
            return []  # as above

    def _set(self, spot: FreeValue, found: Any, words: str) -> SuggestedEdit:
        return setting(self.q, spot.target, spot.path.steps, in_json(spot.path.type, found), words)

    def single(self, *, of_user: bool) -> Iterator[Edits]:
        """The first edit of one value, of the data or of the user, that allows the request."""
        for spot in () if self.is_too_much else self.spots:
            if (spot.target == "user") == of_user and (edit := self.one(spot)) is not None:
                yield (edit,)
                return

    # --- several values --------------------------------------------------------------------------------------

    def several(self, most: int) -> Iterator[Edits]:
        """Edits of few values together, each as near as may be to what it is."""
        if self.is_too_much:
            return
        spots = [spot for spot in self.spots if spot.target != "user"][:_MOST_SPOTS]
        changed = {spot.path for spot in spots if spot.target == "changes"}
        found = self._together([spot for spot in spots if spot.target != "record" or spot.path not in changed])
        if found is None or len(found) > 2:
            for pair in combinations(spots, 2):
                if pair[0].path != pair[1].path and (both := self._together(pair)) is not None:
                    found = both
                    break
        if found is not None and len(found) <= most:
            yield self.nearest(found)

    def _together(self, spots: Sequence[FreeValue]) -> Edits | None:
        left = self.left(spots)
        witness = None if left is None else self._witness(left, spots)
        if left is None or witness is None:
            return None
        edits: Edits = ()
        for spot in spots:
            present = self._present(spot)
            (*_, found) = of_witness(spot.path.type, present, _in_witness(witness, spot))
            if found != (None if present is MISSING else present):
                edits += (self._set(spot, found, told(spot.path.type, present, found, (), lambda _: True)),)
        if not self.is_met(left, edits):
            return None
        for edit in edits:
            rest = tuple(each for each in edits if each is not edit)
            edits = rest if self.is_met(left, rest) else edits
        return edits

    def nearest(self, edits: Edits) -> Edits:
        """The edits, each with the nearest value that will do beside the others, where that can be told."""
        for number, edit in enumerate(edits):
            if edit.kind in ("record", "request", "changes", "user"):
                others = (*edits[:number], *edits[number + 1 :])
                beside = Allowing(reduce(applied, others, self.q)) if others else self
                better = beside.instead(edit)
                edits = (*edits[:number], better or edit, *edits[number + 1 :])
        return edits

    def instead(self, edit: SuggestedEdit) -> SuggestedEdit | None:
        """The edit of the same value to the nearest one that will do, where that can be told."""
        if self.is_too_much:
            return None
        spot = next((spot for spot in self.spots if _is_of(spot, edit)), None)
        if spot is None or not isinstance(spot.path.type, (*ORDERED, SetType)):
            return None
        return self.one(spot, ask=False)


def _put(pinned: Mapping[c.Condition, c.Condition | None], test: c.Condition) -> c.Condition:
    return pinned.get(test) or test


def _of_set(test: c.Test, side: c.Path, items: Sequence[Any]) -> c.Condition:
    """A test of a set that is known: its items one by one, where each of them can be said."""
    item = side.type.item
    if MISSING in items or isinstance(item, RecordType):
        return test
    values = tuple(dict.fromkeys(as_value(item, each) for each in items))
    match test:
        case c.Contains(item=c.Path() as other):
            return c.In(other, values, _AT)
        case c.Overlaps(left, right) if values:
            beside = right if side == left else left
            return c.Or(tuple(c.Contains(beside, c.Constant(item, each, _AT), _AT) for each in values), _AT)
        case _:
            return test


def _in_witness(witness: Witness, spot: FreeValue) -> Any:
    """What stands in a witness where the spot is; missing where nothing does."""
    found: Any = {"record": witness.record, "request": witness.request, "subject": witness.attributes}[spot.path.root]
    for step in spot.path.steps:
        found = found.get(step, MISSING) if isinstance(found, dict) else MISSING
    return found


def _is_of(spot: FreeValue, edit: SuggestedEdit) -> bool:
    """Whether an edit sets this value."""
    data = edit.data.get(spot.target)
    if spot.target == "user" and data is not None:
        data = data["values"]
    for step in spot.path.steps:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True
