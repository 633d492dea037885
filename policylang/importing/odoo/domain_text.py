"""Conditions as domains: true for exactly the records for which the condition is true."""

from __future__ import annotations

from collections.abc import Sequence

from policylang.importing.edits import CannotEditError
from policylang.model import conditions as c
from policylang.model.types import BoolType, DecimalType, IntType, MoneyType

_OPERATORS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_NEGATED = {"=": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "in": "not in"}
_COMPANIES = ("company_id", "company_ids")
_Terms = tuple[str, ...]
"""Of a domain in Polish notation."""


def domain(condition: c.Condition | None, *, where_false: bool = False) -> str:
    """The text of a domain. ``where_false``: of the records for which the condition is false; without one of none.
    Raises `CannotEditError`.
    """
    if condition is None:
        parts: list[_Terms] = [("(0, '=', 1)",)]
    elif isinstance(condition, c.And) and not where_false:  # the terms at the top hold together
        parts = [_where(each, True) for each in condition.items]
    else:
        parts = [_where(condition, not where_false)]
    return f"[{', '.join(term for each in parts for term in each)}]"


def _where(of: c.Condition, is_true: bool) -> _Terms:
    match of:
        case c.Not(item):
            return _where(item, not is_true)
        case c.And(items) | c.Or(items):
            every = isinstance(of, c.And) == is_true
            merged = _or_missing(items) if isinstance(of, c.Or) and is_true else None
            return merged or _joined([_where(each, is_true) for each in items], every)
        case c.Missing(path):
            return (_term(_field(path), "=" if is_true else "!=", "False"),)
        case _:
            return _test(of, is_true)


def _joined(parts: Sequence[_Terms], every: bool) -> _Terms:
    if not parts:
        return ("(1, '=', 1)" if every else "(0, '=', 1)",)
    sign = "'&'" if every else "'|'"
    return (*(sign for _ in parts[1:]), *(term for each in parts for term in each))


def _or_missing(items: Sequence[c.Condition]) -> _Terms | None:
    """What holds where there is no value as well, which is what a negative term says anyway."""
    if len(items) != 2:
        return None
    missing, other = sorted(items, key=lambda each: not isinstance(each, c.Missing))
    if not isinstance(missing, c.Missing) or isinstance(other, c.Missing):
        return None
    if isinstance(other, c.Compare) and isinstance(other.left.type, BoolType) and _is_false(other, missing.operand):
        return (_term(_field(missing.operand), "=", "False"),)
    if isinstance(other, c.Not) and isinstance(other.item, c.Compare | c.In) and other.item.sides[0] == missing.operand:
        return _plain(other.item, False)
    return None


def _is_false(of: c.Compare, path: c.Path) -> bool:
    return of.test == "eq" and of.left == path and isinstance(of.right, c.Constant) and of.right.value is False


def _test(of: c.Condition, is_true: bool) -> _Terms:
    """A test; where it has to be false, of a value that is there."""
    terms = _plain(of, is_true)
    if is_true or not isinstance(of, c.Compare | c.In) or ("!=" not in terms[0] and "not in" not in terms[0]):
        return terms
    path = of.sides[0]
    assert isinstance(path, c.Path)
    return ("'&'", *terms, _term(_field(path), "!=", "False"))


def _plain(of: c.Condition, is_true: bool) -> _Terms:
    """A test as one term; a negative one holds without a value, too."""
    match of:
        case c.Compare(test, c.Path("record") as path, other) if isinstance(path.type, BoolType):
            if test != "eq" or not isinstance(other, c.Constant) or (other.value is True) != is_true:
                raise CannotEditError(
                    "no domain says it: a field that is false and one without a value are the same there"
                )
            return (_term(_field(path), "=", "True"),)
        case c.Compare(test, c.Path("record") as path, other):
            return (_term(_field(path), _sign(_OPERATORS[test], is_true), _value(other, _field(path))),)
        case c.In(c.Path("record") as path, values):
            shown = ", ".join(_constant(c.Constant(path.type, each, of.at), _field(path)) for each in values)
            return (_term(_field(path), _sign("in", is_true), f"[{shown}]"),)
        case c.Contains(c.Path("record") as path, item):
            return (_term(_field(path), _sign("in", is_true), f"[{_value(item, _field(path))}]"),)
        case c.Contains(c.Path("subject") as own, c.Path("record") as path):
            return (_term(_field(path), _sign("in", is_true), _of_user(own)),)
        case _:
            raise CannotEditError("no domain says it: domains have no such test")


def _sign(operator: str, is_true: bool) -> str:
    return operator if is_true else _NEGATED[operator]


def _term(field: str, operator: str, value: str) -> str:
    return f"({field!r}, {operator!r}, {value})"


def _field(path: c.Path) -> str:
    return ".".join(path.steps)


def _value(of: c.Operand, field: str) -> str:
    if isinstance(of, c.Constant):
        return _constant(of, field)
    if of.root != "subject":
        raise CannotEditError("no domain says it: domains compare fields with values and with the user only")
    return _of_user(of)


def _of_user(path: c.Path) -> str:
    name = ".".join(path.steps)
    if not name:
        return "user.id"
    if name in _COMPANIES:
        return name
    name = name.removeprefix("user.")
    end = ".ids" if name.endswith("_ids") else ".id" if name.endswith("_id") else ""
    return f"user.{name}{end}"


def _constant(of: c.Constant, field: str) -> str:
    if isinstance(of.value, bool):
        return str(of.value)
    if isinstance(of.type, IntType | DecimalType | MoneyType):
        return str(of.value)
    if not isinstance(of.value, str):
        raise CannotEditError("no domain says it: domains have no such value")
    is_id = field == "id" or field.endswith(("_id", "_ids"))
    return of.value if is_id and of.value.isascii() and of.value.isdigit() else repr(of.value)
