"""An imported set: statements in the words of the foreign system, each with the place that it comes from.

Things are named by keys, which may be any text and are unique for each kind. Texts of conditions and types are made of
policy text and references to keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeVar

import msgspec

_Mapped = Literal["resource", "action", "attribute", "policy", "role", "group", "place kind", "subject", "integration"]
OfName = Literal[_Mapped, "value"]
"""What has an identifier."""
OfText = Literal["user", "place", "job"]
"""What has a text for a name, which may be any."""
MappedKind = Literal[_Mapped, OfText]
"""What a mapping may name."""


class Origin(msgspec.Struct, frozen=True, order=True, gc=False):
    """A place in an input: the path, the line or row, and the column where that says more; 1-based."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])


class Ref(msgspec.Struct, frozen=True, gc=False):
    """Where a text names something, by its key."""

    kind: OfName
    key: str


Text = tuple[str | Ref, ...]
"""Policy text, with what it names."""


class Note(msgspec.Struct, frozen=True, order=True):
    """Something that is not in the policy set, and where it stood."""

    origin: Origin
    code: str
    message: str


class NotImportedError(ValueError):
    """Something that cannot be expressed, or cannot be read: it is to be refused."""

    def __init__(self, code: str, origin: Origin, message: str) -> None:
        super().__init__(message)
        self.code, self.origin, self.message = code, origin, message


class ImportedThing(msgspec.Struct, kw_only=True):
    """Anything declared. ``origins``: every place that says something of it, in order and each once."""

    key: str
    label: str | None = None
    origins: dict[Origin, None] = {}

    @property
    def called(self) -> str:
        """What people call it."""
        return self.label or self.key

    @property
    def first(self) -> Origin:
        """Where something is said of it first."""
        return next(iter(self.origins))

    def seen(self, origin: Origin) -> None:
        self.origins.setdefault(origin)


_Thing = TypeVar("_Thing", bound=ImportedThing)


def _declared(things: dict[str, _Thing], made: _Thing, origin: Origin) -> _Thing:
    """The thing of a key, which is declared if it is not yet, with one more place that speaks of it."""
    found = things.setdefault(made.key, made)
    found.seen(origin)
    return found


class Attribute(ImportedThing, kw_only=True):
    type: Text = ("text",)
    optional: bool = True
    sensitive: bool = False


class Action(ImportedThing, kw_only=True):
    """``clauses``: what stands behind its name, such as ``bypasses policies``."""

    clauses: Text = ()


class Resource(ImportedThing, kw_only=True):
    attributes: dict[str, Attribute] = {}
    actions: dict[str, Action] = {}

    def attribute(self, key: str, origin: Origin, type: Text = ("text",), *, optional: bool = True) -> Attribute:
        """The attribute of a key, declared if it is not yet."""
        return _declared(self.attributes, Attribute(key=key, type=type, optional=optional), origin)

    def action(self, key: str, origin: Origin) -> Action:
        """The action of a key, declared if it is not yet."""
        return _declared(self.actions, Action(key=key), origin)


class Policy(ImportedThing, kw_only=True):
    """``resource``: ``None`` for any that has the ``attributes``. Policies that say the same are written once."""

    resource: str | None
    condition: Text
    attributes: tuple[str, ...] = ()


class Grant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A grant of one action, or a deny; ``None`` is every action, and every resource. ``fields``, ``exclude`` and
    ``including`` are keys of attributes.
    """

    resource: str | None
    action: str | None
    origin: Origin
    deny: bool = False
    fields: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    including: tuple[str, ...] = ()
    condition: Text = ()
    because: str = ""


class StatedLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that a role or group brings. ``resource``: on which, where the policy is for any. ``actions``: those it
    is for, all if there are none.
    """

    policy: str
    origin: Origin
    resource: str | None = None
    actions: tuple[str, ...] = ()


class _Holder(ImportedThing, kw_only=True):
    """``includes``: by key the roles inside, and where that is said."""

    includes: dict[str, Origin] = {}


