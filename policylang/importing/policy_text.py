"""A compiled policy set as policy text that decides the same, without what decides nothing, such as reviews."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeGuard

import msgspec

from policylang.importing.texts import text
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import NUMBERS as NUMBER_TYPES
from policylang.model.types import (
    BoolType,
    DateTimeType,
    DateType,
    DurationType,
    EnumType,
    PlaceType,
    RecordType,
    SetType,
    Type,
    UserType,
)
from policylang.model.words import condition_in_words, value_in_words
from policylang.text.names import free_name

_BARE = (BoolType, DateType, DateTimeType, EnumType, *NUMBER_TYPES)
"""Types whose values stand without quotes in a user's block."""


def policy_texts(of: ir.PolicySet) -> dict[str, str]:
    """By name of the file. Policies are written as they are attached: on one resource, with their arguments."""
    writing = _Writing(of)
    found = {
        "world.policy": writing.world(),
        "resources.policy": map(writing.resource, of.resources),
        "policies.policy": sorted(map(writing.policy, of.policy_instances)),
        "groups.policy": (writing.bundle("group", each) for each in of.groups),
        "roles.policy": (writing.bundle("role", each) for each in of.shared_roles),
        "denies.policy": map(writing.deny, of.denies),
        "integrations.policy": map(_integration, of.integrations),
        "people.policy": (*map(_job, of.jobs), *map(writing.user, of.users)),
    }
    texts = {name: "\n".join(lines) for name, lines in found.items()}
    return {name: f"{content}\n" for name, content in texts.items() if content}


_NOTHING = "{ }"


class _Writing:
    def __init__(self, of: ir.PolicySet) -> None:
        self._set = of
        self._attributes = {each.name: [attribute.name for attribute in each.attributes] for each in of.resources}
        self._plain = {
            each.name: [attribute.name for attribute in each.attributes if not attribute.sensitive]
            for each in of.resources
        }
        self._own = {each.owner: each for each in of.roles if each.owner is not None}
        self._labels = {each.name: each.label for each in of.policies}
        self._kinds = {each.name: each.kind for each in of.places}
        self._types = {each.name: each.type for each in of.subject}
        self._names = _names_of_instances(of)
        self._given = {
            each.id: _Given.out_of(each.condition, self._attributes[each.resource]) for each in of.policy_instances
        }

    # --- the world -----------------------------------------------------------------------------------------------

    def world(self) -> Iterator[str]:
        of = self._set
        yield f"timezone {text(of.timezone)}"
        inner = {each.parent: each.name for each in of.scope}
        kinds: list[str] = []
        while (kind := inner.get(kinds[-1] if kinds else None)) is not None:
            kinds.append(kind)
        if kinds:
            yield f"scope {' contains '.join(kinds)}"
        for place in of.places:
            yield f"place {place.kind} {text(place.name)}" + (f" in {text(place.parent)}" if place.parent else "")
        for feature in of.features:
            yield f"feature {feature.name}{_label(feature.label)} {'on' if feature.on else 'off'}"
        for word, attributes in (("subject", of.subject), ("request", of.request)):
            if attributes:
                yield _block(word, map(_attribute, attributes))

    def resource(self, of: ir.Resource) -> str:
        attributes = (_attribute(each) + (" as tree" if each.name == of.tree else "") for each in of.attributes)
        items = (*attributes, *_actions(of.actions))
        return f"resource {of.name}{_label(of.label)} {_in_braces(items)}"

    def policy(self, of: ir.PolicyInstance) -> str:
        given = self._given[of.id]
        wanted = _listed(f"{each.name}: {_type(each.type)}" for each in given.parameters)
        head = f"policy {self._names[of.id]}{wanted}{_label(self._labels.get(of.policy))}"
        return f"{head} on {of.resource}{_for(of.actions)} {{ {self._condition(of.resource, given.condition)} }}"

    def _condition(self, resource: str, condition: c.Condition) -> str:
        return condition_in_words(condition, self._attributes[resource])

    # --- who gets what -------------------------------------------------------------------------------------------

    def bundle(self, kind: str, of: ir.Role | ir.Group) -> str:
        marks = [word for word in ("protected", "essential") if getattr(of, word, False)]
        head = " ".join((*marks, kind, of.name)) + _label(of.label)
        return _block(head, (*_roles(of.roles), *self._said(of)))

    def _said(self, of: ir.Role | ir.Group) -> Iterator[str]:
        yield from map(self._grant, of.grants)
        yield from map(self.deny, of.denies)
        yield from map(self._limit, of.limits)

    def _grant(self, of: ir.Grant) -> str:
        head = f"grant {', '.join(of.actions)} on {of.resource}"
        if of.fields is None:
            return head
        if not of.fields:
            return f"{head} except {', '.join(self._plain[of.resource])}"
        return f"{head} ({', '.join(of.fields)})"

    def deny(self, of: ir.Deny) -> str:
        """A deny, for everyone or in a block."""
        fields = ir.in_brackets(of.fields)
        where = "" if of.condition is None else f" {{ {self._condition(of.resource, of.condition)} }}"
        return f"deny {', '.join(of.actions)} on {of.resource}{fields}{where}"

    def _limit(self, of: ir.Limit) -> str:
        given = _listed(_constant(each.type, each.value) for each in self._given[of.instance].parameters)
        return f"policy {self._names[of.instance]}{given}{_for(of.actions)}"

    def user(self, of: ir.User) -> str:
        marks = [word for word in ("superuser", "terminated") if getattr(of, word)]
        head = " ".join((*marks, "user", text(of.id))) + _label(of.label)
        head += f" in {of.group.name}" if of.group is not None else ""
        head += f" job {text(of.job.name)}" if of.job is not None else ""
        own = self._own.get(of.id)
        items = [f"{each.name} : {_value(self._types[each.name], each.values)}" for each in of.attributes]
        items += [f"append {self._limit(each.limit)}" for each in of.appends]
        items += [f"override {self._limit(each.limit)}" for each in of.overrides]
        items += [self._assignment(each) for each in of.assignments if own is None or each.role != own.name]
        items += [] if own is None else self._said(own)
        return _block(head, items)

    def _assignment(self, of: ir.Assignment) -> str:
        place = "" if of.place is None else f" at {self._kinds[of.place]} {text(of.place)}"
        return f"assign role {of.role}{place}{_period(of.begins, of.ends)}"


