"""Names of entity types, entities and actions."""

from __future__ import annotations

from policylang.targets.cedar.expressions import RESERVED

USER = "User"
GROUP = "Group"
ROLE = "Role"
PLACE = "Place"
GRANT = "Grant"
DENY = "Deny"
NEED = "Need"
HOLDER = "Holder"
APPEND = "Append"
TAG = "Tag"
OWN = (USER, GROUP, ROLE, PLACE, GRANT, DENY, NEED, HOLDER, APPEND, TAG)
"""The entity types that are not resources."""
SUPERUSER = "superuser"

_TAKEN = RESERVED | {*OWN, "Held", "Action"}
_TAKEN |= {"Bool", "Boolean", "Long", "String", "Set", "Record", "Entity", "Extension", "EntityOrCommon"}
_TAKEN |= {"ipaddr", "decimal", "datetime", "duration"}


def uid(type_: str, id: str) -> dict[str, str]:
    return {"type": type_, "id": id}


def resource_type(resource: str) -> str:
    """The entity type of a resource; with an underscore behind it where Cedar or the bundle has another one of that
    name, and for each that it ends with then.
    """
    return f"{resource}_" if resource.rstrip("_") in _TAKEN else resource


def action_id(resource: str, action: str) -> str:
    return f"{resource}.{action}"
