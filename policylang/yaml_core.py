"""What a scalar without quotes says, by the core schema of YAML 1.2: `010` is 10, `no` and `1:0` are texts."""

from __future__ import annotations

import re

from policylang.diagnostics import quoted

MOST_DIGITS = 200

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_BASES = {8: re.compile(r"0o[0-7]+"), 16: re.compile(r"0x[0-9a-fA-F]+")}


def plain(written: str) -> bool | int | str | None:
    """The value. A fraction stays the text that it is, so that nothing is rounded: the types of numbers read it, if it
    is written in plain digits. Raises ValueError for a whole number that is too long.
    """
    if written in _CONSTANTS:
        return _CONSTANTS[written]
    if _INT.fullmatch(written):
        return int(_short(written))
    for base, pattern in _BASES.items():
        if pattern.fullmatch(written):
            return int(_short(written)[2:], base)
    return written


def _short(written: str) -> str:
    if len(written) > MOST_DIGITS:
        raise ValueError(f"the number {quoted(written, 20)} has more than {MOST_DIGITS} digits")
    return written
