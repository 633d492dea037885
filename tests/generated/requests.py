"""Requests about the rows of a policy set."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Literal

from policylang.model.types import RecordType, SetType, Type, UserType
from tests.generated.chooser import Chooser
from tests.generated.records import Row, Rows, any_value
from tests.generated.world import World

Kind = Literal["record", "field", "modify", "create", "strange"]


@dataclass(frozen=True, eq=False)
class Request:
    """What to decide. `arguments` is what the runtimes take.

    ``kind``: whether it is about a record, one of its fields, a change of it, a new one, or about something strange,
    which only `Features.strange_requests` brings. ``changes`` holds values as rows do. ``record`` stands in place of
    the row where that is none. ``as_object``: record and request attributes are objects, not dicts.
    """

    kind: Kind
    user: Any
    action: Any
    resource: Any
    row: Row | None
    now: datetime.datetime
    attributes: Mapping[str, Any] | None = None
    field: Any = None
    changes: Mapping[str, Any] | None = None
    as_object: bool = False
    record: Any = None

    def arguments(self, rows: Rows) -> dict[str, Any]:
        """User, action, resource, record, now, request, field and changes, by name."""
        attributes = self.attributes
        return {
            "user": self.user,
            "action": self.action,
            "resource": self.resource,
            "record": self.record if self.row is None else rows.record(self.row, self.as_object),
            "now": self.now,
            "request": SimpleNamespace(**attributes) if self.as_object and attributes is not None else attributes,
            "field": self.field,
            "changes": None
            if self.changes is None
            else {name: rows.value(raw, self.as_object) for name, raw in self.changes.items()},
        }


def make_requests(c: Chooser, world: World, rows: Rows) -> tuple[Request, ...]:
    return tuple(_request(c, world, rows) for _ in c.repeat(world.features.requests, 99))


def _request(c: Chooser, world: World, rows: Rows) -> Request:
    features = world.features
    kind = c.number(0, 99)
    resource = world.resources["switch"] if c.chance(6) else c.one(world.with_attributes)
    made = Request(
        "record",
        c.one((*world.users, *world.integrations)),
        c.one([each for each in resource.actions for _ in range(2 if each.clauses else 1)]).name,
        resource.name,
        c.one(rows.by_resource[resource.name]) if resource.attributes else None,
        _instant(c, world),
        _attributes(c, world),
        as_object=features.objects and c.chance(25),
    )
    if features.strange_requests and kind >= 93:
        return _strange(c, world, made)
    if not resource.attributes or kind < 40:
        creates = made.action in resource.alike("create")
        return replace(made, action=resource.alike("view")[0]) if creates else made
    if kind < 52 and features.fields:
        return replace(made, kind="field", field=c.one(list(resource.attributes)))
    if kind < 75:
        written = c.some(list(resource.attributes), 1, 2)
        field = c.one(list(resource.attributes)) if features.fields and c.chance(10) else None
        changes = {name: _written(c, world, resource.attributes[name]) for name in written}
        return replace(made, kind="modify", action=c.one(resource.alike("modify")), changes=changes, field=field)
    return _create(c, world, made)


def _instant(c: Chooser, world: World) -> datetime.datetime:
    """The instant around which everything happens, or a day close to it, or long after; or where a day begins."""
    away = c.one((0,) * 12 + (1, -1, 2, -4, 400))
    # The same object where it is the same instant, as callers have it who ask for a whole list.
    now = world.now + datetime.timedelta(days=away) if away else world.now
    if c.chance(8):
        midnight = datetime.datetime.combine(now.astimezone(world.timezone), datetime.time(), world.timezone)
        now = midnight.astimezone(datetime.UTC) - datetime.timedelta(microseconds=c.number(0, 1))
    return now.astimezone(world.timezone) if world.features.spellings and c.chance(10) else now


def _attributes(c: Chooser, world: World) -> dict[str, Any] | None:
    if c.chance(5):
        return None
    return {name: any_value(c, world, type_) for name, type_ in world.request.items() if not c.chance(15)}


def _written(c: Chooser, world: World, type_: Type) -> Any:
    return None if c.chance(15) else any_value(c, world, type_)


def _create(c: Chooser, world: World, made: Request) -> Request:
    """The proposed record holds some of a row's values."""
    assert made.row is not None
    resource = world.resources[made.row.resource]
    names = [name for name in resource.attributes if made.row.values.get(name) is not None]
    kept = set(c.some(names, 0, 4)) | ({resource.place} if c.chance(80) else set())
    values = {name: raw for name, raw in made.row.values.items() if name in kept}
    for name in values:
        type_ = resource.attributes[name]
        item = type_.of if isinstance(type_, SetType) else type_
        if isinstance(item, UserType) and item.role is not None and c.chance(50):
            values[name] = any_value(c, world, type_)
    return replace(made, kind="create", action=c.one(resource.alike("create")), row=Row(resource.name, "new", values))


def _strange(c: Chooser, world: World, made: Request) -> Request:
    """A request that is not as it should be, in one way."""
    away = [
        datetime.datetime.min,
        datetime.datetime.max,
        datetime.datetime(9999, 12, 31, 12),
        datetime.datetime(1, 2, 1),
    ]
    name = next(iter(world.resources[made.resource].attributes), "title")
    values: Mapping[str, Any] = made.row.values if made.row is not None else {}
    related = next((n for n, t in world.resources[made.resource].attributes.items() if isinstance(t, RecordType)), name)
    changed: dict[str, Any] = c.one(
        [
            {"user": "ghost"},
            {"user": c.one(["", None, 5, ["u0"]])},
            {"action": c.one(["fly", "", None, ["view"]])},
            {"resource": c.one(["nothing", "", None, ["item"]])},
            {"field": c.one(["nothing", "", "id", 5])},
            {"action": "modify", "changes": {"nothing": 1}},
            {"action": "modify", "changes": {related: None, "id": "x"}},
            {"action": c.one(["view", "create"]), "changes": {name: None}},
            {"action": c.one(["modify", "view", "create"]), "changes": {}},
            {"action": "modify", "changes": {name: object()}},
            {"action": "create", "row": Row(made.resource, "new", {**values, "nothing": 1})},
            {"row": None, "record": c.one([None, {}, SimpleNamespace()])},
            {"now": c.one(away).replace(tzinfo=datetime.UTC)},
            {"now": c.one([*away, world.now]).replace(tzinfo=None)},
            {"now": c.one(away).replace(tzinfo=datetime.timezone(datetime.timedelta(hours=c.one((-14, 14)))))},
        ]
    )
    return replace(made, kind="strange", **changed)
