"""A filter as the condition of a WHERE clause, with every value a bound parameter.

What the database must hold:

- a table for each resource, named like it, with a column for each attribute, named like it; missing is NULL;
- a related record as the key of its row, which stands in the column ``id`` of the related table;
- values of the attributes' types: among them only places, and in sets enum values, that the policy set declares, which
  a foreign key or a check constraint makes sure of. Text is not padded, and compares exactly: a collation that ignores
  case, accents or trailing spaces gives wrong answers, but in T-SQL, MySQL and Redshift, where most do.

========  =====================================  ==========================================  ======================
type      postgres                               duckdb                                      sqlite
========  =====================================  ==========================================  ======================
datetime  timestamptz                            TIMESTAMPTZ                                 ISO 8601 text, in UTC
                                                                                             or with an offset such
                                                                                             as ``+01:00``
date      date                                   DATE                                        text, ``2026-01-31``
money     numeric                                DECIMAL                                     numbers, or texts
set       array                                  LIST                                        JSON array as text
ip        inet                                   refused                                     refused
duration  refused                                refused                                     refused
========  =====================================  ==========================================  ======================

Other dialects get the same SQL as far as it is plain, and refuse sets and IP addresses; some refuse to look for a text
in another, or an instant that is written out, and of some nothing is certain: see `policylang.runtime.dialects`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.dialects import DIALECTS

from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    EnumType,
    IpType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime import ends, sqlite
from policylang.runtime.columns import filled, mapped, spellings
from policylang.runtime.dialects import (
    NO_DATABASES,
    SETS,
    TEXT_TESTS,
    UNCERTAIN,
    Sets,
    UnsupportedError,
    literal,
    same_text,
)
from policylang.runtime.index import Index
from policylang.runtime.residual import NAMELESS, NO_RECORD, Rest
from policylang.runtime.sql_trees import RECURSIVE, TreeNames, below, elsewhere
from policylang.runtime.sql_values import SqlValues
from policylang.runtime.truth import Situation, truth, value
from policylang.runtime.values import MISSING


class SqlCondition(NamedTuple):
    """``sql`` for a WHERE clause, and the values of its named parameters as the dialect's drivers take them."""

    sql: str
    parameters: dict[str, Any]


def to_sql(index: Index, resource: str, condition: Rest, dialect: str, now: datetime.datetime) -> SqlCondition:
    """The SQL of a residual condition about rows of the resource's table. Raises ValueError for an unknown dialect."""
    found, parameters = _write(index, resource, condition, dialect, now)
    return SqlCondition(found.sql(dialect=dialect, identify=True), parameters)


def to_text(index: Index, resource: str, condition: Rest, dialect: str, now: datetime.datetime) -> str:
    """The same with its values written into the SQL, in the dialect's own quotes."""
    found, parameters = _write(index, resource, condition, dialect, now)
    literals = {name: literal(value, dialect) for name, value in parameters.items()}

    def filled(node: exp.Expr) -> exp.Expr:
        return literals[node.name].copy() if isinstance(node, exp.Placeholder) else node

    return found.transform(filled).sql(dialect=dialect, identify=True)


def _write(
    index: Index, resource: str, condition: Rest, dialect: str, now: datetime.datetime
) -> tuple[exp.Expr, dict[str, Any]]:
    if dialect not in map(str.lower, DIALECTS):  # sqlglot itself would take settings behind a name, or no name
        raise ValueError(f"there is no dialect {dialect!r}")
    if dialect in NO_DATABASES:
        raise UnsupportedError(f"{dialect} is not a dialect of SQL databases")
    if dialect in UNCERTAIN:
        raise UnsupportedError(f"{dialect} may not compare exactly")
    writer = _Writer(index, resource, dialect, now)
    found = exp.convert(condition) if isinstance(condition, bool) else writer.condition(condition)
    used = {node.name for node in found.find_all(exp.Placeholder)}  # drivers refuse what a statement has not
    return found, {name: value for name, value in writer.values.parameters.items() if name in used}


