"""Requests of which a log says everything: the decision logs of `policylang serve`, with their records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from policylang.api.policy_set import PolicySet
from policylang.check.usage import ObservedUse, Usage
from policylang.decisionlog.entry import LoggedDecision, as_logged
from policylang.decisionlog.replay import depends_on_masked, read_log
from policylang.runtime.hypothetical import with_attributes
from policylang.runtime.index import Index
from policylang.runtime.reference import answer
from policylang.runtime.request import Request
from policylang.runtime.truth import Situation
from policylang.runtime.values import BadValueError
from policylang.usage.logs import Log

_COLUMNS = frozenset(("format", "digest", "id", "now", "user", "action", "resource", "allowed"))
_MOST = 250_000
"""More are not held in memory; what they did is proved for every record, as for any other log."""

Did = tuple[str, str, str, str | None]
"""User, resource, action, field."""


class KnownRequest(msgspec.Struct, frozen=True):
    """A request that was allowed. ``subject``: attributes of the user that came with it."""

    request: Request
    subject: Mapping[str, Any] = {}

    @property
    def did(self) -> Did:
        each = self.request
        return each.user, each.resource, each.action, each.field

    def index(self, index: Index) -> Index:
        """The policy set as it holds for the request. Raises `BadValueError`."""
        return with_attributes(index, self.request.user, self.subject)

    def moments(self, index: Index) -> tuple[Situation, ...]:
        """What conditions speak of: the record before a change and after it, or as it is."""
        index = self.index(index)
        return self.request.given(index).moments(index)

    def is_allowed(self, index: Index) -> bool:
        """By the reference decision."""
        try:
            return answer(self.index(index), self.request).allowed
        except BadValueError:
            return False


def known_requests(log: Log, index: Index, already: int) -> Iterator[KnownRequest]:
    """What was allowed by a log, if it is one of decisions, as far as nothing is masked that the policies look at."""
    for path in log.paths if _COLUMNS.issubset(log.columns) else ():
        for entry in read_log(Path(path)):
            if already >= _MOST:
                return
            found = None if entry is None else _known(entry, index)
            if found is not None:
                already += 1
                yield found


def _known(entry: LoggedDecision, index: Index) -> KnownRequest | None:
    if not entry.allowed or entry.not_asked or depends_on_masked(entry, index):
        return None
    try:
        request = entry.asked()
    except ValueError:
        return None
    return None if request.now.utcoffset() is None else KnownRequest(request, entry.subject)


class Decider:
    """Decides as the service does."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._sets: dict[tuple[str, bytes], PolicySet] = {}
        self._plain = PolicySet(index)

    def allows(self, known: KnownRequest) -> bool:
        """Whether the request is allowed."""
        try:
            return self._of(known).allows(**msgspec.structs.asdict(known.request))
        except BadValueError:
            return False

    def _of(self, known: KnownRequest) -> PolicySet:
        if not known.subject:
            return self._plain
        key = known.request.user, msgspec.json.encode(as_logged(known.subject))
        if key not in self._sets:
            self._sets[key] = PolicySet(known.index(self._index))
        return self._sets[key]


class KnownRequests:
    """The requests behind each use, where the log has all of them."""

    def __init__(self, requests: Sequence[KnownRequest], usage: Usage) -> None:
        found: dict[Did, list[KnownRequest]] = {}
        for each in requests:
            found.setdefault(each.did, []).append(each)
        counts: dict[Did, int] = {}
        for use in usage.uses:
            if use.allowed:
                counts[did(use)] = counts.get(did(use), 0) + use.count
        self._of = {key: _distinct(each) for key, each in found.items() if len(each) >= counts.get(key, 0)}

    def of(self, use: ObservedUse) -> Sequence[KnownRequest] | None:
        """The requests behind a use; ``None`` where the log does not have all of them."""
        return self._of.get(did(use))


def did(use: ObservedUse) -> Did:
    return use.user, use.resource, use.action, use.field


def _distinct(requests: Iterable[KnownRequest]) -> tuple[KnownRequest, ...]:
    """The requests without repetitions."""
    found: dict[bytes, KnownRequest] = {}
    for each in requests:
        one = each.request
        key = msgspec.json.encode(as_logged([one.now, one.record, one.request, one.changes, each.subject]))
        found.setdefault(key, each)
    return tuple(found.values())
