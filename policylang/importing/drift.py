"""Whether a product still says what policy files say: an import that is not written, compared with the files."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any, Literal

import msgspec

from policylang.diagnostics import listed
from policylang.diff.compare import compare
from policylang.diff.report import Change, Permissions, Report, Statement
from policylang.importing.importing import Import
from policylang.importing.matching import by_name
from policylang.importing.policy_text import policy_texts
from policylang.ir import nodes as ir
from policylang.model.types import PlaceType, RecordType, SetType, Type, UserType
from policylang.runtime.index import Index
from policylang.source import Location

Code = Literal["product-allows", "product-denies", "not-imported"]
_MOST_PERMISSIONS = 4
_Side = Literal["product", "files"]
_LISTED = ("role", "group", "job", "user", "integration", "resource", "place")


class Unmatched(msgspec.Struct, frozen=True):
    """A name that is on one side only. ``foreign``: what the product calls it."""

    kind: str
    name: str
    only_in: _Side
    foreign: str | None = None


class Drifted(msgspec.Struct, frozen=True):
    """A difference: a change, or another statement. ``product``: the places in the inputs, ``files``: those in the
    policy files.
    """

    code: Code
    said: str
    product: tuple[str, ...]
    files: tuple[str, ...]
    change: Change | None = None
    statement: Statement | None = None

    @property
    def of(self) -> Change | Statement:
        of = self.change or self.statement
        assert of is not None
        return of


class Drift(msgspec.Struct, frozen=True):
    """What differs. ``notes``: what has another name and says the same."""

    found: tuple[Drifted, ...]
    notes: tuple[str, ...]
    unmatched: tuple[Unmatched, ...]


def find_drift(
    files: ir.PolicySet, made: Import, folder: str, now: datetime.datetime, step: Callable[[str], None]
) -> Drift:
    """What the product that was imported says otherwise than the files, from ``now`` on. ``folder``: that of the import
    in its policy set.
    """
    assert made.project.ir is not None
    if made.imported.texts and policy_texts(files) == made.imported.texts:
        return Drift((), (), ())
    product = made.project.ir if made.imported.texts else _in_the_world_of(files, made.project.ir)
    one, other = _with_attributes(files, product), _with_attributes(product, files)
    report = compare(_what_products_say(one), _what_products_say(other), now, step)
    inside = f"{folder}/" if folder else ""
    origins = {(f"{inside}{each.file}", each.line): each.origins for each in made.manifest.statements}
    there, here = _Places(files, {}), _Places(product, origins)
    besides = {("role", name) for name in made.unnamed - (_names(files, "role") & _names(product, "role"))}
    besides |= {("group", name) for name in _together(files, product, made)}
    about = _about_access(report, product, besides, knows_all=bool(made.imported.texts))
    found = tuple(_drifted(each, tuple(here.origins(each)), tuple(there.places(each))) for each in about)
    return Drift(found, report.notes, tuple(_unmatched(files, product, made)))


def _in_the_world_of(files: ir.PolicySet, product: ir.PolicySet) -> ir.PolicySet:
    """The product in the files' timezone, and in their tree of places if they know all of its places."""
    kinds = {each.name for each in files.scope}
    places = {each.name: each.kind for each in files.places}
    if all(each.name in kinds for each in product.scope) and all(
        places.get(each.name) == each.kind for each in product.places
    ):
        product = msgspec.structs.replace(product, scope=files.scope, places=files.places)
    return msgspec.structs.replace(product, timezone=files.timezone, features=files.features)


def _with_attributes(of: ir.PolicySet, other: ir.PolicySet) -> ir.PolicySet:
    """A policy set that also knows the attributes that only the other one has occasion to name. Grants of whole records
    cover them; those that are sensitive on the other side nobody can tell.
    """
    there = {each.name: each for each in other.resources}
    resources = tuple(
        _with_those_of(each, there[each.name], of) if each.name in there else each for each in of.resources
    )
    return msgspec.structs.replace(of, resources=resources)


def _with_those_of(of: ir.Resource, other: ir.Resource, around: ir.PolicySet) -> ir.Resource:
    known = {attribute.name for attribute in of.attributes}
    more = [
        attribute
        for attribute in other.attributes
        if attribute.name not in known and not attribute.sensitive and _is_known(attribute.type, around)
    ]
    place = of.place or (other.place if other.place in [each.name for each in more] else None)
    return msgspec.structs.replace(of, attributes=(*of.attributes, *more), place=place) if more else of


def _is_known(of: Type, around: ir.PolicySet) -> bool:
    """Whether a policy set declares what a type names."""
    match of:
        case SetType():
            return _is_known(of.item, around)
        case RecordType(resource):
            return any(each.name == resource for each in around.resources)
        case PlaceType(kind):
            return any(each.name == kind for each in around.scope)
        case UserType(role):
            return role is None or any(each.name == role for each in around.roles)
        case _:
            return True


def _what_products_say(of: ir.PolicySet) -> ir.PolicySet:
    """A policy set without what only policy files can say, and what decides nothing."""
    roles = tuple(
        msgspec.structs.replace(each, protected=False, portal=None, performs=(), may_assign=()) for each in of.roles
    )
    groups = tuple(msgspec.structs.replace(each, may_assign=()) for each in of.groups)
    return msgspec.structs.replace(
        of, roles=roles, groups=groups, portals=(), tasks=(), separations=(), invariants=(), reviews=()
    )