class RoleOrGroup(_Holder, kw_only=True):
    """A role or a group."""

    grants: list[Grant] = []
    limits: list[StatedLimit] = []

    def grant(
        self,
        resource: str | None,
        action: str | None,
        origin: Origin,
        *,
        fields: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        including: tuple[str, ...] = (),
    ) -> None:
        """Grant an action to the holders; `Imported.grant` declares it as well."""
        made = Grant(
            resource=resource, action=action, origin=origin, fields=fields, exclude=exclude, including=including
        )
        self.grants.append(made)

    def limit(self, policy: str, origin: Origin, actions: tuple[str, ...] = (), *, resource: str | None = None) -> None:
        """Limit the holders by a policy, as a `StatedLimit` says."""
        self.limits.append(StatedLimit(policy=policy, origin=origin, actions=actions, resource=resource))


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A role given to a user. Dates are texts as the language writes them."""

    role: str
    origin: Origin
    place: str | None = None
    start: str = ""
    until: str = ""
    because: str = ""
    approved_by: str = ""


class User(ImportedThing, kw_only=True):
    """``key`` is the id. ``attributes``: values as policy text, by the key of the attribute in ``subject``."""

    group: str | None = None
    job: str | None = None
    superuser: bool = False
    terminated: bool = False
    attributes: dict[str, Text] = {}
    assignments: list[Assignment] = []

    def assign(self, role: str, origin: Origin, place: str | None = None, **said: str) -> None:
        """Give a role. ``said``: the dates and reasons of an `Assignment`."""
        self.assignments.append(Assignment(role=role, origin=origin, place=place, **said))


class Place(ImportedThing, kw_only=True):
    kind: str


class Job(_Holder, kw_only=True):
    """``key`` is the code."""


class Integration(_Holder, kw_only=True):
    objects: tuple[str, ...] = ()


class Imported:
    """Everything that was read, and what was not. Statements come in any order; the writer has its own."""

    def __init__(self) -> None:
        self.place_kinds: tuple[str, ...] = ()
        """From the outermost inwards."""
        self.known_place_kinds: tuple[str, ...] = ()
        """Instead of these, where they are declared elsewhere."""
        self.places: dict[str, Place] = {}
        self.known_places: dict[str, Place] = {}
        """Those that are declared elsewhere."""
        self.subject: dict[str, Attribute] = {}
        self.resources: dict[str, Resource] = {}
        self.policies: dict[str, Policy] = {}
        self.roles: dict[str, RoleOrGroup] = {}
        self.groups: dict[str, RoleOrGroup] = {}
        self.together: dict[str, tuple[str, ...]] = {}
        """By key of a group that stands for some roles of the product together, these."""
        self.jobs: dict[str, Job] = {}
        self.users: dict[str, User] = {}
        self.integrations: dict[str, Integration] = {}
        self.denies: list[Grant] = []
        """For everyone."""
        self.texts: dict[str, str] = {}
        """Policy text by name of the file, where a product keeps the policy set that it was made of; then there is
        nothing of the above. It says what the product does but for what is refused.
        """
        self.closing = ""
        """Policy text that opens nothing of which nothing is known, beside these."""
        self.targets: dict[str, Any] = {}
        """What compile targets have to know of it, as `policylang.yaml` says it."""
        self.refused: list[Note] = []
        self.left_out: list[Note] = []
        self.guessed: list[Note] = []
        """What was not said and had to be guessed, and why it is thought to be so."""

    def refuse(self, code: str, origin: Origin, message: str) -> None:
        """Note what cannot be expressed. A message is lower case, with the foreign words in backticks."""
        self.refused.append(Note(origin, code, message))

    def leave_out(self, code: str, origin: Origin, message: str) -> None:
        """Note what has no bearing on access."""
        self.left_out.append(Note(origin, code, message))

    def guessed_at(self, origin: Origin, message: str) -> None:
        """Note what was not said, what it is taken for, and why."""
        self.guessed.append(Note(origin, "guessed", message))

    def resource(self, key: str, origin: Origin, label: str | None = None) -> Resource:
        """The resource of a key, declared if it is not yet; so for all others."""
        return _declared(self.resources, Resource(key=key, label=label), origin)

    def policy(
        self,
        key: str,
        origin: Origin,
        label: str,
        resource: str | None,
        condition: Text,
        attributes: tuple[str, ...] = (),
    ) -> None:
        made = Policy(key=key, label=label, resource=resource, condition=condition, attributes=attributes)
        _declared(self.policies, made, origin)

    def role(self, key: str, origin: Origin, label: str | None = None) -> RoleOrGroup:
        return _declared(self.roles, RoleOrGroup(key=key, label=label), origin)

    def group(self, key: str, origin: Origin, label: str | None = None) -> RoleOrGroup:
        return _declared(self.groups, RoleOrGroup(key=key, label=label), origin)

    def user(self, id: str, origin: Origin, label: str | None = None) -> User:
        return _declared(self.users, User(key=id, label=label), origin)

    def job(self, code: str, origin: Origin) -> Job:
        return _declared(self.jobs, Job(key=code), origin)

    def attribute(self, key: str, origin: Origin, type: Text = ("text",)) -> Attribute:
        """An attribute of users."""
        return _declared(self.subject, Attribute(key=key, type=type), origin)

    def place(self, name: str, kind: str, origin: Origin) -> Place:
        return _declared(self.places, Place(key=name, kind=kind), origin)

    def grant(self, bundle: RoleOrGroup, resource: str, action: str, origin: Origin, *, deny: bool = False) -> None:
        """Grant or deny an action to the holders of a role or group, and declare it on its resource."""
        self.resource(resource, origin).action(action, origin)
        bundle.grants.append(Grant(resource=resource, action=action, origin=origin, deny=deny))

    def roles_inside(self, bundle: RoleOrGroup) -> dict[str, RoleOrGroup]:
        """The roles inside a role or group, to any depth, by their keys."""
        waiting, found = [bundle], dict[str, RoleOrGroup]()
        while waiting:
            more = waiting.pop().includes.keys() - found.keys()
            found |= {role: self.roles[role] for role in more}
            waiting += [self.roles[role] for role in more]
        return found

    @property
    def bundles_by_kind(self) -> dict[OfName, dict[str, RoleOrGroup]]:
        """Roles and groups."""
        return {"role": self.roles, "group": self.groups}

    def bundles(self) -> Iterator[RoleOrGroup]:
        yield from (*self.roles.values(), *self.groups.values())

    @property
    def labelled(self) -> Mapping[OfName, Mapping[str, ImportedThing]]:
        """By kind, whatever has a label that a name can be made of."""
        others: dict[OfName, Mapping[str, ImportedThing]] = {
            "resource": self.resources,
            "policy": self.policies,
            "integration": self.integrations,
        }
        return {**others, **self.bundles_by_kind}


def refs(texts: Iterable[Text]) -> Iterator[Ref]:
    """Everything that some texts name."""
    return (part for text in texts for part in text if isinstance(part, Ref))
