"""Networks as PostgreSQL asks for them: a column may hold an IPv4 address as the IPv6 address that is mapped to it."""

from __future__ import annotations

import ipaddress

from policylang.model.addresses import MAPPED, network


def spellings(written: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The networks in which an address of a network may be written, and those in which none of them is."""
    found = network(written)
    if isinstance(found, ipaddress.IPv4Network):
        mapped = ipaddress.IPv6Network((int(MAPPED[0]) | int(found[0]), MAPPED.prefixlen + found.prefixlen))
        return (str(found), str(mapped)), ()
    return (str(found),), (str(MAPPED),) if MAPPED.subnet_of(found) else ()
