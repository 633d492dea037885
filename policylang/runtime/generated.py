"""Shapes as Python functions.

The code is made of syntax trees from the templates below, in which every name stands for a generated one: ``v3`` is a
value that was read, ``k3`` one that was handed over, ``t3`` a truth, ``p3`` whether the record is below a place. No
text of a policy set is a part of it, not even as a constant.

A function takes the record, the user's id, the request and the instant (aware, UTC). Truths are those of `truth`; where
that takes a value of another type for unknown, a function raises `BadValueError`, and OverflowError where an edge lies
outside the calendar.
"""

from __future__ import annotations

import ast
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.plan import AllMet, Plan, fold_met
from policylang.runtime.shapes import (
    ConditionGroup,
    Joined,
    Negated,
    PlanShape,
    Read,
    ShapeCondition,
    ShapeOperand,
    ShapeTest,
    SignatureShape,
    condition_shape,
    plan_shape,
    signature_shape,
)

Function = Callable[[Any, str, Any, datetime.datetime], Any]

_FUNCTION = """
def make():
    def run(record, user, request, now):
        BODY
    return run
"""

# Of a list of requests, with as many things in each as told; null where one is no such dictionary. The names of what is
# in the records are collected on the way.
_LOOP = """
def make():
    def run(requests, count, user, request, now, numbers, kept, names):
        found = []
        for each in requests:
            if type(each) is not dict or len(each) != count: return None
            record = each["record"]
            if type(record) is not dict: return None
            names += record
            BODY
        return found
    return run
"""

# How an attribute of the record itself is read, by what tells that its value can be compared as it is.
_OWN_OF_DICT = """
V = record.get(A)
if (GUARD) and V is not None:
    V = READ(record)
"""
_OWN = """
if type(record) is dict:
    OF_DICT
else:
    V = READ(record)
"""
_GUARDS = {
    "type": "type(V) is not B",
    "enum": "type(V) is not B or V not in C",
    "instant": "type(V) is not B or V.tzinfo is not C",
    "number": "type(V) is not B or not C < V < D",
}

# The first item of a denial's key: no grant is open, something that is required is not there, an appended policy is
# false; or other values could turn it.
CLOSED, NOT_MET, NOT_APPENDED, LEFT_OPEN = "closed", "not met", "not appended", "left open"

_REFUSAL = """
if not (MET):
    if UNKNOWN: return k0(record, user, request, now)
    return KEY
"""

_TESTS = {
    "missing": "A is None",
    "eq": "A == B",
    "lt": "A < B",
    "le": "A <= B",
    "gt": "A > B",
    "ge": "A >= B",
    "in": "A in B",
    "within": "now - B <= A <= now",
    "within_next": "now <= A <= now + B",
    "older_than": "A < now - B",
    "moment": "C(A, B, now)",
    "clock": "A(now)",
    "call_one": "B(A)",
    "call_two": "C(A, B)",
}


# --- templates -----------------------------------------------------------------------------------------------


class _Filled(ast.NodeTransformer):
    def __init__(self, parts: dict[str, Any]) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        found = self.parts.get(node.id, node.id)
        return ast.Name(found, node.ctx) if isinstance(found, str) else found

    def visit_Expr(self, node: ast.Expr) -> Any:
        found = self.parts.get(node.value.id) if isinstance(node.value, ast.Name) else None
        return self.generic_visit(node) if found is None else found


class _InLoop(ast.NodeTransformer):
    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        return _statements("found.append(kept[numbers[KEY]])\ncontinue", KEY=node.value)


def _statements(template: str, **parts: Any) -> list[ast.stmt]:
    """The statements of a template with names, expressions and statements in the place of its names."""
    return _Filled(parts).visit(ast.parse(template)).body  # type: ignore[no-any-return]


def _expression(template: str, **parts: Any) -> ast.expr:
    return _Filled(parts).visit(ast.parse(template, mode="eval")).body  # type: ignore[no-any-return]


def _name(letter: str, number: int) -> str:
    return f"{letter}{number}"


def _all_of(expressions: Iterable[ast.expr]) -> ast.expr:
    found = list(expressions)
    return found[0] if len(found) == 1 else ast.BoolOp(ast.And(), found) if found else ast.Constant(True)


def _any_of(expressions: Iterable[ast.expr]) -> ast.expr:
    found = list(expressions)
    return found[0] if len(found) == 1 else ast.BoolOp(ast.Or(), found) if found else ast.Constant(False)


def _tuple(first: str, names: Iterable[str]) -> ast.expr:
    """A key of answers: what kind of key it is, and the values of variables."""
    return ast.Tuple([ast.Constant(first), *(ast.Name(name, ast.Load()) for name in names)], ast.Load())


