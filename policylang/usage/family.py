"""The policies that a grant may be narrowed by, and the smallest of them under which all that was done is allowed.

For each attribute of a record: `assigned user is …` for a user; `… within N days` for a day or an instant, of a few
numbers of days; `… in […]` for one of a few values or places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model import types as t
from policylang.model.words import condition_in_words
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation, truth, value
from policylang.runtime.values import MISSING, BadValueError

DAYS = (1, 7, 14, 30, 60, 90, 180, 365)
_MOST_VALUES = 8
_LONGEST = 60
_AT = "usage:1:1-1:1"
_SIGNS = re.compile(r"[^a-z0-9]+")


class FamilyMember(msgspec.Struct, frozen=True):
    """A policy of the family: what it says of one attribute. ``days`` or ``values``: how much it lets through."""

    resource: str
    attribute: str
    condition: c.Condition
    days: int | None = None
    values: tuple[c.Value, ...] | None = None

    def text(self, index: Index) -> str:
        """The condition as it is written."""
        return condition_in_words(self.condition, index.attributes[self.resource])

    @property
    def name(self) -> str:
        """What a policy of it may be called."""
        if self.days is not None:
            said = f"within_{self.days}_days"
        elif self.values is not None:
            said = "_or_".join(str(each).lower() for each in self.values)
        else:
            said = "is_user"
        return _SIGNS.sub("_", f"{self.resource}_{self.attribute}_{said}".lower())[:_LONGEST].strip("_")

    def holds(self, moments: Sequence[Situation]) -> bool:
        """Whether it is true of a request, before a change and after it."""
        return all(truth(self.condition, each) is True for each in moments)


def smallest(index: Index, resource: str, requests: Sequence[Sequence[Situation]]) -> tuple[FamilyMember, ...]:
    """The members that together let through the least of those that are true of all requests."""
    found = (_smallest(index, resource, each, requests) for each in index.attributes[resource].values())
    return tuple(each for each in found if each is not None)


def _smallest(
    index: Index, resource: str, attribute: ir.Attribute, requests: Sequence[Sequence[Situation]]
) -> FamilyMember | None:
    if (allowed := _values_of(index, attribute)) is not None:
        seen = {_value(attribute, moment) for moments in requests for moment in moments}
        kept = tuple(each for each in allowed if each in seen)
        whole = len(kept) == len(allowed) or len(kept) > _MOST_VALUES
        return None if None in seen or not seen.issubset(allowed) or whole else _one_of(resource, attribute, kept)
    return next((each for each in _ladder(resource, attribute) if all(map(each.holds, requests))), None)


def smaller(
    index: Index, resource: str, chosen: Sequence[FamilyMember], requests: Sequence[Sequence[Situation]]
) -> Iterator[FamilyMember]:
    """Members a step smaller than the chosen ones that are true of all requests as well: none, if these are the
    smallest. Found by trying, not by looking at values.
    """
    by_attribute = {each.attribute: each for each in chosen}
    for attribute in index.attributes[resource].values():
        mine = by_attribute.get(attribute.name)
        for each in _steps_down(index, resource, attribute, mine, requests):
            if all(map(each.holds, requests)):
                yield each


def _steps_down(
    index: Index,
    resource: str,
    attribute: ir.Attribute,
    mine: FamilyMember | None,
    requests: Sequence[Sequence[Situation]],
) -> Iterator[FamilyMember]:
    allowed = _values_of(index, attribute)
    if allowed is None:
        steps = list(_ladder(resource, attribute))
        yield from [each for each in steps if mine is None or (each.days or 0) < (mine.days or 0)][-1:]
    elif mine is not None and mine.values is not None:
        for gone in mine.values if len(mine.values) > 1 else ():
            yield _one_of(resource, attribute, tuple(each for each in mine.values if each != gone))
    else:
        singles = [_one_of(resource, attribute, (each,)) for each in allowed]
        seen = [each for each in singles if any(truth(each.condition, m) is True for some in requests for m in some)]
        if 0 < len(seen) < len(allowed) and len(seen) <= _MOST_VALUES:
            yield _one_of(resource, attribute, tuple(v for each in seen for v in each.values or ()))


# --- members -------------------------------------------------------------------------------------------------


def _path(attribute: ir.Attribute) -> c.Path:
    return c.Path("record", (attribute.name,), attribute.type, _AT)


def _ladder(resource: str, attribute: ir.Attribute) -> Iterator[FamilyMember]:
    """The members about a user or a time, the smallest first."""
    path = _path(attribute)
    match attribute.type:
        case t.UserType():
            subject = c.Path("subject", (), t.UserType(None), _AT)
            yield FamilyMember(resource, attribute.name, c.Compare("eq", subject, path, _AT))
        case t.DateType() | t.DateTimeType():
            for days in DAYS:
                length = c.Constant(t.DurationType(), t.Duration(days, "days"), _AT)
                yield FamilyMember(resource, attribute.name, c.Time("within", path, length, _AT), days=days)
        case _:
            pass


def _values_of(index: Index, attribute: ir.Attribute) -> tuple[c.Value, ...] | None:
    """All values that there are, where these are few and known."""
    match attribute.type:
        case t.EnumType(values):
            return values
        case t.BoolType():
            return (False, True)
        case t.PlaceType(scope):
            return tuple(sorted(index.places_of(scope)))
        case _:
            return None


def _one_of(resource: str, attribute: ir.Attribute, values: tuple[c.Value, ...]) -> FamilyMember:
    path, values = _path(attribute), tuple(sorted(values, key=str))
    condition: c.Condition = c.In(path, values, _AT)
    if len(values) == 1:
        condition = c.Compare("eq", path, c.Constant(attribute.type, values[0], _AT), _AT)
    return FamilyMember(resource, attribute.name, condition, values=values)


def _value(attribute: ir.Attribute, moment: Situation) -> c.Value | None:
    """What the record has there; ``None`` where it is missing or no value of its type."""
    try:
        found = value(_path(attribute), moment)
    except BadValueError:
        return None
    return None if found is MISSING else found
