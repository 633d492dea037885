"""What one parse leaves for the next one of the same file: an edit changes a few declarations, and the others stand.

The parser's state between two declarations is a number and the list of those before. Where both texts are the same from
such a place on, and the state as well, the parser does the same with them, so it may go on behind them.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from policylang.syntax.ast import moved

_OFFSET = attrgetter("offset")
_STRIDE = 1 << 16


class Beginning(msgspec.Struct, frozen=True, gc=False):
    """The first token of a declaration: where it is, the parser's state before it, how many declarations had been read,
    how many more words there might be, and how many mistakes there had been.
    """

    offset: int
    state: int
    declarations: int
    left: int
    mistakes: int


class Run(msgspec.Struct, frozen=True):
    """Declarations as the parser keeps them that need not be read again, with what is between them, and the `Beginning`
    behind them; in terms of the new text.
    """

    declarations: list[Any]
    comments: dict[int, str]
    between: list[Beginning]
    behind: Beginning


class Trail:
    """Where the declarations of one text begin, in order; what the parser made of them; its comments by offset."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.beginnings: list[Beginning] = []
        self.declarations: list[Any] = []
        self.comments: list[tuple[int, str]] = []


class Followed:
    """A trail, followed on another text."""

    def __init__(self, trail: Trail, text: str) -> None:
        self._trail = trail
        self._by = len(text) - len(trail.text)
        self._same, self._same_again = unchanged(trail.text, text)

    def run(self, here: Beginning) -> Run | None:
        """What need not be read again from a beginning of the new text on; ``None`` if that is nothing."""
        known = self._trail.beginnings
        by = 0 if here.offset < self._same else self._by
        first = bisect_left(known, here.offset - by, key=_OFFSET)
        if first == len(known) or known[first].offset != here.offset - by or known[first].state != here.state:
            return None
        last = bisect_left(known, known[first].mistakes + 1, first, key=attrgetter("mistakes")) - 1
        if here.offset < self._same:
            # The parser looks at one token behind a declaration: it and the character behind it must be the same.
            last = min(last, bisect_left(known, self._same, first, key=_OFFSET) - 2)
        elif here.offset < self._same_again:
            return None
        if last <= first or here.left <= known[first].left - known[last].left:
            return None  # nothing, or more words than there may be, the one behind included
        return self._made(here, first, last, by)

    def _made(self, here: Beginning, first: int, last: int, by: int) -> Run:
        trail = self._trail
        start, end = trail.beginnings[first], trail.beginnings[last]
        declarations = trail.declarations[start.declarations : end.declarations]
        ahead, behind = (bisect_left(trail.comments, each.offset, key=itemgetter(0)) for each in (start, end))
        return Run(
            declarations if by == 0 else [moved(each, by) for each in declarations],
            {at + by: text for at, text in trail.comments[ahead:behind]},
            [_seen_from(here, start, each, by) for each in trail.beginnings[first + 1 : last]],
            _seen_from(here, start, end, by),
        )


def _seen_from(here: Beginning, start: Beginning, old: Beginning, by: int) -> Beginning:
    """A beginning of the old text behind ``start`` as one of the new text behind ``here``."""
    return Beginning(
        old.offset + by,
        old.state,
        here.declarations + old.declarations - start.declarations,
        here.left + old.left - start.left,
        here.mistakes,
    )


def unchanged(old: str, new: str) -> tuple[int, int]:
    """How many characters at the beginning are the same, and from where in the new text on the rest is."""
    most = min(len(old), len(new))
    same = _longest(most, lambda start, end: old[start:end] == new[start:end])
    ends = len(old), len(new)
    behind = _longest(
        most - same, lambda start, end: old[ends[0] - end : ends[0] - start] == new[ends[1] - end : ends[1] - start]
    )
    return same, len(new) - behind


def _longest(most: int, is_same: Any) -> int:
    """The length of what is the same, found by strides and then by halves."""
    start, size = 0, _STRIDE
    while size:
        while start + size <= most and is_same(start, start + size):
            start += size
        size //= 2
    return start
