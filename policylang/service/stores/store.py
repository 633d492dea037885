"""What the service asks of a record store, and the record that is read from one when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from policylang.model.types import RecordType
from policylang.runtime.filter import Filter
from policylang.runtime.index import Index
from policylang.runtime.trees import SoughtRecord


class StoreError(Exception):
    """The store does not answer, or not with what it has to. Nothing is decided then."""


class LateError(Exception):
    """An answer that comes too late is none."""


class Deadline:
    """Until when an answer is wanted, and how to end what is waited for."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds
        self._stop: Callable[[], object] | None = None

    @property
    def left(self) -> float:
        """Seconds."""
        return max(self._at - time.monotonic(), 0.0)

    def check(self) -> None:
        """Raises `LateError` once it is too late."""
        if time.monotonic() > self._at:
            raise LateError

    @contextmanager
    def interrupting(self, stop: Callable[[], object]) -> Iterator[None]:
        """While something runs that ``stop``, called from another thread, ends."""
        self.check()
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    def expire(self) -> None:
        """End what is running."""
        stop = self._stop
        if stop is not None:
            stop()


class Store(Protocol):
    """Records by resource and key."""

    blocking: bool
    """Whether it waits for something, so that it is asked in a thread."""
    server: str | None
    """What it is on, where that may not be reached when the service begins; ``None`` for what was opened then."""

    def reach(self, deadline: Deadline) -> None:
        """Raises `StoreError` where it cannot be reached now."""
        ...

    def holds(self, index: Index, resource: str) -> bool:
        """Whether the records of a resource are here."""
        ...

    def row(self, index: Index, resource: str, key: str, deadline: Deadline) -> Mapping[str, Any] | None:
        """The values of a record by attribute; ``None`` where there is no such record. Raises `StoreError`."""
        ...

    def search(self, index: Index, found: Filter, after: str | None, most: int, deadline: Deadline) -> list[str]:
        """The keys of the records that a filter is true of, in order, from the one behind ``after`` on. Raises
        `StoreError`, and `UnsupportedError` for a filter that the store cannot be asked.
        """
        ...

    def close(self) -> None:
        """Leave it."""
        ...


class StoredRecord(SoughtRecord):
    """A record of which the store is asked when something is wanted that was not given. What was given stands, a
    ``None`` as well. A related record that is named by its key is looked up like the record itself.
    """

    def __init__(
        self, store: Store, index: Index, resource: str, key: str, given: Mapping[str, Any], deadline: Deadline
    ) -> None:
        self._store, self._index, self._resource, self.key = store, index, resource, key
        self._given = {**given, "id": key}
        self._deadline = deadline
        self._fetched: Mapping[str, Any] | None = None
        self.was_fetched = False
        """Whether the store was asked for it."""

    @property
    def exists(self) -> bool:
        """Whether the store has it."""
        return self._row() is not None

    def _row(self) -> Mapping[str, Any] | None:
        if not self.was_fetched:
            self._fetched = self._store.row(self._index, self._resource, self.key, self._deadline)
            self.was_fetched = True
        return self._fetched

    def known(self) -> tuple[dict[str, Any], list[str]]:
        """The values that are known, and the names of the others."""
        found = {**(self._fetched or {}), **self._given}
        unread = [] if self.was_fetched else [n for n in self._index.attributes[self._resource] if n not in found]
        return found, unread

    def __getitem__(self, name: str) -> Any:
        if name not in self._given:
            declared = name in self._index.attributes[self._resource]
            value = (self._row() or {}).get(name) if declared else None
            self._given[name] = _related(self._store, self._index, self._resource, name, value, self._deadline)
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._index.attributes[self._resource]), **self._given})

    def __len__(self) -> int:
        return len(list(iter(self)))


def what_was_read(record: Mapping[str, Any], within: str = "record") -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values of a record that are known by now, and the paths of those that nobody looked up, ``….*`` for what is
    behind a key. The store is not asked.
    """
    known, unread = record.known() if isinstance(record, StoredRecord) else (dict(record), [])
    paths = [f"{within}.{name}" for name in unread]
    for name, value in known.items():
        if isinstance(value, StoredRecord):
            if value.was_fetched:
                known[name], inner = what_was_read(value, f"{within}.{name}")
                paths += inner
            else:
                known[name] = value.key
                paths.append(f"{within}.{name}.*")
    return known, tuple(paths)


def _related(store: Store, index: Index, resource: str, name: str, value: Any, deadline: Deadline) -> Any:
    """The value of an attribute, with a key of a related record turned into that record."""
    declared = index.attributes[resource].get(name)
    if declared is None or not isinstance(declared.type, RecordType) or isinstance(value, Mapping) or value is None:
        return value
    other = declared.type.resource
    if isinstance(value, str | int) and not isinstance(value, bool) and store.holds(index, other):
        return StoredRecord(store, index, other, str(value), {}, deadline)
    return value


def with_related(
    store: Store | None, index: Index, resource: str, given: Mapping[str, Any], deadline: Deadline
) -> dict[str, Any]:
    """What was given, with related records that were given by their keys."""
    if store is None or resource not in index.attributes:
        return dict(given)
    return {name: _related(store, index, resource, name, value, deadline) for name, value in given.items()}
