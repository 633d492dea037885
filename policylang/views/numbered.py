"""Lists in which each thing stands once, and is named by its number."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from policylang.source import Location, Source
from policylang.views.document import LinesView, Number

Thing = TypeVar("Thing", bound=Hashable)

_MOST_LINES = 16
_MOST_CHARACTERS = 2_000


class Numbered(Generic[Thing]):
    """Things by number, in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: dict[Thing, Number] = {}

    def number(self, thing: Thing) -> Number:
        """The number of a thing, which is added if it is new."""
        return self._numbers.setdefault(thing, len(self._numbers))

    @property
    def things(self) -> tuple[Thing, ...]:
        return tuple(self._numbers)


class NumberedPlaces:
    """Statements by number, with the lines on which they stand."""

    def __init__(self, sources: dict[str, Source]) -> None:
        """``sources``: by the name that places have for them."""
        self._sources = sources
        self._places: Numbered[str] = Numbered()

    def number(self, at: str) -> Number:
        """The number of a place as compiled policy sets write it."""
        return self._places.number(at)

    @property
    def things(self) -> tuple[LinesView, ...]:
        return tuple(self._place(Location.parse(at)) for at in self._places.things)

    def _place(self, at: Location) -> LinesView:
        source = self._sources.get(at.path)
        if source is None:
            return LinesView(at.path, at.line, at.column, "")
        last = min(at.end_line, at.line + _MOST_LINES - 1)
        lines = [source.line(number) for number in range(at.line, last + 1)]
        text = "\n".join(lines)
        cut = len(text) > _MOST_CHARACTERS or last < at.end_line
        return LinesView(source.display, at.line, at.column, text[:_MOST_CHARACTERS] + ("\n…" if cut else ""))
