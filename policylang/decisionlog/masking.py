"""What of a decision is not written down: sensitive attributes, and those that are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from policylang.decisionlog.entry import MaskedValues, as_logged
from policylang.ir import nodes as ir
from policylang.model.types import RecordType
from policylang.runtime.index import Index

_ATTRIBUTE = re.compile(r"`(\w+)\.(\w+)`")
"""How a reason names an attribute, which is only where it says what that holds."""


class Mask:
    """Attributes by ``resource.attribute``; those of requests and users as ``request.ip`` and ``subject.team``."""

    def __init__(self, masked: Iterable[str] = (), shown: Iterable[str] = ()) -> None:
        """``masked`` besides those that are sensitive; ``shown`` although they are."""
        self._masked, self._shown = frozenset(masked), frozenset(shown)

    def record(self, index: Index, resource: str, values: Mapping[str, Any], within: str = "record") -> MaskedValues:
        """The values of a record, and of the records that are in it."""
        shown: dict[str, Any] = {}
        masked: list[str] = []
        declared = index.attributes.get(resource, {})
        for name, value in values.items():
            attribute = declared.get(name)
            path = f"{within}.{name}"
            if value is not None and self._hides(f"{resource}.{name}", attribute):
                masked.append(path)
            elif attribute is not None and isinstance(attribute.type, RecordType) and isinstance(value, Mapping):
                inner = self.record(index, attribute.type.resource, value, path)
                shown[name] = inner.shown
                masked += inner.masked
            else:
                shown[name] = as_logged(value)
        return MaskedValues(shown, tuple(masked))

    def others(self, of: str, values: Mapping[str, Any]) -> MaskedValues:
        """The attributes of a request or a user."""
        masked = [name for name, value in values.items() if value is not None and self._hides(f"{of}.{name}")]
        shown = {name: as_logged(value) for name, value in values.items() if name not in masked}
        return MaskedValues(shown, tuple(f"{of}.{name}" for name in masked))

    def reasons(self, index: Index, reasons: Iterable[str]) -> tuple[str, ...]:
        """Reasons without the values that some repeat of what the attribute may not hold."""
        return tuple(self._reason(index, each) for each in reasons)

    def _reason(self, index: Index, reason: str) -> str:
        for of, name in _ATTRIBUTE.findall(reason):
            if self._hides(f"{of}.{name}", index.attributes.get(of, {}).get(name)):
                return f"`{of}.{name}` is what it may not be, and not shown"
        return reason

    def _hides(self, name: str, attribute: ir.Attribute | None = None) -> bool:
        is_sensitive = attribute is not None and attribute.sensitive
        return name in self._masked or (is_sensitive and name not in self._shown)
