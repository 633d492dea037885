"""Formulas without names: two that differ only in names have one answer.

Whether a formula can hold does not depend on what its attributes are called, nor on which texts, places and values of
an enumeration it compares with, where these are only equal or not. So each gets a number, in the order of first use;
numbers, times, lengths of time and addresses count as they are. With 5,000 groups, of a hundred thousand questions a
few dozen are left.
"""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from policylang.analysis.formula import AllOf, Formula, Holds, NotOf
from policylang.model import conditions as c
from policylang.model.types import EnumType, PlaceType, RecordType, SetType, TextType, Type, UserType
from policylang.runtime.index import Index

CanonicalKey = tuple[Hashable, ...]

_Symbol = tuple[str, Hashable]
"""An attribute by where it is found, or a constant; what gets a number."""


class _Shape(msgspec.Struct, frozen=True, gc=False):
    """A condition without names. ``symbols``: what stands in it, in the order of first use, by the number that it has
    in all conditions, each with what matters of it. ``fixed``: it says something about names, so that they have to
    stay.
    """

    id: int
    symbols: tuple[tuple[int, Hashable], ...]
    fixed: bool


class Canonical:
    """The formulas about the records of one policy set."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._shapes: dict[tuple[str, c.Condition], _Shape] = {}
        self._ids: dict[Hashable, int] = {}
        self._symbols: dict[_Symbol, int] = {}

    def key(self, formula: Formula, resource: str) -> CanonicalKey | None:
        """The same for formulas that differ only in names; ``None`` where the names matter: it looks into users, whose
        attributes are declared, or names one, or looks for parts of texts.
        """
        numbers: dict[int, int] = {}
        kinds: list[Hashable] = []
        said: list[Hashable] = []
        waiting = [formula]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Holds):
                shape = self._shapes.get((resource, node.condition)) or self._shape(node.condition, resource)
                if shape.fixed:
                    return None
                said += (shape.id, node.value)
                for symbol, kind in shape.symbols:
                    number = numbers.get(symbol)
                    if number is None:
                        number = numbers[symbol] = len(numbers)
                        kinds.append(kind)
                    said.append(number)
            elif isinstance(node, NotOf):
                said.append("not")
                waiting.append(node.item)
            else:
                said += ("all" if isinstance(node, AllOf) else "any", len(node.items))
                waiting += node.items
        return (*said, *kinds)

    def _shape(self, condition: c.Condition, resource: str) -> _Shape:
        maker = _Maker(self._index, resource)
        id_ = self._ids.setdefault(maker.condition(condition), len(self._ids))
        symbols = [self._symbols.setdefault(symbol, len(self._symbols)) for symbol in maker.numbers]
        shape = _Shape(id_, tuple(zip(symbols, maker.kinds, strict=True)), maker.fixed)
        return self._shapes.setdefault((resource, condition), shape)


class _Maker:
    """Makes the shape of one condition."""

    def __init__(self, index: Index, resource: str) -> None:
        self.index, self.resource = index, resource
        self.numbers: dict[_Symbol, int] = {}
        self.kinds: list[Hashable] = []
        self.fixed = False

    def condition(self, node: c.Condition) -> Hashable:
        match node:
            case c.And(items) | c.Or(items):
                return (type(node).__name__, *map(self.condition, items))
            case c.Not(item):
                return ("Not", self.condition(item))
            case c.TextTest() | c.Under():
                self.fixed = True
                return ()
            case c.In(operand, values):
                type_ = operand.type
                return ("In", self._operand(operand), *(self._value(type_, value) for value in values))
            case c.InNetwork(operand, network):
                return ("InNetwork", self._operand(operand), network)
            case c.Compare(test, left, right):
                both = isinstance(left, c.Path) and isinstance(right, c.Path)
                if both and isinstance(left.type, EnumType) and left.type != right.type:
                    self.fixed = True
                return (test, self._operand(left), self._operand(right))
            case c.Contains(whole, item):
                both = isinstance(whole, c.Path) and isinstance(item, c.Path)
                if both and isinstance(item.type, EnumType) and whole.type.item != item.type:
                    self.fixed = True
                return ("Contains", self._operand(whole), self._operand(item))
            case c.Overlaps(left, right):
                if isinstance(left.type.item, EnumType) and left.type != right.type:
                    self.fixed = True
                return ("Overlaps", self._operand(left), self._operand(right))
            case c.Hours() | c.Weekdays():
                return msgspec.structs.replace(node, at="")
            case c.Time(test, operand, duration):
                return (test, self._operand(operand), self._operand(duration))
            case c.Missing(operand) | c.Empty(operand):
                return (type(node).__name__, self._operand(operand))

    def _operand(self, operand: c.Operand) -> Hashable:
        if isinstance(operand, c.Constant):
            return self._value(operand.type, operand.value)
        if not operand.steps:
            return operand.root
        return (operand.root, *self._steps(operand))

    def _steps(self, path: c.Path) -> list[Hashable]:
        found: list[Hashable] = []
        for number, (holder, step) in enumerate(self.index.holders(self.resource, path), 1):
            home = False
            if holder is None:
                optional = step in self.index.optional_request
            elif isinstance(holder, RecordType):
                optional = self.index.attributes[holder.resource][step].optional
                home = number == 1 and self.index.resources[holder.resource].place == step
            else:
                self.fixed = True  # an attribute of a user
                return found
            kind = _kind(self.index.attribute_type(holder, step))
            found.append(self._number((path.root, path.steps[:number]), (kind, optional, home)))
        return found

    def _value(self, type_: Type, value: c.Value) -> Hashable:
        match type_.item:
            case TextType() | EnumType():
                return self._number((type(type_.item).__name__, value), None)
            case PlaceType(scope):
                return self._number(("PlaceType", value), (scope, value in self.index.places_of(scope)))
            case UserType():
                self.fixed = True
        return (type(value).__name__, value)

    def _number(self, symbol: _Symbol, kind: Hashable) -> int:
        if symbol not in self.numbers:
            self.numbers[symbol] = len(self.numbers)
            self.kinds.append(kind)
        return self.numbers[symbol]


def _kind(type_: Type) -> Hashable:
    """What matters of a type: of an enumeration, how many values it has."""
    item = ("enum", len(type_.item.values)) if isinstance(type_.item, EnumType) else type_.item
    return isinstance(type_, SetType), item
