"""YAML as people write it: blocks, in the order of the content, and texts in quotes unless they are plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policylang.text.characters import is_printable

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*")
_OTHERWISE = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Words that some readers take for something else than a text."""
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(value: str, quote: str) -> str:
    """The text between quotes, as both YAML and CEL read it: double ones in YAML, either in CEL."""
    escapes = {**_ESCAPES, quote: f"\\{quote}"}
    return quote + "".join(escapes.get(char) or _shown(char) for char in value) + quote


def _shown(char: str) -> str:
    return char if is_printable(char) else f"\\U{ord(char):08X}"


def yaml_bytes(content: Mapping[str, Any]) -> bytes:
    """A document of mappings, lists, texts, numbers, booleans and null."""
    return ("\n".join(_block(content, "")) + "\n").encode()


def _block(value: Any, indent: str) -> Iterator[str]:
    """The lines of what is no scalar."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{indent}{_scalar(key)}:", item, f"{indent}  ")
        return
    for item in value:
        if _is_block(item):
            first, *rest = _block(item, f"{indent}  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(item)}"


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    if _is_block(item):
        yield head
        yield from _block(item, indent)
    else:
        yield f"{head} {_scalar(item)}"


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _scalar(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            plain = _WORD.fullmatch(value) and value.casefold() not in _OTHERWISE
            return value if plain else quoted(value, '"')
        case None | int() | float():
            return json.dumps(value, allow_nan=False)
    assert not value, value
    return "{}" if isinstance(value, Mapping) else "[]"
