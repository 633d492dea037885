"""Conditions in CEL, as far as OpenFGA and SpiceDB evaluate them alike.

A value and what is known of it are two parameters: ``known``, ``missing``, ``invalid`` (not of its type), and for a set
with an item that is missing ``partly``. So every parameter always has a value, and each test is guarded.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from policylang.model import addresses
from policylang.model import conditions as c
from policylang.model.types import (
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    EnumType,
    IntType,
    IpType,
    PlaceType,
    SetType,
    TextType,
    UserType,
)
from policylang.runtime.truth import constant
from policylang.targets.cel import (
    Binary,
    Call,
    CelVar,
    CelWriter,
    Expr,
    Junction,
    Method,
    Parenthesized,
    beside_now,
    operator,
    signed,
    within,
)
from policylang.targets.cel import CelLiteral as Value

LONGEST = 512
"""Of an expression, in bytes: what OpenFGA takes. It also bounds what one costs there."""
_LONGEST_NAME = 40
"""Of an attribute that stands in the name of a parameter, which has 50 characters in OpenFGA."""
_LONGEST_DAYS = 300_000
"""Of a time test, with ``now`` in the years that callers may bring, so that no edge leaves the calendar."""
_HOURS = 24 * 106_751
"""What CEL's durations hold: 292 years."""

_PREFIXES = {
    ("record", "value"): "record",
    ("record", "state"): "state",
    ("record", "bits"): "bits",
    ("request", "value"): "request",
    ("request", "state"): "given",
    ("request", "bits"): "asked",
}
"""Of names: none begins like another."""

_KINDS = (TextType, EnumType, UserType, PlaceType, DateType, IpType, IntType, BoolType, DateTimeType)
"""Types of values that both engines compare exactly."""

_PLAIN = re.compile(r"[A-Za-z0-9 _.,:@+-]")
_CONTROL = re.compile(r"[=\x00-\x1f\x7f-\x9f]")


class InexpressibleError(ValueError):
    """The condition says something else; ``at``: where."""

    def __init__(self, at: str) -> None:
        super().__init__(at)
        self.at = at


_Kind = Literal["string", "int", "bool", "timestamp", "map<bool>"]


class Parameter(msgspec.Struct, frozen=True, order=True):
    """``source``: whose ``attribute`` it is the value of, or what ``form`` says: the state, what is known of it; the
    bits of an IP address, after its version and a colon. Otherwise it is an instant, or if ``type`` is string a day:
    ``now``, or as far away as ``length`` says, in the direction ``sign``.
    """

    name: str
    type: _Kind
    source: Literal["record", "request", "now"]
    attribute: str = ""
    form: Literal["value", "state", "bits"] = "value"
    sign: int = 0
    length: tuple[int, Literal["minutes", "days", "months"]] = (0, "days")


class CelText(msgspec.Struct, frozen=True):
    """An expression and its parameters, by name."""

    expression: str
    parameters: tuple[Parameter, ...]


def cel(condition: c.Condition) -> CelText:
    """Of a condition in negation normal form. Raises `InexpressibleError`."""
    found: dict[str, Parameter] = {}

    def use(parameter: Parameter) -> CelVar:
        found[parameter.name] = parameter
        return CelVar(parameter.name)

    expression = CelWriter(_quoted).written(_part(condition, use))
    return CelText(expression, tuple(sorted(found.values())))


_Use = Callable[[Parameter], CelVar]


def _part(part: c.Condition, use: _Use) -> Expr:
    match part:
        case c.And(items):
            return Junction("&&", tuple(_part(item, use) for item in items))
        case c.Or(items):
            each = ((item, _part(item, use)) for item in items)
            return Junction(
                "||", tuple(Parenthesized(expr) if isinstance(item, c.And) else expr for item, expr in each)
            )
    return Junction("&&", tuple(_known(*part.signed, use)))


def _known(test: c.Test, wanted: bool, use: _Use) -> Iterator[Expr]:
    """Of a test of the assigned user, only whether it can be told: users are relations."""
    path = _path(test)
    if isinstance(test, c.Missing):
        yield _is(path, "missing", use) if wanted else _present(path, use)
        return
    if not (isinstance(test, c.Contains) and wanted):  # a set without a value is empty
        yield _is(path, "known", use)
    if not any(isinstance(side, c.Path) and side.root == "subject" for side in test.sides):
        yield _test(test, path, wanted, use)


def _is(path: c.Path, state: str, use: _Use) -> Expr:
    return Binary(use(_parameter(path, "state")), "==", Value(state))


def _present(path: c.Path, use: _Use) -> Expr:
    known = _is(path, "known", use)
    return Parenthesized(Junction("||", (known, _is(path, "partly", use)))) if isinstance(path.type, SetType) else known


def _path(test: c.Condition) -> c.Path:
    """The one value that a test is about."""
    assert not isinstance(test, c.And | c.Or | c.Not)
    paths = [side for side in test.sides if isinstance(side, c.Path) and side.root != "subject"]
    if len(paths) != 1 or len(paths[0].steps) != 1:
        raise InexpressibleError(test.at)
    return paths[0]