# --- reads and conditions ------------------------------------------------------------------------------------


class _Code:
    """Statements of one function, in order."""

    def __init__(self, loop: bool) -> None:
        self._loop = loop
        self.body: list[ast.stmt] = []
        self._reads = self._truths = 0

    def add(self, template: str, **parts: Any) -> None:
        self.body += _statements(template, **parts)

    def group(self, group: ConditionGroup) -> list[str]:
        """Read what a group reads; the names of its truths."""
        for read in group.reads:
            self._read(read, _name("v", self._reads))
            self._reads += 1
        return [self._condition(each) for each in group.conditions]

    def places(self, place: int | None, places: Sequence[int]) -> list[str]:
        """The names of whether the record is below each place."""
        names = [_name("p", number) for number in range(len(places))]
        if place is not None:
            self.add("place = K(record)", K=_name("k", place))
        for name, value in zip(names, places, strict=True):
            if place is None:
                self.add("P = False", P=name)
            else:
                self.add("P = place in K", P=name, K=_name("k", value))
        return names

    def _read(self, read: Read, name: str) -> None:
        *others, last = (_name("k", number) for number in read.values)
        if read.root != "own":
            root = {"subject": "user"}.get(read.root, read.root)
            self.add("V = READ(ROOT)", V=name, READ=last, ROOT=root)
            return
        parts = dict(zip("ABCD", others, strict=False))
        guard = _expression(_GUARDS[read.guard], V=name, **parts)
        of_dict = _statements(_OWN_OF_DICT, V=name, READ=last, A=parts["A"], GUARD=guard)
        if self._loop:
            self.body += of_dict
        else:
            self.add(_OWN, V=name, READ=last, OF_DICT=of_dict)

    def _condition(self, condition: ShapeCondition) -> str:
        """Find its truth; the name of that."""
        name = _name("t", self._truths)
        self._truths += 1
        match condition:
            case ShapeTest():
                self.add("T = FOUND", T=name, FOUND=_test(condition))
            case Negated(item):
                self.add("T = None if A is None else not A", T=name, A=self._condition(item))
            case Joined(every, items):
                self._join(name, every, items)
        return name

    def _join(self, name: str, every: bool, items: tuple[ShapeCondition, ...]) -> None:
        """The first item that is false (or true, where one is enough) decides; else the last that is unknown."""
        neutral, deciding = ast.Constant(every), ast.Constant(not every)
        self.add("T = NEUTRAL", T=name, NEUTRAL=neutral)
        for item in items:
            outer, self.body = self.body, []
            found = self._condition(item)
            self.add("if A is not NEUTRAL: T = A", T=name, A=found, NEUTRAL=neutral)
            inner, self.body = self.body, outer
            self.add("if T is not DECIDING: BODY", T=name, DECIDING=deciding, BODY=inner)

    def function(self, values: int) -> ast.Module:
        """The module of a function that makes the function of the values."""
        body = _InLoop().visit(ast.Module(self.body, [])).body if self._loop else self.body
        module = ast.Module(_statements(_LOOP if self._loop else _FUNCTION, BODY=body), [])
        make = module.body[0]
        assert isinstance(make, ast.FunctionDef)
        make.args.args = [ast.arg(_name("k", number)) for number in range(values)]
        return ast.fix_missing_locations(module)


def _operand(operand: ShapeOperand) -> str:
    if operand.of in ("user", "record"):
        return operand.of
    return _name("v" if operand.of == "read" else "k", operand.number)


def _test(test: ShapeTest) -> ast.expr:
    names = [_operand(each) for each in test.operands]
    found = _expression(_TESTS[test.name], **dict(zip("ABC", names, strict=False)))
    if test.name == "missing":
        return found
    read = dict.fromkeys(name for name, each in zip(names, test.operands, strict=True) if each.of == "read")
    if not read:
        return found
    missing = _any_of(_expression("A is None", A=name) for name in read)
    return _expression("None if MISSING else FOUND", MISSING=missing, FOUND=found)


# --- the decision --------------------------------------------------------------------------------------------


def _plan_code(code: _Code, shape: PlanShape) -> None:
    """What is returned is what the answer of the plan depends on: a number with a bit for each open way and, after
    those, each deny that matches; or, where the action is not open, a tuple.
    """
    places = code.places(shape.place, shape.places)
    limits = code.group(shape.limits)
    _add_ways(code, shape, places, limits)
    if shape.requirement != AllMet(()):
        met = fold_met(shape.requirement, lambda held: _any_of(_loaded(places[n] for n in held)), _all_of, _any_of)
        code.add("if not (MET): return KEY", MET=met, KEY=_tuple(NOT_MET, places))
    appends = code.group(shape.appends)
    if appends:
        _refuse(code, _all_of(_loaded(appends)), appends, False, _tuple(NOT_APPENDED, appends))
    _add_denies(code, shape, places)
    code.add("return outcome")


