"""The text of a policy set: policies, roles, groups, jobs, users."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from itertools import chain

from policylang.model.types import (
    BoolType,
    DateTimeType,
    DateType,
    DurationType,
    IntType,
    SetType,
    TextType,
    Type,
    UserType,
)
from tests.generated.chooser import Chooser
from tests.generated.conditions import Scope, condition
from tests.generated.constants import constant, in_text, quoted
from tests.generated.world import KINDS, STATUS, Resource, World, type_in_text


@dataclass(frozen=True)
class Policy:
    """A policy that can be attached. ``fits``: the resources that it is a policy on. ``only``: the attributes that it
    needs on any resource; none for a policy on one resource.
    """

    name: str
    parameters: tuple[tuple[str, Type], ...]
    only: tuple[str, ...] | None
    fits: tuple[str, ...]
    actions: tuple[str, ...]
    text: str


@dataclass
class _Writer:
    c: Chooser
    world: World
    policies: list[Policy] = field(default_factory=list)


def policy_set(c: Chooser, world: World) -> str:
    """The text of a policy set about the world."""
    w = _Writer(c, world)
    lines = _world(w)
    w.policies.append(_policy(w, "p0"))
    for number in c.repeat(world.features.policies - 1, 88):
        w.policies.append(_policy(w, f"p{number + 1}"))
    lines += [policy.text for policy in w.policies]
    for number, name in enumerate(world.roles):
        mark = "essential " if c.chance(30) else "protected " if c.chance(10) else ""
        # A role holds only later ones, so none holds itself.
        lines += [f"{mark}role {name}{_label(w)} {{", *_bundle(w, world.roles[number + 1 :], 40), "}"]
    for name in world.groups:
        lines += [f"group {name}{_label(w)} {{", *_bundle(w, world.roles, 70), "}"]
    for code in world.jobs:
        lines.append(f"job {quoted(code)}{_label(w)} {{ role {', '.join(c.some(world.roles, 1, 2))} }}")
    lines += chain.from_iterable(_user(w, name) for name in world.users)
    for name in world.integrations:
        roles = f"role {', '.join(c.some(world.roles, 1, 2))}" if c.chance(80) else ""
        days = _days(w) if world.features.dated and c.chance(30) else ""
        lines.append(f"integration {name} {{ {roles} objects {next(iter(world.resources))}{days} }}")
    if world.features.denies:
        lines += [_deny(w) for _ in c.repeat(2, 40)]
    if world.features.separations:
        lines += [_separation(w) for _ in c.repeat(2, 45)]
    return "\n".join(lines) + "\n"


def _label(w: _Writer) -> str:
    return f" {quoted(w.c.one(w.world.constants.texts))}" if w.c.chance(10) else ""


# --- the world -----------------------------------------------------------------------------------------------


def _world(w: _Writer) -> list[str]:
    world = w.world
    lines = [f"timezone {quoted(world.timezone.key)}"] if world.timezone.key != "UTC" else []
    if world.places:
        lines.append("scope region contains zone contains site")
    for name, (kind, parent) in world.places.items():
        lines.append(f"place {kind} {quoted(name)}{f' in {quoted(parent)}' if parent else ''}")
    if world.features.requires:
        lines += [f"feature {name} {'on' if on else 'off'}" for name, on in world.switches.items()]
    for keyword, attributes in (("subject", world.subject), ("request", world.request)):
        if attributes:
            lines += [f"{keyword} {{", *_attributes(attributes), "}"]
    for resource in world.resources.values():
        lines += [f"resource {resource.name}{_label(w)} {{"]
        lines += _attributes(resource.attributes, resource.sensitive, resource.optional, resource.tree)
        lines += [f"  action {action.name}{action.clauses}" for action in resource.actions] + ["}"]
    return lines


def _attributes(
    attributes: dict[str, Type], sensitive: tuple[str, ...] = (), optional: tuple[str, ...] = (), tree: bool = False
) -> list[str]:
    return [
        f"  {'optional ' if name in optional else ''}{'sensitive ' if name in sensitive else ''}"
        f"{name} : {type_in_text(type_)}{' as tree' if tree and name == 'parent' else ''}"
        for name, type_ in attributes.items()
    ]


# --- policies and their attachments --------------------------------------------------------------------------


def _policy(w: _Writer, name: str) -> Policy:
    c, world = w.c, w.world
    resource = c.one(world.with_attributes)
    generic = world.features.generic and c.chance(35)
    parameters = _parameters(w) if world.features.generic and c.chance(45) else ()
    actions = c.some([action.name for action in resource.actions], 1, 3) if c.chance(30) else []
    only: tuple[str, ...] | None = None
    fits = [resource.name]
    if generic:
        only = tuple(c.some(list(resource.attributes), 1, 3))
        fits = [
            other.name
            for other in world.resources.values()
            if all(other.attributes.get(name) == resource.attributes[name] for name in only)
            and (not actions or any(action.name in actions for action in other.actions))
        ]
    scope = Scope(world, resource.name, only, parameters)
    target = f"any resource with {', '.join(only)}" if only else resource.name
    written = ", ".join(f"{parameter}: {type_in_text(type_)}" for parameter, type_ in parameters)
    text = "".join(
        (
            f"policy {name}",
            f"({written})" if written else "",
            f" on {target}",
            f" for {', '.join(actions)}" if actions else "",
            f" {{ {condition(c, scope, world.features.depth)} }}",
        )
    )
    return Policy(name, parameters, only, tuple(fits), tuple(actions), text)


def _parameters(w: _Writer) -> tuple[tuple[str, Type], ...]:
    possible: list[tuple[str, Type]] = [
        ("the_text", TextType()),
        ("the_status", STATUS),
        ("the_number", IntType()),
        ("the_user", UserType(None)),
        ("the_day", DateType()),
        ("the_instant", DateTimeType()),
        ("the_truth", BoolType()),
    ]
    if w.world.features.time or w.world.features.durations:
        possible.insert(0, ("the_length", DurationType()))
    return tuple(w.c.some(possible, 1, 3))


def _attached(w: _Writer, policy: Policy, resource: Resource) -> str:
    """A policy as a role, group or user names it."""
    c = w.c
    arguments = ", ".join(in_text(type_, constant(c, w.world, type_)) for _, type_ in policy.parameters)
    actions = [action.name for action in resource.actions if not policy.actions or action.name in policy.actions]
    some = c.some(actions, 1, 2) if c.chance(25) else []
    return "".join(
        (
            f"policy {policy.name}",
            f"({arguments})" if arguments else "",
            f" on {_any_or(w, resource, policy.only)}" if policy.only is not None else "",
            f" for {', '.join(some)}" if some else "",
        )
    )


def _any_or(w: _Writer, resource: Resource, needed: tuple[str, ...] = ()) -> str:
    """The resource, or any that has the needed attributes and perhaps more of its own."""
    if not w.world.features.generic or w.c.chance(75):
        return resource.name
    names = tuple(dict.fromkeys((*needed, *w.c.some(list(resource.attributes), 0, 2))))
    return f"any resource with {', '.join(names)}" if names and _has_one_type(w.world, names) else resource.name


def _has_one_type(world: World, names: tuple[str, ...]) -> bool:
    having = [each.attributes for each in world.resources.values() if set(names) <= each.attributes.keys()]
    return all(each[name] == having[0][name] for each in having for name in names)


def _limit(w: _Writer) -> str:
    policy = w.c.one([policy for policy in w.policies for _ in range(3 if policy.parameters else 1)])
    return _attached(w, policy, w.world.resources[w.c.one(policy.fits)])


# --- bundles -------------------------------------------------------------------------------------------------


def _bundle(w: _Writer, roles: tuple[str, ...], nested: int) -> list[str]:
    c, features = w.c, w.world.features
    lines = []
    if roles and c.chance(nested):
        lines.append(f"  role {', '.join(c.some(roles, 1, 2))}")
    lines += [f"  {_grant(w)}" for _ in c.repeat(4, 82)]
    if features.denies and c.chance(28):
        lines.append(f"  {_deny(w)}")
    lines += [f"  {_limit(w)}" for _ in c.repeat(2, 35)]
    return lines


def _target(w: _Writer) -> tuple[Resource, str]:
    """A resource and some of its actions."""
    c, world = w.c, w.world
    resource = world.resources["switch"] if c.chance(10) else c.one(world.with_attributes)
    names = [action.name for action in resource.actions]
    return resource, "all" if c.chance(55) else ", ".join(c.some(names, 1, 4))


def _grant(w: _Writer) -> str:
    c = w.c
    if c.chance(4):
        return f"grant {c.one((_viewing(w), 'all', 'show'))} on all resources"
    resource, actions = _target(w)
    target = _any_or(w, resource)
    text = f"grant {actions} on {target}"
    names = list(resource.attributes) if target == resource.name else _named(target)
    plain = [name for name in names if name not in resource.sensitive]
    if not names or not w.world.features.fields or c.chance(45):
        return text
    if c.chance(30):
        return f"{text} ({', '.join(c.some(names, 1, 6))})"
    secret = [name for name in names if name in resource.sensitive]
    if secret and c.chance(60):
        text += f" including {', '.join(c.some(secret, 1))}"
    if plain and c.chance(60):
        text += f" except {', '.join(c.some(plain, 1, 3))}"
    return text


def _named(target: str) -> list[str]:
    """The attributes that `any resource with …` names."""
    return target.removeprefix("any resource with ").split(", ")


def _viewing(w: _Writer) -> str:
    return w.world.with_attributes[0].alike("view")[0]


def _deny(w: _Writer) -> str:
    c = w.c
    if c.chance(5):
        return f"deny {c.one(('approve', _viewing(w)))} on all resources"
    resource, actions = _target(w)
    target = _any_or(w, resource)
    text = f"deny {actions} on {target}"
    if not resource.attributes:
        return text
    names, only = list(resource.attributes), None
    if target != resource.name:
        names, only = _named(target), tuple(_named(target))
    if w.world.features.fields and c.chance(50):
        if len(names) > 1 and c.chance(35):
            text += f" except {', '.join(c.some(names, 1, len(names) - 1))}"
        else:
            text += f" ({', '.join(c.some(names, 1, 3))})"
    if c.chance(75):
        text += f" {{ {condition(c, Scope(w.world, resource.name, only), w.world.features.depth - 1)} }}"
    return text


# --- statements about the whole ------------------------------------------------------------------------------


def _separation(w: _Writer) -> str:
    """Of one resource, where a pair of actions is often held together, or of all."""
    c, world = w.c, w.world
    among = [c.one(world.with_attributes)] if c.chance(60) else list(world.resources.values())
    possible = [f"{action.name} on {resource.name}" for resource in among for action in resource.actions]
    kept = c.some(possible, 2, 4)
    text = f"separate {' from '.join(kept)}"
    if len(kept) > 2 or c.chance(50):
        text = f"separate at most {c.number(1, len(kept) - 1)} of {{ {'  '.join(kept)} }}"
    text += f" {quoted(c.one(world.constants.texts))}" if c.chance(30) else ""
    return f"{text} severity {c.one(('low', 'medium', 'high'))}" if c.chance(30) else text


# --- people --------------------------------------------------------------------------------------------------


def _user(w: _Writer, name: str) -> list[str]:
    c, world = w.c, w.world
    head = f"{'superuser ' if c.chance(25) else ''}{'terminated ' if c.chance(12) else ''}user {quoted(name)}"
    head += f" in {c.one(world.groups)}" if c.chance(75) else ""
    head += f" job {quoted(c.one(world.jobs))}" if c.chance(35) else ""
    lines = [f"{head} {{"]
    for attribute in c.some(list(world.subject)):
        values = _user_value(w, world.subject[attribute])
        lines += [f"  {attribute} : {values}"] if values else []
    if world.features.user_policies:
        for _ in c.repeat(2, 45):
            lines.append(f"  {c.one(('append', 'override'))} {_limit(w)}")
    lines += [f"  {_assignment(w)}" for _ in c.repeat(4, 75)]
    if world.features.own and c.chance(20):
        lines += _bundle(w, (), 0)
    return [*lines, "}"]


def _user_value(w: _Writer, type_: Type) -> str:
    if isinstance(type_, SetType):
        values = {in_text(type_.of, constant(w.c, w.world, type_.of)) for _ in range(w.c.number(1, 3))}
        return f"[{', '.join(sorted(values))}]"
    text = in_text(type_, constant(w.c, w.world, type_))
    return quoted(text) if isinstance(type_, DurationType) else text


_DATES = (
    (None, None),
    (0, None),
    (None, 0),
    (1, None),
    (None, -1),
    (0, 0),
    (-3, 5),
    (-5, -1),
    (1, 4),
    (-1, None),
    (None, 1),
)
"""First and last days of assignments, from today."""


_HOURS = {"from": ("00:00", "01:30", "06:00", "12:00"), "until": ("12:01", "18:00", "22:00", "23:59")}
"""Those of `from` come before those of `until`."""


def _assignment(w: _Writer) -> str:
    c, world = w.c, w.world
    text = f"assign role {c.one(world.roles)}"
    if world.places and c.chance(60):
        place = c.one(world.places_of(c.one(KINDS)))
        text += f" at {world.places[place][0]} {quoted(place)}"
    return text + _days(w, hours=world.features.hours) if world.features.dated and c.chance(45) else text


def _days(w: _Writer, hours: bool = False) -> str:
    today, text = w.world.now.astimezone(w.world.timezone).date(), ""
    for word, days in zip(("from", "until"), w.c.one(_DATES), strict=True):
        if days is not None:
            text += f" {word} {(today + datetime.timedelta(days=days)).isoformat()}"
            text += f" {w.c.one(_HOURS[word])}" if hours and w.c.chance(35) else ""
    return text
