"""Text and values from policy sets, made harmless for files that other programs read."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

from policylang.diagnostics import visible
from policylang.text.characters import is_printable

_NOT_ASCII = re.compile(r"[^\n -~]+")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def readable(text: str) -> str:
    """The text with every character that does not show itself written out, line breaks kept."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def json_bytes(value: Any) -> bytes:
    """Indented JSON, every text exactly as it is: what does not show itself is escaped. Half characters, which names of
    files and records may hold and JSON may not, are made visible.
    """
    try:
        encoded = _ENCODER.encode(value)
    except UnicodeEncodeError:
        encoded = _ENCODER.encode(_whole(msgspec.to_builtins(value, str_keys=True, builtin_types=(Decimal,))))
    return shown_json(msgspec.json.format(encoded, indent=2)) + b"\n"


def shown_json(encoded: bytes) -> bytes:
    """The same JSON, in which what does not show itself is escaped: in JSON that can only stand in texts."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _NOT_ASCII.sub(lambda match: "".join(map(_escaped, match[0])), encoded.decode()).encode()


def json_in_yaml(value: Any) -> str:
    """A value on one line as JSON that YAML reads as well: YAML takes no two escapes for one character, and does not
    take everything as it is.
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _NOT_ASCII.sub(lambda match: "".join(map(_escaped_in_yaml, match[0])), text)


def _escaped_in_yaml(character: str) -> str:
    return character if is_printable(character) else f"\\U{ord(character):08X}"


def _escaped(character: str) -> str:
    if is_printable(character):
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def in_utf8(text: str) -> str:
    """The text with its half characters made visible."""
    return "".join(visible(char) if "\ud800" <= char <= "\udfff" else char for char in text)


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return in_utf8(value)
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list | tuple) else value
