"""What the policies look at when they decide about a resource."""

from __future__ import annotations

from policylang.runtime.index import Index


def paths_read(index: Index, resource: str) -> frozenset[str]:
    """The paths of all conditions about a resource, ``record.account.owner``, and of its place."""
    found = {
        ".".join((path.root, *path.steps))
        for of, condition in index.conditions()
        if of == resource
        for path in condition.paths()
    }
    place = index.resources[resource].place if resource in index.resources else None
    return frozenset(found if place is None else {*found, f"record.{place}"})
