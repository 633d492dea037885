"""Names in models, the objects that relations are about, and tuples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from policylang.runtime.sources import RightsSource
from policylang.text.names import free_name

USER, SOURCE, PLACE, ROLE = "user", "source", "place", "role"
MEMBER, INSIDE, SUPERUSER, HOLDER, AT = "member", "inside", "superuser", "holder", "located"
UPWARDS, WHOLE = "upwards", "whole"
EVERYBODY = f"{USER}:*"
MEMBERS = f"{SOURCE}#{MEMBER}"
"""Of sources, as the subjects of a relation."""
LONGEST_NODE = 200
"""Of the encoded id of a record in a tree: OpenFGA's objects have 256 characters with their type."""
UNKNOWN = f"{USER}:=unknown"
"""Stands for any user whom the policy set does not know, where a condition asks for attributes of users."""
EVERYWHERE = "=everywhere"
"""The id of the place around all places. No encoded name is like it."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]")
_LONGEST = 40


class Names:
    """Names of types or relations: readable, none twice, letters and digits in what every engine accepts."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def make(self, *words: str) -> str:
        """The words as one name; with a number at its end where it was taken already."""
        joined = re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower())[:_LONGEST].strip("_")
        name = free_name(joined, self._taken)
        self._taken.add(name)
        return name


class Tuple(msgspec.Struct, frozen=True):
    """``object`` and ``subject`` as ``type:id``; ``of``: the relation of the subject whose users are meant;
    ``condition``: when it counts, with the values of ``context``.
    """

    object: str
    relation: str
    subject: str
    of: str = ""
    at: str = ""
    condition: str = ""
    context: Mapping[str, Any] = {}


def object_id(text: str) -> str:
    """A text as an id that both engines accept, different for different texts.

    ASCII letters, digits, ``_`` and ``-`` stay; each other byte of the UTF-8 text is ``=`` and two capital hex digits;
    the empty text is ``=``. Raises ValueError for a text that is no Unicode (lone surrogates).
    """
    if not text:
        return "="
    encoded = (
        each if _PLAIN.fullmatch(each) else "".join(f"={byte:02X}" for byte in each.encode("utf-8")) for each in text
    )
    return "".join(encoded)


def object_of(type_: str, id: str) -> str:
    """A user, a role, or in a tree what stands for the record of an id."""
    return f"{type_}:{object_id(id)}"


def place_object(place: str | None) -> str:
    """Null is everywhere."""
    return f"{PLACE}:{EVERYWHERE if place is None else object_id(place)}"


def source_object(source: RightsSource) -> str:
    where = "" if source.place is None else f"/{object_id(source.place)}"
    return f"{SOURCE}:{source.kind}/{object_id(source.name)}{where}"
