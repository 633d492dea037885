"""What callers hand over as records, requests, changes and sets: the same answer from everything, or a TypeError."""

from __future__ import annotations

import copy
import datetime
import enum
import pickle
import random
import sqlite3
import types
import uuid
from collections import ChainMap, UserDict, deque, namedtuple
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from policylang import PolicySet, UnsupportedError
from policylang.api.holders import holders
from policylang.model.types import Duration, DurationType, EnumType, RecordType, SetType, TextType
from policylang.runtime.compiled import Engine
from policylang.runtime.index import Index
from policylang.runtime.values import MISSING, BadValueError, attribute, is_record, read
from tests.generated import Case, cases
from tests.helpers import compiled, decide

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TEXT = """\
request { account : account  seen : set of text  when : datetime }
subject { since : datetime }
resource account { name : text  tags : set of text  actions view }
resource doc {
  owner   : user
  tags    : set of text
  account : account
  at      : datetime
  actions view, modify, create, pay, approve, one, two, three
}
policy mine on doc { owner is assigned user }
policy known on doc { request.account.name is present }
policy unknown on doc { request.account.name is missing }
policy asked_lately on doc { request.when within 30 days }
policy joined_lately on doc { assigned user.since within 30 days }
policy account_lately on doc { account.name is "Acme"  and at within 30 days }
role reader {
  grant all on doc
  policy mine for view, modify, create
  policy known for approve
  policy unknown for pay
  policy asked_lately for one
  policy joined_lately for two
  policy account_lately for three
}
deny view, modify, create on doc { tags contains "blocked" }
deny view on doc { account.tags contains "blocked" }
deny view on doc { request.seen contains "blocked" }
deny view on doc { request.account.tags contains "blocked" }
deny approve on doc { request.account.name is "Blocked Ltd" }
user "ann" { assign role reader }
"""
# Nothing of the deny is unknown.
CLEAR: dict[str, Any] = {"owner": "ann", "tags": [], "account": {"tags": []}}
ASKED: dict[str, Any] = {"seen": [], "account": {"tags": []}}


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return PolicySet(compiled(TEXT))


Way = Callable[[PolicySet, str, Any, Any, Any], bool]


