"""JSON from people and programs: read strictly, with nothing rounded and nothing lost.

Refused is what other readers understand differently or lose in silence: a key given twice, NaN and Infinity, halves of
characters, and what is nested or sized beyond reason. A number with a fraction or an exponent is a `Decimal`.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection
from decimal import Decimal
from functools import partial
from typing import Any, NoReturn

from policylang.diagnostics import quoted
from policylang.files.yaml_core import MOST_DIGITS, is_longer

_MAX_DEPTH = 40

_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
_OPENING = ord("[")
_UNCLOSED = {("Expecting property name enclosed in double quotes", "}"): "object", ("Expecting value", "]"): "array"}
"""What Python before 3.13 says of a closing bracket behind a comma, with the bracket."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


class JsonError(ValueError):
    """JSON that cannot be used; ``line`` and ``column`` are 1-based where the place is known."""

    def __init__(
        self, message: str, help: str | None = None, *, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.help, self.line, self.column = message, help, line, column


def read_json(
    text: str,
    digits: int = MOST_DIGITS,
    *,
    repeats: Collection[str] | None = None,
    objects: list[dict[str, Any]] | None = None,
) -> Any:
    """Read one document. Raises `JsonError`. ``digits``: how many a number may have before or after the point.
    ``repeats``: with it a key may be given again with the same text, number, truth value or null, which loses nothing,
    and those that are named, which nobody looks at, with anything: the last holds. ``objects``: takes every object, in
    the order of their ends.
    """
    try:
        value = loads(
            text,
            _MAX_DEPTH,
            object_pairs_hook=partial(_object, repeats=repeats, objects=objects),
            parse_int=partial(whole_number, most=digits),
            parse_float=partial(_fraction, most=digits),
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise JsonError(message, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise JsonError("nested too deeply", f"the limit is {_MAX_DEPTH} levels") from None
    if not text.isascii() or _HALF.search(text):
        _examine(value)
    return value


def loads(text: str, levels: int, **hooks: Any) -> Any:
    """What `json.loads` gives, and on every Python the same error where it gives none: JSONDecodeError, and
    RecursionError for more levels than are given, which must be fewer than any Python reads.
    """
    if is_deeper(text, levels):
        raise RecursionError
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        before = text[: error.pos].rstrip(" \t\n\r")
        unclosed = _UNCLOSED.get((error.msg, text[error.pos : error.pos + 1]))
        if unclosed is None or not before.endswith(","):
            raise
        message = f"Illegal trailing comma before end of {unclosed}"
        raise json.JSONDecodeError(message, text, len(before) - 1) from None


def is_deeper(text: str, levels: int) -> bool:
    """Whether there are more brackets inside one another than so many. Brackets in texts do not count."""
    if text.count("[") + text.count("{") <= levels:
        return False
    text = text.replace("\\\\", "").replace('\\"', "")  # then each quote begins or ends a text
    marks = _marks(text).replace(b'""', b"")
    if b'"' in marks:  # as behind an odd number of quotes: there are brackets in texts
        marks = _marks("".join(text.split('"')[::2]))
    left = marks
    for _ in range(levels):
        left = left.replace(b"[]", b"")
    depths = itertools.accumulate(1 if each == _OPENING else -1 for each in marks)
    return bool(left) and any(depth > levels for depth in depths)


def _marks(text: str) -> bytes:
    """The brackets and quotes."""
    return text.encode(errors="replace").translate(_TO_SQUARE, _NO_MARKS)


def _object(
    pairs: list[tuple[str, Any]], repeats: Collection[str] | None, objects: list[dict[str, Any]] | None
) -> dict[str, Any]:
    found = dict(pairs)
    if objects is not None:
        objects.append(found)
    if len(found) == len(pairs):
        return found
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen and (repeats is None or not (key in repeats or _is_the_same(seen[key], value))):
            raise JsonError(f"the key {quoted(key)} is given twice", "delete one of the two")
        seen[key] = value
    return found


def _is_the_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and not isinstance(one, dict | list) and one == other


def whole_number(digits: str, most: int = MOST_DIGITS) -> int:
    if len(digits) > most:
        _too_long(digits, most)
    return int(digits)


def _fraction(written: str, most: int) -> Decimal:
    match = _NUMBER.fullmatch(written)
    assert match is not None
    whole, fraction, exponent = match[1], match[2] or "", match[3] or "0"
    if is_longer(whole, fraction, exponent, most):
        _too_long(written, most)
    return Decimal(written)


def _too_long(number: str, most: int) -> NoReturn:
    message = f"the number {quoted(number, 20)} has more than {most} digits before or after the point"
    raise JsonError(message, "write it in quotes if it is not a number")


def _constant(name: str) -> NoReturn:
    raise JsonError(f"`{name}` is not a number", "leave out what is unknown, or write null")


def _examine(value: Any) -> None:
    """Refuse texts that are not Unicode."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += (part for entry in each.items() for part in entry)
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and not each.isascii():
            _refuse_halves(each)


def _refuse_halves(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise JsonError(
            f"{quoted(text)} holds half of a surrogate pair", "write both halves, or the character itself"
        ) from None
