"""What policy files say otherwise than a product, statement by statement, in the product's own names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from policylang.importing.edits import EditKind, HolderKind, Wanted
from policylang.importing.importing import Import
from policylang.importing.matching import by_name
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.words import condition_in_words
from policylang.syntax.quoting import quote_text


class _Fact(msgspec.Struct, frozen=True, order=True):
    """A statement by what it says. ``other``: the role, group or policy that it is about; ``detail``: whatever else
    makes it another one.
    """

    kind: EditKind
    of: HolderKind
    holder: str
    resource: str = ""
    action: str = ""
    other: str = ""
    place: str = ""
    detail: str = ""


class _Said(msgspec.Struct, frozen=True):
    """Where a statement stands, and the condition in it."""

    at: str
    words: str
    condition: c.Condition | None = None


def all_wanted(files: ir.PolicySet, made: Import) -> list[Wanted]:
    """Everything that the files say and the product does not, and the other way round."""
    product = made.project.ir
    assert product is not None
    foreign = _Foreign(files, product, made)
    before, after = _facts(product), _facts(files)
    gone = {(each.of, each.holder) for each in before if each.kind == "role" and each not in after}
    found = []
    for fact in sorted(before.keys() ^ after.keys()):
        said = after.get(fact) or before[fact]
        at = said.at if fact in after else _declared(files, fact.of, fact.holder)
        found.append(foreign.wanted(fact, said, at, give=fact in after, is_gone=(fact.of, fact.holder) in gone))
    return found


def _facts(of: ir.PolicySet) -> dict[_Fact, _Said]:
    """Every statement that may decide something; of two that are the same the first."""
    found: dict[_Fact, _Said] = {}
    for fact, said in _Facts(of).all():
        found.setdefault(fact, said)
    return found


class _Facts:
    def __init__(self, of: ir.PolicySet) -> None:
        self._set = of
        self._instances = {each.id: each for each in of.policy_instances}
        self._attributes = {each.name: [attribute.name for attribute in each.attributes] for each in of.resources}
        self._owned = {each.name for each in of.roles if each.owner is not None}

    def all(self) -> Iterator[tuple[_Fact, _Said]]:
        of = self._set
        for role in of.roles:
            if role.owner is not None:
                yield (
                    _Fact("own", "user", role.owner, detail="own"),
                    _Said(role.at, "own grants, denies and policies"),
                )
            else:
                yield from self._bundle("role", role)
        for group in of.groups:
            yield from self._bundle("group", group)
        for deny in of.denies:
            yield from self._deny("everyone", "everyone", "", deny)
        for instance in of.policy_instances:
            yield self._policy(instance)
        for job in of.jobs:
            for each in job.roles:
                yield _Fact("job", "job", job.code, other=each.name), _Said(each.at, f"role {each.name}")
        for user in of.users:
            yield from self._user(user)
        for integration in of.integrations:
            for each in integration.roles:
                fact = _Fact("integration", "integration", integration.name, other=each.name)
                yield fact, _Said(each.at, f"role {each.name}")

    def _bundle(self, kind: HolderKind, of: ir.Role | ir.Group) -> Iterator[tuple[_Fact, _Said]]:
        yield _Fact("role", kind, of.name), _Said(of.at, "")
        for inner in of.roles:
            yield _Fact("inside", kind, of.name, other=inner.name), _Said(inner.at, f"role {inner.name}")
        for grant in of.grants:
            for action in grant.actions:
                words = f"grant {action} on {grant.resource}"
                yield _Fact("grant", kind, of.name, grant.resource, action), _Said(grant.at, words)
                if grant.fields is not None:
                    fields = ", ".join(grant.fields)
                    fact = _Fact("fields", kind, of.name, grant.resource, action, detail=fields)
                    yield fact, _Said(grant.at, f"{words} ({fields})")
        for deny in of.denies:
            yield from self._deny("deny", kind, of.name, deny)
        for limit in of.limits:
            instance = self._instances[limit.instance]
            actions = ", ".join(limit.actions or instance.actions or ())
            fact = _Fact("limit", kind, of.name, instance.resource, other=instance.policy, detail=actions)
            words = f"policy {instance.policy} on {instance.resource}" + (f" for {actions}" if actions else "")
            yield fact, _Said(limit.at, words, instance.condition)

    def _deny(self, kind: EditKind, of: HolderKind, holder: str, deny: ir.Deny) -> Iterator[tuple[_Fact, _Said]]:
        where = self._words(deny.resource, deny.condition) if deny.condition is not None else ""
        fields = ir.in_brackets(deny.fields)
        for action in deny.actions:
            words = f"deny {action} on {deny.resource}{fields}" + (f" {{ {where} }}" if where else "")
            yield (
                _Fact(kind, of, holder, deny.resource, action, detail=f"{fields}{where}"),
                _Said(deny.at, words, deny.condition),
            )

    def _policy(self, of: ir.PolicyInstance) -> tuple[_Fact, _Said]:
        where = self._words(of.resource, of.condition)
        fact = _Fact("condition", "policy", of.policy, of.resource, other=of.policy, detail=where)
        return fact, _Said(of.at, f"policy {of.policy} on {of.resource} {{ {where} }}", of.condition)

    def _words(self, resource: str, condition: c.Condition) -> str:
        return condition_in_words(condition, self._attributes[resource])

    def _user(self, user: ir.User) -> Iterator[tuple[_Fact, _Said]]:
        if user.group is not None:
            yield _Fact("member", "user", user.id, other=user.group.name), _Said(user.at, f"in {user.group.name}")
        for mark in ("superuser", "terminated"):
            if getattr(user, mark):
                yield _Fact("person", "user", user.id, detail=mark), _Said(user.at, mark)
        for value in user.attributes:
            shown = ", ".join(str(each.value) for each in value.values)
            yield _Fact("person", "user", user.id, detail=f"{value.name}: {shown}"), _Said(value.at, value.name)
        if user.job is not None:
            yield (
                _Fact("person", "user", user.id, detail=f"job {user.job.name}"),
                _Said(user.at, f"job {user.job.name}"),
            )
        for word, policies in (("append", user.appends), ("override", user.overrides)):
            for each in policies:
                fact = _Fact("own", "user", user.id, detail=f"{word} {each.limit.instance}")
                yield fact, _Said(each.at, f"{word} policy")
        for assignment in user.assignments:
            if assignment.role not in self._owned:
                yield from self._assignment(user, assignment)

    def _assignment(self, user: ir.User, of: ir.Assignment) -> Iterator[tuple[_Fact, _Said]]:
        place = of.place or ""
        words = f"assign role {of.role}" + (f" at {quote_text(place)}" if place else "")
        yield _Fact("assignment", "user", user.id, other=of.role, place=place), _Said(of.at, words)
        dates = [f"{word} {when}" for word, when in (("from", of.begins), ("until", of.ends)) if when]
        if dates:
            shown = " ".join(dates)
            fact = _Fact("dates", "user", user.id, other=of.role, place=place, detail=shown)
            yield fact, _Said(of.at, f"{words} {shown}")


def _declared(of: ir.PolicySet, kind: str, name: str) -> str:
    """Where something is declared; empty where it is not."""
    things = by_name(of, kind)
    return things[name].at if name in things else ""


class _Foreign:
    """The product's names for things: those that the import knows, else their labels."""

    def __init__(self, files: ir.PolicySet, product: ir.PolicySet, made: Import) -> None:
        self._known: dict[tuple[str, str], str] = {(kind, name): key for (kind, key), name in made.names.items()}
        self._labels: dict[tuple[str, str], str | None] = {}
        for of in (product, files):
            things: Mapping[str, Sequence[Any]] = {
                "role": of.roles,
                "group": of.groups,
                "resource": of.resources,
                "policy": of.policies,
                "integration": of.integrations,
            }
            self._labels |= {(kind, each.name): each.label for kind, every in things.items() for each in every}

    def name(self, kind: str, name: str) -> str:
        if not name:
            return ""
        return self._known.get((kind, name)) or self._labels.get((kind, name)) or name

    def wanted(self, fact: _Fact, said: _Said, at: str, *, give: bool, is_gone: bool) -> Wanted:
        is_policy = fact.kind in ("limit", "condition")
        named = ("policy", fact.other) if is_policy else (fact.of, fact.holder)
        given = "policy" if is_policy else "group" if fact.kind == "member" else "role"
        actions = fact.detail.split(", ") if fact.kind == "limit" and fact.detail else ()
        return Wanted(
            kind=fact.kind,
            of=fact.of,
            holder=self.name(fact.of, fact.holder),
            resource=self.name("resource", fact.resource),
            action=self.name("action", fact.action),
            role=self.name(given, fact.other),
            give=give,
            words=": ".join(each for each in (f"{fact.of} {fact.holder}".strip(), said.words) if each),
            at=at,
            place=self.name("place", fact.place),
            is_gone=is_gone,
            name=named[1],
            label=self._labels.get(named) or "",
            actions=tuple(self.name("action", each) for each in actions),
            condition=None if said.condition is None else said.condition.map_tests(self._in_tests),
        )

    def _in_tests(self, test: c.Test) -> c.Test:
        return test.map_operands(self._operand)

    def _operand(self, of: c.Operand) -> c.Operand:
        """An attribute as the product names it."""
        if not isinstance(of, c.Path):
            return of
        kind = "subject" if of.root == "subject" else "attribute"
        return msgspec.structs.replace(of, steps=tuple(self._known.get((kind, each)) or each for each in of.steps))
