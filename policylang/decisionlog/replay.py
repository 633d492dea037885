"""Logged decisions, decided again by other policies."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from policylang.api.policy_set import PolicySet
from policylang.decisionlog.entry import LoggedDecision, decode
from policylang.model import conditions as c
from policylang.model.types import UserType
from policylang.runtime.hypothetical import with_attributes
from policylang.runtime.index import Index
from policylang.runtime.values import BadValueError

_LONGEST_LINE = 16 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


class Turned(msgspec.Struct, frozen=True):
    """Decisions that would come out otherwise, of one user and for one cause."""

    user: str
    action: str
    resource: str
    allowed: bool
    """What they would be."""
    cause: str
    count: int
    first: str
    last: str
    example: str
    """The id of one of them."""


class Replayed(msgspec.Struct, frozen=True):
    """What other policies make of a log."""

    digest: str
    decisions: int
    """That could be decided again."""
    denied: int
    """That were allowed and would be denied."""
    allowed: int
    """That were denied and would be allowed."""
    turned: tuple[Turned, ...]
    """The most frequent first."""
    masked: int
    """That depend on what the log does not show."""
    unreadable: int
    """Lines that are no decisions."""


def read_log(path: Path) -> Iterator[LoggedDecision | None]:
    """The decisions of a log, packed with gzip or not; ``None`` for lines that are none. Raises OSError."""
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
        file.seek(0)
        lines = gzip.GzipFile(fileobj=file) if is_packed else file
        while True:
            try:
                line = lines.readline(_LONGEST_LINE)
            except _DAMAGED:
                yield None  # and nobody can read what is behind it
                return
            if not line:
                return
            if line.strip():
                try:
                    yield decode(line.decode("utf-8"))
                except UnicodeDecodeError:
                    yield None


def replay(entries: Iterable[LoggedDecision | None], policies: PolicySet) -> Replayed:
    """What the policies would have decided."""
    decisions = masked = unreadable = 0
    found: dict[tuple[str, str, str, bool, str], list[LoggedDecision]] = {}
    counts: Counter[tuple[str, str, str, bool, str]] = Counter()
    for entry in entries:
        if entry is None:
            unreadable += 1
            continue
        if entry.not_asked:
            continue
        if depends_on_masked(entry, policies.index):
            masked += 1
            continue
        answer = _decided(entry, policies)
        if answer is None:
            unreadable += 1
            continue
        decisions += 1
        allowed, reasons = answer
        if allowed is entry.allowed:
            continue
        key = entry.user, entry.action, entry.resource, allowed, "; ".join(reasons)
        counts[key] += 1
        seen = found.setdefault(key, [entry, entry])
        seen[0], seen[1] = min(seen[0], entry, key=_when), max(seen[1], entry, key=_when)
    turned = [
        Turned(*key, count, found[key][0].time, found[key][1].time, found[key][0].id) for key, count in counts.items()
    ]
    turned.sort(key=lambda each: (-each.count, each.user, each.action, each.resource, each.cause))
    denied = sum(each.count for each in turned if not each.allowed)
    allowed_now = sum(each.count for each in turned if each.allowed)
    return Replayed(policies.digest, decisions, denied, allowed_now, tuple(turned), masked, unreadable)


def _when(entry: LoggedDecision) -> tuple[str, str]:
    return entry.time, entry.id


def _decided(entry: LoggedDecision, policies: PolicySet) -> tuple[bool, tuple[str, ...]] | None:
    """The decision anew, and why; ``None`` for an entry that cannot be asked about."""
    try:
        index = with_attributes(policies.index, entry.user, entry.subject)
        deciding = policies if index is policies.index else PolicySet(index)
        decision = deciding.decide(**msgspec.structs.asdict(entry.asked()))
    except BadValueError as error:
        return False, (str(error),)
    except ValueError:
        return None
    return decision.allowed, decision.reasons


def depends_on_masked(entry: LoggedDecision, index: Index) -> bool:
    """Whether the policies may look at what the log does not show. Writing and creating look at everything."""
    if not entry.masked:
        return False
    if any(path.startswith("changes.") for path in entry.masked):
        return True
    kind = index.kind(entry.resource, entry.action) if entry.action in index.actions.get(entry.resource, {}) else None
    if kind == "create":
        return True
    return any(_looks_at(each, path) for path in entry.masked for each in _paths_read(index, entry.resource))


def _paths_read(index: Index, resource: str) -> Iterator[str]:
    """What decisions about a resource look at: the paths of all conditions, ``record.account.owner``, the attributes of
    users on them, who may be the one who asks, the ways up in trees, and the place.
    """
    for condition in (each for of, each in index.conditions() if of == resource):
        for path in condition.paths():
            yield _text_of(path)
            yield from (f"subject.{name}" for by, name in index.holders(resource, path) if isinstance(by, UserType))
        yield from (f"{_text_of(test.operand)}.{test.tree}" for test in condition.tests() if isinstance(test, c.Under))
    place = index.resources[resource].place if resource in index.resources else None
    if place is not None:
        yield f"record.{place}"


def _text_of(path: c.Path) -> str:
    return ".".join((path.root, *path.steps))


def _looks_at(read: str, hidden: str) -> bool:
    """Whether what is read is hidden: a path, or ``….*`` for what is behind it."""
    if hidden.endswith(".*"):
        return read.startswith(hidden[:-1])
    return read == hidden or read.startswith(f"{hidden}.")
