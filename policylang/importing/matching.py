"""Which names of a product are which names of policy files: what a mapping says, and whatever has one label or name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from policylang.importing.imported import Imported, ImportedThing, OfName
from policylang.importing.names import NamesByKey, identifier
from policylang.importing.reading import NotThisError
from policylang.ir import nodes as ir

MappedKind = Literal[
    "resource",
    "action",
    "attribute",
    "policy",
    "role",
    "group",
    "place kind",
    "subject",
    "integration",
    "user",
    "place",
    "job",
]
_OF_TEXT = ("user", "place", "job")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def said_names(said: Mapping[MappedKind, Mapping[str, str]], path: str) -> NamesByKey:
    """The names that a mapping gives, by kind and the product's own names. Raises `NotThisError`."""
    found: dict[Any, str] = {}
    for kind, names in said.items():
        for key, name in names.items():
            if kind not in _OF_TEXT and not _NAME.fullmatch(name):
                help = "write letters, digits and underscores, as in the policy files"
                raise NotThisError(path, f"`{name}` is not a valid name for a {kind}", help)
            if name in [other for (of, _), other in found.items() if of == kind]:
                raise NotThisError(path, f"the {kind} `{name}` would have two names in the product", "map one of them")
            found[kind, key] = name
    return found


def first_of(*several: NamesByKey) -> NamesByKey:
    """All names together; what an earlier one says stands, also where a later one has its name for something else."""
    found: dict[Any, str] = {}
    used: set[tuple[str, str]] = set()
    for names in several:
        new = {key: name for key, name in names.items() if key not in found and (key[0], name) not in used}
        used |= {(kind, name) for (kind, _), name in new.items()}
        found.update(new)
    return found


def by_name(declared: Iterable[Any], kind: str) -> dict[str, Any]:
    """What a policy set declares of a kind, by what it is called there."""
    key = {"user": "id", "job": "code"}.get(kind, "name")
    return {getattr(each, key): each for each in declared}


def same_things(kind: OfName, things: Mapping[str, ImportedThing], there: Iterable[Any]) -> dict[str, Any]:
    """By key what is there of the same label or name."""
    named = by_name(there, kind)
    by_label = {each.label: each for each in named.values() if each.label}
    found = {}
    for key, each in things.items():
        called = each.label or key
        same = by_label.get(called) or by_label.get(key) or named.get(identifier(called, kind))
        if same is not None:
            found[key] = same
    return found


def same_names(imported: Imported, there: ir.PolicySet) -> NamesByKey:
    """The names of what has one label or name in the policy set."""
    kinds: tuple[tuple[OfName, Mapping[str, ImportedThing], Iterable[Any]], ...] = (
        ("resource", imported.resources, there.resources),
        ("role", imported.roles, there.roles),
        ("group", imported.groups, there.groups),
        ("integration", imported.integrations, there.integrations),
        ("policy", imported.policies, there.policies),
    )
    return {
        (kind, key): same.name for kind, of, declared in kinds for key, same in same_things(kind, of, declared).items()
    }


def rename_texts(imported: Imported, names: NamesByKey) -> dict[Any, str]:
    """Give users, places and job codes the names that are given for them; which of these there are."""
    users = _renamed(imported.users, "user", names)
    places = _renamed(imported.places, "place", names)
    jobs = _renamed(imported.jobs, "job", names)
    for user in imported.users.values():
        user.job = None if user.job is None else names.get(("job", user.job), user.job)
        user.assignments = [
            msgspec.structs.replace(each, place=names.get(("place", each.place or ""), each.place))
            for each in user.assignments
        ]
    return {**users, **places, **jobs}


def _renamed(things: dict[str, Any], kind: Literal["user", "place", "job"], names: NamesByKey) -> dict[Any, str]:
    given = {key: names[kind, key] for key in things if (kind, key) in names}
    taken = things.keys() - given.keys()
    made = {}
    for key, name in given.items():
        if name in taken:
            where = next(iter(things[key].origins)).path
            raise NotThisError(where, f"the {kind} `{key}` is mapped to `{name}`, which also exists", "map both")
        made[name] = things[key]
        things[key].key = name
    for key in given:
        del things[key]
    things.update(made)
    return {(kind, key): name for key, name in given.items()}
