"""What callers hand over as records, requests, changes and sets: the same answer from everything, or a TypeError."""

from __future__ import annotations

import copy
import pickle
import random
import sqlite3
import types
from collections import UserDict, deque, namedtuple
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from policylang import PolicySet, UnsupportedError
from policylang.model.types import Duration, DurationType, SetType, TextType
from policylang.runtime.compiled import Engine
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.runtime.values import MISSING, BadValueError, attribute, read
from tests.generated import Case, cases
from tests.helpers import compiled
from tests.runtime.given import ASKED, CLEAR, NOW, Colour, Doc, policies, ways, ways_to_view

__all__ = ["policies"]

# --- what is behind something missing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        (None, {"pay"}),
        ({}, {"pay"}),
        ({"account": None}, {"pay"}),
        ({"account": {}}, {"pay"}),
        ({"account": {"name": None}}, {"pay"}),
        ({"account": MISSING}, {"pay"}),
        ({"account": {"name": "Blocked Ltd"}}, set()),
        ({"account": {"name": "Acme"}}, {"approve"}),
    ],
)
@pytest.mark.parametrize("way", ways_to_view())
def test_what_is_behind_something_missing_is_missing(
    policies: PolicySet, way: str, request_: Any, allowed: set[str]
) -> None:
    ask = ways_to_view()[way]
    assert {each for each in ("pay", "approve") if ask(policies, each, CLEAR, request_, None)} == allowed


def test_nothing_can_be_reached_from_the_missing_value() -> None:
    assert [name for name in dir(MISSING) if not name.startswith("__")] == []
    assert attribute(MISSING, "name") is MISSING
    assert copy.deepcopy(MISSING) is MISSING
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING


# --- sets that can be read only once -------------------------------------------------------------------------


class Tired:
    """As long as ever, but empty the second time."""

    def __init__(self, items: list[str]) -> None:
        self.items, self.length = iter(items), len(items)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[str]:
        return self.items


