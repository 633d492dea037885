"""The statements of a policy set that hand something out, narrow it or take it away; the set without one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from policylang.diagnostics import cut
from policylang.ir import nodes as ir
from policylang.model.words import condition_in_words
from policylang.runtime.index import Index
from policylang.syntax.quoting import quote_text

_Kind = Literal["grant", "deny", "limit", "append", "override", "assignment", "membership", "job", "role"]
_Names = Mapping[str, Collection[str]]
"""Resource, and its attributes."""
_Owner = tuple[Literal["everyone", "group", "role", "user", "job", "integration"], str]


class CoveredStatement(msgspec.Struct, frozen=True):
    """A statement, known by its place. ``actions``: those it names, in the order of their declaration; empty where it
    speaks of all. ``words``: nearly as it is written.
    """

    kind: _Kind
    at: str
    owner: _Owner
    words: str
    actions: tuple[str, ...] = ()


def statements(policy_set: ir.PolicySet) -> Iterator[CoveredStatement]:
    """All statements, each once."""
    names = {each.name: frozenset(a.name for a in each.attributes) for each in policy_set.resources}
    for group in policy_set.groups:
        yield from _bundle(("group", group.name), group, names)
    for role in policy_set.roles:
        yield from _bundle(("role", role.name), role, names)
    for deny in policy_set.denies:
        yield _deny(("everyone", ""), deny, names)
    for job in policy_set.jobs:
        for ref in job.roles:
            yield CoveredStatement("role", ref.at, ("job", job.code), f"role {ref.name} of job {quote_text(job.code)}")
    for user in policy_set.users:
        yield from _user(user)
    for integration in policy_set.integrations:
        for ref in integration.roles:
            words = f"role {ref.name} of integration {integration.name}"
            yield CoveredStatement("role", ref.at, ("integration", integration.name), words)


def _bundle(owner: _Owner, bundle: ir.Group | ir.Role, names: _Names) -> Iterator[CoveredStatement]:
    for ref in bundle.roles:
        yield CoveredStatement("role", ref.at, owner, f"role {ref.name} in {owner[0]} {owner[1]}")
    for grant in bundle.grants:
        fields = cut(ir.in_brackets(grant.fields))
        words = f"grant {'all' if grant.wildcard else ', '.join(grant.actions)} on {grant.resource}{fields}"
        yield CoveredStatement("grant", grant.at, owner, words, grant.actions)
    for deny in bundle.denies:
        yield _deny(owner, deny, names)
    for limit in bundle.limits:
        yield CoveredStatement("limit", limit.at, owner, f"policy {limit_in_words(limit)}", limit.actions or ())


def limit_in_words(limit: ir.Limit) -> str:
    """``newer_than(90 days) on customer for view``"""
    return limit.instance + (f" for {', '.join(limit.actions)}" if limit.actions else "")


def _deny(owner: _Owner, deny: ir.Deny, names: _Names) -> CoveredStatement:
    return CoveredStatement("deny", deny.at, owner, deny_in_words(deny, names[deny.resource]), deny.actions)


def deny_in_words(deny: ir.Deny, names: Collection[str]) -> str:
    """``deny delete on customer { status is active }``"""
    fields = cut(ir.in_brackets(deny.fields))
    where = "" if deny.condition is None else f" {{ {cut(condition_in_words(deny.condition, names))} }}"
    return f"deny {', '.join(deny.actions)} on {deny.resource}{fields}{where}"


def _user(user: ir.User) -> Iterator[CoveredStatement]:
    owner: _Owner = ("user", user.id)
    of = f" of {quote_text(user.id)}"
    if user.group is not None:
        yield CoveredStatement("membership", user.group.at, owner, f"group {user.group.name}{of}")
    if user.job is not None:
        yield CoveredStatement("job", user.job.at, owner, f"job {quote_text(user.job.name)}{of}")
    for each in user.appends:
        words = f"append policy {limit_in_words(each.limit)}{of}"
        yield CoveredStatement("append", each.at, owner, words, each.limit.actions or ())
    for each in user.overrides:
        words = f"override policy {limit_in_words(each.limit)}{of}"
        yield CoveredStatement("override", each.at, owner, words, each.limit.actions or ())
    for assignment in user.assignments:
        place = "" if assignment.place is None else f" at {quote_text(assignment.place)}"
        yield CoveredStatement("assignment", assignment.at, owner, f"assign role {assignment.role}{place}{of}")


def without(index: Index, gone: Iterable[CoveredStatement], action: str | None = None) -> Index:
    """The policy set without some statements, or with grants that do not name one of their actions."""
    of: dict[_Owner, set[str]] = {}
    for each in gone:
        of.setdefault(each.owner, set()).add(each.at)
    changed: dict[str, dict[str, Any]] = {}
    everyone = of.pop(("everyone", ""), set())
    for (kind, name), ats in of.items():
        declared = _DECLARED[kind]
        changed.setdefault(declared, {})[name] = _stripped(getattr(index, declared)[name], ats, action)
    denies = tuple(deny for deny in index.denies if deny.at not in everyone) if everyone else None
    return index.changed(denies=denies, **changed)


_DECLARED = {"group": "groups", "role": "roles", "job": "jobs", "user": "users", "integration": "integrations"}


def _stripped(declaration: Any, ats: Collection[str], action: str | None) -> Any:
    """A declaration without what stands at some places."""
    kept: dict[str, Any] = {}
    for field in declaration.__struct_fields__:
        value = getattr(declaration, field)
        if isinstance(value, tuple):
            kept[field] = tuple(item for each in value if (item := _kept(each, ats, action)) is not None)
        elif isinstance(value, ir.Ref) and value.at in ats:
            kept[field] = None
    return msgspec.structs.replace(declaration, **kept)


def _kept(item: Any, ats: Collection[str], action: str | None) -> Any:
    if getattr(item, "at", None) not in ats:
        return item
    if action is None or not isinstance(item, ir.Grant):
        return None
    return msgspec.structs.replace(item, actions=tuple(name for name in item.actions if name != action))
