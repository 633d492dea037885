"""What of a decision is not written down: sensitive attributes, and those that are named."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from policylang.decisionlog.entry import MaskedValues, as_logged
from policylang.model.types import RecordType, Type
from policylang.runtime.index import Index
from policylang.runtime.values import BadValueError, read

_ATTRIBUTE = re.compile(r"`(\w+)\.(\w+)`")
"""How a reason names an attribute, which is only where it says what that holds."""


class Mask:
    """Attributes by ``resource.attribute``; those of requests and users as ``request.ip`` and ``subject.team``."""

    def __init__(self, masked: Iterable[str] = (), shown: Iterable[str] = ()) -> None:
        """``masked`` besides those that are sensitive; ``shown`` although they are."""
        self._masked, self._shown = frozenset(masked), frozenset(shown)

    def record(self, index: Index, resource: str, values: Mapping[str, Any], within: str = "record") -> MaskedValues:
        """The values of a record, and of the records that are in it."""
        declared = index.attributes.get(resource, {})
        types = {name: attribute.type for name, attribute in declared.items()}
        sensitive = {name for name, attribute in declared.items() if attribute.sensitive}
        return self._values(index, resource, values, types, within, sensitive)

    def others(self, index: Index, of: str, values: Mapping[str, Any]) -> MaskedValues:
        """The attributes of a ``request`` or a user, the ``subject``, and of the records that are in them."""
        return self._values(index, of, values, index.request if of == "request" else index.subject, of)

    def _values(
        self,
        index: Index,
        of: str,
        values: Mapping[str, Any],
        types: Mapping[str, Type],
        within: str,
        sensitive: Collection[str] = (),
    ) -> MaskedValues:
        shown: dict[str, Any] = {}
        masked: dict[str, None] = {}
        for name, value in values.items():
            path = f"{within}.{name}"
            if value is not None and self._hides(f"{of}.{name}", is_sensitive=name in sensitive):
                masked[path] = None
            else:
                shown[name] = self._value(index, types.get(name), value, path, masked)
        return MaskedValues(shown, tuple(masked))

    def _value(self, index: Index, type_: Type | None, value: Any, path: str, masked: dict[str, None]) -> Any:
        """A value without what is masked in records, which may stand in a list where none is expected."""
        if type_ is None or not isinstance(type_.item, RecordType):
            return _logged(type_, value)
        if isinstance(value, list | tuple):
            return [self._value(index, type_.item, each, path, masked) for each in value]
        if isinstance(value, Mapping):
            inner = self.record(index, type_.item.resource, value, path)
            masked.update(dict.fromkeys(inner.masked))
            return inner.shown
        return _logged(type_, value)

    def reasons(self, index: Index, reasons: Iterable[str]) -> tuple[str, ...]:
        """Reasons without the values that some repeat of what the attribute may not hold."""
        return tuple(self._reason(index, each) for each in reasons)

    def _reason(self, index: Index, reason: str) -> str:
        for of, name in _ATTRIBUTE.findall(reason):
            attribute = index.attributes.get(of, {}).get(name)
            if self._hides(f"{of}.{name}", is_sensitive=attribute is not None and attribute.sensitive):
                return f"`{of}.{name}` is what it may not be, and not shown"
        return reason

    def _hides(self, name: str, *, is_sensitive: bool) -> bool:
        return name in self._masked or (is_sensitive and name not in self._shown)


def _logged(type_: Type | None, value: Any) -> Any:
    """A value as JSON can hold it. What is not of its type, such as bytes in place of a text, stays so in the log."""
    logged = as_logged(value)
    if type_ is None or _is_of(type_, value) or not _is_of(type_, logged):
        return logged
    return [[str(logged)]]


def _is_of(type_: Type, value: Any) -> bool:
    try:
        read(type_, value, "")
    except (BadValueError, TypeError):
        return False
    return True
