"""Networks as PostgreSQL asks for them: a column may hold an IPv4 address as the IPv6 address that is mapped to it."""

from __future__ import annotations

import ipaddress

from policylang.model.addresses import ALL_IPV4, MAPPED, mapped, network


def spellings(written: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The networks in which an address of a network may be written, and those in which none of them is."""
    found = network(written)
    if isinstance(found, ipaddress.IPv4Network):
        return (str(found), mapped(found)), ()
    return (str(found),), (mapped(ALL_IPV4),) if MAPPED.subnet_of(found) else ()
