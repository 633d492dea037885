"""Each attribute of what callers hand over is read once for a question, so that all of its conditions see one value."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from policylang import PolicySet
from policylang.api.holders import holders
from policylang.runtime.reference import decide
from policylang.runtime.values import Once, attribute, given_record
from tests.generated import Case, Features, cases
from tests.helpers import compiled, explain

EXAMPLES = settings.default.max_examples // 4  # type: ignore[union-attr]


class Counted:
    """Values by name, each of which can be read once."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values, self._read = values, set[str]()

    def __repr__(self) -> str:
        return repr(self._values)  # which reasons tell

    def _once(self, name: str) -> Any:
        assert name not in self._read, f"`{name}` is read twice"
        self._read.add(name)
        return self._values[name]


class Thing(Counted):
    """An object."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(name)
        return self._once(name)


class Mapped(Counted, Mapping[str, Any]):
    """A mapping of a type of its own."""

    def __getitem__(self, name: str) -> Any:
        return self._once(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, name: str, default: Any = None) -> Any:
        return self._once(name) if name in self._values else default


class Row(Counted):
    """A row of a database."""

    def keys(self) -> list[str]:
        return list(self._values)

    def __getitem__(self, name: str) -> Any:
        return self._once(name)


class Items:
    """A set that can be read once, and does not tell."""

    def __init__(self, items: tuple[Any, ...]) -> None:
        self._items, self._left = items, 1

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        assert self._left, "a set is read twice"
        self._left -= 1
        return iter(self._items)


FORMS: dict[str, Callable[[dict[str, Any]], Any]] = {"object": Thing, "mapping": Mapped, "row": Row}


def counted(value: Any, form: str, known: dict[int, Any] | None = None, outer: str | None = None) -> Any:
    """A record in which everything can be read once. What is the same record stays the same thing."""
    known = {} if known is None else known
    if isinstance(value, tuple):
        return Items(tuple(counted(each, form, known) for each in value))
    if not isinstance(value, dict):
        return value
    if id(value) not in known:
        values: dict[str, Any] = {}
        known[id(value)] = values if outer == "dict" else FORMS[outer or form](values)
        values |= {name: counted(each, form, known) for name, each in value.items()}
    return known[id(value)]


def answer(ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    try:
        return ask(*arguments, **named)
    except (ValueError, TypeError) as error:
        return type(error)


@given(cases(Features(objects=False)), st.sampled_from((*FORMS, "dict")), st.sampled_from(tuple(FORMS)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_whatever_is_read_twice_is_read_once(case: Case, outer: str, inner: str) -> None:
    policies = PolicySet(case.policy_set)
    index = policies.index

    def again(arguments: dict[str, Any]) -> dict[str, Any]:
        made = {name: counted(arguments[name], inner, outer=outer) for name in ("record", "request")}
        changes = arguments["changes"]
        if isinstance(changes, dict):
            made["changes"] = {name: counted(each, inner) for name, each in changes.items()}
        return {**arguments, **made}

    for request, arguments in zip(case.requests, case.arguments(), strict=True):
        note(f"{request}\n{arguments}")
        user, action, resource, now = (arguments[n] for n in ("user", "action", "resource", "now"))
        expected = answer(decide, index, **arguments)
        if expected is TypeError or (request.kind == "strange" and outer == "object"):
            continue  # an object does not tell which attributes it has that there are not
        assert answer(decide, index, **again(arguments)) == expected
        assert answer(policies.decide, **again(arguments)) == expected
        assert answer(policies.decide_many, [again(arguments)]) == (expected if expected is ValueError else [expected])
        if expected is ValueError:
            continue
        assert explain(index, **again(arguments)).decision == expected
        if request.kind != "record" or arguments["record"] is None:
            continue
        made = again(arguments)
        found = policies.filter(user, action, resource, now=now, request=made["request"]).matches(made["record"])
        assert found == expected.allowed
        made = again(arguments)
        record, attributes = made["record"], made["request"]
        assert (user in policies.who_can(action, resource, record, now=now, request=attributes)) == expected.allowed
        made = again(arguments)
        listed = holders(policies, action, resource, made["record"], now=now, request=made["request"])
        assert (user in [each.user for each in listed]) == expected.allowed


NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TEXT = """\
request { account : account }
resource account { stage : one of open, held  optional head : account  actions view }
resource doc { stage : one of open, held  optional account : account  actions view, modify, create }
policy open on doc { stage is open }
policy sound on doc { account.head.stage is open }
policy asked on doc { request.account.stage is open }
role clerk { grant all on doc  policy open  policy sound  policy asked }
deny all on doc { stage is held  or account.head.stage is held  or request.account.stage is held }
user "ann" { assign role clerk }
"""


class Turning:
    """Open as often as is said, and held from then on."""

    account = MappingProxyType({"head": {"stage": "open"}})

    def __init__(self, times: int) -> None:
        self._left = times

    @property
    def stage(self) -> str:
        self._left -= 1
        return "open" if self._left >= 0 else "held"


class Fresh:
    """Another head at each read, open as often as is said."""

    def __init__(self, times: int) -> None:
        self._heads = itertools.chain((Turning(1) for _ in range(times)), itertools.repeat(Turning(0)))

    @property
    def head(self) -> Turning:
        return next(self._heads)


@pytest.mark.parametrize("action", ["view", "modify", "create"])
@pytest.mark.parametrize("times", [0, 1])
def test_limits_and_denies_see_the_same(action: str, times: int) -> None:
    policies = PolicySet(compiled(TEXT))
    calm, settled = Turning(99), Turning.account
    for record, request in (
        (Turning(times), {"account": calm}),
        (SimpleNamespace(stage="open", account=Fresh(times)), {"account": calm}),
        ({"stage": "open", "account": settled}, {"account": Turning(times)}),
    ):
        asked: dict[str, Any] = {"now": NOW, "request": request}
        asked["changes"] = {"stage": "open"} if action == "modify" else None
        assert policies.allows("ann", action, "doc", record, **asked) == bool(times)
        assert not times or request["account"] is calm or not policies.allows("ann", action, "doc", record, **asked)


def test_plain_records_are_taken_as_they_are() -> None:
    for plain in ({}, {"a": 1, "tags": ["a"], "b": {"c": None, "d": {"e": (1,)}}}):
        assert given_record(plain) is plain
    deep: dict[str, Any] = {"a": {"b": {"c": {"d": {}}}}}
    others: tuple[Any, ...] = ({"a": Turning(1)}, {"tags": [Turning(1)]}, {"tags": iter(())}, deep)
    for other in others:
        assert type(given_record(other)) is Once
        assert given_record(given_record(other)) is not other
    circle: dict[str, Any] = {}
    circle["parent"] = circle
    made = given_record(circle)
    assert attribute(made, "parent") is made