def _parameter(path: c.Path, form: Literal["value", "state", "bits"] = "value") -> Parameter:
    assert path.root != "subject"
    attribute = path.steps[0]
    name = f"{_PREFIXES[path.root, form]}_{_short(attribute)}"
    return Parameter(name, _type(path) if form == "value" else "string", path.root, attribute, form)


def _short(attribute: str) -> str:
    """A long name as its begin and a digest: longer than any that is written out, so it is like none of those."""
    if len(attribute) <= _LONGEST_NAME:
        return attribute
    return f"{attribute[:24]}_{hashlib.sha256(attribute.encode()).hexdigest()[:16]}"


def _type(path: c.Path) -> _Kind:
    item = path.type.item
    if not isinstance(item, _KINDS):
        raise InexpressibleError(path.at)
    if isinstance(path.type, SetType):
        return "map<bool>"
    match item:
        case IntType():
            return "int"
        case BoolType():
            return "bool"
        case DateTimeType():
            return "timestamp"
    return "string"


# --- tests ---------------------------------------------------------------------------------------------------


def _test(test: c.Condition, path: c.Path, wanted: bool, use: _Use) -> Expr:
    if isinstance(test, c.InNetwork):
        network = addresses.network(test.network)
        inside = Value(bits(network.network_address)[: 2 + network.prefixlen])
        return signed(Method(use(_parameter(path, "bits")), "startsWith", (inside,)), wanted)
    value = use(_parameter(path))
    match test:
        case c.Compare(sign, left, right):
            first, second = (value if side is path else _constant(side) for side in (left, right))
            return Binary(first, operator(sign, wanted), second)
        case c.Time():
            return _time(test, value, wanted, use)
        case c.Contains(operand, item) if operand is path and isinstance(item, c.Constant):
            return signed(within(Value(key(constant(item.type, item.value))), value), wanted)
    raise InexpressibleError(test.at)


def _time(test: c.Time, value: Expr, wanted: bool, use: _Use) -> Expr:
    is_day = isinstance(test.operand.type, DateType)
    now = Parameter("today", "string", "now") if is_day else Parameter("now", "timestamp", "now")
    edge = _edge(test, now, use)
    return beside_now(test, value, edge if test.test == "older_than" else use(now), edge, wanted)


def _edge(test: c.Time, now: Parameter, use: _Use) -> Expr:
    """What the engine can compute of ``now`` it does; days of the calendar and months come with the request."""
    length = test.duration.value if isinstance(test.duration, c.Constant) else None
    if not isinstance(length, Duration) or _days(length) > _LONGEST_DAYS:
        raise InexpressibleError(test.at)
    sign = test.sign
    if now.type == "timestamp" and length.unit != "months" and length.length <= _HOURS * 60:
        amount = Value(f"{length.length // 60}h" if length.length % 60 == 0 else f"{length.length}m")
        return Binary(use(now), "+" if sign > 0 else "-", Call("duration", (amount,)))
    words = "_".join(("day" if now.type == "string" else "instant", str(length.amount), length.unit))
    name = f"{words}_{'later' if sign > 0 else 'ago'}"
    return use(Parameter(name, now.type, "now", sign=sign, length=(length.amount, length.unit)))


def _days(length: Duration) -> int:
    return {"minutes": length.amount // (24 * 60), "days": length.amount, "months": length.amount * 31}[length.unit]


# --- constants -----------------------------------------------------------------------------------------------


def _constant(operand: c.Operand) -> Expr:
    if not isinstance(operand, c.Constant) or not isinstance(operand.type, _KINDS):
        raise InexpressibleError(operand.at)
    match operand.type, operand.value:
        case DateTimeType(), value:
            return Call("timestamp", (Value(str(value)),))
        case IpType(), value:
            return Value(str(addresses.address(str(value))))
        case _, bool() | int() | str() as value:
            return Value(value)
    raise AssertionError(operand)


def key(value: object) -> str:
    """An item of a set, as conditions read it, as its key in a map: different for different items."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return str(int(value))
        case datetime.date():
            return value.isoformat()
    return str(value)


def bits(address: addresses.IpAddress) -> str:
    """The engines' own tests of networks differ on IPv4 addresses inside of IPv6; a text begins as it does or not."""
    return f"{address.version}:{int(address):0{address.max_prefixlen}b}"


def escaped(text: str) -> str:
    """Without control characters, which OpenFGA does not hold: they and ``=`` are ``=`` and two capital hex digits."""
    return _CONTROL.sub(lambda found: f"={ord(found[0]):02X}", text)


def _quoted(text: str) -> str:
    """A string; what is not plain is escaped, so that nothing in it ends anything in either language."""
    return '"' + "".join(each if _PLAIN.fullmatch(each) else _unicode(each) for each in escaped(text)) + '"'


def _unicode(each: str) -> str:
    return f"\\u{ord(each):04x}" if ord(each) < 0x10000 else f"\\U{ord(each):08x}"
