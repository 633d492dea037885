"""The objects that relations are about, and tuples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from policylang.runtime.sources import RightsSource
from policylang.targets.relations.names import EVERYWHERE, object_id

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


def object_of(type_: str, id: str) -> str:
    """A user, a role, or in a tree what stands for the record of an id."""
    return f"{type_}:{object_id(id)}"


def place_object(place: str | None) -> str:
    """Null is everywhere."""
    return f"{PLACE}:{EVERYWHERE if place is None else object_id(place)}"


def source_object(source: RightsSource) -> str:
    where = "" if source.place is None else f"/{object_id(source.place)}"
    return f"{SOURCE}:{source.kind}/{object_id(source.name)}{where}"
