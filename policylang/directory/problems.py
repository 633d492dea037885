"""How reading a directory file ends early."""

from __future__ import annotations

from policylang.diagnostics import Diagnostic, quoted
from policylang.source import Source
from policylang.syntax import expressions

AT_MOST = 1000
"""After so many mistakes in one file of people the rest of it is not read: they have one cause."""


class UnreadableTextError(Exception):
    """Something in the text, from offset ``start`` to ``end``, after which nothing can be read."""

    def __init__(self, start: int, end: int, message: str, help: str | None = None, code: str = "PL100") -> None:
        super().__init__(message)
        self.start, self.end, self.message, self.help, self.code = start, end, message, help, code

    def diagnostic(self, source: Source) -> Diagnostic:
        location = source.location(self.start, self.end)
        return Diagnostic(code=self.code, message=self.message, location=location, help=self.help)


def shown(value: object) -> str:
    """A text, a number, true or false in a message."""
    return quoted(str(value).lower() if isinstance(value, bool) else str(value))


def expected_list(key: str) -> tuple[str, str]:
    """Message and help where a document is not an object with one list."""
    return f"expected a list called `{key}`", f'write `{key}:` and the entries below it, in JSON `{{"{key}": […]}}`'


def wrong_key(name: expressions.Text, key: str) -> UnreadableTextError:
    """Where a document has another key beside the one of its list, or that one again."""
    message = f"unknown field {quoted(name.value)}" if name.value != key else f"`{key}` is given twice"
    return UnreadableTextError(name.start_pos, name.end_pos, message, f"the file must hold one list, `{key}`")


def given_twice(key: expressions.Text) -> UnreadableTextError:
    """Where a key comes again in one object."""
    message = f"the key {quoted(key.value)} is given twice"
    return UnreadableTextError(key.start_pos, key.end_pos, message, "delete one of the two", "PL102")


def too_long(start: int, end: int, value: str, limit: int) -> UnreadableTextError:
    """A text beyond `limits: text_length`, as in policy text."""
    message = f"{quoted(value, 20)} is {len(value)} characters long, the limit is {limit}"
    return UnreadableTextError(start, end, message, "shorten it, or raise the limit in `policylang.yaml`", "PL110")
