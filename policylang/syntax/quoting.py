"""Texts as they are written in a policy file: in quotes, with escapes."""

from __future__ import annotations

import re

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_UNSAFE = re.compile(
    r'["\\\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff0-\uffff]'
)
_NUMBERED = re.compile(r"\\(?:u\{0*([0-9A-Fa-f]+)\}|.)")


def quote_text(text: str) -> str:
    """A text in quotes; what does not show itself is escaped."""
    return f'"{_UNSAFE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{{{ord(match[0]):X}}}"


def respelt(written: str) -> str:
    """A text in quotes with its escapes as short as they can be; never longer, and the value stays.

    A character behind a number stays one, unless it is plain ASCII among plain ASCII: what cannot be seen, or looks
    like another letter, was escaped on purpose.
    """
    return _NUMBERED.sub(_shorter if written.isascii() else _shorter_control, written)


def _shorter(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16)) if match[1] else ""
    return (
        character
        if character.isascii() and character.isprintable() and character not in '"\\'
        else _shorter_control(match)
    )


def _shorter_control(match: re.Match[str]) -> str:
    if not match[1]:
        return match[0]
    return _ESCAPES.get(chr(int(match[1], 16))) or f"\\u{{{match[1].upper()}}}"