def ways() -> dict[str, Way]:
    """Every way to ask whether ann may do something."""

    def many(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        asked = {"user": "ann", "action": action, "resource": "doc", "record": record, "request": request}
        return p.decide_many([{**asked, "changes": changes}], now=NOW)[0].allowed

    def explained(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        found = p.explain("ann", action, "doc", record, now=NOW, request=request, changes=changes)
        return found.decision.allowed

    def referred(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        named = {"now": NOW, "request": request, "changes": changes}
        return decide(p.index, "ann", action, "doc", record, **named).allowed

    def allowed(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        return p.allows("ann", action, "doc", record, now=NOW, request=request, changes=changes)

    return {"allows": allowed, "decide_many": many, "explain": explained, "reference": referred}


def ways_to_view() -> dict[str, Way]:
    """Those that know of no changes."""

    def matches(p: PolicySet, action: str, record: Any, request: Any, _changes: Any) -> bool:
        return p.filter("ann", action, "doc", now=NOW, request=request).matches(record)

    def who(p: PolicySet, action: str, record: Any, request: Any, _changes: Any) -> bool:
        return p.who_can(action, "doc", record, now=NOW, request=request) == ("ann",)

    def held(p: PolicySet, action: str, record: Any, request: Any, _changes: Any) -> bool:
        return [each.user for each in holders(p, action, "doc", record, now=NOW, request=request)] == ["ann"]

    return {**ways(), "filter": matches, "who_can": who, "holders": held}


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


# --- what is a record ----------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = "red"


class Doc:
    owner = "ann"


NO_RECORDS = [
    *(
        "ann",
        '{"owner": "ann"}',
        b"ann",
        bytearray(b"a"),
        5,
        1.5,
        True,
        Decimal(1),
        1j,
        [],
        ["owner"],
        (),
        set(),
        range(3),
    ),
    *(datetime.date(2026, 1, 1), NOW, NOW.time(), datetime.timedelta(1), Duration(1, "days"), Colour.RED),
    *(uuid.UUID(int=1), Path("doc"), object(), Doc, types, len, lambda: None, iter([]), {}.keys(), MISSING),
    *({None: "ann"}, {"owner": "ann", 5: "x"}, {("owner",): "ann"}, {b"owner": "ann"}, ChainMap({None: "x"})),
]


def refuses(ask: Callable[..., Any], *arguments: Any, **named: Any) -> bool:
    try:
        ask(*arguments, **named)
    except TypeError:
        return True
    return False


@pytest.mark.parametrize("way", ways_to_view())
def test_what_has_no_attributes_by_name_is_no_record(policies: PolicySet, way: str) -> None:
    ask = ways_to_view()[way]
    for wrong in NO_RECORDS:
        assert refuses(ask, policies, "view", wrong, None, None), wrong
        assert refuses(ask, policies, "view", None, wrong, None), wrong
        assert way not in ways() or refuses(ask, policies, "modify", CLEAR, None, wrong), wrong


def test_it_is_refused_whatever_else_is_wrong(policies: PolicySet) -> None:
    for wrong in NO_RECORDS:
        assert refuses(policies.filter, "ghost", "view", "nothing", now=NOW, request=wrong)
        assert refuses(policies.who_can, "view", "nothing", wrong, now=NOW)
        assert refuses(policies.decide, "ghost", "view", "nothing", wrong, now=NOW)
        assert refuses(policies.filter("ghost", "view", "doc", now=NOW).matches, wrong)
    for ask in (
        lambda: policies.filter("ghost", "view", "nothing", now=NOW),
        lambda: policies.who_can("view", "nothing", now=NOW),
    ):
        with pytest.raises(LookupError, match="there is no resource `nothing`"):
            ask()


def test_what_is_no_record_is_no_related_record_either() -> None:
    for wrong in NO_RECORDS:
        if not isinstance(wrong, str | Mapping):
            assert not is_record(wrong)
            assert wrong is MISSING or refuses_related(wrong), wrong
            for name in ("year", "name", "value", "count", "real", "hex", "parent", "__class__", "__doc__"):
                assert attribute(wrong, name) is MISSING


def refuses_related(raw: Any) -> bool:
    try:
        read(RecordType("account"), raw, "doc.account")
    except BadValueError:
        return True
    return False


def row(**values: Any) -> sqlite3.Row:
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    names = ", ".join(f"? AS {name}" for name in values)
    return database.execute(f"SELECT {names}", tuple(values.values())).fetchone()  # type: ignore[no-any-return]


@dataclass
class Owned:
    owner: str


class Slotted:
    __slots__ = ("owner", "tags")

    def __init__(self, owner: str) -> None:
        self.owner = owner


class Computed:
    @property
    def owner(self) -> str:
        return "ann"


Named = namedtuple("Named", "owner")
RECORDS = [
    *({"owner": "ann"}, UserDict(owner="ann"), ChainMap({"owner": "ann"}), types.MappingProxyType({"owner": "ann"})),
    *(Doc(), Owned("ann"), Slotted("ann"), Computed(), Named("ann"), SimpleNamespace(owner="ann"), row(owner="ann")),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: type(each).__name__)
def test_mappings_rows_and_objects_are_records(record: Any) -> None:
    p = PolicySet(compiled(TEXT.split("deny")[0] + 'user "ann" { assign role reader }'))
    for way, ask in ways_to_view().items():
        assert ask(p, "view", record, None, None), way
    for way, ask in ways().items():
        assert ask(p, "modify", record, None, {"at": None}), way
        assert not ask(p, "modify", record, None, row(owner="ben")), way
        assert not ask(p, "modify", {"owner": "ben"}, None, {"owner": "ann"}), way
    assert attribute(record, "count") is MISSING
    assert attribute(record, "index") is MISSING


def test_names_are_exact_and_stand_for_one_value() -> None:
    assert attribute(row(OWNER="ann"), "owner") is MISSING  # sqlite itself looks for names without regard to case
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    both = database.execute("SELECT 'ann' AS owner, 'ben' AS owner").fetchone()
    with pytest.raises(TypeError, match="the row has two columns 'owner': give one of them another name"):
        attribute(both, "owner")
    p = PolicySet(compiled(TEXT))
    with pytest.raises(TypeError):
        p.allows("ann", "view", "doc", both, now=NOW)


def test_a_name_that_python_uses_itself_is_no_attribute_of_an_object() -> None:
    for name in ("__doc__", "__class__", "__module__", "__dict__"):
        assert attribute(Doc(), name) is MISSING
        assert attribute({name: "x"}, name) == "x"


def test_a_method_is_of_no_type() -> None:
    class Made:
        def account(self) -> None: ...

    for type_ in (RecordType("account"), TextType(), SetType(TextType())):
        with pytest.raises(BadValueError):
            read(type_, attribute(Made(), "account"), "doc.account")


def test_what_a_property_raises_is_raised(policies: PolicySet) -> None:
    class Broken:
        @property
        def owner(self) -> str:
            raise LookupError("the database is away")

    for ask in ways().values():
        with pytest.raises(LookupError):
            ask(policies, "view", Broken(), None, None)


def test_a_value_of_a_type_made_from_text_is_the_text() -> None:
    class Word(enum.StrEnum):
        ANN = "ann"

    found = read(TextType(), Word.ANN, "doc.owner")
    assert found == "ann"
    assert type(found) is str


def test_a_text_that_calls_others_equal_is_no_value_of_an_enum() -> None:
    class AnyCase(str):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, str) and self.lower() == other.lower()

        def __hash__(self) -> int:
            return hash(self.lower())

    colours = EnumType(("red", "blue"))
    assert read(colours, AnyCase("red"), "car.colour") == "red"
    for type_, raw in ((colours, AnyCase("RED")), (SetType(colours), [AnyCase("RED")])):
        with pytest.raises(BadValueError):
            read(type_, raw, "car.colour")


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
    ],
    ids=["huge", "negative", "201 digits", "negative 201 digits", "exponent", "small", "zero", "NaN", "float"],
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
