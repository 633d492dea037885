"""Expressions of row policies that are comparisons, as conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from policylang.importing.imported import Ref, Text
from policylang.importing.texts import text

ALWAYS: Text = ()
"""True of every row."""
_TYPES = {
    "text": "text",
    "character varying": "text",
    "name": "text",
    "smallint": "int",
    "integer": "int",
    "bigint": "int",
    "numeric": "decimal",
    "boolean": "bool",
}
_LITERAL_CASTS = {
    "text": frozenset(["TEXT", "VARCHAR", "NAME"]),
    "int": frozenset(["INT", "BIGINT", "SMALLINT"]),
    "decimal": frozenset(["DECIMAL", "INT", "BIGINT"]),
}
_COLUMN_CASTS = {
    "text": frozenset(["TEXT", "VARCHAR"]),
    "int": frozenset(["BIGINT"]),
    "decimal": frozenset(["DECIMAL"]),
}
"""Those that change no value, where they say no length and no precision."""


class UnknownExpressionError(ValueError):
    """An expression that is no comparison that is known."""


class Column(msgspec.Struct, frozen=True):
    """``type``: what it is here, if comparisons mean the same here and there."""

    name: str
    type: str | None
    optional: bool

    @classmethod
    def of(cls, name: str, type: str, required: bool, plain: bool) -> Column:
        """``type``: what the database calls it. ``plain``: texts in it are equal only where they are the same."""
        known = _TYPES.get(type)
        return cls(name, None if known == "text" and not plain else known, not required)


class ParsedExpression(msgspec.Struct, frozen=True):
    """A condition, and the columns that hold users. ``None``: true of no row."""

    condition: Text | None
    users: frozenset[str] = frozenset()


def parse(expression: str, columns: Mapping[str, Column], names_fit: bool = True) -> ParsedExpression:
    """A condition of an expression. ``names_fit``: no role has a name so long that a text could be cut to it. Raises
    `UnknownExpressionError`.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(expression, dialect="postgres")
    except SqlglotError:
        raise UnknownExpressionError from None
    parsing = _Parsing(columns, exp, names_fit)
    bare = _bare(tree, exp)
    if isinstance(bare, exp.Boolean):
        return ParsedExpression(ALWAYS if bare.this else None)
    condition = parsing.read(tree)
    return ParsedExpression(condition, frozenset(parsing.users))


def _bare(node: Any, exp: Any) -> Any:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _refuse_more(node: Any) -> None:
    """Refuse what says more than is read here, whatever that is."""
    known = ("this", "expression", "negate") if type(node).__name__ == "Is" else ("this", "expression")
    if any(value for name, value in node.args.items() if name not in known):
        raise UnknownExpressionError


class _Parsing:
    def __init__(self, columns: Mapping[str, Column], exp: Any, names_fit: bool) -> None:
        self._columns, self._exp = columns, exp
        self._beside_users = frozenset(["NAME"] if names_fit else [])
        self.users: set[str] = set()

    def read(self, node: Any) -> Text:
        exp = self._exp
        node = _bare(node, exp)
        _refuse_more(node)
        if isinstance(node, exp.And | exp.Or):
            word = " and " if isinstance(node, exp.And) else " or "
            return ("(", *self.read(node.this), word, *self.read(node.expression), ")")
        if isinstance(node, exp.Not):
            return ("not (", *self.read(node.this), ")")
        if isinstance(node, exp.Column):
            return (self._ref(node, "bool"), " is true")
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return (self._ref(node.this, None), " is present" if node.args.get("negate") else " is missing")
        found: Text
        if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any):
            found = self._any(node)
        elif isinstance(node, exp.EQ | exp.NEQ):
            found = self._equal(node)
        elif type(node) in (exp.LT, exp.LTE, exp.GT, exp.GTE):
            sign = {exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}[type(node)]
            of = self._typed(node.this)
            if of.type not in ("int", "decimal"):
                raise UnknownExpressionError
            found = (Ref("attribute", of.name), f" {sign} {self._literal(node.expression, of)}")
        else:
            raise UnknownExpressionError
        return found

    def _equal(self, node: Any) -> Text:
        word = " is " if isinstance(node, self._exp.EQ) else " is not "
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if self._is_current_user(other):
                of = self._typed(one, self._beside_users)
                if of.type != "text":
                    break
                self.users.add(of.name)
                return (Ref("attribute", of.name), word, "assigned user")
        of = self._typed(node.this)
        return (Ref("attribute", of.name), f"{word}{self._literal(node.expression, of)}")

    def _any(self, node: Any) -> Text:
        exp = self._exp
        of = self._typed(node.this)
        items = self._uncast(node.expression.this, lambda each: each.this == exp.DataType.Type.ARRAY)
        if not isinstance(items, exp.Array) or of.type == "bool":
            raise UnknownExpressionError
        values = [self._literal(each, of) for each in items.expressions]
        return (Ref("attribute", of.name), f" in [{', '.join(values)}]")

    def _is_current_user(self, node: Any) -> bool:
        exp = self._exp
        inner = self._uncast(node, lambda each: each.this.name in _LITERAL_CASTS["text"] and not each.expressions)
        return isinstance(inner, exp.CurrentUser)

    def _uncast(self, node: Any, may: Callable[[Any], bool]) -> Any:
        exp = self._exp
        node = _bare(node, exp)
        while isinstance(node, exp.Cast) and may(node.to):
            node = _bare(node.this, exp)
        return node

    def _typed(self, node: Any, beside: frozenset[str] = frozenset()) -> Column:
        """A column whose comparisons mean the same here, perhaps behind a cast that changes nothing."""
        exp = self._exp
        inner = _bare(node, exp)
        casts = []
        while isinstance(inner, exp.Cast):
            casts.append("" if inner.to.expressions else inner.to.this.name)
            inner = _bare(inner.this, exp)
        if not isinstance(inner, exp.Column) or inner.table:
            raise UnknownExpressionError
        found = self._columns.get(inner.name)
        if found is None or found.type is None or not set(casts) <= _COLUMN_CASTS.get(found.type, frozenset()) | beside:
            raise UnknownExpressionError
        return found

    def _ref(self, node: Any, type: str | None) -> Ref:
        inner = _bare(node, self._exp)
        found = self._columns.get(inner.name) if isinstance(inner, self._exp.Column) and not inner.table else None
        if found is None or (type is not None and found.type != type):
            raise UnknownExpressionError
        return Ref("attribute", found.name)

    def _literal(self, node: Any, of: Column) -> str:
        exp = self._exp
        allowed = _LITERAL_CASTS.get(of.type or "", frozenset())
        inner = self._uncast(node, lambda each: each.this.name in allowed and not each.expressions)
        if of.type == "bool" and isinstance(inner, exp.Boolean):
            return "true" if inner.this else "false"
        negative = isinstance(inner, exp.Neg)
        inner = _bare(inner.this, exp) if negative else inner
        if not isinstance(inner, exp.Literal):
            raise UnknownExpressionError
        value = inner.this
        if of.type == "text" and inner.is_string and not negative:
            return text(value)
        if of.type == "int" and value.removeprefix("-").isdecimal():
            return f"-{value}" if negative else value
        if of.type == "decimal" and value.removeprefix("-").replace(".", "", 1).isdecimal():
            return f"-{value}" if negative else value
        raise UnknownExpressionError