class Drained:
    """Shorter after it was read."""

    def __init__(self, items: list[str]) -> None:
        self.items = list(items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[str]:
        while self.items:
            yield self.items.pop(0)


ONCE: dict[str, Callable[[list[str]], Any]] = {
    "generator": lambda items: (item for item in items),
    "map": lambda items: map(str, items),
    "filter": lambda items: filter(None, items),
    "iterator": iter,
    "reversed": reversed,
    "tired": Tired,
    "drained": Drained,
}
OFTEN: dict[str, Callable[[list[str]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": deque,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
}
TAGS = (["vip", "blocked"], ["blocked", "vip"], ["blocked"], ["vip"], ["other", "vip"])


def with_set(where: str, items: Any) -> tuple[Any, Any]:
    """A record and a request with a set in the place."""
    match where:
        case "record":
            return {**CLEAR, "tags": items}, ASKED
        case "object":
            return SimpleNamespace(**{**CLEAR, "tags": items}), ASKED
        case "related record":
            return {**CLEAR, "account": {"tags": items}}, ASKED
        case "request":
            return CLEAR, {**ASKED, "seen": items}
        case _:
            return CLEAR, {**ASKED, "account": SimpleNamespace(tags=items)}


@pytest.mark.parametrize("where", ["record", "object", "related record", "request", "related in request"])
@pytest.mark.parametrize("kind", [*ONCE, *OFTEN])
def test_a_set_is_read_whole_or_not_at_all(policies: PolicySet, kind: str, where: str) -> None:
    make = ONCE.get(kind) or OFTEN[kind]
    for tags in TAGS:
        for way, ask in ways_to_view().items():
            record, request = with_set(where, make(tags))
            try:
                found: bool | None = ask(policies, "view", record, request, None)
            except TypeError:
                found = None
            right = "blocked" not in tags
            if kind == "tired":  # which nobody can tell before it was read twice
                assert found in (None, right), way
            else:
                assert found is (None if kind in ONCE else right), way


@pytest.mark.parametrize("kind", [kind for kind in ONCE if kind != "tired"])
def test_a_set_that_is_written_is_read_whole_or_not_at_all(policies: PolicySet, kind: str) -> None:
    for way, ask in ways().items():
        for tags in TAGS:
            with pytest.raises(TypeError):
                ask(policies, "modify", CLEAR, ASKED, {"tags": ONCE[kind](tags)})
            with pytest.raises(TypeError):
                ask(policies, "create", {**CLEAR, "tags": ONCE[kind](tags)}, ASKED, None)
            assert ask(policies, "modify", CLEAR, ASKED, {"tags": tags}) is ("blocked" not in tags), way


def test_the_error_says_which_set() -> None:
    with pytest.raises(
        TypeError, match=r"`doc\.tags` can be read only once, as it is something of type generator: give"
    ):
        read(SetType(TextType()), (tag for tag in ["a"]), "doc.tags")


# --- names that are none -------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["one", "two", "three"])
def test_a_related_record_has_attributes_by_name_only(policies: PolicySet, action: str) -> None:
    for related in ({None: NOW}, {1: NOW}, {("a",): NOW}, {"": NOW}):
        for ask in ways_to_view().values():
            assert not ask(policies, action, {"account": related}, {"account": related}, None)


# --- any request, handed over oddly --------------------------------------------------------------------------


# The same objects for both runtimes, which tell what they found in words.
STRANGE = [MISSING, None, Colour.RED, object(), Doc, Doc(), len, [].append, NOW.date(), iter(()), {None: 1}]


def oddly(value: Any, r: random.Random) -> Any:
    """A value as it is, in another form, or something strange in its place."""
    kind = r.random()
    if kind < 0.5:
        return value
    if isinstance(value, tuple) and kind < 0.95:
        forms: list[Callable[[Any], Any]] = [*ONCE.values(), list, deque]
        return r.choice(forms)(value)
    if isinstance(value, dict) and value and kind < 0.95:
        forms = [types.MappingProxyType, UserDict, lambda v: SimpleNamespace(**v), as_named_tuple]
        return r.choice(forms)(value)
    return r.choice(STRANGE)


def as_named_tuple(values: Mapping[str, Any]) -> Any:
    made: Any = namedtuple("Row", values)  # type: ignore[misc]
    return made(**values)


def odd_arguments(arguments: Mapping[str, Any], seed: int) -> dict[str, Any]:
    r = random.Random(seed)
    found = dict(arguments)
    for name in ("record", "request", "changes"):
        if isinstance(found[name], dict):
            found[name] = {key: oddly(value, r) for key, value in found[name].items()}
        if r.random() < 0.3:
            found[name] = oddly(found[name], r)
    return found


def answer(decide: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    try:
        return decide(*arguments, **named)
    except (ValueError, TypeError) as error:
        return type(error)


@given(cases(), st.integers(0, 2**32))
@settings(max_examples=settings.default.max_examples // 4, deadline=None)  # type: ignore[union-attr]
def test_the_runtimes_agree_about_what_is_handed_over_oddly(case: Case, seed: int) -> None:
    index = Index(case.policy_set)
    engine = Engine(index)
    for number, arguments in enumerate(case.arguments()):
        expected = answer(decide, index, **odd_arguments(arguments, seed + number))
        found = answer(engine.decide, **odd_arguments(arguments, seed + number))
        if found != expected:
            note(f"{odd_arguments(arguments, seed + number)}")
            # Each looks at what it needs to, and a set that cannot be read is an error for who looks at it only.
            assert TypeError in (found, expected)


# --- numbers of many digits ----------------------------------------------------------------------------------

HUGE = 1 << 1_700_000
NUMBERS_TEXT = """\
request { number : int  sum : money }
resource order { number : int  total : money  actions view, pay }
policy same on order { number is request.number }
policy small on order { total < request.sum }
role clerk { grant view, pay on order  policy same for view  policy small for pay }
user "kim" { assign role clerk }
"""


@pytest.mark.parametrize(
    "number",
    [
        HUGE,
        -HUGE,
        10**200,
        -(10**200),
        Decimal("1E+1000000"),
        Decimal("1E-1000000"),
        Decimal("0E+1000000"),
        Decimal("NaN"),
        1e300,
        Decimal("1E+200"),
        Decimal("1E-201"),
        1e200,
    ],
    ids=[
        *("huge", "negative", "201 digits", "negative 201 digits", "exponent", "small", "zero", "NaN", "float"),
        *("201 by exponent", "201 behind the point", "float of 201"),
    ],
)
def test_a_number_of_more_than_200_digits_is_of_no_type(number: Any) -> None:
    policies = PolicySet(compiled(NUMBERS_TEXT))
    plain: dict[str, Any] = {"number": 1, "total": 1}
    own, asked, other = {"number": number, "total": number}, {"number": number, "sum": number}, {"number": 1, "sum": 2}
    for action in ("view", "pay"):
        for record, request in ((plain, asked), (own, other), (own, asked)):
            named: dict[str, Any] = {"now": NOW, "request": request}
            assert not policies.allows("kim", action, "order", record, **named)
            assert not decide(policies.index, "kim", action, "order", record, **named).allowed
            assert not policies.filter("kim", action, "order", **named).matches(record)
            assert not policies.explain("kim", action, "order", record, **named).decision.allowed
        assert policies.filter("kim", action, "order", now=NOW, request=asked).nothing
        assert policies.allows("kim", action, "order", plain, now=NOW, request=other)


def test_a_number_of_200_digits_is_a_number() -> None:
    policies = PolicySet(compiled(NUMBERS_TEXT))
    most = 10**200 - 1
    named: dict[str, Any] = {"now": NOW, "request": {"number": most}}
    assert policies.allows("kim", "view", "order", {"number": most}, **named)
    assert policies.filter("kim", "view", "order", **named).to_sql("postgres").parameters == {"p1": most}
    for dialect in ("sqlite", "duckdb", "mysql"):  # whose drivers or columns hold fewer digits
        with pytest.raises(UnsupportedError):
            policies.filter("kim", "view", "order", **named).to_sql(dialect)


def test_sqlite_compares_whole_numbers_of_64_bits() -> None:
    policies = PolicySet(compiled(NUMBERS_TEXT))
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "order" (number, total)')
    numbers = [1 - 2**63, 2**53, 2**53 + 1, 2**63 - 1]
    connection.executemany('INSERT INTO "order" VALUES (?, ?)', [(each, str(each)) for each in numbers])

    def found(action: str, **request: int) -> list[int]:
        filter_ = policies.filter("kim", action, "order", now=NOW, request=request)
        sql, parameters = filter_.to_sql("sqlite")
        query = f'SELECT number FROM "order" WHERE {sql} ORDER BY number'
        return [number for (number,) in connection.execute(query, parameters)]

    for at, each in enumerate(numbers):
        assert found("view", number=each) == [each]
        assert found("pay", sum=each) == numbers[:at]
    with pytest.raises(UnsupportedError, match="more digits than SQLite keeps"):
        found("view", number=2**63)


@pytest.mark.parametrize("length", [Duration(10**6000, "days"), Duration(-1, "days"), Duration(1, "moons")])  # type: ignore[arg-type]
def test_a_duration_is_a_whole_number_of_units(length: Duration) -> None:
    with pytest.raises(BadValueError):
        read(DurationType(), length, "doc.span")


def test_a_duration_in_a_text_has_nine_digits_at_most() -> None:
    assert read(DurationType(), "999999999 days", "doc.span") == Duration(999_999_999, "days")
    for text in ("1234567890 days", "\N{ARABIC-INDIC DIGIT THREE} days"):
        with pytest.raises(BadValueError):
            read(DurationType(), text, "doc.span")
