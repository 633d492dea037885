"""What a relation of a record consists of, in the words that both engines have."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from policylang.targets.relations.objects import AT


class Own(msgspec.Struct, frozen=True):
    """Users in a relation of the record itself."""

    relation: str


class From(msgspec.Struct, frozen=True):
    """Users in a relation of the object that a relation of the record leads to; of its place, also of those around."""

    relation: str
    to: str


class Intersection(msgspec.Struct, frozen=True):
    items: tuple[Rewrite, ...]


class Union(msgspec.Struct, frozen=True):
    items: tuple[Rewrite, ...]


class Without(msgspec.Struct, frozen=True):
    """``item``, but not whoever is in ``minus``."""

    item: Rewrite
    minus: Rewrite


Rewrite = Own | From | Intersection | Union | Without

NOBODY = Union(())


def placed(relation: str) -> Rewrite:
    """Users in a relation of the record's place or of a place around it."""
    return From(relation, AT)


def all_of(items: Iterable[Rewrite | None]) -> Rewrite | None:
    """Null, alone and among the items, asks nothing."""
    found = tuple(dict.fromkeys(item for item in items if item is not None))
    if NOBODY in found:
        return NOBODY
    return Intersection(found) if len(found) > 1 else found[0] if found else None


def any_of(items: Iterable[Rewrite | None]) -> Rewrite | None:
    found = tuple(dict.fromkeys(items))
    if None in found:
        return None
    some = tuple(item for item in found if item is not None and item != NOBODY)
    return some[0] if len(some) == 1 else Union(some)


def without(item: Rewrite, minus: Iterable[Rewrite]) -> Rewrite:
    taken = any_of(minus)
    assert taken is not None
    return item if NOBODY in (taken, item) else Without(item, taken)
