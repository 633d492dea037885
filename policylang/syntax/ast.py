"""The syntax tree of declarations: what a policy file says, before anything is looked up.

Every node knows its place. Trees are immutable. Clauses that may come in any order stay in the order they were written.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from policylang.syntax.expressions import Condition, Date, Duration, Name, Node, Number, Text, Time, Value

# --- the world -----------------------------------------------------------------------------------------------


class Timezone(Node, frozen=True, gc=False):
    name: Text


class Portals(Node, frozen=True, gc=False):
    names: tuple[Name, ...]


class Scope(Node, frozen=True, gc=False):
    """``scope region contains zone contains site``, from the top down."""

    kinds: tuple[Name, ...]


class Place(Node, frozen=True, gc=False):
    kind: Name
    name: Text
    parent: Text | None


class Feature(Node, frozen=True, gc=False):
    name: Name
    label: Text | None
    on: bool


# --- records -------------------------------------------------------------------------------------------------


class UserType(Node, frozen=True, gc=False):
    role: Name | None


class EnumType(Node, frozen=True, gc=False):
    values: tuple[Name, ...]


class SetType(Node, frozen=True, gc=False):
    of: Name | UserType | EnumType


Type = Name | UserType | EnumType | SetType
"""A name is that of a simple type, a resource or a kind of place."""


class Attribute(Node, frozen=True, gc=False):
    """``tree``: ``as tree`` behind a relation, which leads to the record above."""

    marks: tuple[Name, ...]
    name: Name
    type: Type
    tree: Node | None = None


class AttributeBlock(Node, frozen=True, gc=False):
    """``subject { … }`` or ``request { … }``"""

    keyword: Name
    attributes: tuple[Attribute, ...]


class RequiredGrant(Node, frozen=True, gc=False):
    action: Name
    resource: Name
    place_kind: Name | None


class RequiredFeature(Node, frozen=True, gc=False):
    feature: Name


class RequiredSuperuser(Node, frozen=True, gc=False):
    pass


class AllRequired(Node, frozen=True, gc=False):
    items: tuple[Requirement, ...]


class AnyRequired(Node, frozen=True, gc=False):
    items: tuple[Requirement, ...]


Requirement = RequiredGrant | RequiredFeature | RequiredSuperuser | AllRequired | AnyRequired


class Requires(Node, frozen=True, gc=False):
    requirement: Requirement


class Bypasses(Node, frozen=True, gc=False):
    pass


class Assignable(Node, frozen=True, gc=False):
    ways: tuple[Name, ...]


class Like(Node, frozen=True, gc=False):
    """``like modify``: the kind of an action that has another name."""

    kind: Name


class Action(Node, frozen=True, gc=False):
    name: Name
    clauses: tuple[Like | Requires | Bypasses | Assignable, ...]


class Actions(Node, frozen=True, gc=False):
    """``actions view, print like view``: in a list an action has no other clause."""

    items: tuple[Action, ...]


class Resource(Node, frozen=True, gc=False):
    name: Name
    label: Text | None
    items: tuple[Attribute | Actions | Action, ...]


# --- policies ------------------------------------------------------------------------------------------------


class Parameter(Node, frozen=True, gc=False):
    name: Name
    type: Name | UserType | EnumType


class MisplacedValue(Node, frozen=True, gc=False):
    """A name between parameters that does not follow a ``one of``."""

    name: Name


class AnyResource(Node, frozen=True, gc=False):
    """``any resource with created``, or ``any resource``: what says so speaks of users and requests alone."""

    attributes: tuple[Name, ...]


class Policy(Node, frozen=True, gc=False):
    name: Name
    parameters: tuple[Parameter | MisplacedValue, ...]
    label: Text | None
    target: Name | AnyResource
    actions: tuple[Name, ...]
    condition: Condition


# --- who gets what -------------------------------------------------------------------------------------------


class AllResources(Node, frozen=True, gc=False):
    pass


class Fields(Node, frozen=True, gc=False):
    names: tuple[Name, ...]


class Except(Node, frozen=True, gc=False):
    names: tuple[Name, ...]


class Including(Node, frozen=True, gc=False):
    names: tuple[Name, ...]


class Because(Node, frozen=True, gc=False):
    reason: Text


class ConditionBlock(Node, frozen=True, gc=False):
    condition: Condition


class Grant(Node, frozen=True, gc=False):
    actions: tuple[Name, ...]
    target: Name | AllResources | AnyResource
    clauses: tuple[Fields | Except | Including | Because, ...]


class Deny(Node, frozen=True, gc=False):
    actions: tuple[Name, ...]
    target: Name | AllResources | AnyResource
    clauses: tuple[Fields | Except | ConditionBlock | Because, ...]


class Limit(Node, frozen=True, gc=False):
    """``policy newer_than(90 days) on customer for view``"""

    policy: Name
    arguments: tuple[Value, ...]
    resource: Name | AnyResource | None
    actions: tuple[Name, ...]


class Includes(Node, frozen=True, gc=False):
    """``role a, b`` inside a role, a group, a job or an integration."""

    roles: tuple[Name, ...]


class Portal(Node, frozen=True, gc=False):
    name: Name


class Performs(Node, frozen=True, gc=False):
    tasks: tuple[Name, ...]


class MayAssign(Node, frozen=True, gc=False):
    roles: tuple[Name, ...]


BundleItem = Includes | Grant | Deny | Limit | Portal | Performs | MayAssign


class Role(Node, frozen=True, gc=False):
    marks: tuple[Name, ...]
    name: Name
    label: Text | None
    items: tuple[BundleItem, ...]


class Group(Node, frozen=True, gc=False):
    name: Name
    label: Text | None
    items: tuple[BundleItem, ...]


# --- people, jobs, tasks, integrations -----------------------------------------------------------------------


class Need(Node, frozen=True, gc=False):
    actions: tuple[Name, ...]
    resource: Name
    fields: Fields | None


class Task(Node, frozen=True, gc=False):
    name: Name
    label: Text | None
    needs: tuple[Need, ...]


class Job(Node, frozen=True, gc=False):
    code: Text
    label: Text | None
    items: tuple[Includes, ...]


class UserAttribute(Node, frozen=True, gc=False):
    name: Name
    value: Name | Value


class Append(Node, frozen=True, gc=False):
    limit: Limit
    because: Because | None


class Override(Node, frozen=True, gc=False):
    limit: Limit
    because: Because | None


class AtPlace(Node, frozen=True, gc=False):
    kind: Name
    place: Text


class FromDate(Node, frozen=True, gc=False):
    date: Date
    time: Time | None = None


class UntilDate(Node, frozen=True, gc=False):
    date: Date
    time: Time | None = None


class ApprovedBy(Node, frozen=True, gc=False):
    user: Text


class Assignment(Node, frozen=True, gc=False):
    role: Name
    clauses: tuple[AtPlace | FromDate | UntilDate | Because | ApprovedBy, ...]


UserItem = UserAttribute | Append | Override | Assignment | Grant | Deny | Limit


class User(Node, frozen=True, gc=False):
    """A user may be in one group; ``groups`` keeps a second one for the diagnostic."""

    marks: tuple[Name, ...]
    id: Text
    label: Text | None
    groups: tuple[Name, ...]
    job: Text | None
    items: tuple[UserItem, ...]


class Objects(Node, frozen=True, gc=False):
    resources: tuple[Name, ...]


class Mirror(Node, frozen=True, gc=False):
    role: Name


class Integration(Node, frozen=True, gc=False):
    name: Name
    label: Text | None
    items: tuple[Includes | Objects | Mirror | FromDate | UntilDate, ...]


# --- statements about the whole ------------------------------------------------------------------------------


class Permission(Node, frozen=True, gc=False):
    action: Name
    resource: Name


class Separation(Node, frozen=True, gc=False):
    """``separate a from b``, or with ``most`` as ``separate at most 1 of { a  b }``."""

    permissions: tuple[Permission, ...]
    most: Number | None
    label: Text | None
    severity: Name | None


class Selector(Node, frozen=True, gc=False):
    """``with role clerk`` or ``in sales``: ``kind`` is ``role`` or ``group``."""

    kind: Literal["role", "group"]
    name: Name


class Invariant(Node, frozen=True, gc=False):
    """``quantifier`` is ``no``, ``only`` or ``every``; no ``selectors`` means every user."""

    label: Text
    quantifier: Literal["no", "only", "every"]
    selectors: tuple[Selector, ...]
    actions: tuple[Name, ...]
    resource: Name
    field: Name | None
    condition: Condition | None


class Review(Node, frozen=True, gc=False):
    """``kind`` is ``role``, ``group``, ``integration`` or ``user``."""

    kind: str
    subject: Name | Text
    every: Duration
    last: Date | None
    by: Text | None


Declaration = (
    Timezone
    | Portals
    | Scope
    | Place
    | Feature
    | AttributeBlock
    | Resource
    | Policy
    | Role
    | Group
    | Task
    | Job
    | User
    | Integration
    | Separation
    | Deny
    | Invariant
    | Review
)


class Comment(Node, frozen=True, gc=False):
    """A comment with its ``#``."""

    text: str


