"""The values that a filter in SQL holds: each a bound parameter, in the form in which the dialect's columns hold it."""

from __future__ import annotations

import datetime
import ipaddress
from decimal import Decimal
from typing import Any

from sqlglot import exp

from policylang.model import conditions as c
from policylang.model.types import DateTimeType, DateType, DurationType, IpType, Type
from policylang.model.words import condition_in_words
from policylang.runtime import sqlite
from policylang.runtime.columns import ipv4
from policylang.runtime.dialects import DIGITS, EMPTY_IS_NULL, NO_DAYS, UnsupportedError
from policylang.runtime.index import Index
from policylang.runtime.truth import constant


class SqlValues:
    """The parameters of one filter. What the dialect cannot hold or compare exactly is refused."""

    def __init__(self, index: Index, resource: str, dialect: str) -> None:
        self.index = index
        self.resource = resource
        self.dialect = dialect
        self.parameters: dict[str, Any] = {}

    def constant(self, test: c.Test, type_: Type, written: c.Value) -> exp.Expr:
        return self.bound(test, type_, constant(type_, written))

    def bound(self, test: c.Test, type_: Type, found: Any) -> exp.Expr:
        """A value as a parameter, in the form in which the dialect's columns hold it."""
        if isinstance(found, str):
            if "\0" in found:
                raise self.unsupported(test, "the character U+0000 in a text")
            return self.parameter(found)
        self._refuse_values(test, found)
        if isinstance(type_, DateTimeType):
            if self.dialect == "sqlite":
                plain = found.astimezone(datetime.UTC).replace(tzinfo=None)
                return self.parameter(plain.isoformat(timespec="microseconds"))
            return self.parameter(found)
        if isinstance(type_, IpType):
            return exp.cast(self.parameter(str(found)), "inet")
        if self.dialect == "sqlite" and isinstance(found, Decimal):
            return self.parameter(self._number(test, found))
        if self.dialect == "sqlite" and isinstance(found, datetime.date):
            return self.parameter(found.isoformat())
        return self.parameter(int(found) if self.dialect == "sqlite" and isinstance(found, bool) else found)

    def _number(self, test: c.Test, found: Decimal) -> int | float:
        if found == found.to_integral_value() and abs(found) < 2**63:
            return int(found)
        if Decimal(repr(float(found))) != found:
            raise self.unsupported(test, "a number with more digits than SQLite keeps")
        return float(found)

    def parameter(self, found: Any) -> exp.Expr:
        if found == "" and self.dialect in EMPTY_IS_NULL:
            raise UnsupportedError(f"{self.dialect} takes the empty text for NULL; use `Filter.matches` on the records")
        name = f"p{len(self.parameters) + 1}"
        self.parameters[name] = found
        return exp.Placeholder(this=name)

    def readable(self, test: c.Test, type_: Type, column: exp.Expr) -> exp.Expr:
        """A column as it compares with parameters."""
        self.refuse_types(test, type_)
        if isinstance(type_, IpType) and not isinstance(test, c.InNetwork):
            return ipv4(column)
        return sqlite.value(type_, column) if self.dialect == "sqlite" else column

    def refuse_types(self, test: c.Test, type_: Type) -> None:
        item = type_.item
        if isinstance(item, DurationType):
            raise self.unsupported(test, "durations in columns")
        if isinstance(item, IpType) and self.dialect != "postgres":
            raise self.unsupported(test, "IP addresses")
        if isinstance(item, DateType) and self.dialect in NO_DAYS:
            raise self.unsupported(test, NO_DAYS[self.dialect])

    def _refuse_values(self, test: c.Test, found: Any) -> None:
        if isinstance(found, Decimal) and self.dialect not in ("postgres", "sqlite"):
            digits, exponent = found.as_tuple()[1:]
            if max(len(digits), len(digits) + int(exponent), -int(exponent)) > DIGITS:
                raise self.unsupported(test, f"a number with more than {DIGITS} digits")
        if isinstance(found, ipaddress.IPv6Address) and found.scope_id is not None:
            raise self.unsupported(test, "the zone of an address")

    def unsupported(self, test: c.Test, what: str) -> UnsupportedError:
        words = condition_in_words(test, self.index.attributes[self.resource])
        return UnsupportedError(
            f"{self.dialect} cannot say `{words}` ({test.at}) exactly: {what}; "
            "use `Filter.matches` on the records instead"
        )
