"""Whether a compiled policy set says only what sources could say: names, types of conditions, values, days, places."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.ir import nodes as ir
from policylang.model import addresses
from policylang.model import conditions as c
from policylang.model import types as t
from policylang.model.instants import instant_text, is_backwards, never_active, timezones, zone
from policylang.model.model import KINDS
from policylang.model.operands import comparable
from policylang.model.words import condition_in_words, operand_in_words
from policylang.model.world import ancestors
from policylang.settings.limits import MOST_YEARS
from policylang.text.characters import is_printable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE = re.compile(r"(.*):([0-9]{1,15}):([0-9]{1,15})-([0-9]{1,15}):([0-9]{1,15})", re.DOTALL)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,199})(\.[0-9]{0,199}[1-9])?")
_DEEPEST = 210
"""Conditions and requirements inside one another: what sources can say, with Python's own limit far away."""
_LONGEST = {"minutes": 366 * 24 * 60 * MOST_YEARS, "days": 366 * MOST_YEARS, "months": 12 * MOST_YEARS}

_DAYS = ("start", "until", "last")
_ABOUT_ACTIONS = (ir.Grant, ir.Deny, ir.Need, ir.Invariant)

_Types = Mapping[str, t.Type]


class _WrongError(Exception):
    """Something that no sources say."""


def unsound(policy_set: ir.PolicySet) -> str | None:
    """What no sources could say, in words, or ``None``. All that the policy set refers to is there."""
    try:
        _Sound(policy_set).check()
    except _WrongError as error:
        return str(error)
    return None


