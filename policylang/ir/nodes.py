"""The intermediate representation: what a policy set says, resolved, typed and independent of how it was written.

It is data. The JSON form is these structs field by field; the published JSON Schema is generated from them. Names are
unique in their list; lists of declarations are sorted by name, statements without a name by their place. ``at`` leads
back to the source: ``path:line:column-end_line:end_column``, 1-based, the end exclusive, the path relative to the
policy set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from policylang.model.conditions import At, Clock, Condition, Constant
from policylang.model.types import Duration, Type, UserType

FORMAT_VERSION = 2

Digest = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
Day = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Struct(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    pass


class Ref(Struct, frozen=True, gc=False):
    """A name used somewhere."""

    name: str
    at: At


# --- the world -----------------------------------------------------------------------------------------------


class Portal(Struct, frozen=True, gc=False):
    """A front door; ``at`` is null for those that are there without a declaration."""

    name: str
    at: At | None


class ScopeKind(Struct, frozen=True, gc=False):
    """A kind of place and the kind that contains it."""

    name: str
    parent: str | None
    at: At


class Place(Struct, frozen=True, gc=False):
    name: str
    kind: str
    parent: str | None
    at: At


class Feature(Struct, frozen=True, gc=False):
    name: str
    label: str | None
    on: bool
    at: At


# --- records -------------------------------------------------------------------------------------------------


class Attribute(Struct, frozen=True, gc=False):
    """``optional``: a well-formed record may lack it. ``sensitive``: a grant covers it only by name."""

    name: str
    type: Type
    optional: bool
    sensitive: bool
    at: At

    @property
    def role(self) -> str | None:
        """The role that users must have to be written into it."""
        return self.type.item.role if isinstance(self.type.item, UserType) else None


class _Requirement(msgspec.Struct, frozen=True, gc=False, tag_field="requires", forbid_unknown_fields=True):
    pass


class RequiresGrant(_Requirement, frozen=True, gc=False, tag="grant"):
    """The user holds the grant from a source active now; with ``place_kind``, at such a place or above."""

    action: str
    resource: str
    place_kind: str | None
    at: At


class RequiresFeature(_Requirement, frozen=True, gc=False, tag="feature"):
    feature: str
    at: At


class RequiresSuperuser(_Requirement, frozen=True, gc=False, tag="superuser"):
    at: At


class RequiresAll(_Requirement, frozen=True, gc=False, tag="all"):
    items: tuple[Requirement, ...]
    at: At


class RequiresAny(_Requirement, frozen=True, gc=False, tag="any"):
    items: tuple[Requirement, ...]
    at: At


Requirement = RequiresGrant | RequiresFeature | RequiresSuperuser | RequiresAll | RequiresAny


Kind = Literal["view", "create", "modify", "delete"]


class Action(Struct, frozen=True, gc=False):
    """``kind``: what the action is like, its own name for the four that are so named; null for any other action."""

    name: str
    kind: Kind | None
    requires: Requirement | None
    bypasses_policies: bool
    assignable_via: tuple[Literal["ui", "api"], ...]
    at: At


class Resource(Struct, frozen=True, gc=False):
    """Attributes and actions keep the order of their declaration. ``place``: the attribute that says where a record
    lives. ``tree``: the attribute that leads to the record above, where records form trees.
    """

    name: str
    label: str | None
    attributes: tuple[Attribute, ...]
    actions: tuple[Action, ...]
    place: str | None
    tree: str | None
    at: At


# --- policies ------------------------------------------------------------------------------------------------


class Parameter(Struct, frozen=True, gc=False):
    name: str
    type: Type
    at: At


class Policy(Struct, frozen=True, gc=False):
    """A policy as declared. ``resource`` is null for one on any resource that has the attributes ``needs``."""

    name: str
    label: str | None
    parameters: tuple[Parameter, ...]
    resource: str | None
    needs: tuple[str, ...]
    actions: tuple[str, ...] | None
    at: At


class PolicyInstance(Struct, frozen=True, gc=False):
    """A policy on one resource, with its parameters replaced by constants.

    ``actions`` null: it limits every action. ``id`` reads like the attachment: ``newer_than(90 days) on customer``.
    ``at`` is the policy's declaration.
    """

    id: str
    policy: str
    arguments: tuple[Constant, ...]
    resource: str
    actions: tuple[str, ...] | None
    condition: Condition
    at: At


class Limit(Struct, frozen=True, gc=False):
    """A policy instance, attached: its condition limits the grants of ``actions`` (null: of all) on its resource."""

    instance: str
    actions: tuple[str, ...] | None
    at: At

    def applies(self, action: str) -> bool:
        """Whether it limits the action."""
        return self.actions is None or action in self.actions


# --- who gets what -------------------------------------------------------------------------------------------


class Grant(Struct, frozen=True, gc=False):
    """``fields`` null: all attributes but the sensitive ones. ``wildcard``: written with ``all``."""

    resource: str
    actions: tuple[str, ...]
    fields: tuple[str, ...] | None
    wildcard: bool
    because: str | None
    at: At


class Deny(Struct, frozen=True, gc=False):
    """``fields`` null: the whole record. ``condition`` null: every record."""

    resource: str
    actions: tuple[str, ...]
    fields: tuple[str, ...] | None
    condition: Condition | None
    because: str | None
    at: At


class Role(Struct, frozen=True, gc=False):
    """``owner``: the user in whose block its grants, denies and policies stand. That user is assigned the role, and
    nobody else has it; its name is no name of the language, see `own_role`.
    """

    name: str
    label: str | None
    owner: str | None
    protected: bool
    essential: bool
    portal: str | None
    roles: tuple[Ref, ...]
    grants: tuple[Grant, ...]
    denies: tuple[Deny, ...]
    limits: tuple[Limit, ...]
    performs: tuple[Ref, ...]
    may_assign: tuple[Ref, ...]
    at: At


_OWN = "'s own"
"""No name of a role ends so."""


def own_role(user: str) -> str:
    """The name of the role that holds what a user's block grants and denies."""
    return f"{user}{_OWN}"