def _together(files: ir.PolicySet, product: ir.PolicySet, made: Import) -> Iterator[str]:
    """Groups of the product alone that stand for roles which the files have, and in which nobody is."""
    roles, names = _names(files, "role"), made.manifest.names
    members = {each.group.name for each in product.users if each.group is not None}
    for key, inside in made.imported.together.items():
        name = names["group"][key]
        if name not in members | _names(files, "group") and {names["role"][each] for each in inside} <= roles:
            yield name


def _about_access(
    report: Report, product: ir.PolicySet, besides: Set[tuple[str, str]], knows_all: bool
) -> Iterator[Change | Statement]:
    """Changes, then statements. ``besides``: roles and groups that are only part of what a user has, or nobody's: they
    are compared with the users. Where a product knows no superusers, it does not say that there are none.
    """
    for change in report.changes:
        if not all((each.kind, each.name) in besides for each in change.subjects):
            yield change
    knows = knows_all or any(each.superuser for each in product.users)
    yield from (each for each in report.statements if knows or each.topic != "superuser")


def _unmatched(files: ir.PolicySet, product: ir.PolicySet, made: Import) -> Iterator[Unmatched]:
    foreign = {(kind, name): key for kind, names in made.manifest.names.items() for key, name in names.items()}
    for kind in _LISTED:
        there, here = _names(files, kind), _names(product, kind)
        for name in sorted(here - there):
            yield Unmatched(kind, name, "product", foreign.get((kind, name)))
        yield from (Unmatched(kind, name, "files") for name in sorted(there - here))


def _names(of: ir.PolicySet, kind: str) -> set[str]:
    return {*by_name(of, kind)}


class _Places:
    """Where one side says what a change is about."""

    def __init__(self, of: ir.PolicySet, origins: Mapping[tuple[str, int], tuple[str, ...]]) -> None:
        self._index, self._origins = Index(of), origins

    def origins(self, change: Change | Statement) -> Iterator[str]:
        """The places in the product, each once."""
        found: dict[str, None] = {}
        for at in self.places(change):
            where = Location.parse(at)
            found.update(dict.fromkeys(self._origins.get((where.path, where.line), ())))
        return iter(found)

    def places(self, change: Change | Statement) -> Iterator[str]:
        """The grants, denies and assignments that it is about, else the declarations of those whom it concerns."""
        if isinstance(change, Statement):
            yield from (each.at for each in self._index.policy_set.users if each.id in change.users)
            return
        said = {f"role `{name}`" for name in self._index.roles} & {
            line.partition(" at ")[0] for line in (*change.removed, *change.added)
        }
        exact: list[str] = []
        declared: list[str] = []
        for named in change.subjects:
            things: Any = getattr(self._index, f"{named.kind}s")
            thing = things.get(named.name)
            if thing is None:
                continue
            declared.append(thing.at)
            if named.kind == "user":
                exact += [each.at for each in thing.assignments if f"role `{each.role}`" in said]
            elif named.kind in ("role", "group"):
                for permissions in change.permissions:
                    exact += [
                        each.at
                        for each in (*thing.grants, *thing.denies)
                        if each.resource == permissions.resource and set(each.actions) & set(permissions.actions)
                    ]
        yield from exact or declared


# --- in words ------------------------------------------------------------------------------------------------


def _drifted(of: Change | Statement, product: tuple[str, ...], files: tuple[str, ...]) -> Drifted:
    code: Code = "product-allows" if of.widens else "product-denies"
    if isinstance(of, Change):
        return Drifted(code, _change(of), product, files, change=of)
    return Drifted(code, _statement(of), product, files, statement=of)


def _change(change: Change) -> str:
    who = change.whose
    what = [_permission(each) for each in change.permissions[:_MOST_PERMISSIONS]]
    if len(change.permissions) > _MOST_PERMISSIONS:
        what.append(f"do {len(change.permissions) - _MOST_PERMISSIONS:,} more things")
    done = listed(what, "and")
    let = {
        "gained": f"the product lets {who} {done}, which the files do not",
        "widened": f"the product lets {who} {done} on more records than the files do",
        "narrowed": f"the files let {who} {done} on more records than the product does",
        "lost": f"the files let {who} {done}, which the product does not",
    }[change.kind]
    return f"{let}: not proved, so it counts" if change.unproved else let


def _permission(permissions: Permissions) -> str:
    """``view and modify `customer` ``, ``view `rate` of `customer` ``"""
    actions = listed(list(permissions.actions), "and")
    fields = "" if permissions.fields is None else f" {', '.join(f'`{name}`' for name in permissions.fields)} of"
    return f"{actions}{fields} `{permissions.resource}`"


_TOPICS = {
    "eligibility": "who can be chosen for",
    "superuser": "who is a superuser:",
    "granted": "what is allowed together with something else:",
    "user": "what takes effect once somebody gets more access:",
    "essential": "what terminated users keep:",
    "action": "what is required",
    "place": "the place",
    "deny": "what is always denied:",
    "integration": "the integration",
}


def _statement(statement: Statement) -> str:
    more, less = ("product", "files") if statement.widens else ("files", "product")
    about = f"{_TOPICS.get(statement.topic, statement.topic)} {statement.subject}"
    return f"the {more} {'allow' if more == 'files' else 'allows'} more than the {less}: {about}"
