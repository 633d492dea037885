"""Edits of bindings: a subject more or less, a binding that is not there yet, or one that is for nobody any more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted
from policylang.importing.kubernetes.objects import Object
from policylang.importing.kubernetes.patch_yaml import changed_items
from policylang.text.names import free_name

_API = "rbac.authorization.k8s.io"
_CALLED = re.compile(r"(?P<name>[a-z0-9.-]+) in (?P<namespace>[a-z0-9-]+)")


class _Given(msgspec.Struct, frozen=True):
    """A role for somebody. ``namespace``: where; empty for the whole cluster. ``account``: a service account, which is
    named with its namespace.
    """

    role: str
    namespace: str
    who: str
    account: bool
    wanted: Wanted


def given(objects: Sequence[Object], wanted: Sequence[Wanted]) -> Iterator[_Given]:
    """What assignments and integrations come to. Raises `CannotExpressError`."""
    for each in wanted:
        if each.kind == "assignment":
            yield _Given(each.role, each.place, each.holder, False, each)
        elif each.kind == "integration":
            yield from _of_account(objects, _account(each), each)
        elif each.kind == "inside" and each.holder.startswith("\n") and each.holder.count("\n") == 1:
            yield from _of_account(objects, each.holder[1:], each)


def _account(of: Wanted) -> str:
    """Namespace and name of a service account."""
    if "/" in of.holder:
        return of.holder
    found = _CALLED.fullmatch(of.label) or _CALLED.fullmatch(of.name.replace("_", "-").replace("-in-", " in "))
    if found is None:
        help = f"call it {quoted('NAME in NAMESPACE')} in its label"
        raise CannotExpressError(of, "a service account is in a namespace, and nothing says in which", help)
    return f"{found['namespace']}/{found['name']}"


def _of_account(objects: Sequence[Object], account: str, of: Wanted) -> Iterator[_Given]:
    """A role of an account: one in a namespace, or all that the account has."""
    namespace, inner = "", of.role
    if of.role.startswith("\n"):
        namespace, mark, inner = of.role[1:].partition("\n")
        if not mark:
            yield from _all_of(objects, account, of)
            return
    yield _Given(inner, namespace, account, True, of)


def _all_of(objects: Sequence[Object], account: str, of: Wanted) -> Iterator[_Given]:
    for binding in objects:
        for _ in _subjects(binding, account, True):
            role = _role_of(binding)
            if role is not None and not of.give:
                yield _Given(role, binding.namespace, account, True, of)


def _role_of(of: Object) -> str | None:
    """The key of the role that a binding is to."""
    ref = of.value.get("roleRef")
    if of.kind not in ("RoleBinding", "ClusterRoleBinding") or not isinstance(ref, dict):
        return None
    name = ref.get("name")
    return f"{of.namespace}/{name}" if ref.get("kind") == "Role" else name


def _subjects(of: Object, who: str, account: bool) -> Iterator[int]:
    """Where somebody stands among the subjects of a binding."""
    subjects = of.value.get("subjects")
    for number, each in enumerate(subjects if isinstance(subjects, list) else ()):
        if not isinstance(each, dict):
            continue
        name = each.get("name")
        if account and each.get("kind") == "ServiceAccount":
            name = f"{each.get('namespace') or of.namespace}/{name}"
        elif account or each.get("kind") != "User":
            continue
        if name == who:
            yield number


def patch_bindings(
    objects: Sequence[Object], every: Sequence[_Given]
) -> tuple[list[SourceEdit], list[list[_Given]], list[tuple[Object, Wanted]]]:
    """Edits of the bindings that there are, for whom new ones are, and those that go. Raises `CannotExpressError`."""
    kept = {(each.role, each.namespace, each.who, each.account) for each in every if each.wanted.give}
    added: dict[int, list[_Given]] = {}
    gone: dict[int, dict[int, _Given]] = {}
    new: dict[tuple[str, str], list[_Given]] = {}
    for each in every:
        fitting = [n for n, of in enumerate(objects) if (_role_of(of), of.namespace) == (each.role, each.namespace)]
        mine = [(n, at) for n in fitting for at in _subjects(objects[n], each.who, each.account)]
        if not each.wanted.give:
            if (each.role, each.namespace, each.who, each.account) in kept:
                continue
            if not mine:
                where = f"in the namespace {quoted(each.namespace)}" if each.namespace else "in the whole cluster"
                why = f"there is no binding {where} to the role whose subject it is by name"
                raise CannotExpressError(each.wanted, why, "take it out of the group that the binding names")
            for number, at in mine:
                gone.setdefault(number, {})[at] = each
        elif mine:
            continue
        elif fitting:
            added.setdefault(fitting[0], []).append(each)
        else:
            new.setdefault((each.role, each.namespace), []).append(each)
    edits: list[SourceEdit] = []
    empty: list[tuple[Object, Wanted]] = []
    for number, of in enumerate(objects):
        new_here, gone_here = added.get(number, []), gone.get(number, {})
        if gone_here and not new_here and len(gone_here) == len(of.value["subjects"]):
            empty.append((of, next(iter(gone_here.values())).wanted))
        elif new_here or gone_here:
            edits += _edited(of, new_here, gone_here)
    return edits, list(new.values()), empty


def _edited(of: Object, added: Sequence[_Given], gone: dict[int, _Given]) -> Iterator[SourceEdit]:
    """A binding with other subjects."""
    why = next(iter((*gone.values(), *added))).wanted.words
    if (*of.steps, "subjects") not in of.document.places:
        at = of.document.places[of.steps]
        raise CannotExpressError(
            added[0].wanted, f"the binding at {of.source.name}:{at[0]} has no subjects", "add the first"
        )
    new = [_subject(each) for each in added]
    yield from changed_items(of, (*of.steps, "subjects"), new, sorted(gone), why)


def _subject(of: _Given) -> dict[str, Any]:
    """Somebody as bindings name them."""
    if not of.account:
        return {"kind": "User", "name": of.who, "apiGroup": _API}
    namespace, _, name = of.who.partition("/")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def binding(every: Sequence[_Given], taken: set[tuple[str, str, str]]) -> dict[str, Any]:
    """An object for a new binding of one role in one place, called like the role. ``taken``: kinds, namespaces and
    names that there are.
    """
    of = every[0]
    namespace, _, name = of.role.rpartition("/")
    if namespace != of.namespace and namespace:
        message = f"the role holds in its own namespace {quoted(namespace)} only"
        raise CannotExpressError(of.wanted, message, f"assign it at {quoted(namespace)}")
    kind = "RoleBinding" if of.namespace else "ClusterRoleBinding"
    called = free_name(name, {each for *where, each in taken if where == [kind, of.namespace]}, "-")
    taken.add((kind, of.namespace, called))
    metadata = {"name": called, **({"namespace": of.namespace} if of.namespace else {})}
    return {
        "apiVersion": f"{_API}/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": _API, "kind": "Role" if namespace else "ClusterRole", "name": name},
        "subjects": [_subject(each) for each in every],
    }
