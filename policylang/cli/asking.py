"""What the commands that ask a policy set share: which one, about whom, when, and how the answer is printed."""

from __future__ import annotations

import datetime
import os
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NoReturn

import click
import msgspec

from policylang.api.policy_set import PolicySet
from policylang.cli.options import CALENDAR, Command, outside, read_instant, repeatable
from policylang.cli.terminal import found_or_stop, progress, stop
from policylang.diagnostics import listed, quoted, visible
from policylang.ir import nodes as ir
from policylang.project.discovery import Problem
from policylang.project.loading import read_policy_set
from policylang.runtime.hypothetical import hypothetical, nobody, stated_value
from policylang.runtime.index import Index
from policylang.runtime.request import instant
from policylang.runtime.values import BadValueError
from policylang.suggest import closest

_MOST_LISTED = 12

policies_option = click.option(
    "--policies",
    "paths",
    multiple=True,
    metavar="PATH",
    help="Sources or compiled JSON, as for check; repeatable.  [default: the roots in policylang.yaml, or policies]",
)


def as_options(command: Command) -> Command:
    """``--as-role`` and ``--as-group``: somebody hypothetical in the place of a user."""
    said = "Ask about somebody with this role, instead of USER; repeatable."
    role = repeatable("--as-role", "roles", "ROLE[@KIND:PLACE]", said)
    group = repeatable("--as-group", "groups", "GROUP", "Ask about somebody in this group, instead of USER.")
    return role(group(command))


def load(paths: tuple[str, ...]) -> PolicySet:
    """The policy set to ask; ends the command where there is none."""
    with progress() as step:
        found = read_policy_set(paths, step)
    return PolicySet(found_or_stop(found))


# --- who ----------------------------------------------------------------------------------------------------


class AskedSubject(msgspec.Struct, frozen=True):
    """Whom a question is about, and the policy set in which they exist."""

    policy_set: PolicySet
    user: str
    somebody: dict[str, Any] | None = None
    """Of somebody hypothetical the roles with their places, and the group."""

    @property
    def name(self) -> str | None:
        return name_of(self.policy_set.index, self.user)


def split_words(words: tuple[str, ...], wanted: tuple[str, ...], hypothetical: bool, more: str = "") -> list[str]:
    """The arguments by position, of which the first, USER, is left out where somebody hypothetical stands in. ``more``
    may follow them.
    """
    expected = wanted[1:] if hypothetical else wanted
    if len(words) == len(expected) or (more and len(words) == len(expected) + 1):
        return list(words)
    meant = f"{' '.join(expected) or 'no argument'}{f' [{more}]' if more else ''}"
    usage = f"expected {meant}, got {len(words)} argument{'' if len(words) == 1 else 's'}"
    if words and os.path.exists(words[-1]):
        raise click.UsageError(f"{usage}; name policy files with `--policies {words[-1]}`")
    if hypothetical:
        raise click.UsageError(f"{usage}: leave USER out with --as-role or --as-group")
    raise click.UsageError(f"{usage}; --as-role or --as-group can replace USER")


def find_subject(
    policy_set: PolicySet,
    user: str | None,
    roles: tuple[str, ...],
    groups: tuple[str, ...],
    attributes: dict[str, Any] | None = None,
    named: str | None = None,
) -> AskedSubject:
    """The user, or without one somebody with the roles, the group, the attributes and the id; ends the command where
    they do not exist.
    """
    if user is not None:
        if not policy_set.index.knows(user):
            know_no_path(user)
        return AskedSubject(policy_set, user)
    index = policy_set.index
    if len(groups) > 1:
        stop(Problem("--as-group", "a user is in one group at most", "give it once, and roles with --as-role"))
    group = groups[0] if groups else None
    if group is not None and group not in index.groups:
        _no_group(index, group)
    given = [_role(index, role) for role in roles]
    if named is not None and named in index.integrations:
        stop(Problem("--as-id", f"{quoted(named)} is an integration", "name a user, or one that does not exist yet"))
    values = _values(index, "--as-attributes", attributes or {})
    changed, id_ = hypothetical(index, given, group, attributes=values, named=named)
    somebody = {"roles": [{"role": role, "place": place} for role, place in given], "group": group}
    return AskedSubject(PolicySet(changed), id_, somebody)


