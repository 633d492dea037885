"""What kind of name belongs where the cursor is."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from policylang.editor.cursor import Cursor
from policylang.model import Model
from policylang.model.types import RecordType, Type, UserType
from policylang.syntax.lexer import Token

_ON = re.compile(r"\bon\s+([A-Za-z_]\w*)")
_AFTER: dict[str, str] = {
    "ON": "resource",
    "OBJECTS": "resource",
    "ASSIGN": "role",
    "ROLE": "role",
    "MIRROR": "role",
    "GROUP": "group",
    "INTEGRATION": "integration",
    "PERFORMS": "task",
    "PORTAL": "portal",
    "FEATURE": "feature",
    "GRANT": "action",
    "DENY": "action",
    "NEEDS": "action",
    "SEPARATE": "action",
    "CAN": "action",
    "FOR": "action",
    "EXCEPT": "attribute",
    "INCLUDING": "attribute",
    "WITH": "any attribute",
    "POLICY": "policy",
    "AT": "kind of place",
    "PLACE": "kind of place",
    "VIA": "way",
    "SEVERITY": "severity",
    "LIKE": "kind of action",
    "JOB": "job",
    "BY": "user",
    "REQUIRES": "action",
}
"""The token that governs a name, and what the name is."""
_NEW = frozenset({"ROLE", "GROUP", "POLICY", "TASK", "INTEGRATION", "FEATURE", "RESOURCE", "JOB", "USER", "PLACE"})
"""What a declaration begins with is followed by a new name."""
_MARKS = frozenset({"PROTECTED", "ESSENTIAL", "SUPERUSER", "TERMINATED"})
_JOINTS = frozenset({"AND", "OR", "NOT", "LBRACE", "LPAR", "WHERE"})


class Slot(msgspec.Struct, frozen=True):
    """``kind``: of the name, ``value`` for a constant, ``operand`` for what a condition compares; ``owner``: the
    resource that it belongs to; ``type``: the type that is wanted.
    """

    kind: str
    owner: str | None = None
    type: Type | None = None
    of: str = ""


def slot_at(cursor: Cursor, model: Model) -> Slot | None:
    """What belongs at the cursor besides keywords; ``None`` for a new name, or nothing."""
    tokens = list(cursor.tokens)
    if not tokens or not (cursor.fits("NAME") or cursor.fits("STRING")):
        return None
    head = next((token.type for token in tokens if token.type not in _MARKS), "")
    governing = _governing(tokens)
    last = tokens[-1].type
    if last == "COLON":
        return _after_colon(tokens, head, model)
    if last == "NUMBER" and cursor.fits("NAME"):
        return Slot("unit")
    if cursor.fits("ASSIGNED") or last == "DOT":
        return _operand(tokens, head, model)
    if _is_new(tokens, head):
        return None
    if last == "IN" or tokens[governing].type == "IN":
        return Slot("place" if head == "PLACE" else "group")
    if last == "NAME" and len(tokens) > 1 and tokens[-2].type == "AT" and cursor.fits("STRING"):
        return Slot("place", tokens[-1].value)
    return _by_governing(cursor, tokens, governing, head)


def _is_new(tokens: list[Token], head: str) -> bool:
    plain = [token for token in tokens if token.type not in _MARKS]
    return len(plain) == 1 and head in _NEW and head != "PLACE"


def _governing(tokens: list[Token]) -> int:
    """The number of the token behind which the list of names begins that the cursor is in."""
    at = len(tokens) - 1
    while at > 1 and tokens[at].type == "COMMA":
        at -= 2
        while at > 0 and tokens[at].type == "NAME" and tokens[at - 1].type == "LIKE":
            at -= 2
    return at


def _by_governing(cursor: Cursor, tokens: list[Token], governing: int, head: str) -> Slot | None:
    type_ = tokens[governing].type
    if type_ == "LPAR":
        return Slot("attribute", _resource_before(tokens, governing))
    if type_ in ("AND", "OR") and any(token.type == "REQUIRES" for token in tokens):
        return Slot("action", _resource_behind(cursor))
    if type_ == "USER" and head == "REVIEW":
        return Slot("user")
    if type_ == "NAME" and head == "INVARIANT" and cursor.fits("NAME"):
        return Slot("resource")
    if type_ in ("FROM", "LBRACE") and head == "SEPARATE":
        return Slot("action", _resource_behind(cursor))
    if type_ == "LBRACE" or type_ not in _AFTER:
        return Slot("own attribute") if head == "USER" and cursor.fits("NAME") else None
    kind = _AFTER[type_]
    if kind == "action":
        before = _resource_before(tokens, governing) if type_ == "FOR" else None
        return Slot(kind, before or _resource_behind(cursor))
    if kind == "attribute":
        return Slot(kind, _resource_before(tokens, governing))
    return Slot(kind)


def _resource_behind(cursor: Cursor) -> str | None:
    found = _ON.search(cursor.behind)
    return found[1] if found else None


def _resource_before(tokens: list[Token], end: int) -> str | None:
    """The resource that the statement before is on."""
    for at in range(end - 1, 0, -1):
        if tokens[at - 1].type == "ON":
            return tokens[at].value
        if tokens[at].type in ("GRANT", "DENY", "NEEDS", "RBRACE"):
            return None
    return None


def _after_colon(tokens: list[Token], head: str, model: Model) -> Slot:
    if head != "USER":
        return Slot("type")
    name = tokens[-2].value
    return Slot("value", None, model.subject.get(name), f"subject.{name}")


# --- conditions ----------------------------------------------------------------------------------------------


def _operand(tokens: list[Token], head: str, model: Model) -> Slot | None:
    begin = next((at + 1 for at in range(len(tokens) - 1, -1, -1) if tokens[at].type in _JOINTS), 0)
    part = tokens[begin:]
    owner = _resource_of(tokens, begin, head)
    if (
        head != "POLICY"
        and begin
        and tokens[begin - 1].type == "LPAR"
        and begin > 2
        and tokens[begin - 3].type == "POLICY"
    ):
        return Slot("argument", tokens[begin - 2].value)
    if part and part[-1].type == "DOT":
        return Slot("step", *_owner_of(part[:-1], owner, model))
    length = next((at for at, token in enumerate(part) if token.type not in ("NAME", "DOT", "ASSIGNED", "USER")), None)
    if length is None or length == 0:
        return Slot("operand", owner) if not part else None
    type_, of = _type_of(part[:length], owner, model, _policy_of(tokens, head))
    return Slot("operand", owner, type_, of or "?")


def _policy_of(tokens: list[Token], head: str) -> str:
    return tokens[1].value if head == "POLICY" and len(tokens) > 1 else ""


def _resource_of(tokens: list[Token], begin: int, head: str) -> str | None:
    if head == "INVARIANT":
        where = next((at for at in range(begin - 1, 0, -1) if tokens[at].type == "WHERE"), 0)
        names = [token.value for token in tokens[:where] if token.type == "NAME"]
        return names[-1] if names else None
    if head == "POLICY":
        return next((tokens[at + 1].value for at in range(len(tokens) - 1) if tokens[at].type == "ON"), None)
    return _resource_before(tokens, begin)


def _owner_of(path: list[Token], owner: str | None, model: Model) -> tuple[str | None]:
    """The resource, or block, whose attributes follow a path that ends in a dot."""
    at = next(
        (
            n + 1
            for n in range(len(path) - 1, -1, -1)
            if path[n].type not in ("NAME", "DOT", "ASSIGNED", "USER", "REQUEST")
        ),
        0,
    )
    path = path[at:]
    if [token.value for token in path] == ["request"]:
        return ("request",)
    if [token.value for token in path] == ["assigned", "user"]:
        return ("subject",)
    type_, _ = _type_of(path, owner, model, "")
    if isinstance(type_, UserType):
        return ("subject",)
    return (type_.resource if isinstance(type_, RecordType) else None,)


def _type_of(path: list[Token], owner: str | None, model: Model, policy: str) -> tuple[Type | None, str]:
    """The type of what a path leads to, and the attribute that has it."""
    steps = "".join("." if token.type == "DOT" else f" {token.value}" for token in path).split(".")
    names = ["_".join(step.split()) for step in steps]
    attributes: dict[str, Any] = _attributes(owner, model)
    if names[0] == "assigned_user":
        owner, attributes, names = "subject", model.subject, names[1:]
        if not names:
            return UserType(None), ""
    elif names[0] == "request" and len(names) > 1:
        owner, attributes, names = "request", model.request, names[1:]
    elif len(names) == 1 and names[0] in model.parameters.get(policy, {}):
        return model.parameters[policy][names[0]], f"{policy}({names[0]})"
    type_: Type | None = None
    of = ""
    for name in names:
        type_, of = attributes.get(name), f"{owner}.{name}"
        owner = type_.resource if isinstance(type_, RecordType) else "subject"
        attributes = model.subject if isinstance(type_, UserType) else _attributes(owner, model)
    return type_, of


def _attributes(owner: str | None, model: Model) -> dict[str, Any]:
    if owner == "subject":
        return model.subject
    found = model.resources.get(owner or "")
    return {} if found is None else found.attributes
