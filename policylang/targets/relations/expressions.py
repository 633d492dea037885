"""What a relation of a record consists of, in the words that both engines have."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Own(msgspec.Struct, frozen=True):
    """Users in a relation of the record itself."""

    relation: str


class Placed(msgspec.Struct, frozen=True):
    """Users in a relation of the record's place or of a place around it."""

    relation: str


class From(msgspec.Struct, frozen=True):
    """Users in a relation of the object that a relation of the record leads to."""

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


class Nobody(msgspec.Struct, frozen=True):
    pass


Rewrite = Own | Placed | From | Intersection | Union | Without | Nobody


def all_of(items: Iterable[Rewrite | None]) -> Rewrite | None:
    """Null, alone and among the items, asks nothing."""
    found = tuple(dict.fromkeys(item for item in items if item is not None))
    if any(isinstance(item, Nobody) for item in found):
        return Nobody()
    return Intersection(found) if len(found) > 1 else found[0] if found else None


def any_of(items: Iterable[Rewrite | None]) -> Rewrite | None:
    found = tuple(dict.fromkeys(items))
    if None in found:
        return None
    some = tuple(item for item in found if item is not None and not isinstance(item, Nobody))
    return Union(some) if len(some) > 1 else some[0] if some else Nobody()


def without(item: Rewrite, minus: Iterable[Rewrite]) -> Rewrite:
    taken = any_of(minus)
    assert taken is not None
    return item if isinstance(taken, Nobody) or isinstance(item, Nobody) else Without(item, taken)
