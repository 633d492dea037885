"""Columns as they compare with values, where a database holds a value in more than one way."""

from __future__ import annotations

import ipaddress

from sqlglot import exp, parse_one

from policylang.model import addresses

_MAPPED = "::ffff:0.0.0.0"
"""The IPv6 address that the first IPv4 address is mapped to."""


def filled(template: str, dialect: str, **columns: exp.Expr) -> exp.Expr:
    """The SQL of a template, with expressions in the place of its columns of these names."""

    def put(node: exp.Expr) -> exp.Expr:
        named = isinstance(node, exp.Column) and not node.table and node.name in columns
        return columns[node.name].copy() if named else node

    return parse_one(template, dialect=dialect).transform(put)


def ipv4(address: exp.Expr) -> exp.Expr:
    """An address that PostgreSQL compares: an IPv4 address that is written as an IPv6 one is itself."""
    shape = (
        f"CASE WHEN NETWORK_SUBEQ(a, CAST('{_MAPPED}/96' AS INET)) "
        f"THEN CAST('0.0.0.0' AS INET) + (a - CAST('{_MAPPED}' AS INET)) ELSE a END"
    )
    return exp.paren(filled(shape, "postgres", a=address))


def mapped(address: exp.Expr) -> exp.Expr:
    """The IPv6 address that an IPv4 address can be written as; another one itself."""
    shape = f"CASE WHEN FAMILY(a) = 4 THEN CAST('{_MAPPED}' AS INET) + (a - CAST('0.0.0.0' AS INET)) ELSE a END"
    return exp.paren(filled(shape, "postgres", a=address))


def spellings(network: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The networks in which PostgreSQL may hold an address of a network, and those in which none of them is."""
    found = addresses.network(network)
    if isinstance(found, ipaddress.IPv4Network):
        return (str(found), addresses.mapped(found)), ()
    return (str(found),), (addresses.mapped(addresses.ALL_IPV4),) if addresses.MAPPED.subnet_of(found) else ()


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
            || '.' || substr(substr(c, 21, {digits}) || '000000', 1, 6) END
    WHEN c GLOB '????-??-??[T ]??:??*' AND substr(c, 12, 2) < '24'
        AND (substr(c, 17) IN ('', 'Z') OR substr(c, 17) {offset})
    THEN strftime('%Y-%m-%dT%H:%M:%S', c) || '.000000' END
    """
    return exp.paren(filled(shape, "sqlite", c=column))
