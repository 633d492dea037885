"""The smallest change that would allow a denied request: likely edits, and values that the prover finds, each tried out
by the reference.

A change is a set of edits. Fewest edits win; then what changes data before what changes the user's assignments, and
that before what changes policies; then what hands out the fewest permissions. A grant that would have to be written is
the last resort, because it is for everybody who has the role or group.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator

from policylang.explaining.allowing import Allowing
from policylang.explaining.edits import Question, applied
from policylang.explaining.gaps import moments, shared_gaps, way_gaps
from policylang.explaining.roles import assignments, breadth, memberships, statements
from policylang.explaining.solve import Edits, combined, setting, target_of, together
from policylang.explaining.tree import SuggestedEdit
from policylang.explaining.ways import grounds, possible_sources, ways, where_in_words
from policylang.ir.nesting import Name, name_of
from policylang.runtime.parts import record_place
from policylang.runtime.reference import answer
from policylang.runtime.sources import RightsSource
from policylang.runtime.values import BadValueError

_MOST_DECISIONS = 150
"""How many changes are tried."""
_LEAST_DECISIONS = 5
_MOST_GRANTS_LOOKED_AT = 15_000
"""Somebody with thousands of roles waits long for a decision, so that fewer are taken."""
_MOST_WAYS = 20
_MOST_COMBINATIONS = 48
_MOST_EDITS = 5

_CLASSES = {
    **dict.fromkeys(("record", "request", "changes", "leave_out"), 0),
    **dict.fromkeys(("user", "assign", "extend", "reinstate", "group", "superuser"), 1),
    **dict.fromkeys(("feature", "remove_deny", "remove_append", "grant"), 2),
}

_Rank = tuple[bool, int, tuple[int, ...], int]

_ONE_VALUE: _Rank = (False, 1, (0,), 0)
_ONE_OF_THE_USER: _Rank = (False, 1, (1,), 0)
_TWO_VALUES: _Rank = (False, 2, (0, 0), 0)


def smallest_change(q: Question) -> tuple[Edits, tuple[str, ...]]:
    """The smallest change found that allows a denied request, empty where none was; and the values that conditions look
    at, where it is proved that the request is denied whatever they are. All names must be known.
    """
    trial, values = _Trial(q), Allowing(q)
    best: Edits | None = None
    ruled_out: tuple[str, ...] = ()
    for prefix, base in _readable(q):
        best = trial.smaller(best, _changes(prefix, base, None))
        if trial.is_larger(best, _ONE_VALUE) and not prefix:
            best = trial.smaller(best, values.single(of_user=False))
            if best is None or any(_CLASSES[edit.kind] for edit in best):
                ruled_out = values.ruled_out()
            if trial.is_larger(best, _ONE_OF_THE_USER):
                best = trial.smaller(best, values.single(of_user=True))
        # One edit of the data is as small as it gets; only then is it not worth asking who could get which role.
        if trial.is_larger(best, _ONE_VALUE):
            best = trial.smaller(best, _openings(prefix, base))
    if trial.is_larger(best, _TWO_VALUES) and not ruled_out:
        best = trial.smaller(best, values.several(_MOST_EDITS))
    edits = _needed(q, best or ())
    nearest = values.nearest(edits)
    return nearest if _is_enough(q, nearest) else edits, ruled_out


def _needed(q: Question, edits: Edits) -> Edits:
    """The edits without those that the others do not need."""
    for edit in edits:
        rest = tuple(each for each in edits if each is not edit)
        if rest and _is_enough(q, rest):
            return _needed(q, rest)
    return edits


class _Trial:
    """Tries changes out. It counts, so that a search ends however large the policy set is."""

    def __init__(self, q: Question) -> None:
        self.decisions = 0
        most = _MOST_GRANTS_LOOKED_AT // _LEAST_DECISIONS
        each = 1 + sum(1 for _ in itertools.islice(grounds(q.situation(False), q.action), most))
        self._most = min(_MOST_DECISIONS, max(_LEAST_DECISIONS, _MOST_GRANTS_LOOKED_AT // each))
        self._question = q
        self._tried: set[str] = set()
        self._breadths: dict[str, int] = {}

    def smaller(self, best: Edits | None, found: Iterable[Edits]) -> Edits | None:
        """The smallest of the changes that allows the request, if it is smaller than the best so far, else that."""
        for edits in sorted(found, key=self.rank):
            key = repr(sorted(repr(edit.data) for edit in edits))
            if (best is not None and self.rank(edits) >= self.rank(best)) or self.decisions >= self._most:
                break
            if key not in self._tried:
                self._tried.add(key)
                self.decisions += 1
                if _is_enough(self._question, edits):
                    return edits
        return best

    def rank(self, edits: Edits) -> _Rank:
        classes = tuple(sorted((_CLASSES[edit.kind] for edit in edits), reverse=True))
        grants = any(edit.kind == "grant" for edit in edits)
        return grants, len(edits), classes, sum(self._breadth(edit) for edit in edits)

    def is_larger(self, best: Edits | None, rank: _Rank) -> bool:
        """Whether a change of that rank would be smaller than the best so far."""
        return best is None or self.rank(best) > rank

    def _breadth(self, edit: SuggestedEdit) -> int:
        if edit.text not in self._breadths:
            self._breadths[edit.text] = breadth(self._question.index, edit)
        return self._breadths[edit.text]


def _is_enough(q: Question, edits: Iterable[SuggestedEdit]) -> bool:
    """Whether the request is allowed with the edits made."""
    try:
        made = functools.reduce(applied, edits, q)
        return answer(made.index, made).allowed
    except Exception:
        return False  # records come from callers: what cannot be copied is not changed


# --- candidates ----------------------------------------------------------------------------------------------


def _readable(q: Question) -> Iterator[tuple[Edits, Question]]:
    """The question; where the record is at a place that there is not, the same at places that there are."""
    name = q.index.resources[q.resource].place
    unreadable = [after for after in moments(q) if not _has_place(q, after)]
    if not unreadable or name is None:
        yield (), q
        return
    targets = dict.fromkeys(target_of(q, name) if after else "record" for after in unreadable)
    for place in _places(q):
        words = where_in_words(q.index, place)[3:]
        edits = tuple(setting(q, target, (name,), place, words) for target in targets)
        yield edits, functools.reduce(applied, edits, q)


def _has_place(q: Question, after: bool) -> bool:
    try:
        record_place(q.situation(after))
    except BadValueError:
        return False
    return True


def _places(q: Question) -> list[str]:
    """Places where the user has something, then any others, of the kind at which records live."""
    kind = q.index.place_kind(q.resource)
    mine = [possible.source.place for possible in possible_sources(q.index, q.user, q.now)]
    below = (inner for place in mine if place is not None for inner in q.index.below(place))
    every = dict.fromkeys((*itertools.islice(below, 50), *sorted(q.index.places)))
    return [place for place in every if q.index.places[place].kind == kind][:3]


def _openings(prefix: Edits, q: Question) -> Iterator[Edits]:
    """Changes that begin with a role, a group or a grant that the user does not have."""
    s, fields = q.situation(False), q.asked(q.index)
    for edit in (*assignments(q, s, q.action, q.resource, fields), *memberships(q, fields)):
        if edit.kind == "assign":
            given = edit.data["assign"]
            only = RightsSource("role", given["role"], given["place"])
        else:
            only = RightsSource("group", edit.data["group"]["group"])
        yield from _changes((*prefix, edit), applied(q, edit), only.__eq__)
    for edit, bundle in statements(q, s, q.action, q.resource, fields):
        yield from _changes((*prefix, edit), applied(q, edit), _named(name_of(bundle)))


def _named(name: Name) -> Callable[[RightsSource], bool]:
    """Whether a source, wherever it holds, is the group or role of a name."""
    return lambda source: source.bundle_name == name


def _changes(prefix: Edits, q: Question, wanted: Callable[[RightsSource], bool] | None) -> Iterator[Edits]:
    """Changes that open one of the ways; of the wanted sources only, if given."""
    shared = list(shared_gaps(q))
    if any(not gap for gap in shared):
        return
    covered = frozenset[str]()
    if q.asked(q.index):
        each = (ways(q.situation(after), q.action, ()) for after in moments(q))
        covered = frozenset.intersection(*(frozenset(f for way in w if way.open for f in way.fields) for w in each))
    for way in itertools.islice(grounds(q.situation(False), q.action, wanted), _MOST_WAYS):
        for edits in combined((*shared, *way_gaps(q, way, covered)), _MOST_COMBINATIONS):
            made = together((prefix, edits))
            if made and len(made) <= _MOST_EDITS:
                yield made
