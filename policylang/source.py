"""Source text and places in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Source:
    """The text of one policy file.

    ``name`` is what diagnostics and compiled JSON call the file: a path with forward slashes, relative to the
    policy set, never an absolute one, so that output does not depend on the machine. ``display`` is the path as
    the user would type it, for messages. Of what is ``foreign``, a file outside of the policy set, no line and no word
    is shown in a diagnostic.
    """

    def __init__(self, name: str, text: str, display: str | None = None) -> None:
        self.name = name
        self.text = text
        self.display = display or name
        self.foreign = False

    @property
    def line_break(self) -> str:
        """What ends its lines."""
        return "\r\n" if "\r\n" in self.text else "\n"

    @cached_property
    def line_starts(self) -> list[int]:
        """Offsets (code points, 0-based) at which the lines begin."""
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]

    def edited(self, start: int, end: int, by: str) -> Source:
        """The source with another text in place of what stands from one offset up to another. Lines that stand are not
        looked for again.
        """
        made = Source(self.name, self.text[:start] + by + self.text[end:], self.display)
        starts = self.line_starts
        # A line break is of two characters where an edit puts them side by side, so one character more is looked at.
        first = bisect_right(starts, max(start - 1, 0))
        last = bisect_right(starts, end)
        longer = len(made.text) - len(self.text)
        until = starts[last] + longer if last < len(starts) else len(made.text)
        found = [match.end() for match in _LINE_BREAK.finditer(made.text, starts[first - 1], until)]
        if last < len(starts):
            del found[-1]
        made.line_starts = [*starts[:first], *found, *(each + longer for each in starts[last:])]
        return made

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset, both 1-based, the column in code points."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, the other way round."""
        return self.line_starts[line - 1] + column - 1

    def span(self, place: Location) -> tuple[int, int]:
        """The offsets at which a place begins and ends."""
        return self.offset(place.line, place.column), self.offset(place.end_line, place.end_column)

    def line(self, number: int) -> str:
        """The text of a line (1-based), without its line break; empty past the end."""
        if self.foreign or number > len(self.line_starts):
            return ""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def location(self, start: int, end: int) -> Location:
        """The place of the text from offset ``start`` up to, not including, ``end``."""
        return Location(self.name, *self.position(start), *self.position(end))

    def at(self, start: int, end: int) -> str:
        """The text form of a location, for the many places in compiled JSON."""
        starts = self.line_starts
        line = bisect_right(starts, start)
        is_one = line == len(starts) or end < starts[line]
        end_line = line if is_one else bisect_right(starts, end, line)
        return f"{self.name}:{line}:{start - starts[line - 1] + 1}-{end_line}:{end - starts[end_line - 1] + 1}"


class Location(tuple[str, int, int, int, int]):
    """A place in a source: path, line, column, end line, end column; 1-based, the end column exclusive.

    Its text form, used in compiled JSON, is ``path:line:column-end_line:end_column``.
    """

    __slots__ = ()

    def __new__(cls, path: str, line: int, column: int, end_line: int, end_column: int) -> Location:
        return super().__new__(cls, (path, line, column, end_line, end_column))

    path = property(lambda self: self[0])
    line = property(lambda self: self[1])
    column = property(lambda self: self[2])
    end_line = property(lambda self: self[3])
    end_column = property(lambda self: self[4])

    def __getnewargs__(self) -> tuple[object, ...]:
        return tuple(self)  # so that it can be handed to another process

    def __str__(self) -> str:
        path, line, column, end_line, end_column = self
        return f"{path}:{line}:{column}-{end_line}:{end_column}"

    @classmethod
    def parse(cls, text: str) -> Location:
        """Read the text form back. Raises ValueError where it is not one."""
        rest, _, end_column = text.rpartition(":")
        rest, _, between = rest.rpartition(":")
        path, colon, line = rest.rpartition(":")
        column, _, end_line = between.partition("-")
        numbers = (line, column, end_line, end_column)
        if not (colon and all(map(str.isdecimal, numbers))):
            raise ValueError(f"not a location: {text!r}")
        return cls(path, *map(int, numbers))