def _integration(of: ir.Integration) -> str:
    items = [*_roles(of.roles)]
    items += [f"objects {', '.join(each.name for each in of.objects)}"] if of.objects else []
    items += [f"mirror role {of.mirror.name}"] if of.mirror is not None else []
    items += [_period(of.start, of.until).strip()] if of.start or of.until else []
    return f"integration {of.name}{_label(of.label)} {_in_braces(items)}"


def _job(of: ir.Job) -> str:
    return f"job {text(of.code)}{_label(of.label)} {_in_braces(_roles(of.roles))}"


def _roles(of: Sequence[ir.Ref]) -> Iterator[str]:
    if of:
        yield f"role {', '.join(each.name for each in of)}"


def _names_of_instances(of: ir.PolicySet) -> dict[str, str]:
    """A name for each policy as it is attached: its own, where it is attached in one way."""
    several: dict[str, list[ir.PolicyInstance]] = {}
    for each in of.policy_instances:
        several.setdefault(each.policy, []).append(each)
    taken = {each.name for each in of.policies}
    names = {}
    for policy, instances in sorted(several.items()):
        for each in instances:
            names[each.id] = policy if len(instances) == 1 else free_name(f"{policy}_on_{each.resource}", taken)
            taken.add(names[each.id])
    return names


class _Parameter(msgspec.Struct, frozen=True):
    name: str
    type: Type
    value: c.Value


class _Given(msgspec.Struct, frozen=True):
    """A condition in which names stand for the constants that came in as arguments and cannot stand there as such: in
    place of the only word of a test, and where the other side is never so.
    """

    condition: c.Condition
    parameters: tuple[_Parameter, ...]

    @staticmethod
    def out_of(condition: c.Condition, attributes: Collection[str]) -> _Given:
        found: list[_Parameter] = []
        taken = {*attributes, *(word for each in condition.operands() for word in _words(each.type))}

        def name(type_: Type, value: c.Value) -> str:
            known = next((each.name for each in found if (each.type, each.value) == (type_, value)), None)
            if known is not None:
                return known
            number = len(found) + 1
            while (made := f"given_{number}") in taken:
                number += 1
            taken.add(made)
            found.append(_Parameter(made, type_, value))
            return made

        def named(test: c.Test) -> c.Condition:
            sides = test.sides
            if sides and isinstance(sides[0], c.Constant) and all(isinstance(each, c.Constant) for each in sides):
                first = sides[0]
                return test.map_operands(
                    lambda each: _word(name(each.type, first.value), each) if each is first else each
                )
            if isinstance(test, c.In):
                words = _words(test.operand.type)
                values = [
                    name(EnumType((str(each), words[0])), each) if words and each not in words else each
                    for each in test.values
                ]
                return msgspec.structs.replace(test, values=tuple(values))
            words = tuple(word for each in sides if isinstance(each, c.Path) for word in _words(each.type))
            return test.map_operands(
                lambda each: _word(name(each.type, each.value), each) if _is_strange(each, words) else each
            )

        made = condition.map_tests(named)
        return _Given(made, tuple(found))


