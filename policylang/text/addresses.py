"""Addresses as they may be shown."""

from __future__ import annotations


def without_secrets(address: str) -> str:
    """An address without who asks, with which password, and what is said behind it."""
    scheme, _, rest = address.partition("://")
    place, _, said = rest.partition("?")
    if "@" in said:  # of the password, or behind it: nobody knows
        return f"{scheme}://…"
    asking, sign, server = place.rpartition("@")
    return f"{scheme}://{'…' if asking else ''}{sign}{server}"
