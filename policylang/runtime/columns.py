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