class _Column(NamedTuple):
    """Where a path of the record ends in the database: a column and, behind it, the rest of the path, from the user
    whom that names.
    """

    sql: exp.Expr
    of_user: c.Path | None = None


class _Joins:
    """The related rows that one test looks at."""

    def __init__(self) -> None:
        self.tables: list[exp.Expr] = []
        self.conditions: list[exp.Expr] = []
        self.aliases: dict[tuple[str, ...], str] = {}


class _Writer:
    def __init__(self, index: Index, resource: str, dialect: str, now: datetime.datetime) -> None:
        self.index = index
        self.resource = resource
        self.dialect = dialect
        self.now = now
        self.values = SqlValues(index, resource, dialect)
        self._aliases = 0

    # --- conditions ------------------------------------------------------------------------------------------

    def condition(self, condition: c.Condition) -> exp.Expr:
        """SQL that is true where the condition is, and false or NULL elsewhere; negation stands at tests only."""
        match condition:
            case c.And(items):
                return exp.and_(*(self.condition(item) for item in items))
            case c.Or(items):
                return exp.or_(*(self.condition(item) for item in items))
            case c.Not(item):
                assert not isinstance(item, c.And | c.Or | c.Not)
                return self._test(item, wanted=False)
            case _:
                return self._test(condition, wanted=True)

    def _test(self, test: c.Test, wanted: bool) -> exp.Expr:
        joins = _Joins()
        columns = [self._column(o, joins) if isinstance(o, c.Path) else None for o in test.sides]
        if isinstance(test, c.Missing):
            assert columns[0] is not None
            present = self._exists(joins, self._present(columns[0], test.operand.type, wanted))
            return exp.not_(present) if wanted else present
        paths = [column for column in columns if column is not None]
        if len(paths) == 1 and paths[0].of_user is not None:
            return self._exists(joins, self._of_users(test, paths[0].sql, paths[0].of_user, wanted))
        sides = [self._side(test, o, column) for o, column in zip(test.sides, columns, strict=True)]
        plain = self._plain(test, sides, wanted)
        read = [None if column is None or column.of_user is not None else column.sql for column in columns]
        typed = [(o.type, column) for o, column in zip(test.sides, read, strict=True) if column is not None]
        if self.dialect == "sqlite":
            plain = sqlite.where_fitting(typed, plain)
        if self.dialect in ends.DIALECTS:
            plain = exp.and_(plain, *ends.within_where(test, read, wanted, self.dialect))
        if not wanted or len(typed) > 1:  # else it is one of the values that the test names
            plain = exp.and_(
                plain, *(self._declared(type_, sql) for type_, sql in typed if isinstance(type_, EnumType))
            )
        return self._exists(joins, plain)

    def _declared(self, type_: EnumType, column: exp.Expr) -> exp.Expr:
        """Nothing is known of a value that an application has and the policies do not."""
        return self._in(column, [self.values.parameter(each) for each in type_.values], type_)

    def _exists(self, joins: _Joins, condition: exp.Expr) -> exp.Expr:
        """The condition, about the related rows if it speaks of any; then it is never NULL."""
        if not joins.tables:
            return condition
        query = exp.select("1").from_(joins.tables[0])
        for table in joins.tables[1:]:
            query = query.join(table, join_type="cross")
        return exp.Exists(this=query.where(*joins.conditions, condition))

    # --- columns ---------------------------------------------------------------------------------------------

    def _column(self, path: c.Path, joins: _Joins) -> _Column:
        table = self.resource
        column: exp.Expr = exp.column("id", table=table, quoted=True)
        for number, (holder, step) in enumerate(self.index.holders(self.resource, path)):
            if isinstance(holder, UserType):
                return _Column(column, c.Path("subject", path.steps[number:], path.type, path.at))
            assert isinstance(holder, RecordType)
            if number:
                table = self._join(path.steps[:number], holder.resource, column, joins)
            name = self._renamed(step, holder.resource) if number else step
            column = exp.column(name, table=table, quoted=True)
        return _Column(column)

    def _join(self, steps: tuple[str, ...], resource: str, key: exp.Expr, joins: _Joins) -> str:
        """The alias of the row that a path leads to."""
        if steps not in joins.aliases:
            joins.aliases[steps] = alias = self._alias("related")
            table = exp.table_(resource, quoted=True)
            names = {name: self._renamed(name, resource) for name in self.index.attributes[resource]}
            if self.resource in names:
                columns = [exp.alias_(exp.column(name, quoted=True), names[name], quoted=True) for name in names]
                columns += [] if "id" in names else [exp.column("id", quoted=True)]
                joins.tables.append(exp.select(*columns).from_(table).subquery(alias))
            else:
                joins.tables.append(exp.alias_(table, alias, table=True, quoted=True))
            joins.conditions.append(same_text(exp.column("id", table=alias, quoted=True), key, self.dialect))
        return joins.aliases[steps]

    def _alias(self, word: str) -> str:
        """A name that no table has, in whatever case: in a subquery it would stand in the place of that table."""
        self._aliases += 1
        return self._free(f"{word}_{self._aliases}")

    def _renamed(self, name: str, resource: str) -> str:
        """The column's name in a subquery: databases with structures take `account.office` for a field of a column
        `account`, if there is one, before they look for the outer table.
        """
        if name != self.resource:
            return name
        while name in self.index.attributes[resource]:
            name = f"its_{name}"
        return name

    def _present(self, column: _Column, type_: Type, whatever: bool) -> exp.Expr:
        """Whether there is a value, or ``whatever`` else there may be; never NULL."""
        there = _is_there(column.sql)
        if self.dialect == "sqlite" and column.of_user is None:
            there = _is_there(sqlite.given(type_, column.sql)) if whatever else sqlite.fits(type_, column.sql)
        if self.dialect in ends.DIALECTS and column.of_user is None and not whatever:
            there = exp.and_(there, *ends.within(type_, column.sql, self.dialect))
        if column.of_user is None:
            return self._declared(type_, column.sql) if isinstance(type_, EnumType) and not whatever else there
        return exp.and_(there, self._users(column.sql, [user for user, _ in self._values(column.of_user)]))

    def _values(self, path: c.Path) -> Iterator[tuple[str, Any]]:
        """The users who have a value at the end of a path, with it."""
        for user in sorted(self.index.users):
            found = value(path, self._situation(user))
            if found is not MISSING:
                yield user, found

    def _situation(self, user: str) -> Situation:
        return Situation(self.index, user, "", NO_RECORD, NO_RECORD, self.now)

    def _of_users(self, test: c.Test, column: exp.Expr, path: c.Path, wanted: bool) -> exp.Expr:
        """A test about an attribute of the user in a column: the policy set knows who passes it."""
        known = test.map_operands(lambda operand: path if isinstance(operand, c.Path) else operand)
        users = [user for user in sorted(self.index.users) if truth(known, self._situation(user)) is wanted]
        return self._users(column, users)

    def _users(self, column: exp.Expr, users: Sequence[str]) -> exp.Expr:
        return self._in(column, [self.values.parameter(user) for user in users], UserType(None))

    def _side(self, test: c.Test, operand: c.Operand, column: _Column | None) -> exp.Expr:
        """The SQL of an operand of a test."""
        if column is None:
            assert isinstance(operand, c.Constant)
            if operand == NAMELESS:
                return exp.null()
            return self.values.constant(test, operand.type, operand.value)
        if column.of_user is None:
            return self.values.readable(test, operand.type, column.sql)
        if isinstance(operand.type, SetType):
            raise self.values.unsupported(test, "a set of the user beside another attribute of the record")
        case = exp.Case()
        for user, found in self._values(column.of_user):
            is_user = same_text(column.sql, self.values.parameter(user), self.dialect)
            case = case.when(is_user, self.values.bound(test, operand.type, found))
        return case if case.args.get("ifs") else exp.null()

    # --- tests -----------------------------------------------------------------------------------------------

    def _plain(self, test: c.Test, sides: list[exp.Expr], wanted: bool) -> exp.Expr:
        signed: Callable[[exp.Expr], exp.Expr] = (lambda e: e) if wanted else exp.not_
        match test:
            case c.Compare(kind, left, _right):
                self.values.refuse_types(test, left.type)
                if kind == "eq":
                    return signed(self._same(sides[0], sides[1], left.type))
                return signed(getattr(exp, _COMPARISONS[kind])(this=sides[0], expression=sides[1]))
            case c.In(operand, values):
                self.values.refuse_types(test, operand.type)
                if not values:
                    return exp.false() if wanted else _is_there(sides[0])
                return signed(
                    self._in(sides[0], [self.values.constant(test, operand.type, v) for v in values], operand.type)
                )
            case c.InNetwork(_, network):
                if self.dialect != "postgres":
                    raise self.values.unsupported(test, "IP addresses")
                return signed(self._in_network(sides[0], network))
            case c.Contains():
                return self._contains(test, sides[0], sides[1], wanted)
            case c.Overlaps():
                return self._overlaps(test, sides[0], sides[1], wanted)
            case c.Empty(operand):
                return signed(self._is_empty(self._sets(test, operand.type.item), sides[0]))
            case c.Under():
                return self._under(test, sides[0], sides[1], wanted)
            case c.TextTest(kind, _, _):
                if self.dialect not in TEXT_TESTS:
                    raise self.values.unsupported(test, "texts in texts")
                return self._text(kind, sides[0], sides[1], wanted)
            case _:
                raise self.values.unsupported(test, "a length of time that the record holds")

    def _contains(self, test: c.Contains, items: exp.Expr, item: exp.Expr, wanted: bool) -> exp.Expr:
        """An item among those of a column. It is unknown whether a missing item is the one."""
        kind = test.item.type
        of = self._sets(test, kind)
        whole = self._of_sets(of.whole, kind, items)
        if test.item == NAMELESS:
            return exp.false() if wanted else exp.and_(*self._there(items), whole)
        there = self._there(items, item)
        spelled = [item, mapped(item)] if isinstance(kind, IpType) else [item]
        among = exp.or_(*(self._of_sets(of.contains, kind, items, each) for each in spelled))
        return exp.and_(*there, among) if wanted else exp.and_(*there, exp.not_(among), whole)

    def _overlaps(self, test: c.Overlaps, left: exp.Expr, right: exp.Expr, wanted: bool) -> exp.Expr:
        """An item in two columns. It is unknown whether a missing item of one is in the other, where that has some."""
        kind, other = test.left.type.item, test.right.type.item
        of = self._sets(test, kind)
        if isinstance(kind, IpType):
            raise self.values.unsupported(test, "IP addresses in two columns")
        if isinstance(kind, NUMBERS) and kind != other and self.dialect == "postgres":
            raise self.values.unsupported(test, "sets of different numbers")
        there, shared = self._there(left, right), self._of_sets(of.overlap, kind, left, right)
        if wanted:
            return exp.and_(*there, shared)
        none = [self._is_empty(of, side) for side in (left, right)]
        whole = exp.and_(*(self._of_sets(of.whole, kind, side) for side in (left, right)))
        return exp.and_(*there, exp.not_(shared), exp.paren(exp.or_(*none, whole)))

    def _sets(self, test: c.Test, of: Type) -> Sets:
        self.values.refuse_types(test, of)
        if self.dialect not in SETS:
            raise self.values.unsupported(test, "sets")
        return SETS[self.dialect]

    def _is_empty(self, of: Sets, items: exp.Expr) -> exp.Expr:
        return exp.EQ(this=filled(of.size, self.dialect, a=items), expression=exp.Literal.number(0))

    def _of_sets(self, template: str, kind: Type, *columns: exp.Expr) -> exp.Expr:
        names = dict(zip("ab", columns, strict=False))
        if self.dialect == "sqlite":
            for name, alias in (("x", sqlite.LEFT), ("y", sqlite.RIGHT)):
                names[name] = sqlite.value(kind, exp.column("value", table=alias, quoted=True))
        return filled(template, self.dialect, **names)

    def _under(self, test: c.Under, key: exp.Expr, top: exp.Expr, wanted: bool) -> exp.Expr:
        """By the records that lie below the top, or by those from which the way up ends elsewhere."""
        type_ = test.operand.type
        assert isinstance(type_, RecordType)
        if self.dialect not in RECURSIVE:
            raise self.values.unsupported(test, "trees of records")
        if not isinstance(test.top, c.Constant):
            raise self.values.unsupported(test, "a record at the top that is another one in each row")
        names = TreeNames(type_.resource, test.tree, self._alias("tree"), self._free("each"))
        if wanted:
            return exp.paren(exp.or_(exp.EQ(this=key, expression=top), exp.In(this=key, query=below(names, top))))
        return exp.In(this=key, query=elsewhere(names, None if test.top == NAMELESS else top))

    def _free(self, name: str) -> str:
        tables = {each.lower() for each in self.index.resources}
        while name in tables:
            name = f"_{name}"
        return name

    def _text(self, kind: str, text: exp.Expr, part: exp.Expr, wanted: bool) -> exp.Expr:
        """Exact, unlike LIKE, which takes `%` and `_` for anything and in places ignores case."""
        there = self._there(text, part)
        length = exp.Length(this=part)
        fits: exp.Expr
        if kind == "ends_with":
            end = (
                exp.func("substr", text, exp.Neg(this=length), dialect="sqlite")
                if self.dialect == "sqlite"
                else exp.func("right", text, length, dialect=self.dialect)
            )
            fits = exp.EQ(this=end, expression=part)
        else:
            position = exp.StrPosition(this=text, substr=part)
            compared = exp.EQ if kind == "starts_with" else exp.GTE
            fits = compared(this=position, expression=exp.Literal.number(1))
        if not isinstance(part, exp.Placeholder):
            fits = exp.or_(exp.EQ(this=part, expression=exp.Literal.string("")), fits)
        elif not self.values.parameters[part.name]:
            fits = exp.true()
        return exp.and_(*there, fits if wanted else exp.not_(fits))

    def _there(self, *sides: exp.Expr) -> list[exp.Expr]:
        """That there are values in columns; databases cannot tell the type of a parameter that is only looked at so."""
        columns = [side for side in sides if not isinstance(side, exp.Placeholder)]
        return [_is_there(side) for side in columns]

    def _in(self, column: exp.Expr, values: list[exp.Expr], type_: Type) -> exp.Expr:
        if not values:
            return exp.false()
        tests = [self._same(column, value, type_) for value in values]
        if len(tests) == 1 or not isinstance(tests[0], exp.EQ):
            return exp.paren(exp.or_(*tests)) if len(tests) > 1 else tests[0]
        return exp.In(this=column, expressions=values)

    def _same(self, left: exp.Expr, right: exp.Expr, type_: Type) -> exp.Expr:
        if isinstance(type_, _TEXTS):
            return same_text(left, right, self.dialect)
        return exp.EQ(this=left, expression=right)

    def _in_network(self, address: exp.Expr, network: str) -> exp.Expr:
        inside, outside = (
            [exp.func("network_subeq", address, exp.cast(self.values.parameter(each), "inet")) for each in found]
            for found in spellings(network)
        )
        return exp.and_(exp.or_(*inside), *(exp.not_(each) for each in outside))


def _is_there(side: exp.Expr) -> exp.Expr:
    return exp.not_(exp.Is(this=side, expression=exp.null()))


_TEXTS = (TextType, EnumType, UserType, PlaceType, RecordType)
"""What columns hold as texts, or as keys."""

_COMPARISONS = {"lt": "LT", "le": "LTE", "gt": "GT", "ge": "GTE"}
