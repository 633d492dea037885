"""Records in memory, from a JSON file."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from policylang.diagnostics import reason
from policylang.files.json_source import JsonError, read_json
from policylang.project.discovery import read_regular
from policylang.runtime.filter import Filter
from policylang.runtime.index import Index
from policylang.service.stores.store import Deadline, StoredRecord, StoreError


class MemoryStore:
    """Records by resource and key. Nothing is written to them."""

    blocking = False
    server: str | None = None

    def __init__(self, records: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        self._records = {name: dict(sorted(each.items())) for name, each in records.items()}

    @classmethod
    def read(cls, path: str) -> Self:
        """The records of a file. Raises `StoreError` for one that cannot be used."""
        try:
            content = read_json(read_regular(Path(path)).decode("utf-8-sig"))
        except OSError as error:
            raise StoreError(f"cannot be read: {reason(error)}") from None
        except (UnicodeDecodeError, JsonError) as error:
            raise StoreError(f"not JSON that can be used: {error}") from None
        if not isinstance(content, dict):
            raise StoreError("the file must hold an object by resource")
        return cls({resource: _by_key(resource, records) for resource, records in content.items()})

    def reach(self, deadline: Deadline) -> None: ...

    def holds(self, index: Index, resource: str) -> bool:
        return resource in self._records

    def row(self, index: Index, resource: str, key: str, deadline: Deadline) -> Mapping[str, Any] | None:
        return self._records[resource].get(key)

    def search(self, index: Index, found: Filter, after: str | None, most: int, deadline: Deadline) -> list[str]:
        def keys() -> Any:
            for key in self._records[found.resource]:
                deadline.check()
                if (after is None or key > after) and found.matches(
                    StoredRecord(self, index, found.resource, key, {}, deadline)
                ):
                    yield key

        return list(itertools.islice(keys(), most))

    def close(self) -> None:
        self._records = {}


def _by_key(resource: str, records: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number, record in enumerate(records if isinstance(records, list) else [None], 1):
        key = record.get("id") if isinstance(record, dict) else None
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise StoreError(f"record {number} of `{resource}` is not an object with an `id`")
        if str(key) in found:
            raise StoreError(f"two records of `{resource}` have the same `id`: record {number} is the second")
        found[str(key)] = record
    return found