def bundle_in_words(kind: Literal["group", "role"], name: str) -> str:
    """A group or role; the role that holds what a user's block says is called by what people wrote."""
    return f"the block of `{name.removesuffix(_OWN)}`" if name.endswith(_OWN) else f"{kind} `{name}`"


def in_brackets(fields: tuple[str, ...] | None) -> str:
    """What a grant or a deny covers, as it is written behind the resource; nothing for ``None``, everything."""
    return "" if fields is None else f" ({', '.join(fields)})"


class Group(Struct, frozen=True, gc=False):
    name: str
    label: str | None
    roles: tuple[Ref, ...]
    grants: tuple[Grant, ...]
    denies: tuple[Deny, ...]
    limits: tuple[Limit, ...]
    may_assign: tuple[Ref, ...]
    at: At


# --- people, jobs, tasks, integrations -----------------------------------------------------------------------


class Need(Struct, frozen=True, gc=False):
    resource: str
    actions: tuple[str, ...]
    fields: tuple[str, ...] | None
    at: At


class Task(Struct, frozen=True, gc=False):
    name: str
    label: str | None
    needs: tuple[Need, ...]
    at: At


class Job(Struct, frozen=True, gc=False):
    code: str
    label: str | None
    roles: tuple[Ref, ...]
    at: At


class UserPolicy(Struct, frozen=True, gc=False):
    """A policy that a user's own declaration appends to, or puts in place of, what the group says."""

    limit: Limit
    because: str | None
    at: At


class Assignment(Struct, frozen=True, gc=False):
    """A role given to one user. Active from the start of day ``from`` to the end of day ``until``, in the policy set's
    timezone; null is unbounded, a null ``place`` is everywhere. With a time, from that time of the day on, and up to,
    not including, that time.
    """

    role: str
    place: str | None
    start: Day | None = msgspec.field(name="from")
    start_time: Clock | None = msgspec.field(name="from_time")
    until: Day | None
    until_time: Clock | None

    @property
    def begins(self) -> str | None:
        """The day and the time, if it says one, from which on it is active."""
        return _moment(self.start, self.start_time)

    @property
    def ends(self) -> str | None:
        """The last day, or the day and the time at which it is over."""
        return _moment(self.until, self.until_time)

    because: str | None
    approved_by: str | None
    at: At


def _moment(day: str | None, time: str | None) -> str | None:
    return day if day is None or time is None else f"{day} {time}"


class UserValue(Struct, frozen=True, gc=False):
    """The value of one of a user's attributes; several for a set."""

    name: str
    values: tuple[Constant, ...]
    at: At


