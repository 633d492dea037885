"""Who a binding is for: users, groups and service accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, Origin
from policylang.importing.kubernetes.objects import Object

_ACCOUNT = "system:serviceaccount:"
_ACCOUNTS = "system:serviceaccounts"
_ANONYMOUS = "system:anonymous"


class Principal(msgspec.Struct, frozen=True, order=True):
    """``name``: of a user, or namespace and name of a service account."""

    name: str
    is_account: bool = False


class Subjects:
    """Everybody who is known. Groups of the cluster itself stand for some of them."""

    def __init__(self, imported: Imported, groups: Mapping[str, tuple[str, ...]], accounts: Iterable[Object]) -> None:
        self._set, self._groups = imported, groups
        self._known: set[Principal] = {_user(name) for members in groups.values() for name in members}
        self._known |= {Principal(f"{each.namespace}/{each.name}", True) for each in accounts}

    def read(self, bindings: Iterable[Object]) -> None:
        """Whoever the bindings name is known."""
        for binding in bindings:
            for subject in binding.list("subjects", Imported()):
                found = _principal(subject, binding.namespace)
                if found is not None:
                    self._known.add(found)

    def of(self, binding: Object) -> Iterator[tuple[Principal, Origin]]:
        """Everybody whom a binding is for."""
        for number, subject in enumerate(binding.list("subjects", self._set)):
            origin = binding.origin("subjects", number)
            found = _principal(subject, binding.namespace)
            if found is not None:
                yield found, origin
                continue
            name = subject.get("name") if isinstance(subject, dict) and subject.get("kind") == "Group" else None
            if not isinstance(name, str) or not name:
                what = "is not a user, group or service account"
                if _is_account(subject):
                    what = f"is the service account {quoted(subject['name'])} of no namespace"
                self._set.refuse("shape", origin, f"a subject of {binding.kind} {quoted(binding.name)} {what}")
                continue
            members = self._members(name)
            if members is None:
                message = (
                    f"the members of the group {quoted(name)} are unknown: {quoted(binding.name)} gives it nothing"
                )
                self._set.refuse("group-members", origin, message)
            else:
                yield from ((member, origin) for member in sorted(members))

    def _members(self, group: str) -> set[Principal] | None:
        """Those known who are in a group; ``None`` where that is not said."""
        if group in self._groups:
            return {_user(name) for name in self._groups[group]}
        if group == "system:authenticated":
            return {each for each in self._known if each.name != _ANONYMOUS}
        if group == "system:unauthenticated":
            return {Principal(_ANONYMOUS)}
        if group == _ACCOUNTS:
            return {each for each in self._known if each.is_account}
        if group.startswith(f"{_ACCOUNTS}:"):
            inside = group.removeprefix(f"{_ACCOUNTS}:") + "/"
            return {each for each in self._known if each.is_account and each.name.startswith(inside)}
        return None


def _user(name: str) -> Principal:
    """A user, or the service account that a user's name stands for."""
    namespace, found, account = name.removeprefix(_ACCOUNT).partition(":")
    if name.startswith(_ACCOUNT) and found and namespace and account:
        return Principal(f"{namespace}/{account}", True)
    return Principal(name)


def _is_account(subject: Any) -> bool:
    """Whether a subject that is nobody lacks nothing but the namespace of a service account."""
    if not isinstance(subject, dict) or subject.get("kind") != "ServiceAccount" or subject.get("namespace"):
        return False
    return isinstance(subject.get("name"), str) and bool(subject["name"])


def _principal(subject: object, around: str) -> Principal | None:
    """The user or service account that a subject is; an account without a namespace is of that of the binding."""
    if not isinstance(subject, dict):
        return None
    kind, name, namespace = subject.get("kind"), subject.get("name"), subject.get("namespace") or around
    if not isinstance(name, str) or not name:
        return None
    if kind == "User":
        return _user(name)
    if kind == "ServiceAccount" and isinstance(namespace, str) and namespace:
        return Principal(f"{namespace}/{name}", True)
    return None
