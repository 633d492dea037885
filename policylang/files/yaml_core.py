"""What a scalar without quotes says, by the core schema of YAML 1.2: `010` is 10, `no` and `1:0` are texts."""

from __future__ import annotations

import re
from decimal import Decimal

from policylang.diagnostics import quoted

MOST_DIGITS = 200
"""Of a whole number, and of others before and after the point, as for numbers in JSON."""

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"([-+]?)(\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE]([-+]?[0-9]+))?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BASES = {8: re.compile(r"0o[0-7]+"), 16: re.compile(r"0x[0-9a-fA-F]+")}


def plain(written: str) -> bool | int | Decimal | str | None:
    """The value. A fraction is a `Decimal`, so that nothing is rounded. Raises ValueError for a number that is too
    long, and for what is no number: infinity, and NaN.
    """
    if written in _CONSTANTS:
        return _CONSTANTS[written]
    if _INT.fullmatch(written):
        return int(_short(written))
    for base, pattern in _BASES.items():
        if pattern.fullmatch(written):
            return int(_short(written)[2:], base)
    if (match := _FLOAT.fullmatch(written)) is not None:
        return _fraction(written, match[2], match[3] or "0")
    if _NO_NUMBER.fullmatch(written):
        raise ValueError(f"{quoted(written)} is not a number: leave it out, or write it in quotes if it is text")
    return written


def _fraction(written: str, digits: str, exponent: str) -> Decimal:
    whole, _, rest = digits.partition(".")
    if is_longer(whole, rest, exponent, MOST_DIGITS):
        raise ValueError(_too_long(written, " before or after the point"))
    return Decimal(written)


def is_longer(whole: str, fraction: str, exponent: str, most: int) -> bool:
    """Whether a number has more digits than so many before or after the point, once it is written without exponent."""
    shift = int(exponent) if len(exponent) < 10 else 10**10
    return len(whole) + max(shift, 0) > most or len(fraction) + max(-shift, 0) > most


def _short(written: str) -> str:
    if len(written) > MOST_DIGITS:
        raise ValueError(_too_long(written))
    return written


def _too_long(written: str, where: str = "") -> str:
    return f"the number {quoted(written, 20)} has more than {MOST_DIGITS} digits{where}"