class User(Struct, frozen=True, gc=False):
    id: str
    label: str | None
    superuser: bool
    terminated: bool
    group: Ref | None
    job: Ref | None
    attributes: tuple[UserValue, ...]
    appends: tuple[UserPolicy, ...]
    overrides: tuple[UserPolicy, ...]
    assignments: tuple[Assignment, ...]
    at: At


class Integration(Struct, frozen=True, gc=False):
    """A non-human account; it makes requests under its name. It has its roles everywhere, from the start of day
    ``from`` to the end of day ``until``, in the policy set's timezone; null is unbounded.
    """

    name: str
    label: str | None
    roles: tuple[Ref, ...]
    start: Day | None = msgspec.field(name="from")
    until: Day | None
    objects: tuple[Ref, ...]
    mirror: Ref | None
    at: At

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """Its roles as if they were assigned to it."""
        return tuple(
            Assignment(
                role=ref.name,
                place=None,
                start=self.start,
                start_time=None,
                until=self.until,
                until_time=None,
                because=None,
                approved_by=None,
                at=ref.at,
            )
            for ref in self.roles
        )


# --- statements about the whole ------------------------------------------------------------------------------


class Permission(Struct, frozen=True, gc=False):
    action: str
    resource: str


class Separation(Struct, frozen=True, gc=False):
    """Permissions of which one user must never hold more than ``most`` together."""

    permissions: tuple[Permission, ...]
    most: int
    label: str | None
    severity: Literal["low", "medium", "high"] | None
    at: At


class Selector(Struct, frozen=True, gc=False):
    """Users with a role, from any source, or users in a group."""

    kind: Literal["role", "group"]
    name: str
    at: At


class Invariant(Struct, frozen=True, gc=False):
    """``no``, ``only`` or ``every`` user whom one of ``users`` selects (none: any user) can do the actions to every
    record for which ``where`` is true.
    """

    label: str
    quantifier: Literal["no", "only", "every"]
    users: tuple[Selector, ...]
    actions: tuple[str, ...]
    resource: str
    field: str | None
    where: Condition | None
    at: At


class Review(Struct, frozen=True, gc=False):
    kind: Literal["role", "group", "integration", "user"]
    name: str
    every: Duration
    last: Day | None
    by: str | None
    at: At


class PolicySet(Struct, frozen=True, gc=False):
    """Everything. ``digest`` is of the content without itself, see ``policylang.ir.codec``."""

    format: Literal["policylang"]
    version: int
    digest: Digest
    timezone: str
    sources: tuple[str, ...]
    portals: tuple[Portal, ...]
    scope: tuple[ScopeKind, ...]
    places: tuple[Place, ...]
    features: tuple[Feature, ...]
    subject: tuple[Attribute, ...]
    request: tuple[Attribute, ...]
    resources: tuple[Resource, ...]
    policies: tuple[Policy, ...]
    policy_instances: tuple[PolicyInstance, ...]
    roles: tuple[Role, ...]
    groups: tuple[Group, ...]
    tasks: tuple[Task, ...]
    jobs: tuple[Job, ...]
    users: tuple[User, ...]
    integrations: tuple[Integration, ...]
    denies: tuple[Deny, ...]
    separations: tuple[Separation, ...]
    invariants: tuple[Invariant, ...]
    reviews: tuple[Review, ...]

    @property
    def bundles(self) -> tuple[Group | Role, ...]:
        """Groups, then roles."""
        return (*self.groups, *self.roles)

    @property
    def shared_roles(self) -> tuple[Role, ...]:
        """The roles that are declared as such, without those of one user alone."""
        return tuple(role for role in self.roles if role.owner is None)

    def every_limit(self) -> Iterator[Limit]:
        """The policies attached to groups and roles, then those of users."""
        for bundle in self.bundles:
            yield from bundle.limits
        for user in self.users:
            yield from (policy.limit for policy in (*user.appends, *user.overrides))

    def every_deny(self) -> Iterator[Deny]:
        """The denies for everyone, then those of groups and roles."""
        yield from self.denies
        for bundle in self.bundles:
            yield from bundle.denies

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """All that are written, each with the resource it is about: of policies, denies and invariants."""
        yield from ((each.resource, each.condition) for each in self.policy_instances)
        yield from ((each.resource, each.condition) for each in self.every_deny() if each.condition is not None)
        yield from ((each.resource, each.where) for each in self.invariants if each.where is not None)