def _words(of: Type) -> tuple[str, ...]:
    return of.item.values if isinstance(of.item, EnumType) else ()


def _is_strange(each: c.Operand, words: Collection[str]) -> TypeGuard[c.Constant]:
    return isinstance(each, c.Constant) and isinstance(each.type, EnumType) and each.value not in words


def _word(name: str, of: c.Operand) -> c.Constant:
    return c.Constant(EnumType((name,)), name, of.at)


# --- parts -------------------------------------------------------------------------------------------------------


def _block(head: str, items: Iterable[str]) -> str:
    """A declaration that needs no block."""
    inside = _in_braces(items)
    return head if inside == _NOTHING else f"{head} {inside}"


def _in_braces(items: Iterable[str]) -> str:
    inside = "\n".join(f"  {item}" for item in items)
    return f"{{\n{inside}\n}}" if inside else _NOTHING


def _label(label: str | None) -> str:
    return "" if label is None else f" {text(label)}"


def _for(actions: Sequence[str] | None) -> str:
    return "" if actions is None else f" for {', '.join(actions)}"


def _period(first: str | None, last: str | None) -> str:
    return (f" from {first}" if first else "") + (f" until {last}" if last else "")


def _attribute(of: ir.Attribute) -> str:
    marks = ("optional " if of.optional else "") + ("sensitive " if of.sensitive else "")
    return f"{marks}{of.name} : {_type(of.type)}"


def _type(of: Type) -> str:
    match of:
        case SetType(item):
            return f"set of {_type(item)}"
        case EnumType(values):
            return f"one of {', '.join(values)}"
        case UserType(role):
            return "user" if role is None else f"user with role {role}"
        case RecordType(resource):
            return resource
        case PlaceType(scope):
            return scope
        case _:
            return str(of.__struct_config__.tag)


def _actions(of: Sequence[ir.Action]) -> Iterator[str]:
    """Actions in their order; those of which nothing more is said in one list."""
    for is_plain, each in groupby(of, key=lambda action: not _clauses(action)):
        if is_plain:
            yield f"actions {', '.join(action.name for action in each)}"
        else:
            yield from (f"action {action.name}{_clauses(action)}" for action in each)


def _clauses(of: ir.Action) -> str:
    said = f" like {of.kind}" if of.kind not in (None, of.name) else ""
    said += f" requires {_requirement(of.requires)}" if of.requires is not None else ""
    said += " bypasses policies" if of.bypasses_policies else ""
    return said if set(of.assignable_via) == {"ui", "api"} else f"{said} assignable via {', '.join(of.assignable_via)}"


def _requirement(of: ir.Requirement) -> str:
    match of:
        case ir.RequiresAll(items) | ir.RequiresAny(items):
            word = " and " if isinstance(of, ir.RequiresAll) else " or "
            return f"({word.join(map(_requirement, items))})"
        case ir.RequiresFeature(feature):
            return f"feature {feature}"
        case ir.RequiresSuperuser():
            return "superuser"
        case ir.RequiresGrant(action, resource, kind):
            return f"{action} on {resource}{f' at {kind}' if kind is not None else ''}"


def _listed(parts: Iterable[str]) -> str:
    said = ", ".join(parts)
    return f"({said})" if said else ""


def _constant(of: Type, value: c.Value) -> str:
    """As an argument."""
    bare = isinstance(value, bool) or isinstance(of, (*_BARE, DurationType))
    return value_in_words(of, value) if bare else text(str(value))


def _value(of: Type, values: Sequence[c.Constant]) -> str:
    written = [
        _constant(each.type, each.value) if isinstance(each.type, _BARE) else text(str(each.value)) for each in values
    ]
    return f"[{', '.join(written)}]" if isinstance(of, SetType) else written[0]
