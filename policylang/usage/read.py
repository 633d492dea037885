"""From logs to what people did, and what of the logs could not be used: all of it is counted."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from policylang.check.usage import ObservedUse, Usage
from policylang.diagnostics import listed, quoted
from policylang.importing.csv.words import permission
from policylang.model.instants import zone
from policylang.project.discovery import Problem, UnreadableError
from policylang.runtime.index import Index
from policylang.settings.usage import UsageSettings
from policylang.suggest import closest
from policylang.usage.columns import ALLOWED, DENIED, TEXTS, ChosenColumns, ForeignNames, LogMapping, choose
from policylang.usage.logs import Backend, Log, LogEngine, unreadable_log
from policylang.usage.report import UnknownInLog
from policylang.usage.requests import KnownRequest, known_requests

_MOST_FACTS = 5_000_000
_MOST_NAMED = 20
_UNTOLD = datetime.datetime.max.replace(tzinfo=datetime.UTC)
"""The time of what the log gives no time that can be read."""
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_BadReason = Literal["incomplete", "time", "decision", "cells"]
BAD: dict[_BadReason, str] = {
    "incomplete": "without a user, an action or a resource",
    "time": "with a time that cannot be read",
    "decision": "without a plain word for allowed or denied",
    "cells": "with another number of cells, or broken off",
}
"""Why a row does not count, in words."""


class LogReading(msgspec.Struct, frozen=True):
    """What logs came to. ``rows``: all of them; ``known``: those about known users, resources and actions. ``bad``: by
    reason, rows that do not count. ``unknown``: the most frequent names, of ``unknown_names`` in all. ``requests``:
    those that were allowed and of which the log says everything. ``unnamed``: what the settings name and the policy set
    does not have, in words.
    """

    usage: Usage
    rows: int
    known: int
    bad: Mapping[_BadReason, int]
    bad_at: tuple[str, ...]
    unknown: tuple[UnknownInLog, ...]
    unknown_names: int
    reasons: tuple[str, ...]
    requests: tuple[KnownRequest, ...] = ()
    unnamed: tuple[str, ...] = ()


def read_usage(
    inputs: Sequence[str],
    index: Index,
    mapping: LogMapping | None = None,
    settings: UsageSettings | None = None,
    backend: Backend = "duckdb",
    step: Callable[[str], None] = lambda _what: None,
) -> LogReading:
    """Read logs of what was done with a policy set. Raises `UnreadableError`."""
    mapping = mapping or LogMapping()
    read = _Read()
    engine = LogEngine(backend)
    try:
        for log in engine.open(inputs):
            _read_log(log, mapping, read, step)
            if mapping == LogMapping(timezone=mapping.timezone):
                read.requests += known_requests(log, index, len(read.requests))
    finally:
        engine.close()
    if "decision" not in read.keys:
        read.reasons["no column says whether it was allowed: everything counts as allowed"] = None
    return _reading(read, index, settings or UsageSettings())


class _Read(msgspec.Struct):
    """What logs have come to so far. ``unclear``: what may have been used. ``keys``: what their columns are."""

    uses: list[ObservedUse] = []
    unclear: list[ObservedUse] = []
    bad: Counter[_BadReason] = msgspec.field(default_factory=Counter)
    bad_at: list[str] = []
    reasons: dict[str, None] = {}
    keys: set[str] = set()
    requests: list[KnownRequest] = []


def _read_log(log: Log, mapping: LogMapping, read: _Read, step: Callable[[str], None]) -> None:
    chosen = choose(log.columns, mapping.columns, log.what)
    read.reasons.update(dict.fromkeys(chosen.reasons))
    read.keys |= chosen.columns.keys()
    step(f"reading {log.what}")
    for use in _uses(log, chosen, mapping):
        if isinstance(use, ObservedUse):
            read.uses.append(use)
            continue
        read.bad[use.reason] += use.count
        if use.perhaps is not None:
            read.unclear.append(use.perhaps)
    if log.rejected is not None:
        rejected = log.rejected()
        read.bad["cells"] += rejected.count
        read.bad_at += [f"{path}:{line}" for path, line in rejected.at[:_MOST_NAMED]]


class _BadEvents(msgspec.Struct, frozen=True):
    """Some events that do not count. ``perhaps``: what they were, if somebody did something there."""

    reason: _BadReason
    count: int
    perhaps: ObservedUse | None = None


def _uses(log: Log, chosen: ChosenColumns, mapping: LogMapping) -> Iterator[ObservedUse | _BadEvents]:
    from policylang.usage.queries import facts

    asked = facts(log.table, chosen.columns)
    try:
        found = asked.limit(_MOST_FACTS + 1).to_pyarrow().to_pylist()
    except Exception as error:  # whatever the engine raises about a file
        raise unreadable_log(log.what, error) from None
    if len(found) > _MOST_FACTS:
        message = f"there are more than {_MOST_FACTS:,} different things that users did"
        raise UnreadableError(Problem(log.what, message, "a column may be mapped that holds ids: see `--mapping`"))
    timezone = None if mapping.timezone is None else zone(mapping.timezone)
    local = sum(row["count"] for row in found if row["state"] == "local")
    if local and timezone is None:
        message = f"{local:,} {'time has' if local == 1 else 'times have'} no time zone"
        help = "say which one is meant: `timezone: America/Denver` in a file for `--mapping`"
        raise UnreadableError(Problem(log.what, message, help))
    words = _Words(mapping, decided="decision" in chosen.columns)
    for row in found:
        yield _use(row, mapping.names, words, timezone if row["state"] == "local" else None)


class _Words:
    """What the words of a decision column mean. ``decided``: there is one; else everything was allowed."""

    def __init__(self, mapping: LogMapping, *, decided: bool) -> None:
        self._decided = decided
        yes, no = ({each.casefold() for each in words} for words in (mapping.allowed, mapping.denied))
        self._allowed, self._denied = (ALLOWED | yes) - no, (DENIED | no) - yes

    def allows(self, word: str | None) -> bool | None:
        """Whether it was allowed; ``None`` where the word is not known. Codes of HTTP count as well."""
        if word is None:
            return None if self._decided else True
        said = word.casefold()
        if said in self._allowed or re.fullmatch("[23][0-9][0-9]", said):
            return True
        return False if said in self._denied or said in ("401", "403") else None


def _use(
    row: Mapping[str, Any], names: ForeignNames, words: _Words, timezone: datetime.tzinfo | None
) -> ObservedUse | _BadEvents:
    """What some events were, or why they do not count."""
    text = {key: None if row[key] is None else row[key].strip() or None for key in TEXTS}
    user, place = text["user"], text["place"]
    resource, action = text["resource"], text["action"]
    if text["permission"] is not None:
        resource, action = permission(text["permission"])
    if user is None or resource is None or action is None:
        return _BadEvents("incomplete", row["count"])
    allowed = words.allows(text["decision"])
    is_timed = row["state"] != "time"
    found = ObservedUse(
        names.user.get(user, user),
        names.resource.get(resource, resource),
        names.action.get(action, action),
        allowed is not False,
        text["field"],
        None if place is None else names.place.get(place, place),
        row["count"],
        _at(row["first"], timezone) if is_timed else _UNTOLD,
        _at(row["last"], timezone, latest=True) if is_timed else _UNTOLD,
    )
    if is_timed and allowed is not None:
        return found
    return _BadEvents("decision" if is_timed else "time", row["count"], found if found.allowed else None)


def _at(second: int, timezone: datetime.tzinfo | None, *, latest: bool = False) -> datetime.datetime:
    """The instant, in UTC, of seconds since 1970, local ones if there is a timezone. Of a time that comes twice the
    first or the ``latest``, since the log does not say which it was.
    """
    found = _EPOCH + datetime.timedelta(seconds=second)
    if timezone is None:
        return found
    both = [found.replace(tzinfo=timezone, fold=fold).astimezone(datetime.UTC) for fold in (0, 1)]
    return max(both) if latest else min(both)


def _reading(read: _Read, index: Index, settings: UsageSettings) -> LogReading:
    uses, bad = read.uses, read.bad
    good = sum(use.count for use in uses)
    if not good:
        counts = [f"{count:,} {BAD[reason]}" for reason, count in sorted(bad.items()) if count]
        what = "no row of the log can be used" if counts else "the log is empty"
        raise UnreadableError(Problem("usage", what, listed(counts, "and") if counts else "it has no rows"))
    unknown: Counter[tuple[str, str]] = Counter()
    known: dict[tuple[Any, ...], ObservedUse] = {}
    for use in uses:
        missing = list(_unknown(use, index))
        for each in missing:
            unknown[each] += use.count
        if not missing:
            _add(known, use)
    if not known:
        raise UnreadableError(_of_another_system(unknown))
    names = [
        UnknownInLog(kind, name, count, closest(name, _declared(index, kind)))
        for (kind, name), count in _most_frequent(unknown)
    ]
    since, until = min(use.first for use in uses), max(use.last for use in uses)
    mine = tuple(sorted(known.values(), key=lambda use: use.order))
    unclear = tuple(
        msgspec.structs.replace(use, first=until, last=until) if use.last == _UNTOLD else use
        for use in read.unclear
        if not any(_unknown(use, index))
    )
    usage = Usage(mine, since, until, settings, "field" in read.keys, "place" in read.keys, unclear)
    return LogReading(
        usage,
        good + sum(bad.values()),
        sum(use.count for use in mine),
        {reason: bad[reason] for reason in BAD if bad[reason]},
        tuple(read.bad_at[:_MOST_NAMED]),
        tuple(names[:_MOST_NAMED]),
        len(names),
        tuple(read.reasons),
        tuple(read.requests),
        tuple(_unnamed(settings, index)),
    )


def _unnamed(settings: UsageSettings, index: Index) -> Iterator[str]:
    """What the settings name in vain: it would be called unused, though it is not meant to be."""
    bundles = {*index.roles, *index.groups}
    for setting, names, there, kinds in (
        ("break_glass", settings.break_glass, bundles, "role or group"),
        ("periods", settings.periods, bundles | index.tasks.keys(), "role, group or task"),
    ):
        for name in sorted(set(names) - there):
            near = closest(name, sorted(there))
            meant = f"; did you mean {quoted(near)}?" if near else ""
            yield f"`usage.{setting}` names {quoted(name)}, which is no {kinds} of this policy set{meant}"


def _add(known: dict[tuple[Any, ...], ObservedUse], use: ObservedUse) -> None:
    """Uses in several logs, and of names that are one by the mapping, as one."""
    key = (use.user, use.resource, use.action, use.allowed, use.field, use.place)
    other = known.setdefault(key, use)
    if other is not use:
        first, last = min(other.first, use.first), max(other.last, use.last)
        known[key] = msgspec.structs.replace(other, count=other.count + use.count, first=first, last=last)


def _unknown(use: ObservedUse, index: Index) -> Iterator[tuple[str, str]]:
    if not index.knows(use.user):
        yield "user", use.user
    if use.resource not in index.resources:
        yield "resource", use.resource
    elif use.action not in index.actions[use.resource]:
        yield "action", f"{use.action} on {use.resource}"


def _declared(index: Index, kind: str) -> Iterable[str]:
    if kind == "user":
        return index.requesters
    if kind == "resource":
        return sorted(index.resources)
    return [f"{action} on {resource}" for resource in sorted(index.resources) for action in index.actions[resource]]


def _most_frequent(unknown: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(unknown.items(), key=lambda each: (-each[1], each[0]))


def _of_another_system(unknown: Counter[tuple[str, str]]) -> Problem:
    first = [f"{kind} {quoted(name)}" for (kind, name), _ in _most_frequent(unknown)[:3]]
    message = f"nothing in the log is known to the policy set: {listed(first, 'and')} are not"
    help = "it may be the log of another system; if only names differ, say which are which: `names` for `--mapping`"
    return Problem("usage", message, help)
