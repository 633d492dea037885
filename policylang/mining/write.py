"""Mined roles as a policy set, and the proof that it gives people what they had."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from policylang.diff.comparing import user_differences
from policylang.importing.csv import FORMAT
from policylang.importing.imported import Imported, Origin
from policylang.importing.importing import config_text, formatted
from policylang.importing.names import all_names
from policylang.importing.texts import comment
from policylang.importing.texts import text as written_text
from policylang.importing.writer import PolicySetWriter
from policylang.ir import nodes as ir
from policylang.mining.bits import members
from policylang.mining.matrix import FoundRole, Matrix, alike
from policylang.mining.pairs import Pairs
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import FILE_NAME as CONFIG
from policylang.settings.config import Config
from policylang.source import Source

_NOWHERE = Origin("")


class NotTheSameError(AssertionError):
    """Files that give something else than they are to give: a mistake in writing, never in the input."""


def policy_files(
    pairs: Pairs, roles: Sequence[FoundRole], names: Sequence[str], labels: Mapping[str, str], title: str
) -> dict[str, bytes]:
    """The files of a policy set in which people have these roles."""
    imported = _imported(pairs, roles, names, labels)
    known = all_names(imported, {("role", name): name for name in names})
    texts = {
        name: "\n".join([comment(f"{title}: {what}."), *(each.text() for each in declared)]) + "\n"
        for name, (what, declared) in PolicySetWriter(imported, known).files().items()
    }
    files = {name: formatted(name, text).encode() for name, text in texts.items()}
    return {**files, CONFIG: config_text(FORMAT, (), imported).encode()}


def _imported(pairs: Pairs, roles: Sequence[FoundRole], names: Sequence[str], labels: Mapping[str, str]) -> Imported:
    found = Imported()
    for resource, action in pairs.permissions:
        found.resource(resource, _NOWHERE).action(action, _NOWHERE)
    for name in pairs.attributes:
        found.attribute(name, _NOWHERE)
    for user in pairs.users:
        made = found.user(user, _NOWHERE)
        for name, values in pairs.attributes.items():
            if user in values:
                made.attributes[name] = (written_text(values[user]),)
    for name, role in zip(names, roles, strict=True):
        made_role = found.role(name, _NOWHERE)
        made_role.label = labels.get(name)
        for number in members(role.permissions):
            resource, action = pairs.permissions[number]
            made_role.grant(resource, action, _NOWHERE)
        for number in members(role.users):
            found.users[pairs.users[number]].assign(name, _NOWHERE)
    return found


def policy_set(files: Mapping[str, bytes]) -> ir.PolicySet:
    """What the files mean. Raises `NotTheSameError` where they are no policy set."""
    sources = tuple(Source(name, files[name].decode()) for name in sorted(files) if name != CONFIG)
    project = Project(SourceSet(Path(), Config(), sources))
    if project.ir is None:
        raise NotTheSameError(*project.diagnostics[:3])
    return project.ir


def _as_it_was(pairs: Pairs) -> ir.PolicySet:
    """What people have, with a role for each set of permissions that somebody has."""
    roles = roles_as_they_were(pairs)
    names = [f"was_{number}" for number in range(1, len(roles) + 1)]
    return policy_set(policy_files(pairs, roles, names, {}, "As it was"))


def roles_as_they_were(pairs: Pairs) -> tuple[FoundRole, ...]:
    """A role for each set of permissions that somebody has."""
    return tuple(FoundRole(users, permissions) for permissions, users in alike(pairs.matrix.rows).items())


def prove(pairs: Pairs, files: Mapping[str, bytes], more: Mapping[int, int], now: datetime.datetime) -> None:
    """Prove by comparing the policy sets that the files give each user what they had and, by row, ``more``. Raises
    `NotTheSameError` if they do not.
    """
    rows = [row | more.get(number, 0) for number, row in enumerate(pairs.matrix.rows)]
    expected = msgspec.structs.replace(pairs, matrix=Matrix.of(rows, len(pairs.permissions)))
    for users, each in user_differences(_as_it_was(expected), policy_set(files), now):
        raise NotTheSameError(users[:3], each.kind, each.action, each.resource)
