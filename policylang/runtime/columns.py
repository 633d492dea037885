"""Columns as they compare with values, where a database holds a value in more than one way."""

from __future__ import annotations

from sqlglot import exp, parse_one

_MAPPED = "::ffff:0.0.0.0"
"""The IPv6 address that the first IPv4 address is mapped to."""


def ipv4(address: exp.Expr) -> exp.Expr:
    """An address that PostgreSQL compares: an IPv4 address that is written as an IPv6 one is itself."""
    return _of_address(
        f"CASE WHEN NETWORK_SUBEQ(a, CAST('{_MAPPED}/96' AS INET)) "
        f"THEN CAST('0.0.0.0' AS INET) + (a - CAST('{_MAPPED}' AS INET)) ELSE a END",
        address,
    )


def mapped(address: exp.Expr) -> exp.Expr:
    """The IPv6 address that an IPv4 address can be written as; another one itself."""
    return _of_address(
        f"CASE WHEN FAMILY(a) = 4 THEN CAST('{_MAPPED}' AS INET) + (a - CAST('0.0.0.0' AS INET)) ELSE a END",
        address,
    )


def _of_address(written: str, address: exp.Expr) -> exp.Expr:
    tree = parse_one(written, dialect="postgres")
    return exp.paren(tree.transform(lambda node: address.copy() if isinstance(node, exp.Column) else node))


def sqlite_instant(column: exp.Expr) -> exp.Expr:
    """An ISO 8601 text as ``2026-01-31T08:00:00.000000`` in UTC, which sorts by time; NULL for what is none, or is
    written in another way than attributes are.

    SQLite's own functions stop at milliseconds, so the seconds are shifted to UTC without their fraction.
    """
    zone = "ltrim(substr(c, 21), '0123456789')"  # behind the digits of a fraction
    digits = f"length(c) - 20 - length({zone})"
    offset = "GLOB '[+-][0-9][0-9]:[0-9][0-9]'"
    shape = f"""
    CASE WHEN c GLOB '????-??-??[T ]??:??:??*' AND substr(c, 12, 2) < '24' THEN CASE
        WHEN substr(c, 20) IN ('', 'Z') OR substr(c, 20) {offset} THEN strftime('%Y-%m-%dT%H:%M:%S', c) || '.000000'
        WHEN substr(c, 20, 1) = '.' AND {digits} BETWEEN 1 AND 6 AND ({zone} IN ('', 'Z') OR {zone} {offset})
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(c, 1, 19) || {zone})
            || '.' || substr(substr(c, 21, {digits}) || '000000', 1, 6) END END
    """
    tree = parse_one(shape, dialect="sqlite")
    return exp.paren(tree.transform(lambda node: column.copy() if isinstance(node, exp.Column) else node))
