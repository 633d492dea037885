"""From what was read to the report."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal

from policylang.check.privileges import by_resource
from policylang.check.used import UsageAnalysis, UseRecord, place_of
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.runtime.access import access
from policylang.runtime.index import Permission
from policylang.usage.denied import denied_attempts
from policylang.usage.outliers import outliers
from policylang.usage.read import LogReading
from policylang.usage.report import UnusedThing, UsageReport, UsedThing


def usage_report(policy_set: ir.PolicySet, reading: LogReading, now: datetime.datetime) -> UsageReport:
    """Compare what people did with what they may do, as of ``now``."""
    analysis = UsageAnalysis(World(policy_set, now.astimezone(datetime.UTC)), reading.usage)
    days = reading.usage.settings.days
    return UsageReport(
        rows=reading.rows,
        known=reading.known,
        since=reading.usage.since,
        until=reading.usage.until,
        now=analysis.now,
        days=days,
        covered=analysis.covers(days),
        guessed=reading.reasons,
        unnamed=reading.unnamed,
        bad=dict(reading.bad.items()),
        bad_at=reading.bad_at,
        unknown=reading.unknown,
        unknown_names=reading.unknown_names,
        used=tuple(_used(analysis)),
        unused=(*_grants(analysis), *_assignments(analysis), *_dormant(analysis), *_fields(analysis)),
        denied=tuple(denied_attempts(analysis)),
        outliers=tuple(outliers(analysis)),
    )


def _used(analysis: UsageAnalysis) -> Iterator[UsedThing]:
    records: dict[Permission, UseRecord] = {}
    for use in analysis.usage.uses:
        if use.allowed:
            records.setdefault((use.resource, use.action), UseRecord()).add(use)
    for (resource, action), record in sorted(records.items()):
        day = analysis.last_day(record)
        assert day is not None
        yield UsedThing(resource, action, record.count, len(record.users), day)


def _day(analysis: UsageAnalysis, at: datetime.datetime | None) -> datetime.date | None:
    return None if at is None else analysis.day(at)


def _grants(analysis: UsageAnalysis) -> Iterator[UnusedThing]:
    kind: Literal["group", "role"]
    for each in analysis.unused_grants():
        by, last = f"{each.kind} `{each.bundle.name}`", _day(analysis, each.last)
        if each.whole:
            kind = "group" if each.kind == "group" else "role"
            yield UnusedThing(kind, by, by, len(each.holders), last, each.days, each.bundle.at)
            continue
        yield UnusedThing(
            "grant", "; ".join(by_resource(each.actions)), by, len(each.holders), last, each.days, each.grants[0].at
        )


def _assignments(analysis: UsageAnalysis) -> Iterator[UnusedThing]:
    for each in analysis.unused_assignments():
        if not each.dormant:
            source = each.holding.source
            by = f"{source.in_words}{place_of(analysis.index, each.holding)}"
            last = _day(analysis, each.last)
            yield UnusedThing("assignment", f"`{each.user}`", by, 1, last, each.days, each.holding.at[0])


def _dormant(analysis: UsageAnalysis) -> Iterator[UnusedThing]:
    for each in analysis.dormant():
        is_user = each.user in analysis.index.users
        declared = analysis.index.users[each.user] if is_user else analysis.index.integrations[each.user]
        kind: Literal["user", "integration"] = "user" if is_user else "integration"
        yield UnusedThing(kind, f"`{each.user}`", "", 1, _day(analysis, each.last), each.days, declared.at)


def _fields(analysis: UsageAnalysis) -> Iterator[UnusedThing]:
    """Attributes of records that somebody may view or change and nobody has named; where a log names attributes."""
    usage, index = analysis.usage, analysis.index
    if not usage.fields or not analysis.covers(usage.settings.days):
        return
    named = {(use.resource, use.field) for use in usage.uses if use.allowed and use.field is not None}
    for resource in dict.fromkeys(resource for resource, _ in sorted(named)):
        holders: dict[str, set[str]] = {}
        wanted = [(resource, action) for action in index.actions[resource]]
        for user in index.requesters:
            for way in access(index, user, analysis.now, wanted):
                for field in way.fields:
                    holders.setdefault(field, set()).add(user)
        for field in index.attributes[resource]:
            if (resource, field) not in named and field in holders:
                what = f"`{field}` of `{resource}`"
                at = index.resources[resource].at
                yield UnusedThing("field", what, "", len(holders[field]), None, usage.settings.days, at)
