"""JSON with the place of every value, one entry of a long list at a time: `policylang.files.json_source` with places.

Fractions are exact, as in YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from policylang.diagnostics import quoted
from policylang.directory.people import DirectoryValue, Field
from policylang.directory.problems import UnreadableTextError, expected_list, given_twice, too_long, wrong_key
from policylang.files.json_source import JsonError, read_json
from policylang.syntax import expressions

_MAX_DEPTH = 40
_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[^\s,:\[\]{}\"]*")
_CONSTANTS = {"true": True, "false": False, "null": None}


def entries(text: str, key: str, text_length: int) -> Iterator[DirectoryValue]:
    """The entries of the list that a document holds under its one key. Raises `UnreadableTextError`."""
    return _Reader(text, text_length).entries(key)


class _Reader:
    def __init__(self, text: str, text_length: int) -> None:
        self.text, self.text_length = text, text_length
        self.at = int(text.startswith("\ufeff"))

    def entries(self, key: str) -> Iterator[DirectoryValue]:
        begin = self._blank()
        if self._next() != "{":
            raise UnreadableTextError(begin, begin + 1, *expected_list(key))
        found = False
        for name in self._members():
            if name.value != key or found:
                raise wrong_key(name, key)
            if self._next() != "[":
                raise UnreadableTextError(self.at, self.at + 1, *expected_list(key))
            found = True
            for _ in self._items("]"):
                yield self._value(3)
        if not found:
            raise UnreadableTextError(begin, begin + 1, *expected_list(key))
        if self._blank() < len(self.text):
            self._refuse("unexpected text after the end")

    # --- values ------------------------------------------------------------------------------------------------

    def _value(self, depth: int) -> DirectoryValue:
        start = self.at
        if depth > _MAX_DEPTH:
            raise UnreadableTextError(start, start + 1, "nested too deeply")
        match self._next():
            case '"':
                return self._string()
            case "[":
                items = tuple([self._value(depth + 1) for _ in self._items("]")])
                return DirectoryValue(start, self.at, items)
            case "{":
                fields: dict[str, Field] = {}
                for name in self._members():
                    if name.value in fields:
                        raise given_twice(name)
                    fields[name.value] = Field(name, self._value(depth + 1))
                return DirectoryValue(start, self.at, fields)
            case _:
                return DirectoryValue(start, *self._scalar(start))

    def _scalar(self, start: int) -> tuple[int, Any]:
        word = _WORD.match(self.text, start)
        assert word is not None
        self.at = word.end()
        if word[0] in _CONSTANTS:
            return self.at, _CONSTANTS[word[0]]
        if not _NUMBER.fullmatch(word[0]):
            self.at = start
            self._refuse("expected a value")
        try:
            number = read_json(word[0])
        except JsonError as error:
            raise UnreadableTextError(start, self.at, error.message, error.help) from None
        return self.at, number

    def _string(self) -> DirectoryValue:
        start = self.at
        try:
            value, self.at = _DECODER.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            raise UnreadableTextError(
                error.pos, error.pos + 1, f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
            ) from None
        if len(value) > self.text_length:
            raise too_long(start, self.at, value, self.text_length)
        if any("\ud800" <= each <= "\udfff" for each in value):
            message = f"{quoted(value)} holds half of a surrogate pair"
            raise UnreadableTextError(start, self.at, message, "write both halves, or the character itself")
        return DirectoryValue(start, self.at, value)

    # --- what is between them ----------------------------------------------------------------------------------

    def _members(self) -> Iterator[expressions.Text]:
        """The names in an object, each with what comes next set to its value."""
        for _ in self._items("}"):
            if self._next() != '"':
                self._refuse("expected a name in quotes")
            name = self._string()
            self._blank()
            if self._next() != ":":
                self._refuse("expected `:`")
            self.at += 1
            self._blank()
            yield expressions.Text(name.start_pos, name.end_pos, name.value)

    def _items(self, end: str) -> Iterator[None]:
        """Stop at each item of a list or an object, up to and with its end."""
        self.at += 1
        self._blank()
        if self._next() == end:
            self.at += 1
            return
        while True:
            yield
            self._blank()
            if self._next() == end:
                self.at += 1
                return
            if self._next() != ",":
                self._refuse(f"expected `,` or `{end}`")
            self.at += 1
            self._blank()

    def _blank(self) -> int:
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.at

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _refuse(self, message: str) -> NoReturn:
        raise UnreadableTextError(self.at, min(self.at + 1, len(self.text)), f"not JSON: {message}")
