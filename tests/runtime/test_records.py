"""What is taken for a record, a request or changes, and what is read from it."""

from __future__ import annotations

import datetime
import enum
import sqlite3
import types
import uuid
from collections import ChainMap, UserDict, namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from policylang import PolicySet
from policylang.model.types import Duration, EnumType, RecordType, SetType, TextType
from policylang.runtime.values import MISSING, BadValueError, attribute, is_record, read
from tests.helpers import compiled
from tests.runtime.given import CLEAR, NOW, TEXT, Colour, Doc, policies, ways, ways_to_view

__all__ = ["policies"]

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
