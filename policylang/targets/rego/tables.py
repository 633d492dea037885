"""The data document: what the program looks up, indexed by what a request names."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.instants import day_number, microseconds
from policylang.model.types import PlaceType
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.grants import (
    appends_of,
    granted,
    holdings,
    instances,
    limiting,
    overrides_of,
    standing_limits,
)
from policylang.runtime.index import Index
from policylang.runtime.sources import RightsSource, chains
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING
from policylang.targets.rego.conditions import condition_table, held, requirement_table
from policylang.targets.rego.encoding import (
    FIRST_DAY,
    LAST_DAY,
    NotEncodableError,
    described,
    encoded,
)
from policylang.targets.rego.reads import months, reads
from policylang.targets.target import Refusals

_Way = tuple[str | int, ...]
"""Where something stands in the document."""


class RegoDocument:
    """The document of a policy set.

    ``traces``: ways to parts of the document, each with the place of the statement that the part comes from.
    """

    def __init__(self, index: Index, refuse: Refusals) -> None:
        self.index, self._refuse = index, refuse
        self.traces: list[tuple[_Way, str]] = []
        self.reads = reads(index)
        self._tables = {each: condition_table(index, *each, refuse) for each in index.conditions()}
        self._conditions: dict[tuple[str, c.Condition] | ir.Requirement, int] = {}
        self.document = self._document()

    def _document(self) -> dict[str, Any]:
        index = self.index
        document: dict[str, Any] = {
            "resources": {name: self._resource(resource) for name, resource in index.resources.items()},
            "groups": {name: self._bundle("group", name) for name in index.groups},
            "roles": {name: self._bundle("role", name) for name in index.roles},
            "denies": self._denies(("denies",), index.denies),
            "places": {place.name: self._place(place) for place in index.places.values()},
            "kinds": {name: {"within": self._kinds_around(name)} for name in index.kinds},
            "users": {name: self._user(name) for name in index.requesters},
            "months": sorted(months(index)),
            "request": {path: described(each.type) for path, each in self.reads.request.items()},
        }
        document["conditions"] = [
            requirement_table(index, key) if isinstance(key, ir.Requirement) else self._tables[key]
            for key in self._conditions
        ]
        return document

    def _numbered(self, key: tuple[str, c.Condition] | ir.Requirement, at: str) -> int:
        """The number of a condition about a resource, or of a requirement."""
        number = self._conditions.setdefault(key, len(self._conditions))
        if number == len(self._conditions) - 1:
            self.traces.append((("conditions", number), at))
        return number

    # --- resources and places ------------------------------------------------------------------------------------

    def _resource(self, resource: ir.Resource) -> dict[str, Any]:
        way = ("resources", resource.name)
        self.traces.append((way, resource.at))
        self.traces += [((*way, "attributes", each.name), each.at) for each in resource.attributes]
        self.traces += [((*way, "actions", action.name), action.at) for action in resource.actions]
        return {
            "actions": {
                action.name: {
                    "kind": action.kind,
                    "requires": None if action.requires is None else self._numbered(action.requires, action.at),
                }
                for action in resource.actions
            },
            "attributes": {each.name: _attribute(each) for each in resource.attributes},
            "order": [each.name for each in resource.attributes],
            "plain": [each.name for each in resource.attributes if not each.sensitive],
            "place": resource.place,
            "reads": {path: described(each.type) for path, each in self.reads.record[resource.name].items()},
        }

    def _place(self, place: ir.Place) -> dict[str, Any]:
        self.traces.append((("places", place.name), place.at))
        return {"kind": place.kind, "within": dict.fromkeys(self.index.around(place.name), True)}

    def _kinds_around(self, kind: str) -> dict[str, bool]:
        return {each: True for each in self.index.kinds if self.index.is_kind_or_above(each, kind)}

    # --- what groups and roles bring -----------------------------------------------------------------------------

    def _bundle(self, kind: Literal["group", "role"], name: str) -> dict[str, Any]:
        """Grants and denies of a group or role with all roles inside it, and which roles these are."""
        way: _Way = (f"{kind}s", name)
        source = RightsSource(kind, name)
        found = list(chains(self.index, source))
        self.traces.append((way, found[0][0].at))
        return {
            "title": f"{kind} `{name}`",
            "grants": self._grants(way, source),
            "denies": self._denies((*way, "denies"), [deny for chain in found for deny in chain[-1].denies]),
            "inside": {chain[-1].name: True for chain in found if isinstance(chain[-1], ir.Role)},
        }

    def _grants(self, way: _Way, source: RightsSource) -> dict[str, Any]:
        grants: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for each in granted(self.index, source):
            grant, chain = each.grant, each.chain
            entry: dict[str, Any] = {
                "limits": self._limits(each.limits),
                "inside": "" if len(chain) == 1 else f"role `{chain[-1].name}` inside ",
                "at": grant.at,
            }
            if grant.fields is not None:
                entry["fields"] = list(grant.fields)
            self._append(grants, (*way, "grants"), grant.resource, each.action, entry)
        return grants

    def _denies(self, way: _Way, denies: Iterable[ir.Deny]) -> dict[str, Any]:
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for deny in denies:
            entry: dict[str, Any] = {"at": deny.at}
            if deny.condition is not None:
                entry["condition"] = self._numbered((deny.resource, deny.condition), deny.at)
            if deny.fields is not None:
                entry["fields"] = list(deny.fields)
            for action in deny.actions:
                self._append(found, way, deny.resource, action, entry)
        return found

    def _append(
        self,
        to: dict[str, dict[str, list[dict[str, Any]]]],
        way: _Way,
        resource: str,
        action: str,
        entry: dict[str, Any],
    ) -> None:
        entries = to.setdefault(resource, {}).setdefault(action, [])
        if entry not in entries:
            self.traces.append(((*way, resource, action, len(entries)), entry["at"]))
            entries.append(entry)

    def _limits(self, limits: Iterable[ir.Limit]) -> list[int]:
        """The conditions of the policies."""
        found = instances(self.index, limits)
        return [self._numbered((each.resource, each.condition), each.at) for each in found]

    # --- people --------------------------------------------------------------------------------------------------

    def _user(self, name: str) -> dict[str, Any]:
        """A user or an integration, which is no person and can be written nowhere."""
        found: dict[str, Any] = {
            "person": False,
            "superuser": False,
            "sources": self._sources(name),
            "appends": {},
            "attributes": {},
        }
        user = self.index.users.get(name)
        if user is None:
            self.traces.append((("users", name), self.index.integrations[name].at))
            return found
        self.traces.append((("users", name), user.at))
        found |= {"person": True, "superuser": user.superuser}
        for given in user.attributes:
            for each in given.values:
                held(each, self._refuse, given.at)
        values = ((".".join(steps), self._user_value(name, path)) for steps, path in self.reads.users.items())
        found["attributes"] = {path: each for path, each in values if each is not None}
        appends = appends_of(self.index, name)
        for append in appends:
            found["appends"] |= self._limits_on(("users", name, "appends"), appends, append)
        return found

    def _limits_on(self, way: _Way, limits: Sequence[ir.Limit], each: ir.Limit) -> dict[str, dict[str, list[int]]]:
        """The limits on the resource of one of them, by action."""
        resource = self.index.instances[each.instance].resource
        self.traces.append(((*way, resource), each.at))
        actions = self.index.actions[resource]
        return {resource: {action: self._limits(limiting(self.index, limits, resource, action)) for action in actions}}

    def _sources(self, name: str) -> list[dict[str, Any]]:
        """The group and the roles, with the days on which they hold."""
        held = [each for each in holdings(self.index, name, None) if each.active]
        found = []
        for number, (source, dated) in enumerate(dict.fromkeys((each.source, each.assignment) for each in held)):
            way = ("users", name, "sources", number)
            if dated is None:
                entry = _source(source, None, None)
            else:
                self.traces.append((way, dated.at))
                entry = _source(source, dated.start, dated.until) | self._times(dated)
            limits = self._overridden((*way, "limits"), source, name)
            found.append(entry | {"limits": limits} if limits else entry)
        return found

    def _overridden(self, way: _Way, source: RightsSource, holder: str) -> dict[str, dict[str, list[int]]]:
        """The limits that stand in place of those of a source, where the holder overrides them."""
        found: dict[str, dict[str, list[int]]] = {}
        overrides = overrides_of(self.index, holder)
        for each in overrides:
            resource = self.index.instances[each.instance].resource
            limits, overridden = standing_limits(self.index, source, (), overrides, resource)
            if overridden:
                found |= self._limits_on(way, limits, each)
        return found

    def _times(self, given: ir.Assignment) -> dict[str, int]:
        """The instants from which on and before which an assignment with times holds."""
        begin, end = begin_of(given, self.index.timezone), end_of(given, self.index.timezone)
        found = {} if begin is None or given.start_time is None else {"since": microseconds(begin)}
        return found if end is None or given.until_time is None else {**found, "before": microseconds(end)}

    def _user_value(self, user: str, path: c.Path) -> Any:
        """What a user's attributes lead to, null where that is missing."""
        found = value(path, Situation(self.index, user, "", {}, {}, datetime.datetime.min))
        try:
            return None if found is MISSING else encoded(path.type, found)
        except NotEncodableError:
            return None  # refused where it is written


def _source(source: RightsSource, start: str | None, until: str | None) -> dict[str, Any]:
    return {
        "of": f"{source.kind}s",
        "name": source.name,
        "place": source.place,
        "from": FIRST_DAY if start is None else day_number(datetime.date.fromisoformat(start)),
        "until": LAST_DAY if until is None else day_number(datetime.date.fromisoformat(until)),
    }


def _attribute(attribute: ir.Attribute) -> dict[str, Any]:
    """``place``: the kind of place it names; ``role``: what the users who are written into it must have."""
    type_ = attribute.type
    return {
        "type": described(type_),
        "place": type_.scope if isinstance(type_, PlaceType) else None,
        "role": attribute.role,
    }