def _loaded(names: Iterable[str]) -> Iterator[ast.expr]:
    return (ast.Name(name, ast.Load()) for name in names)


def _add_ways(code: _Code, shape: PlanShape, places: list[str], limits: list[str]) -> None:
    code.add("outcome = 0")
    for number, way in enumerate(shape.ways):
        needed = [*([] if way.place is None else [places[way.place]]), *(limits[each] for each in way.limits)]
        code.add("if MET: outcome += BIT", MET=_all_of(_loaded(needed)), BIT=ast.Constant(1 << number))
    placed = shape.place is not None and any(way.place is not None for way in shape.ways)
    _refuse(code, ast.Name("outcome", ast.Load()), limits, placed, _tuple(CLOSED, [*limits, *places]))


def _refuse(code: _Code, met: ast.expr, truths: Sequence[str], placed: bool, key: ast.expr) -> None:
    """Return a key where something is not met; all that the answer depends on, where that is left open."""
    unknown = [_expression("A is None", A=name) for name in truths]
    unknown += [_expression("place is None")] if placed else []
    code.add(
        _REFUSAL,
        MET=met,
        UNKNOWN=_any_of(unknown),
        KEY=key,
    )


def _add_denies(code: _Code, shape: PlanShape, places: list[str]) -> None:
    truths = code.group(shape.denied)
    for number, deny in enumerate(shape.denies, len(shape.ways)):
        here = [] if deny.place is None else [places[deny.place]]
        truth = None if deny.condition is None else truths[deny.condition]
        if truth is not None and deny.whole:
            unknown = _all_of([*_loaded(here), _expression("A is None", A=truth)])
            code.add("if UNKNOWN: return k0(record, user, request, now)", UNKNOWN=unknown)
        matches = _all_of([*_loaded(here), *([] if truth is None else [_expression("A is not False", A=truth)])])
        code.add("if MATCHES: outcome += BIT", MATCHES=matches, BIT=ast.Constant(1 << number))


def _signature_code(code: _Code, shape: SignatureShape) -> None:
    places = code.places(shape.place, shape.places)
    truths = code.group(shape.tests)
    depths = []
    for number, (root, value) in enumerate(shape.depths):
        depths.append(_name("d", number))
        code.add("D = K(ROOT)", D=depths[-1], K=_name("k", value), ROOT={"subject": "user"}.get(root, root))
    whereabouts = [] if shape.place is None else ["nowhere"]
    if whereabouts:
        code.add("nowhere = place is None")
    code.add("return KEY", KEY=_tuple(LEFT_OPEN, [*whereabouts, *places, *truths, *depths]))


def _condition_code(code: _Code, shape: ConditionGroup) -> None:
    (truth,) = code.group(shape)
    code.add("return T", T=truth)


# --- functions -----------------------------------------------------------------------------------------------


def module(shape: PlanShape | SignatureShape | ConditionGroup, values: int, loop: bool = False) -> ast.Module:
    """The code of a shape; as a ``loop`` it takes a list of requests and returns a list."""
    code = _Code(loop)
    match shape:
        case PlanShape():
            _plan_code(code, shape)
        case SignatureShape():
            _signature_code(code, shape)
        case ConditionGroup():
            _condition_code(code, shape)
    return code.function(values)


@lru_cache(maxsize=1024)
def _maker(
    shape: PlanShape | SignatureShape | ConditionGroup, values: int, loop: bool = False
) -> Callable[..., Function]:
    names: dict[str, Any] = {"__builtins__": {"type": type, "dict": dict, "len": len}}
    exec(compile(module(shape, values, loop), "<generated>", "exec"), names)  # noqa: S102
    return names["make"]  # type: ignore[no-any-return]


def plan_function(index: Index, plan: Plan, loop: bool = False) -> Function:
    """What tells the key of a plan's answer; as a ``loop``, the keys for a list of records."""
    made: list[Function] = []

    def signature(record: Any, user: str, request: Any, now: datetime.datetime) -> Any:
        if not made:
            shape, values = signature_shape(index, plan)
            made.append(_maker(shape, len(values))(*values))
        return made[0](record, user, request, now)

    shape, values = plan_shape(index, plan, signature)
    return _maker(shape, len(values), loop)(*values)


def condition_function(index: Index, condition: c.Condition, resource: str) -> Function:
    """The truth of a condition about records of a resource."""
    shape, values = condition_shape(index, condition, resource)
    return _maker(shape, len(values))(*values)
