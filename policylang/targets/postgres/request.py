"""What a session tells the database about a request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from policylang.model.types import DateTimeType, DateType, RecordType, SetType, Type
from policylang.runtime.index import Index
from policylang.runtime.trees import identity
from policylang.runtime.values import MISSING, attribute, given_request, read


def become_arguments(index: Index, user: str, request: Any) -> tuple[str, dict[str, Any]]:
    """The arguments of ``policylang.become``: the user and the attributes of the request, for a JSON parameter.

    ``request`` is a mapping or an object. A related record is written as the text of its key; of one without, nothing
    but that it is there is known. Raises BadValueError for a value that is not of its type: deny then.
    """
    written: dict[str, Any] = {}
    request = given_request(request)
    for name, type_ in index.request.items():
        found = read(type_, attribute(request, name), f"request.{name}")
        if found is not MISSING:
            written[name] = _written(type_, found)
    return user, written


def _written(type_: Type, found: Any) -> Any:
    if isinstance(type_, SetType):
        return [None if each is MISSING else _written(type_.of, each) for each in found]
    if isinstance(type_, RecordType):
        key = identity(found)
        return key if isinstance(key, str) else {}
    if isinstance(found, bool):
        return found
    if isinstance(found, Decimal):
        return format(found, "f")
    return found.isoformat() if isinstance(type_, DateType | DateTimeType) else str(found)
