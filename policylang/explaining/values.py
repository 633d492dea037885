"""Values and tests in words: what a condition compared, and why that came out as it did."""

from __future__ import annotations

import datetime
import heapq
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from policylang.diagnostics import cut
from policylang.explaining.tree import Tested
from policylang.model import conditions as c
from policylang.model.instants import instant_text
from policylang.model.types import DateType, Duration, DurationType, RecordType, SetType, TextType, Type
from policylang.model.words import condition_in_words, operand_in_words
from policylang.runtime.clock import now_and_edge
from policylang.runtime.trees import identity, way_up
from policylang.runtime.truth import Situation, Truth, bad_values, missing_names, truth, value
from policylang.runtime.values import MISSING
from policylang.syntax.quoting import quote_text

_LONGEST = 60
"""How much of a value is shown."""
_LONGEST_CONDITION = 200
_MOST_ITEMS = 5
_MOST_TESTS = 8


def named(name: object) -> str:
    """A name in backticks."""
    return f"`{cut(_text(name))}`"


def _text(found: object) -> str:
    """Values come from callers: what they do when they are turned into text is theirs, and must not end a denial."""
    try:
        return found if isinstance(found, str) else str(found)
    except Exception:
        return "a value that cannot be shown"


def shown(type_: Type, found: Any) -> str:
    """A value that conditions compare, in words. Sets are in order, since a Python set has none."""
    if found is MISSING:
        return "missing"
    if isinstance(type_, SetType):
        items = heapq.nsmallest(_MOST_ITEMS, (shown(type_.of, item) for item in found))
        more = f", and {len(found) - len(items)} more" if len(found) > len(items) else ""
        return f"[{', '.join(items)}{more}]"
    if isinstance(type_, RecordType):
        key = identity(found)
        return f"a {type_.resource} without an id" if key is MISSING else cut(_text(key))
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, datetime.datetime):
        return instant_text(found)
    if isinstance(found, Decimal):
        # Plain digits, unless these would fill the memory.
        return cut(format(found, "f") if abs(found.adjusted()) < _LONGEST else str(found))
    if isinstance(type_, TextType):
        return quote_text(cut(found))
    return cut(_text(found))


def items_of(found: Any) -> tuple[Any, ...]:
    """The items that are known of a set; none where it is missing."""
    return () if found is MISSING else tuple(each for each in found if each is not MISSING)


def condition_text(condition: c.Condition, s: Situation) -> str:
    return cut(condition_in_words(condition, s.index.attributes[s.resource]), _LONGEST_CONDITION)


def truth_of(condition: c.Condition, s: Situation) -> Truth:
    """As `truth`. An explanation looks at more of a record than the decision did; what cannot be read is unknown."""
    try:
        return truth(condition, s)
    except Exception:
        return None


# --- the tests that decide -----------------------------------------------------------------------------------


def tested(condition: c.Condition, s: Situation) -> tuple[tuple[Tested, ...], int]:
    """The tests that decide what a condition is, and how many of them were left out."""
    found = dict.fromkeys(_deciding(condition, s, True))
    texts = [_tested(test, wanted, s) for test, wanted in list(found)[:_MOST_TESTS]]
    return tuple(texts), len(found) - len(texts)


def _deciding(condition: c.Condition, s: Situation, sign: bool) -> Iterator[tuple[c.Test, bool]]:
    """Each test with whether it stands under an even number of ``not``."""
    match condition:
        case c.And(items) | c.Or(items):
            whole = truth_of(condition, s)
            for item in items:
                if truth_of(item, s) is whole:
                    yield from _deciding(item, s, sign)
        case c.Not(item):
            yield from _deciding(item, s, not sign)
        case _:
            yield condition, sign


def _tested(test: c.Test, sign: bool, s: Situation) -> Tested:
    """A test as it stands for the whole: one under ``not`` is said the other way round."""
    found = truth_of(test, s)
    told = found if sign or found is None else not found
    words = condition_text(test if sign else c.Not(test, test.at), s)
    try:
        if found is None:
            return Tested(f"`{words}` is unknown because {_why_unknown(test, s)}", None, test.at)
        return Tested(f"`{words}` is {'true' if told else 'false'}: {_compared(test, s)}", told, test.at)
    except Exception:
        return Tested(f"`{words}` is {_TRUTHS[told]}", told, test.at)


_TRUTHS = {True: "true", False: "false", None: "unknown"}


def _why_unknown(test: c.Test, s: Situation) -> str:
    missing = list(dict.fromkeys(f"`{name}` is missing" for name in missing_names(test, s)))
    reasons = missing + list(dict.fromkeys(bad_values(test, s)))
    if reasons:
        return " and ".join(reasons)
    if isinstance(test, c.Contains):
        return f"something in `{operand_in_words(test.operand)}` is missing"
    if isinstance(test, c.Overlaps):
        names = " or ".join(f"`{operand_in_words(side)}`" for side in test.sides)
        return f"something in {names} is missing"
    if isinstance(test, c.Under):
        return f"the way up from `{operand_in_words(test.operand)}` breaks off or turns in circles{_up(test, s)}"
    if isinstance(test, c.Time):
        return "the duration cannot be counted from now"
    if isinstance(test.sides[0].type, DurationType):
        return f"a month is not a fixed number of days: {_values(test, s)}"
    return "its values cannot be compared"


def _values(test: c.Test, s: Situation) -> str:
    """``sales_rep is milo@acme.test, assigned user is dana@acme.test``"""
    paths = [each for each in test.sides if isinstance(each, c.Path)]
    return ", ".join(f"{operand_in_words(path)} is {shown(path.type, value(path, s))}" for path in dict.fromkeys(paths))


def _compared(test: c.Test, s: Situation) -> str:
    if isinstance(test, c.Hours | c.Weekdays):
        local = s.now.astimezone(s.index.timezone)
        return f"in {s.index.policy_set.timezone} it is {local:%H:%M:%S} on {c.WEEKDAYS[local.weekday()]}"
    if isinstance(test, c.Under):
        return f"{_values(test, s)}{_up(test, s)}"
    if not isinstance(test, c.Time):
        return _values(test, s)
    found = value(test.operand, s)
    edges = time_edges(test, s)
    if edges is None:
        return _values(test, s)
    first, last = edges
    if test.test == "older_than":
        where = f"{'before' if found < first else 'not before'} {shown(test.operand.type, first)}"
    elif found < first:
        where = f"before {shown(test.operand.type, first)}"
    elif found > last:
        where = f"after {shown(test.operand.type, last)}"
    else:
        where = f"from {shown(test.operand.type, first)} to {shown(test.operand.type, last)}"
    return f"{_values(test, s)}, which is {where}"


def _up(test: c.Under, s: Situation) -> str:
    """The records above a record, nearest first."""
    type_ = test.operand.type
    _, *above = way_up(test, s.index.lookup, value(test.operand, s), value(test.top, s)).ids
    ids = ["one without an id" if each is MISSING else shown(type_, _text(each)) for each in above[:_MOST_ITEMS]]
    more = f" and {len(above) - len(ids)} more" if len(above) > len(ids) else ""
    return f", above it {', '.join(ids)}{more}" if ids else ", nothing above it"


def time_edges(test: c.Time, s: Situation) -> tuple[Any, Any] | None:
    """The first and the last moment that a time test means; ``None`` where they cannot be counted."""
    length = value(test.duration, s)
    if not isinstance(length, Duration):
        return None
    of_days = isinstance(test.operand.type, DateType)
    edges = now_and_edge(s.now, length, test.sign, s.index.timezone, of_days=of_days)
    return edges if edges is None or test.sign > 0 else edges[::-1]
