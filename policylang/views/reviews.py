"""What reviewers have to look at: what is due, who holds it, since when, why, and by whom it was approved."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping

import msgspec

from policylang.agenda.agenda import Review, reviews
from policylang.check.used import UsageAnalysis
from policylang.ir import nodes as ir
from policylang.ir.nesting import name_of
from policylang.runtime.access import access
from policylang.runtime.grants import Holding, holdings
from policylang.runtime.index import Index
from policylang.runtime.parts import said_by
from policylang.runtime.sources import RightsSource, inside
from policylang.views.document import HolderView, ReviewItem, ReviewPage, UsedView
from policylang.views.people import Chosen, terms
from policylang.views.rows import AccessRows

_Subject = tuple[str, str]


def review_pages(
    rows: AccessRows, chosen: Chosen, now: datetime.datetime, used: UsageAnalysis | None = None
) -> Iterator[ReviewPage]:
    """A page for each reviewer, by name, and at last one for what nobody is named for. ``used``: what was done."""
    index = rows.index
    shown = {("role", name) for name in chosen.roles} | {("group", name) for name in chosen.groups}
    shown |= {("user" if id_ in index.users else "integration", id_) for id_ in chosen.people}
    by: dict[str | None, list[Review]] = {}
    for review in reviews(index.policy_set, {}):
        if (review.of, review.name) in shown:
            by.setdefault(review.by, []).append(review)
    if not by:
        return
    wanted = {(each.of, each.name) for lines in by.values() for each in lines}
    holders = _holders(rows, chosen.people, now, wanted, used)
    today = now.astimezone(index.timezone).date()
    for name in sorted(by, key=lambda each: (each is None, each or "")):
        lines = sorted(by[name], key=lambda each: (each.day or datetime.date.min, each.of, each.name))
        items = tuple(_item(rows, each, today, now, holders) for each in lines)
        yield ReviewPage(name, None if name is None else _label(index, "user", name), items)


def _item(
    rows: AccessRows,
    review: Review,
    today: datetime.date,
    now: datetime.datetime,
    holders: dict[_Subject, list[HolderView]],
) -> ReviewItem:
    index = rows.index
    return ReviewItem(
        review.of,
        review.name,
        _label(index, review.of, review.name),
        str(review.every),
        review.last,
        review.day,
        review.day is None or review.day < today,
        tuple(holders.get((review.of, review.name), ())),
        tuple(_gives(index, review.name, now)) if review.of in ("user", "integration") else (),
        rows.places.number(_line(index, review)),
    )


def _line(index: Index, review: Review) -> str:
    spot = review.at
    wanted = f"{spot.path}:{spot.line}:{spot.column}-"
    return next(each.at for each in index.policy_set.reviews if each.at.startswith(wanted))


def _gives(index: Index, id_: str, now: datetime.datetime) -> Iterator[str]:
    """``view, modify on customer``"""
    actions: dict[str, dict[str, None]] = {}
    for way in access(index, id_, now):
        actions.setdefault(way.resource, {})[way.action] = None
    yield from (f"{', '.join(names)} on {resource}" for resource, names in actions.items())


def _holders(
    rows: AccessRows,
    people: Collection[str],
    now: datetime.datetime,
    wanted: Collection[_Subject],
    used: UsageAnalysis | None,
) -> dict[_Subject, list[HolderView]]:
    """Those who hold the roles and groups now; of users and integrations, what they hold."""
    index = rows.index
    found: dict[_Subject, list[HolderView]] = {}
    for id_ in people:
        user = index.users.get(id_)
        declared = user or index.integrations[id_]
        alone = ("user" if user else "integration", id_)
        for each in holdings(index, id_, now):
            if not each.active:
                continue
            holder = _holder(rows, id_, declared.label, each)
            subjects: dict[_Subject, RightsSource] = {alone: each.source}
            for bundle in inside(index, each.source):
                kind, name = name_of(bundle)
                subjects[kind, name] = RightsSource(kind, name, each.source.place)
            for subject, source in subjects.items():
                if subject in wanted:
                    found.setdefault(subject, []).append(_with_use(holder, source, used))
    return found


def _with_use(holder: HolderView, source: RightsSource, used: UsageAnalysis | None) -> HolderView:
    """What they did of what the reviewed role or group grants, or of all that is theirs by this line."""
    if used is None:
        return holder
    record = used.of_source(holder.id, source)
    return msgspec.structs.replace(holder, used=UsedView(record.count, used.last_day(record)))


def _holder(rows: AccessRows, id_: str, label: str | None, each: Holding) -> HolderView:
    return HolderView(
        id_,
        label,
        said_by(each.source, ()).replace("`", "") + (", by job" if each.by == "job" else ""),
        rows.places.number(each.at[0]),
        *terms(each.assignment),
    )


def _label(index: Index, kind: str, name: str) -> str | None:
    named: dict[str, Mapping[str, ir.Role | ir.Group | ir.User | ir.Integration]] = {
        "role": index.roles,
        "group": index.groups,
        "user": index.users,
        "integration": index.integrations,
    }
    found = named[kind].get(name)
    return None if found is None else found.label
