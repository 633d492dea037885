"""One decision as it is logged: what was asked, what was answered, and by which policies."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import msgspec

from policylang.files.json_source import JsonError, read_json
from policylang.model.types import Duration
from policylang.runtime.request import Request

FORMAT = "policylang-decision-1"
_MOST_DIGITS = 400
"""Of a number: as many as the service reads."""


class LoggedDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a decision log."""

    format: str
    time: str
    """When it was decided."""
    id: str
    digest: str
    """Of the policies that decided."""
    user: str
    action: str
    resource: str
    allowed: bool
    reasons: tuple[str, ...]
    """The statements that decided, with their places."""
    microseconds: int
    now: str
    """The instant that it was decided for."""
    record_id: str | None = None
    record: dict[str, Any] = {}
    request: dict[str, Any] = {}
    subject: dict[str, Any] = {}
    """Attributes of the user that came with the request."""
    field: str | None = None
    changes: dict[str, Any] | None = None
    missing: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    """Attributes that were there and are not shown."""
    request_id: str | None = None
    not_asked: bool = False
    """The service answered without asking the policies: the type of the subject or the record was unknown to it."""

    def asked(self) -> Request:
        """What was asked. Raises ValueError for an instant that is none."""
        record = self.record if self.record_id is None else {**self.record, "id": self.record_id}
        now = datetime.datetime.fromisoformat(self.now)
        return Request(self.user, self.action, self.resource, record, now, self.request, self.field, self.changes)


class MaskedValues(msgspec.Struct, frozen=True):
    """What of a value is shown, and the paths of what is not."""

    shown: dict[str, Any]
    masked: tuple[str, ...]


def encode(entry: LoggedDecision) -> bytes:
    """A line, without its end."""
    return _ENCODER.encode(entry)


def _plain(value: Any) -> Any:
    """What JSON has no type for."""
    if isinstance(value, IPv4Address | IPv6Address | UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return f"({type(value).__name__})"


_ENCODER = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number")


def decode(line: str) -> LoggedDecision | None:
    """The decision in a line; ``None`` for a line that is none, such as one that a full disk cut short."""
    try:
        content = read_json(line, _MOST_DIGITS)
        found = msgspec.convert(content, LoggedDecision)
    except (JsonError, msgspec.ValidationError):
        return None
    return found if found.format == FORMAT else None


def as_logged(value: Any) -> Any:
    """A value that JSON can hold, exactly. A number that is none is of no attribute's type, so it is logged as what is
    of none either, a list in a list: its text would be a value of a text.
    """
    match value:
        case None | bool() | str() | int():
            return value
        case Decimal():
            return value if value.is_finite() else [[str(value)]]
        case float():
            return value if math.isfinite(value) else [[str(value)]]
        case datetime.datetime() | datetime.date():
            return value.isoformat()
        case Duration():
            return f"{value.amount} {value.unit}"
        case Mapping():
            return {str(name): as_logged(each) for name, each in value.items()}
        case list() | tuple():
            return [as_logged(each) for each in value]
        case set() | frozenset():
            return [as_logged(each) for each in sorted(value, key=repr)]
        case _:
            return _plain(value)
