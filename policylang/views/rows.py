"""What everybody of one profile can do, action by action."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.runtime.access import Access, open_ways
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile
from policylang.runtime.index import Index, Permission
from policylang.runtime.plan import Plan, Way, make_plan
from policylang.runtime.sources import RightsSource, inside
from policylang.views.document import CellView, Number, WayView
from policylang.views.numbered import Numbered, NumberedPlaces


class AccessRows:
    """Rows by number. Users who have the same from the same sources share their cells, so each is worked out once."""

    def __init__(self, index: Index, places: NumberedPlaces, resources: Iterable[str]) -> None:
        self.index, self.places = index, places
        self.texts: Numbered[str] = Numbered()
        self.ways: Numbered[WayView] = Numbered()
        self.cells: Numbered[CellView] = Numbered()
        self.rows: Numbered[tuple[Number, ...]] = Numbered()
        self.resources = frozenset(resources)
        self.actions: dict[Permission, Number] = {}
        for resource in index.resources:
            for action in index.actions[resource] if resource in self.resources else ():
                self.actions[resource, action] = len(self.actions)
        self._needed_by = self._dependents()

    @cached_method
    def row(self, who: Profile) -> Number:
        """The number of what a profile can do."""
        return self.rows.number(tuple(self._row(who)))

    def _dependents(self) -> dict[Permission, list[Permission]]:
        """The actions that need a grant, by that."""
        found: dict[Permission, list[Permission]] = {}
        for resource, action in self.actions:
            for need in grants_required(self.index.actions[resource][action].requires):
                found.setdefault((need.resource, need.action), []).append((resource, action))
        return found

    @cached_method
    def _mattering(self, source: RightsSource) -> frozenset[Permission]:
        """The actions that what a source says has to do with."""
        found: set[Permission] = set()
        for bundle in inside(self.index, source):
            said = self.index.said(bundle)
            found |= {*said.grants, *said.denies}
        found |= {other for each in found for other in self._needed_by.get(each, ())}
        return frozenset(found & self.actions.keys())

    def _row(self, who: Profile) -> list[Number]:
        sources: dict[Permission, list[RightsSource]] = {}
        for source in who.sources:
            for permission in self._mattering(source):
                sources.setdefault(permission, []).append(source)
        found: list[Number] = []
        for permission in sorted(sources, key=self.actions.__getitem__):
            mine = msgspec.structs.replace(who, sources=tuple(sources[permission]))
            cell = self._cell(permission, mine)
            if cell is not None:
                found += (self.actions[permission], cell)
        return found

    @cached_method
    def _cell(self, permission: Permission, who: Profile) -> Number | None:
        resource, action = permission
        made = self._made(make_plan(self.index, who, action, resource))
        return None if made is None else self.cells.number(made)

    def _made(self, plan: Plan) -> CellView | None:
        """``None`` where nothing is granted."""
        if not plan.ways:
            return None
        ways = [self._way(way, row) for way, row in open_ways(self.index, "", plan)]
        if ways:
            return CellView("open", tuple(ways))
        denies = [each.deny.at for each in plan.denies if _takes_all(each.deny, each.place)]
        if denies:
            return CellView("denied", (), tuple(map(self.places.number, denies)))
        return CellView("unmet" if plan.requirement is False else "nowhere")

    def _way(self, way: Way, row: Access) -> Number:
        every = len(row.fields) == len(self.index.attributes[row.resource])
        return self.ways.number(
            WayView(
                row.source.replace("`", ""),
                way.source.kind,
                way.source.name,
                way.place,
                None if every else row.fields,
                tuple(map(self.texts.number, row.limits)),
                tuple(map(self.texts.number, row.denies)),
                tuple(map(self.places.number, row.grants)),
            )
        )


def _takes_all(deny: ir.Deny, place: str | None) -> bool:
    """Whether it denies every record, whole and everywhere."""
    return deny.fields is None and deny.condition is None and place is None
