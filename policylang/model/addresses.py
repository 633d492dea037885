"""IP addresses and networks: the one place that reads them.

An IPv4-mapped IPv6 address is the IPv4 address, and a network of such addresses is the IPv4 network.
"""

from __future__ import annotations

import ipaddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ALL_IPV4 = ipaddress.IPv4Network("0.0.0.0/0")
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""The IPv6 addresses that are IPv4 addresses."""


def mapped(of: ipaddress.IPv4Network) -> str:
    """The network of the IPv6 addresses that the addresses of a network are mapped to. Python's own text of it depends
    on the version.
    """
    return f"::ffff:{of.network_address}/{MAPPED.prefixlen + of.prefixlen}"


def address(written: str | IpAddress) -> IpAddress:
    """Raises ValueError for what is no address."""
    found = ipaddress.ip_address(written)
    return found if isinstance(found, ipaddress.IPv4Address) else found.ipv4_mapped or found


def network(written: str, *, strict: bool = True) -> Network:
    """Raises ValueError for what is no network and, if ``strict``, for an address inside one."""
    if "%" in written:
        raise ValueError("a network has no zone")
    found = ipaddress.ip_network(written, strict=strict)
    if isinstance(found, ipaddress.IPv4Network) or not found.subnet_of(MAPPED):
        return found
    return ipaddress.ip_network((address(found.network_address), found.prefixlen - MAPPED.prefixlen))