class Broken(msgspec.Struct, frozen=True):
    """A declaration that a syntax error hid.

    Later phases know by it that ``name`` was meant to exist, and stay silent about it. ``keyword`` is ``None`` where
    the declaration's own keyword could not be read.
    """

    keyword: str | None
    name: str | None


class File(msgspec.Struct, frozen=True):
    """What was understood of one source."""

    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
    broken: tuple[Broken, ...]


WithItems = AttributeBlock | Resource | Role | Group | Task | Job | User | Integration
"""Declarations with a block, or room for one."""


def block_items(declaration: Declaration) -> tuple[Node, ...]:
    """What stands in the block of a declaration, line by line as it were."""
    match declaration:
        case Resource() | Role() | Group() | Job() | User() | Integration():
            return declaration.items
        case Task():
            return declaration.needs
        case AttributeBlock():
            return declaration.attributes
        case _:
            return ()


def moved(node: Any, by: int) -> Any:
    """The tree of the same text, so many characters further on."""
    kind = node.__class__
    if kind is Name:  # half of all nodes
        return Name(node.start_pos + by, node.end_pos + by, node.value)
    if kind is tuple:
        return tuple([moved(item, by) for item in node])
    if isinstance(node, Node):
        fields = [moved(getattr(node, field), by) for field in node.__struct_fields__[2:]]
        return kind(node.start_pos + by, node.end_pos + by, *fields)
    return node


def without_places(node: Any) -> Any:
    """What a node, a tuple of nodes or a value says, wherever it stands."""
    if node.__class__ is tuple:
        return [without_places(item) for item in node]
    if isinstance(node, Node):
        return [node.__class__, *[without_places(getattr(node, field)) for field in node.__struct_fields__[2:]]]
    return node
