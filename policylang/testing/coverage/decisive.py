"""Which statements decide a case: without one of them the answer would be the other one.

Each is taken out of the policy set, and the reference decides again. Somebody with thousands of roles has thousands of
statements that might; so where taking out more can only change the answer further, many are taken out at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.runtime.grants import holdings
from policylang.runtime.index import Index
from policylang.runtime.parts import denies, granted_by, limits, record_place
from policylang.runtime.reference import answer
from policylang.runtime.request import Request, instant
from policylang.runtime.sources import RightsSource, inside, sources
from policylang.runtime.truth import truth
from policylang.runtime.values import BadValueError
from policylang.testing.coverage.concern import Concern
from policylang.testing.coverage.statements import CoveredStatement, without
from policylang.testing.narrowed import Narrowing


class DecidedCase(msgspec.Struct, frozen=True):
    """A case that was decided; ``known``: the statements that count, by their places."""

    narrowing: Narrowing
    asked: Request
    allowed: bool
    known: Mapping[str, CoveredStatement]

    @property
    def index(self) -> Index:
        return self.narrowing.of(self.asked.user, self.asked.action, self.asked.resource)

    def stays(self, gone: Iterable[str], index: Index | None = None, action: str | None = None) -> bool:
        """Whether the answer is the same without these statements, or with grants that do not name the action."""
        changed = without(index or self.index, [self.known[at] for at in gone], action)
        return answer(changed, self.asked).allowed == self.allowed

    def decisive(self, concern: Concern, giving: Collection[str]) -> tuple[str, ...]:
        """``giving``: the statements by which the users have their roles whom the case would write."""
        if self.allowed:
            found = [*_halved(self._known((*concern.grants, *concern.gives, *giving)), self.stays)]
        else:
            found = [*self._limits(concern, not giving and self._closed()), *self._denies(concern)]
            found += _halved(self._known(concern.appends), self.stays)
        # Without one override another one may stand alone, or the group's own policies are back: it can go either way.
        found += [at for at in self._known(concern.overrides) if not self.stays([at])]
        return tuple(dict.fromkeys(found))

    def _known(self, ats: Iterable[str]) -> list[str]:
        return [at for at in dict.fromkeys(ats) if at in self.known]

    def _limits(self, concern: Concern, closed: bool) -> Iterator[str]:
        """``closed``: nothing is open, so only what a limit narrows can be open without it."""
        candidates = self._known(concern.limits)
        if not candidates or self.stays(candidates):
            return
        asked = self.asked
        left = []
        for at in candidates:
            kind, name = self.known[at].owner
            around = self.narrowing.through(asked.user, asked.action, asked.resource, name) if kind == "role" else None
            if not self.stays([at], around):
                yield at
            elif around is None or not closed:
                left.append(at)
        yield from _halved(left, self.stays)

    def _closed(self) -> bool:
        """Whether no grant is open on the one record that is asked about, and none is required."""
        index, asked = self.index, self.asked.given(self.index)
        moments = asked.moments(index)
        if len(moments) > 1 or any(grants_required(index.actions[asked.resource][asked.action].requires)):
            return False
        s = moments[0]
        try:
            place = record_place(s)
        except BadValueError:
            return False
        return not any(
            index.covers(source.place, place)
            and all(truth(limit, s) is True for limit in limits(s, source, chain, asked.action))
            for source, chain, _ in granted_by(s, asked.action, sources(index, s.user, s.now))
        )

    def _denies(self, concern: Concern) -> Iterator[str]:
        """Denies, and what gives them. What gives one may grant as well, so several at a time say nothing."""
        yield from _halved(self._known(concern.denies), self.stays)
        unavoidable = self._unavoidable()
        for at in self._known(concern.takes):
            if (unavoidable is None or at in unavoidable) and not self.stays([at]):
                yield at

    def _unavoidable(self) -> frozenset[str] | None:
        """The statements on every way to a deny that decides by itself, if there is one: only without one of these
        can it be gone.
        """
        index, asked = self.index, self.asked.given(self.index)
        try:
            for s in asked.moments(index):
                for deny in denies(s, asked.action):
                    if deny.fields is None and (deny.condition is None or truth(deny.condition, s) is not False):
                        return self._on_every_way(deny, record_place(s))
        except BadValueError:
            return None
        return None

    def _on_every_way(self, deny: ir.Deny, place: str | None) -> frozenset[str]:
        index, asked = self.index, self.asked

        @cache
        def leads(source: RightsSource) -> bool:
            return any(deny in bundle.denies for bundle in inside(index, source))

        ways = [frozenset[str]()] if deny in index.denies else []
        for each in holdings(index, asked.user, instant(index, asked.now)):
            source = each.source
            if each.active and index.covers(source.place, place) and leads(source):
                refs = (ref for bundle in inside(index, source) for ref in bundle.roles)
                ways.append(frozenset((*each.at, *(ref.at for ref in refs if leads(RightsSource("role", ref.name))))))
        return frozenset.intersection(*ways)


def _halved(candidates: Sequence[str], stays: Callable[[Sequence[str]], bool]) -> Iterator[str]:
    """Those without which the answer changes, where it changes without several if it does without one of them."""
    if not candidates or stays(candidates):
        return
    if len(candidates) == 1:
        yield from candidates
        return
    half = len(candidates) // 2
    yield from _halved(candidates[:half], stays)
    yield from _halved(candidates[half:], stays)