def with_users(policy_set: PolicySet, users: dict[str, Any] | None) -> PolicySet:
    """The policy set with users made up, who have attributes and nothing else; ends the command for what is wrong."""
    if not users:
        return policy_set
    index, option = policy_set.index, "--users"
    made: dict[str, ir.User] = {}
    for id_, attributes in users.items():
        if index.knows(id_):
            stop(Problem(option, f"{quoted(id_)} is in the policy set already", "made-up users need ids of their own"))
        if not isinstance(attributes, dict):
            help = 'write it as `{"ID": {"ATTRIBUTE": VALUE}}`'
            stop(Problem(option, f"{quoted(id_)} is not an object with attributes", help))
        made[id_] = msgspec.structs.replace(nobody(id_), attributes=_values(index, option, attributes))
    return PolicySet(index.changed(users=made))


def _values(index: Index, option: str, attributes: dict[str, Any]) -> tuple[ir.UserValue, ...]:
    """Attributes of a user, as a declaration holds them."""
    found = []
    for name, raw in sorted(attributes.items()):
        know("attribute of users", name, index.subject)
        if raw is None:
            continue
        try:
            found.append(stated_value(index, name, raw))
        except BadValueError as error:
            stop(Problem(option, str(error)))
    return tuple(found)


def _role(index: Index, given: str) -> tuple[str, str | None]:
    """A role and the place where it is given, from ``ROLE`` or ``ROLE@KIND:PLACE``."""
    if given in index.roles:
        return given, None
    role, at, where = given.partition("@")
    if role not in index.roles:
        if role in index.groups:
            stop(Problem(role, "unknown role", f"a group has this name: `--as-group {role}`"))
        _unknown("role", role, index.roles)
    if not at:
        return role, None
    kind, colon, place = where.partition(":")
    if not colon:
        stop(Problem("--as-role", f"{quoted(given)} does not name a place", "write it as `ROLE@KIND:PLACE`"))
    know("kind of place", kind, index.kinds)
    places = [name for name, found in index.places.items() if found.kind == kind]
    if place not in places:
        found = index.places.get(place)
        if found is not None:
            help = f"it is a {found.kind}: {quoted(f'{role}@{found.kind}:{place}')}"
            stop(Problem(place, f"unknown {kind}", help))
        _unknown(kind, place, places)
    return role, place


def _no_group(index: Index, group: str) -> NoReturn:
    name, at, _ = group.partition("@")
    if at and name in index.groups:
        help = f"remove the place: `--as-group {name}`"
        stop(Problem("--as-group", "a group applies everywhere, only roles have a place", help))
    if group in index.roles:
        stop(Problem(group, "unknown group", f"a role has this name: `--as-role {group}`"))
    _unknown("group", group, index.groups)


def name_of(index: Index, user: str) -> str | None:
    """The label of a user or an integration."""
    found = index.users.get(user) or index.integrations.get(user)
    return found.label if found is not None else None


# --- what ---------------------------------------------------------------------------------------------------


def know(what: str, name: str, known: Collection[str]) -> None:
    """End the command unless there is something of this name."""
    if name not in known:
        _unknown(what, name, known)


def know_user(index: Index, user: str) -> None:
    """End the command unless that is a user or an integration."""
    if not index.knows(user):
        _unknown("user", user, index.requesters)


def know_action(index: Index, action: str, resource: str) -> None:
    """End the command unless there is such a resource with such an action."""
    know("resource", resource, index.resources)
    know(f"action of `{resource}`", action, index.actions[resource])


def _unknown(what: str, name: str, known: Iterable[str]) -> NoReturn:
    know_no_path(name)
    stop(Problem(name, f"unknown {what}", did_you_mean(name, known) or _known(known)))


def know_no_path(name: str) -> None:
    """End the command where a path stands in the place of a name that there is not."""
    if "\0" not in name and os.path.exists(name):
        help = f"name policy files with `--policies {name}`"
        stop(Problem(name, "expected a name, found a file or folder", help))


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A question that offers the nearest name, if one is near."""
    near = closest(name, known)
    return None if near is None else f"did you mean {quoted(near)}?"


def _known(names: Iterable[str]) -> str:
    found = sorted(names)
    if not found:
        return "the policy set has none"
    shown = [quoted(name) for name in found[:_MOST_LISTED]]
    return f"choose from {listed(shown, 'and')}" if len(found) <= _MOST_LISTED else f"choose from {', '.join(shown)}, …"


# --- when ---------------------------------------------------------------------------------------------------


def read_now(given: str | None, policy_set: PolicySet) -> datetime.datetime:
    """The instant given, or the present one, to the second; ends the command where it is none."""
    now = read_instant(given, CALENDAR)
    try:
        return instant(policy_set.index, now)
    except ValueError:
        outside(given)


# --- the answer ---------------------------------------------------------------------------------------------


def helped(lines: Iterable[str]) -> Iterator[str]:
    """Hints below an answer."""
    for line in lines:
        yield f"  {click.style('help', bold=True)}: {visible(line)}"
