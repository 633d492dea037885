"""Typed conditions: expression trees over a record, the assigned user and the request.

Each node's ``at`` is its place in the sources, ``path:line:column-end_line:end_column``. The tests are three-valued:
what they say of a missing value is unknown, except ``Missing``.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from policylang.model.types import MAX_INT, Duration, EnumType, SetType, Type

At = Annotated[
    str, msgspec.Meta(pattern=r"^.*:[0-9]+:[0-9]+-[0-9]+:[0-9]+$", description="path:line:column-line:column")
]


class _Node(msgspec.Struct, frozen=True, gc=False, cache_hash=True, tag_field="op", forbid_unknown_fields=True):
    pass


class Path(_Node, frozen=True, gc=False, tag="path"):
    """A value reached from ``root`` by attribute names. No steps from ``subject``: the assigned user."""

    root: Literal["record", "subject", "request"]
    steps: tuple[str, ...]
    type: Type
    at: At


Value = bool | Annotated[int, msgspec.Meta(ge=-MAX_INT, le=MAX_INT)] | str | Duration


class Constant(_Node, frozen=True, gc=False, tag="constant"):
    """A constant.

    ``value`` is a string for text, enum values, user ids, place names, IP addresses, decimals and money (exact, plain
    digits), dates (``2026-01-31``) and datetimes (UTC, ``2026-01-31T08:00:00Z``); a number for int.
    """

    type: Type
    value: Value
    at: At


Operand = Path | Constant


class And(_Node, frozen=True, gc=False, tag="and"):
    items: tuple[Condition, ...]
    at: At


class Or(_Node, frozen=True, gc=False, tag="or"):
    items: tuple[Condition, ...]
    at: At


class Not(_Node, frozen=True, gc=False, tag="not"):
    item: Condition
    at: At


class Compare(_Node, frozen=True, gc=False, tag="compare"):
    """``left test right``, both of comparable types. ``is not`` is ``Not`` of ``eq``."""

    test: Literal["eq", "lt", "le", "gt", "ge"]
    left: Operand
    right: Operand
    at: At


class Time(_Node, frozen=True, gc=False, tag="time"):
    """A date or datetime beside now.

    ``within``: now - duration <= x <= now. ``within_next``: now <= x <= now + duration. ``older_than``:
    x < now - duration.
    """

    test: Literal["within", "within_next", "older_than"]
    operand: Operand
    duration: Operand
    at: At


class Missing(_Node, frozen=True, gc=False, tag="missing"):
    """True where the value is missing, or anything on the way to it; never unknown."""

    operand: Path
    at: At


class In(_Node, frozen=True, gc=False, tag="in"):
    """Equal to one of the constants, which have the operand's type, are distinct and in canonical order."""

    operand: Operand
    values: tuple[Value, ...]
    at: At


class InNetwork(_Node, frozen=True, gc=False, tag="in_network"):
    """An IP address inside a network in CIDR form; an address of the other IP version is outside."""

    operand: Operand
    network: str
    at: At


class Contains(_Node, frozen=True, gc=False, tag="contains"):
    """A set with the item in it."""

    operand: Operand
    item: Operand
    at: At


class TextTest(_Node, frozen=True, gc=False, tag="text"):
    """Text with ``part`` somewhere in it, at its start or at its end. Exact, case counts."""

    test: Literal["contains", "starts_with", "ends_with"]
    operand: Operand
    part: Operand
    at: At


Condition = And | Or | Not | Compare | Time | Missing | In | InNetwork | Contains | TextTest


def weight(condition: Condition) -> int:
    """How much of a compiled document a condition takes: its nodes, constants and the values of its enums."""
    total = 0
    rest: list[Condition | Operand] = [condition]
    while rest:
        node = rest.pop()
        total += 1
        match node:
            case And(items) | Or(items):
                rest += items
            case Not(item):
                rest.append(item)
            case Compare():
                rest += (node.left, node.right)
            case Time():
                rest += (node.operand, node.duration)
            case Contains():
                rest += (node.operand, node.item)
            case TextTest():
                rest += (node.operand, node.part)
            case Missing() | InNetwork():
                rest.append(node.operand)
            case In():
                rest.append(node.operand)
                total += len(node.values)
            case Path() | Constant():
                item_type = node.type.of if isinstance(node.type, SetType) else node.type
                total += len(item_type.values) if isinstance(item_type, EnumType) else 0
    return total
