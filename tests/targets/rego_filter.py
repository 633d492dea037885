"""What somebody does with a filter of the bundle: tell the records that pass from those that do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


class UnknownError(Exception):
    """A test that is neither true nor false."""


class Passing:
    """``record``, ``now``, ``today`` and ``months`` as an input has them; ``users`` are those of the tables."""

    def __init__(self, input: Mapping[str, Any], users: Mapping[str, Any]) -> None:
        self._input, self._record, self._users = input, input["record"], users

    def passes(self, filter: Mapping[str, Any]) -> bool:
        if "tests" in filter:
            return self._formula(filter["formula"], filter["tests"])
        if "all" in filter:
            return all(map(self.passes, filter["all"]))
        return any(map(self.passes, filter["any"]))

    def _formula(self, formula: Mapping[str, Any], tests: list[Any]) -> bool:
        if "all" in formula:
            return all(self._formula(item, tests) for item in formula["all"])
        if "any" in formula:
            return any(self._formula(item, tests) for item in formula["any"])
        try:
            return self._test(tests[formula["test"]]) is formula["is"]
        except UnknownError:
            return False

    def _test(self, test: Mapping[str, Any]) -> bool:
        match test["op"]:
            case "known":
                return _known(test["outcome"])
            case "missing":
                return self._value(test["of"]) is None
            case "in":
                return self._present(test["of"]) in test["values"]
            case "in_network":
                address = self._present(test["of"]).split("%")[0]
                return len(address) == len(test["first"]) and test["first"] <= address <= test["last"]
            case "eq":
                first, second = (_sortable(test["kind"], self._present(test[side])) for side in ("of", "and"))
                return _alike(first, second) and first == second
            case "lt":
                first, second = (_sortable(test["kind"], self._present(test[side])) for side in ("of", "and"))
                return _alike(first, second) and bool(first < second)
            case "has":
                return self._has(self._present(test["of"]), self._present(test["and"]), test["kind"])
            case "overlaps":
                return self._overlap(self._present(test["of"]), self._present(test["and"]), test["kind"])
            case "empty":
                return not self._present(test["of"])
            case "contains":
                whole, part = self._present(test["of"]), self._present(test["and"])
                return part in whole
            case "starts_with":
                return bool(self._present(test["of"]).startswith(self._present(test["and"])))
            case "ends_with":
                return bool(self._present(test["of"]).endswith(self._present(test["and"])))
            case "between":
                return bool(test["first"] <= self._present(test["of"]) <= test["last"])
            case op:
                return self._timed(op, test["kind"], self._present(test["of"]), self._present(test["length"]))

    def _has(self, items: list[Any], wanted: Any, kind: str) -> bool:
        return self._overlap(items, [wanted], kind)

    def _overlap(self, items: list[Any], others: list[Any], kind: str) -> bool:
        """Whether some item is in both; unknown where none surely is and one of them may be."""
        found = {_same(item, other, kind) for item in items for other in others}
        return True if True in found else _known(None if None in found else False)

    def _timed(self, op: str, kind: str, found: int, length: dict[str, int]) -> bool:
        """With a length that the record says."""
        now = self._input["now" if kind == "datetime" else "today"]
        side = "after" if op == "within_next" else "before"
        if "months" in length:
            edge = self._input["months"][str(length["months"])][side].get(kind)
        else:
            sizes = {"datetime": {"minutes": 60_000_000, "days": 86_400_000_000}, "date": {"days": 1}}
            (unit,) = length
            size = sizes[kind].get(unit)
            edge = None if size is None else now + length[unit] * size * (1 if side == "after" else -1)
            first, last = (-719162, 2932896) if kind == "date" else (-62135596800000000, 253402300799999999)
            edge = edge if edge is not None and first <= edge <= last else None
        if edge is None:
            raise UnknownError
        if op == "older_than":
            return bool(found < edge)
        return bool(edge <= found <= now if side == "before" else now <= found <= edge)

    # --- values ----------------------------------------------------------------------------------------------

    def _present(self, operand: Mapping[str, Any]) -> Any:
        found = self._value(operand)
        if found is None:
            raise UnknownError
        return found

    def _value(self, operand: Mapping[str, Any]) -> Any:
        if "constant" in operand:
            return operand["constant"]
        found = self._record.get(operand["record"])
        if found is not None and not _is_of(operand["type"], found):
            raise UnknownError
        if "then" in operand:
            return self._users.get(found, {}).get("attributes", {}).get(operand["then"])
        return found


def _same(one: Any, other: Any, kind: str) -> bool | None:
    if one is None or other is None:
        return None
    first, second = _sortable(kind, one), _sortable(kind, other)
    try:
        return _alike(first, second) and bool(first == second)
    except UnknownError:
        return None


def _known(outcome: bool | None) -> bool:
    if outcome is None:
        raise UnknownError
    return outcome


def _is_of(type_: Any, found: Any) -> bool:
    if isinstance(type_, dict):
        if "one_of" in type_:
            return found in type_["one_of"]
        return isinstance(found, list) and all(item is None or _is_of(type_["set_of"], item) for item in found)
    match type_:
        case "bool":
            return isinstance(found, bool)
        case "date" | "datetime":
            return isinstance(found, int)
        case "record":
            return isinstance(found, str | int)
        case "duration":
            return isinstance(found, dict) and list(found) != ["wrong"]
        case "int" | "number":
            return isinstance(found, str) and bool(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", found))
        case _:
            return isinstance(found, str)


def _sortable(kind: str, found: Any) -> Any:
    if kind == "number":
        return Decimal(found)
    if kind == "duration":
        return (1, found["months"]) if "months" in found else (0, found.get("minutes", 0) + found.get("days", 0) * 1440)
    return found


def _alike(first: Any, second: Any) -> bool:
    """Months are no certain number of days."""
    if isinstance(first, tuple) and first[0] != second[0]:
        raise UnknownError
    return True
