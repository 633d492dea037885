"""Which names of a product are which names of policy files: what a mapping says, and whatever has one label or name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from policylang.importing.imported import Imported, ImportedThing, MappedKind, OfName, OfText
from policylang.importing.names import NamesByKey, identifier
from policylang.importing.reading import NotThisError
from policylang.ir import nodes as ir

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def said_names(said: Mapping[MappedKind, Mapping[str, str]], path: str) -> NamesByKey:
    """The names that a mapping gives, by kind and the product's own names. Raises `NotThisError`."""
    found: dict[Any, str] = {}
    for kind, names in said.items():
        for key, name in names.items():
            if kind not in get_args(OfText) and not _NAME.fullmatch(name):
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


def by_name(of: ir.PolicySet, kind: str) -> dict[str, Any]:
    """What a policy set declares of a kind, by what it is called there."""
    key = {"user": "id", "job": "code"}.get(kind, "name")
    declared = of.policies if kind == "policy" else getattr(of, f"{kind}s", ())
    return {getattr(each, key): each for each in declared}


def same_things(kind: OfName, things: Mapping[str, ImportedThing], there: ir.PolicySet) -> dict[str, Any]:
    """By key what is there of the same label or name."""
    named = by_name(there, kind)
    by_label = {each.label: each for each in named.values() if each.label}
    found = {}
    for key, each in things.items():
        same = by_label.get(each.called) or by_label.get(key) or named.get(identifier(each.called, kind))
        if same is not None:
            found[key] = same
    return found


def same_names(imported: Imported, there: ir.PolicySet) -> NamesByKey:
    """The names of what has one label or name in the policy set."""
    return {
        (kind, key): same.name
        for kind, of in imported.labelled.items()
        for key, same in same_things(kind, of, there).items()
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


def _renamed(things: dict[str, Any], kind: OfText, names: NamesByKey) -> dict[Any, str]:
    given = {key: names[kind, key] for key in things if (kind, key) in names}
    taken = things.keys() - given.keys()
    made = {}
    for key, name in given.items():
        if name in taken:
            where = things[key].first.path
            raise NotThisError(where, f"the {kind} `{key}` is mapped to `{name}`, which also exists", "map both")
        made[name] = things[key]
        things[key].key = name
    for key in given:
        del things[key]
    things.update(made)
    return {(kind, key): name for key, name in given.items()}