class _Sound:
    def __init__(self, policy_set: ir.PolicySet) -> None:
        self.set = policy_set
        self.resources: dict[str, _Types] = {
            r.name: {a.name: a.type for a in r.attributes} for r in policy_set.resources
        }
        self.subject: _Types = {a.name: a.type for a in policy_set.subject}
        self.request: _Types = {a.name: a.type for a in policy_set.request}
        self.trees = {
            each.name: (attribute.name, attribute.optional)
            for each in policy_set.resources
            for attribute in each.attributes
            if attribute.name == each.tree
        }
        self.places = {place.name: place.kind for place in policy_set.places}

    def check(self) -> None:
        if self.set.timezone not in timezones():
            raise _WrongError(f"there is no timezone {quoted(self.set.timezone)}")
        _check_everywhere(self.set)
        for what, name in _names(self.set):
            if not _NAME.fullmatch(name):
                raise _WrongError(f"{quoted(name)} is not a valid name of {what}")
        self._check_places()
        for attribute in self._attributes():
            self._check_type(attribute.name, attribute.type)
        for resource in self.set.resources:
            self._check_resource(resource)
        self._check_policies()
        self._check_own_roles()
        for resource_name, condition in self.set.conditions():
            self._check_condition(resource_name, condition)
        for user in self.set.users:
            self._check_user(user)
        for separation in self.set.separations:
            named = {(each.resource, each.action) for each in separation.permissions}
            if len(named) < len(separation.permissions) or not 1 <= separation.most < len(named):
                raise _WrongError("a separation names a permission twice, or nobody can break it")
        for each in self.set.integrations:
            if each.start is not None and each.until is not None and each.until < each.start:
                raise _WrongError(f"the integration {quoted(each.name)} ends before it begins")
        for review in self.set.reviews:
            if not 0 < review.every.amount <= _LONGEST[review.every.unit]:
                raise _WrongError(f"{review.every} is not a time between reviews")

    # --- the world and its records ---------------------------------------------------------------------------

    def _check_places(self) -> None:
        parents = {kind.name: kind.parent for kind in self.set.scope}
        for place in self.set.places:
            if place.parent is not None and self.places[place.parent] not in ancestors(parents, place.kind):
                raise _WrongError(f"the place {quoted(place.name)} lies in one that is not of a kind above its own")

    def _attributes(self) -> Iterator[ir.Attribute]:
        yield from (*self.set.subject, *self.set.request)
        for resource in self.set.resources:
            yield from resource.attributes

    def _check_type(self, name: str, type_: t.Type) -> None:
        item = type_.item
        if isinstance(item, t.EnumType):
            if not item.values or len(set(item.values)) < len(item.values):
                raise _WrongError(f"{quoted(name)} has no values, or one twice")
            wrong = next((value for value in item.values if not _NAME.fullmatch(value)), None)
            if wrong is not None:
                raise _WrongError(f"{quoted(wrong)} is not a valid name of a value")

    def _check_resource(self, resource: ir.Resource) -> None:
        if resource.place is not None and not isinstance(self.resources[resource.name][resource.place], t.PlaceType):
            raise _WrongError(f"{quoted(f'{resource.name}.{resource.place}')} is not a place")
        tree = resource.tree
        if tree is not None and self.resources[resource.name][tree] != t.RecordType(resource.name):
            raise _WrongError(f"{quoted(f'{resource.name}.{tree}')} does not lead to a {resource.name}")
        for action in resource.actions:
            if action.name in KINDS and action.kind != action.name:
                raise _WrongError(f"{quoted(action.name)} of `{resource.name}` is of another kind than its own")
            if not action.assignable_via:
                raise _WrongError(f"{quoted(action.name)} of `{resource.name}` cannot be assigned in any way")
            if action.requires is not None:
                _check_requirement(action.requires)

    # --- policies --------------------------------------------------------------------------------------------

    def _check_policies(self) -> None:
        policies = {policy.name: policy for policy in self.set.policies}
        actions = {resource.name: {action.name for action in resource.actions} for resource in self.set.resources}
        instances = {instance.id: instance for instance in self.set.policy_instances}
        for policy in self.set.policies:
            for parameter in policy.parameters:
                self._check_type(parameter.name, parameter.type)
        for instance in self.set.policy_instances:
            policy = policies[instance.policy]
            if [each.type for each in instance.arguments] != [each.type for each in policy.parameters]:
                raise _WrongError(f"{quoted(instance.id)} has other arguments than the policy has parameters")
            for argument in instance.arguments:
                self._check_constant(argument.type, argument.value)
            if policy.resource not in (None, instance.resource) or not set(policy.needs) <= set(
                self.resources[instance.resource]
            ):
                raise _WrongError(f"{quoted(instance.id)} is not of the resource of its policy")
        for limit in self.set.every_limit():
            if limit.actions is not None and not set(limit.actions) <= actions[instances[limit.instance].resource]:
                raise _WrongError(f"a limit {quoted(limit.instance)} is for actions that its resource has not")

    def _check_own_roles(self) -> None:
        """What stands in a user's block is that user's alone, everywhere and always."""
        own = {role.name: role for role in self.set.roles if role.owner is not None}
        given: dict[str, list[str]] = {}
        for user in self.set.users:
            for each in user.assignments:
                if each.role in own:
                    given.setdefault(each.role, []).append(user.id)
                    bare = (each.place, each.start, each.until, each.because, each.approved_by)
                    if bare != (None,) * 5:
                        raise _WrongError(f"{quoted(each.role)} is assigned at a place, for a time or for a reason")
        for role in own.values():
            assert role.owner is not None
            if role.name != ir.own_role(role.owner) or given.get(role.name) != [role.owner]:
                raise _WrongError(f"{quoted(role.name)} is not the one of {quoted(role.owner)} alone")
            if role.roles or role.may_assign or role.performs or role.portal or role.label is not None:
                raise _WrongError(f"{quoted(role.name)} holds what a user's block cannot hold")
            if role.protected or role.essential or not (role.grants or role.denies or role.limits):
                raise _WrongError(f"{quoted(role.name)} is marked, or empty")
        for ref in self._named_roles():
            if ref in own:
                raise _WrongError(f"{quoted(ref)} is handed on")

    def _named_roles(self) -> Iterator[str]:
        """The roles that others than users name."""
        for bundle in self.set.bundles:
            yield from (ref.name for ref in (*bundle.roles, *bundle.may_assign))
        for job in self.set.jobs:
            yield from (ref.name for ref in job.roles)
        for each in self.set.integrations:
            yield from (ref.name for ref in (*each.roles, each.mirror) if ref is not None)
        yield from (attribute.role for attribute in self._attributes() if attribute.role is not None)

    # --- conditions ------------------------------------------------------------------------------------------

    def _check_condition(self, resource: str, condition: c.Condition, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise _WrongError("a condition is nested too deeply")
        match condition:
            case c.And(items) | c.Or(items):
                if not items:
                    raise _WrongError("a condition has no parts")
                for item in items:
                    self._check_condition(resource, item, depth + 1)
            case c.Not(item):
                self._check_condition(resource, item, depth + 1)
            case _:
                for operand in condition.sides:
                    self._check_operand(resource, operand)
                    if _is_whole(operand) and not isinstance(condition, c.Under):
                        raise _WrongError(f"{quoted(operand_in_words(operand))} leads nowhere")
                if not self._fits(condition):
                    raise _WrongError(
                        f"a condition of `{resource}` has no meaning, {quoted(condition_in_words(condition, ()))}"
                    )

    def _check_operand(self, resource: str, operand: c.Operand) -> None:
        if isinstance(operand, c.Constant):
            self._check_type("a constant", operand.type)
            return self._check_constant(operand.type, operand.value)
        type_ = self._type_of(resource, operand)
        if type_ is None:
            raise _WrongError(f"{quoted(operand_in_words(operand))} leads nowhere")
        if type_ != operand.type:
            raise _WrongError(
                f"{quoted(operand_in_words(operand))} is {t.in_words(type_)}, not {t.in_words(operand.type)}"
            )
        return None

    def _type_of(self, resource: str, path: c.Path) -> t.Type | None:
        """What a path leads to."""
        type_: t.Type | None
        steps = path.steps
        match path.root:
            case "record":
                type_ = t.RecordType(resource)
            case "subject":
                type_ = t.UserType(None)
            case "request":
                type_ = self.request.get(steps[0]) if steps else None
                steps = steps[1:]
        for step in steps:
            match type_:
                case t.UserType():
                    type_ = self.subject.get(step)
                case t.RecordType(resource=related):
                    type_ = self.resources[related].get(step)
                case _:
                    return None
        return type_

    def _fits(self, test: c.Condition) -> bool:
        """Whether the types of a test are those that it asks for; operands are sound by themselves."""
        match test:
            case c.Compare("eq", left, right):
                return comparable(left.type, right.type) and not isinstance(left.type, t.SetType)
            case c.Compare(left=left, right=right):
                return comparable(left.type, right.type) and isinstance(left.type, t.ORDERED)
            case c.Time(operand=operand, duration=duration):
                exact = duration.value if isinstance(duration, c.Constant) else None
                minutes = isinstance(exact, t.Duration) and exact.unit == "minutes"
                on_time = isinstance(operand.type, t.DateTimeType) or (
                    isinstance(operand.type, t.DateType) and not minutes
                )
                return on_time and isinstance(duration.type, t.DurationType)
            case c.Missing(operand):
                return bool(operand.steps)
            case c.In(operand, values):
                for value in values:
                    self._check_constant(operand.type, value)
                return bool(values) and len({repr(value) for value in values}) == len(values)
            case c.InNetwork(operand, network):
                return isinstance(operand.type, t.IpType) and _is_network(network)
            case c.Contains(operand, item):
                return isinstance(operand.type, t.SetType) and comparable(operand.type.of, item.type)
            case c.Overlaps(left, right):
                sets = isinstance(left.type, t.SetType) and isinstance(right.type, t.SetType)
                return sets and comparable(left.type.item, right.type.item)
            case c.Empty(operand):
                return isinstance(operand.type, t.SetType)
            case c.Hours():
                return True
            case c.Weekdays(days):
                return days != () and days == tuple(day for day in c.WEEKDAYS if day in days)
            case c.Under(operand, tree, optional, top):
                of = operand.type
                is_tree = isinstance(of, t.RecordType) and (tree, optional) == self.trees.get(of.resource)
                return is_tree and (isinstance(top.type, t.TextType) or top.type == of)
            case c.TextTest(operand=operand, part=part):
                return isinstance(operand.type, t.TextType) and isinstance(part.type, t.TextType)
            case _:
                return False

    # --- values ----------------------------------------------------------------------------------------------

    def _check_constant(self, type_: t.Type, value: object) -> None:
        if not self._is_value(type_, value):
            raise _WrongError(
                f"{quoted(str(value))} is not {t.in_words(type_)}, or written in another way than that is"
            )

    def _is_value(self, type_: t.Type, value: object) -> bool:
        match type_:
            case t.BoolType():
                return isinstance(value, bool)
            case t.IntType():
                return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= t.MAX_INT
            case t.DurationType():
                return isinstance(value, t.Duration) and value.amount <= _LONGEST[value.unit]
        if not isinstance(value, str):
            return False
        match type_:
            case t.TextType() | t.UserType():
                return True
            case t.EnumType(values):
                return value in values
            case t.PlaceType(scope):
                return self.places.get(value) == scope
            case t.DecimalType() | t.MoneyType():
                return value != "-0" and _NUMBER.fullmatch(value) is not None
            case t.DateType():
                return _is_day(value)
            case t.DateTimeType():
                return _is_instant(value)
            case t.IpType():
                return _is_address(value)
            case _:
                return False

    def _check_user(self, user: ir.User) -> None:
        for given in user.attributes:
            type_ = self.subject[given.name]
            item = type_.item
            if (item is type_ and len(given.values) != 1) or any(each.type != item for each in given.values):
                raise _WrongError(f"the value of {quoted(given.name)} of the user {quoted(user.id)} is of another type")
            for each in given.values:
                if not (isinstance(item, t.RecordType) and isinstance(each.value, str)):  # the id of a record
                    self._check_constant(item, each.value)
        for assignment in user.assignments:
            if (assignment.start_time and not assignment.start) or (assignment.until_time and not assignment.until):
                raise _WrongError(f"an assignment of the user {quoted(user.id)} has a time without a day")
            begins, ends = assignment.begins, assignment.ends
            if begins is None or ends is None or not is_backwards(ends, begins):
                continue  # what the clocks skip may be another hour with other data of time zones
            if never_active(ends, begins, zone(self.set.timezone)) is not None:
                raise _WrongError(f"an assignment of the user {quoted(user.id)} ends before it begins")


# --- the parts of a policy set -------------------------------------------------------------------------------


def _names(policy_set: ir.PolicySet) -> Iterator[tuple[str, str]]:
    """What are names in the language, with what they are of."""
    for what, declared in (
        ("a resource", policy_set.resources),
        ("a role", [role for role in policy_set.roles if role.owner is None]),
        ("a group", policy_set.groups),
        ("a task", policy_set.tasks),
        ("a policy", policy_set.policies),
        ("a feature", policy_set.features),
        ("a portal", policy_set.portals),
        ("a kind of place", policy_set.scope),
        ("an integration", policy_set.integrations),
        ("an attribute", (*policy_set.subject, *policy_set.request)),
    ):
        yield from ((what, each.name) for each in declared)
    for resource in policy_set.resources:
        yield from (("an attribute", each.name) for each in resource.attributes)
        yield from (("an action", each.name) for each in resource.actions)
    for policy in policy_set.policies:
        yield from (("a parameter", each.name) for each in policy.parameters)


def _check_requirement(requirement: ir.Requirement, depth: int = 0) -> None:
    if isinstance(requirement, ir.RequiresAll | ir.RequiresAny):
        if not requirement.items or depth > _DEEPEST:
            raise _WrongError("what an action requires has no parts, or too deep ones")
        for item in requirement.items:
            _check_requirement(item, depth + 1)


def _check_everywhere(policy_set: ir.PolicySet) -> None:
    """Places in sources, days and lists of actions, wherever they stand."""
    for source in policy_set.sources:
        _check_path(source)
    paths: set[str] = set()
    rest: list[Any] = [policy_set]
    while rest:
        node = rest.pop()
        if isinstance(node, tuple):
            rest += [each for each in node if isinstance(each, msgspec.Struct)]
            continue
        for name in node.__struct_fields__:
            value = getattr(node, name)
            if isinstance(value, tuple | msgspec.Struct):
                if value == () and name == "actions" and isinstance(node, _ABOUT_ACTIONS):
                    raise _WrongError("a statement about actions names none")
                if not isinstance(value, tuple) or (value and not isinstance(value[0], str)):
                    rest.append(value)
            elif name == "at" and value is not None:
                paths.add(_path_of(value))
            elif name in _days_of(node) and value is not None and not _is_day(value):
                raise _WrongError(f"the day {quoted(value)} is not in the calendar")
    for path in sorted(paths):
        _check_path(path)


def _days_of(node: msgspec.Struct) -> tuple[str, ...]:
    """Its fields that hold days; the `last` of hours is a time of day."""
    return () if isinstance(node, c.Hours) else _DAYS


def _path_of(at: str) -> str:
    match = _PLACE.fullmatch(at)
    if match is not None:
        path, *numbers = match.groups()
        line, column, end_line, end_column = map(int, numbers)
        if line and column and (line, column) <= (end_line, end_column):
            return str(path)
    raise _WrongError(f"{quoted(at)} is not a place in a source")


def _check_path(path: str) -> None:
    if not is_printable(path) or path.startswith("/") or not path:
        raise _WrongError(f"{quoted(path)} is not a path of a source in the policy set")


def _is_written(read: Callable[[str], object], value: str) -> bool:
    """Whether the value that is read of a text is written as that text."""
    try:
        return str(read(value)) == value
    except (ValueError, OverflowError):
        return False


_is_day = partial(_is_written, datetime.date.fromisoformat)
_is_instant = partial(_is_written, lambda value: instant_text(datetime.datetime.fromisoformat(value)))
_is_address = partial(_is_written, addresses.address)
_is_network = partial(_is_written, addresses.network)


def _is_whole(operand: c.Operand) -> bool:
    """Whether it is the record that is asked about."""
    return isinstance(operand, c.Path) and operand.root == "record" and not operand.steps
