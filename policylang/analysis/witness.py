"""From values of variables to a situation that a person can look at: a record, a request, somebody who asks."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from copy import copy
from fractions import Fraction
from itertools import count, islice, product
from operator import attrgetter
from typing import Any

import msgspec

from policylang.analysis.asker import Asker
from policylang.analysis.conjunction import CandidateModel
from policylang.analysis.constraints import ConstantTerm, Member, Variable, VariablePlace, unit_of
from policylang.analysis.query import Witness
from policylang.analysis.trees import hang
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.instants import instant_text
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    EnumType,
    IpType,
    PlaceType,
    RecordType,
    SetType,
    Type,
    UserType,
)
from policylang.runtime.hypothetical import nobody, stated_value
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation


def make_witness(asker: Asker, candidate: CandidateModel, now: datetime.datetime, *, whole: bool = True) -> Witness:
    """The situation of a candidate. A ``whole`` record has a value for every attribute that is not optional, also for
    those that nothing is asked about.
    """
    roots: dict[str, dict[str, Any]] = {"record": {}, "request": {}, "subject": {}}
    missing = {variable.where for variable in (*candidate.missing, *candidate.bad)}
    values = {variable: _plain(value) for variable, value in candidate.values.items()}
    for variable in candidate.values:
        if isinstance(variable.type, DurationType):
            unit = "months" if values.get(unit_of(variable)) == "months" else "minutes"
            values[variable] = f"{values[variable]} {unit}"
    values = {variable: value for variable, value in values.items() if not _is_unit(variable)}
    _add_members(asker, candidate, values)
    for variable in sorted(candidate.present, key=_where):
        values.setdefault(variable, _some_value(asker, variable))
    for variable in candidate.holed:
        values[variable] = [*values.get(variable, ()), None]
    values = {variable: value for variable, value in values.items() if variable.root != "item"}
    for variable, value in sorted(values.items(), key=lambda item: item[0].where):
        if not any((variable.root, variable.steps[:n]) in missing for n in range(1, len(variable.steps) + 1)):
            _put(asker, roots[variable.root], variable, value)
    for variable in sorted(candidate.bad, key=_where):
        if not any((variable.root, variable.steps[:n]) in missing for n in range(1, len(variable.steps))):
            _put(asker, roots[variable.root], variable, _bad_value(variable.type))
    for variable, value in values.items():
        # What is said of a user of the record who is the one who asks is said of that one.
        user = _user_before(asker, variable)
        if asker.is_made_up and user is not None and values.get(user) == asker.id:
            rest = variable.steps[len(user.steps) :]
            if len(rest) == 1:
                roots["subject"].setdefault(rest[0], value)
    hang(asker.index, asker.query.resource, candidate.below, values, missing, roots)
    if whole:
        _fill(asker, asker.query.resource, roots["record"], missing, ())
    others = _others(asker, values, missing)
    return Witness(asker.query.resource, roots["record"], roots["request"], roots["subject"], now, others)


def _others(asker: Asker, values: dict[Variable, Any], missing: set[VariablePlace]) -> dict[str, dict[str, Any]]:
    """The attributes of users in the record or request who are not in the policy set."""
    found: dict[str, dict[str, Any]] = {}
    for variable, value in values.items():
        user = _user_before(asker, variable)
        id_ = None if user is None else values.get(user)
        if user is not None and isinstance(id_, str) and id_ not in asker.index.users and id_ != asker.id:
            rest = variable.steps[len(user.steps) :]
            if len(rest) == 1 and variable.where not in missing:
                found.setdefault(id_, {})[rest[0]] = value
    return found


def _is_unit(variable: Variable) -> bool:
    return unit_of(Variable(variable.root, variable.steps[:-1], variable.type)) == variable


def _add_members(asker: Asker, candidate: CandidateModel, values: dict[Variable, Any]) -> None:
    """Sets with what must be in them, and values for the items that nothing else is asked about."""
    for each in candidate.members:
        if isinstance(each.item, Variable) and each.item not in values:
            values[each.item] = _another_value(asker, each, candidate, values)
        items = values.setdefault(each.variable, [])
        item = each.item.value if isinstance(each.item, ConstantTerm) else values[each.item]
        of = each.variable.type.of if isinstance(each.variable.type, SetType) else None
        item = item == "true" if isinstance(of, BoolType) and isinstance(item, str) else item
        if each.wanted and item not in items:
            items.append(item)


def _another_value(asker: Asker, member: Member, candidate: CandidateModel, values: dict[Variable, Any]) -> Any:
    """Any value of an item; another number than those that are not in its set."""
    assert isinstance(member.item, Variable)
    if not isinstance(member.item.type, NUMBERS):
        return _any_value(asker, member.item.type)
    others = [each.item for each in candidate.members if each.variable == member.variable and not each.wanted]
    taken = {str(values.get(each) if isinstance(each, Variable) else each.value) for each in others}
    return next(number for number in count(1) if str(number) not in taken)


def with_users(asker: Asker, candidate: CandidateModel) -> Iterator[CandidateModel]:
    """The candidate, with users in the record or request whose attributes the candidate speaks of: those of the policy
    set, one after the other, since only they have attributes.
    """
    spoken = {
        user: None
        for variable in (*candidate.values, *candidate.missing, *candidate.present)  # those of users are of their types
        if (user := _user_before(asker, variable)) is not None
    }
    free = sorted((user for user in spoken if user not in candidate.values), key=_where)
    if not free:
        yield candidate
        return
    known = [*sorted(asker.index.users)[:_TRIED], asker.id]
    for users in islice(product(known, repeat=len(free)), _TRIED * 2):
        variant = copy(candidate)
        variant.values = {**candidate.values, **dict(zip(free, users, strict=True))}
        yield variant
    variant = copy(candidate)
    variant.values = {**candidate.values, **{user: f"user-{number}" for number, user in enumerate(free, 1)}}
    yield variant


_TRIED = 25


def _user_before(asker: Asker, variable: Variable) -> Variable | None:
    """The user whose attribute a variable is, unless that is the one who asks."""
    if variable.root == "item":
        return None
    path = c.Path(variable.root, variable.steps, variable.type, "")
    for number, (holder, _) in enumerate(asker.index.holders(asker.query.resource, path)):
        if number and isinstance(holder, UserType):
            return Variable(variable.root, variable.steps[:number], holder)
    return None


def _put(asker: Asker, root: dict[str, Any], variable: Variable, value: Any) -> None:
    """Set a value behind related records. What lies behind a user is the user's, not the record's."""
    at: dict[str, Any] = root
    if not variable.steps:
        root["id"] = value  # the record that is asked about
        return
    attributes = {name: each.type for name, each in asker.index.attributes[asker.query.resource].items()}
    declared = {"record": attributes, "request": asker.index.request}.get(variable.root, {})
    for step in variable.steps[:-1]:
        type_ = declared.get(step)
        if not isinstance(type_, RecordType):
            return
        declared = {name: each.type for name, each in asker.index.attributes[type_.resource].items()}
        related = at.get(step)
        if not isinstance(related, dict):
            related = at[step] = {"id": related if isinstance(related, str) else f"{type_.resource}-1"}
        at = related
    last = variable.steps[-1]
    if isinstance(at.get(last), dict) and isinstance(value, str):
        at[last]["id"] = value
    else:
        at[last] = value


def _fill(
    asker: Asker,
    resource: str,
    record: dict[str, Any],
    missing: set[VariablePlace],
    before: tuple[str, ...],
) -> None:
    """Give every attribute that is not optional some value."""
    for name, declared in asker.index.attributes[resource].items():
        steps = (*before, name)
        if ("record", steps) in missing:
            continue
        if isinstance(record.get(name), dict) and isinstance(declared.type, RecordType):
            _fill(asker, declared.type.resource, record[name], missing, steps)
        elif name not in record and not declared.optional:
            # Nothing is asked about a related record made up here, so its key is enough: the chain ends somewhere.
            value = _any_value(asker, declared.type)
            if value is not None:
                record[name] = value


def _some_value(asker: Asker, variable: Variable) -> Any:
    """Any value; a user has the bare key of a record."""
    found = _any_value(asker, variable.type)
    return found["id"] if variable.root == "subject" and isinstance(found, dict) else found


def _any_value(asker: Asker, type_: Type) -> Any:
    """Any value of a type, as JSON has it; ``None`` where there is none."""
    match type_:
        case EnumType(values):
            return values[0]
        case BoolType():
            return False
        case DateTimeType():
            return _plain(asker.query.now)
        case DateType():
            return asker.query.now.date().isoformat()
        case DurationType():
            return "1 days"
        case IpType():
            return "192.0.2.1"
        case UserType():
            return "user-0"
        case RecordType(resource):
            return {"id": f"{resource}-0"}
        case PlaceType(scope):
            return asker.index.first_place_of(scope)
        case SetType():
            return []
        case _:
            return 1 if isinstance(type_, NUMBERS) else "text"


def _bad_value(type_: Type) -> Any:
    """A value that is not of the type, as JSON has it."""
    return "text" if isinstance(type_, BoolType) else True


def _plain(value: Any) -> Any:
    match value:
        case datetime.datetime():
            return instant_text(value)
        case datetime.date():
            return value.isoformat()
        case Fraction():
            return _decimal(value)
        case list():
            return [_plain(item) for item in value]
        case Duration():
            return str(value)
        case _:
            return value


_MOST_DIGITS = 400


def _decimal(value: Fraction) -> str:
    """Plain digits: solutions have few of them."""
    places = 0
    while value.denominator != 1 and places < _MOST_DIGITS:
        value, places = value * 10, places + 1
    digits = str(abs(int(value))).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def situation(asker: Asker, witness: Witness) -> Situation:
    """The witness as the runtime takes it; with somebody made up in the policy set, if anybody may ask."""
    index = asker.index
    if asker.is_made_up:
        index = with_others(index, {asker.id: witness.attributes})
    index = with_others(index, witness.users)
    return Situation(index, asker.id, witness.resource, witness.record, witness.request, witness.now)


def with_others(index: Index, users: dict[str, dict[str, Any]]) -> Index:
    """The policy set with users made up, who have nothing but attributes."""
    made = {
        id_: msgspec.structs.replace(nobody(id_), attributes=user_values(index, attributes))
        for id_, attributes in users.items()
    }
    return index.changed(users=made) if made else index


def user_values(index: Index, attributes: dict[str, Any]) -> tuple[ir.UserValue, ...]:
    """Attributes as the declaration of a user holds them."""
    return tuple(stated_value(index, name, raw) for name, raw in sorted(attributes.items()))


_where = attrgetter("where")
