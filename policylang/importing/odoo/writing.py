"""Roles for groups, groups for what roles cannot add up to, and users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, NotImportedError, Origin, RoleOrGroup, Text
from policylang.importing.odoo.access import EVERYBODY, KINDS_OF_USERS, AccessModel, OdooRight, RecordRule, RuleReach
from policylang.importing.odoo.conditions import some
from policylang.importing.odoo.records import Record, Records
from policylang.syntax.quoting import quote_text

_Users = Mapping[str, tuple[Record | None, Mapping[str, Origin]]]
"""The record of each user, if there is one, and the groups."""


class Writing:
    """Makes statements of a world. ``implied``: where each group says which are inside it."""

    def __init__(
        self, imported: Imported, world: AccessModel, implied: Mapping[str, Mapping[str, Origin]], records: Records
    ) -> None:
        self._set, self._world, self._implied, self._records = imported, world, implied, records
        self._origin: dict[str, Origin] = {}

    def write(self, users: _Users, unclear: Iterable[str], mentioned: Mapping[str, Origin]) -> None:
        self._origin = dict(mentioned)
        for id in self._implied:
            record = self._records.get(("res.groups", id))
            if record is not None:
                self._origin[id] = record.origin
        for implied in self._implied.values():
            for id, origin in implied.items():
                self._origin.setdefault(id, origin)
        for _, groups in users.values():
            for id, origin in groups.items():
                self._origin.setdefault(id, origin)
        bad = self._with_unclear(set(unclear))
        for group in sorted(self._world.implied):
            if group not in bad:
                self._role(group)
        for group in sorted(self._world.implied):
            if group not in bad and group != EVERYBODY:
                self._alone(group)
        for id in sorted(users):
            self._user(id, *users[id], bad)

    def _with_unclear(self, unclear: set[str]) -> set[str]:
        """Groups that are not known, and those around them: which rules would hold for their members?"""
        bad = {group for group, inside in self._world.inside.items() if inside & unclear}
        for group in sorted(bad - unclear):
            named = min(self._world.inside[group] & unclear)
            message = f"{quoted(group)} implies {quoted(named)}, which is not known, so nobody gets it"
            self._set.refuse("unclear-group", self._at(group), message)
        return bad

    def _at(self, group: str) -> Origin:
        return self._origin[group]

    # --- roles -------------------------------------------------------------------------------------------------------

    def _label(self, group: str) -> str | None:
        """What Odoo calls a group: the application, and the level in it."""
        if group == EVERYBODY:
            return "Everybody"
        record = self._records.get(("res.groups", group))
        name = "" if record is None else record.text("name")
        if record is None or not name:
            return None
        for field, model in (("privilege_id", "res.groups.privilege"), ("category_id", "ir.module.category")):
            try:
                id = record.referred(field)
            except NotImportedError:
                continue
            if id:
                inside = self._records.get((model, id))
                application = inside.text("name") if inside is not None else _application(id)
                return f"{application} / {name}" if application else name
        return name

    def _role(self, group: str) -> None:
        bundle = self._set.role(group, self._at(group), self._label(group))
        inside = sorted(self._world.implied[group])
        for each in inside:
            bundle.includes[each] = self._implied.get(group, {}).get(each, self._at(group))
        reaches = self._world.role(group)
        own = {spot: reach for spot, reach in reaches.items() if self._world.by_roles(inside, spot) != reach.conditions}
        self._fill(bundle, own, reaches)

    def _fill(
        self, bundle: RoleOrGroup, own: Mapping[OdooRight, RuleReach], everything: Mapping[OdooRight, RuleReach]
    ) -> None:
        """Grants, and the policies that limit them. ``everything``: with what the roles inside bring."""
        policies: dict[tuple[str, str], list[OdooRight]] = {}
        for (model, operation), reach in own.items():
            for origin in reach.granted:
                self._set.grant(bundle, model, operation, origin)
            if reach.rules:
                policies.setdefault((model, self._policy(reach.rules)), []).append((model, operation))
        for (model, policy), spots in policies.items():
            everywhere = {spot for spot in everything if spot[0] == model} <= set(spots)
            actions = () if everywhere else tuple(operation for _, operation in spots)
            for rule in {rule.id: rule for spot in spots for rule in own[spot].rules}.values():
                bundle.limit(policy, rule.origin, actions)

    def _policy(self, rules: tuple[RecordRule, ...]) -> str:
        """The key of the policy that says that any of some rules is enough."""
        ordered = sorted({rule.id: rule for rule in rules}.values(), key=lambda rule: rule.id)
        key = " or ".join(rule.id for rule in ordered)
        condition = some(rule.condition for rule in ordered)
        names = list(dict.fromkeys(rule.name or rule.id for rule in ordered))
        for rule in ordered:
            self._set.policy(key, rule.origin, " or ".join(names), rule.model, condition.text)
        return key

    # --- what roles do not add up to ---------------------------------------------------------------------------------

    def _alone(self, group: str) -> None:
        """A group for those who have just one of Odoo's, where its role must not give it all."""
        made = self._together([group])
        if made is None:
            return
        inherited = {
            spot for each in self._world.implied[group] for spot in self._world.spots(self._world.inside[each])
        }
        for model in sorted({model for model, _ in set(self._world.spots(self._world.inside[group])) - inherited}):
            others = [
                other
                for spot in self._world.spots(self._world.inside[group])
                if spot[0] == model and (other := self._world.narrowed_by(group, spot)) is not None
            ]
            if others:
                message = (
                    f"whoever is also in {quoted(others[0])} sees less of {quoted(model)}, so the group "
                    f"{quoted(group)} gives that, and its role does not"
                )
                self._set.leave_out("combined", self._at(group), message)

    def _together(self, groups: list[str]) -> str | None:
        """The group for those who have exactly some groups of Odoo; ``None`` where the roles of these are enough."""
        inside = self._world.closure(groups)
        own = {spot: reach for spot, reach in self._world.missing(groups, inside) if reach is not None}
        if not own:
            return None
        key = " and ".join(groups)
        if key in self._set.groups:
            return key
        label = " and ".join(self._label(group) or group for group in groups)
        self._set.together[key] = tuple(groups)
        made = self._set.group(key, min(self._at(group) for group in groups), label)
        made.includes = {group: self._at(group) for group in groups}
        reaches = {spot: self._world.reach(inside, spot) for spot in self._world.spots(inside)}
        self._fill(made, own, {spot: reach for spot, reach in reaches.items() if reach is not None})
        return key

    # --- users -------------------------------------------------------------------------------------------------------

    def _user(self, id: str, record: Record | None, groups: Mapping[str, Origin], bad: set[str]) -> None:
        at = record.origin if record is not None else min(groups.values())
        inside = self._world.closure([*groups, *([EVERYBODY] if EVERYBODY in self._world.implied else [])])
        for group in sorted(inside & bad):
            message = f"the user {quoted(id)} has {quoted(group)}, which is not known, so nothing"
            self._set.refuse("unclear-group", at, message)
            return
        if len(inside & KINDS_OF_USERS) > 1:
            kinds = " and ".join(quoted(each) for each in sorted(inside & KINDS_OF_USERS))
            self._set.refuse("kinds-of-users", at, f"the user {quoted(id)} is in {kinds} at once, so in nothing")
            return
        login = "" if record is None else record.text("login")
        key = login if login and login not in self._set.users else id
        user = self._set.user(key, at, None if record is None else record.text("name") or None)
        self._values(user.attributes, record)
        implied = frozenset().union(*(self._world.inside[each] - {each} for each in groups))
        direct = sorted(group for group in groups if group not in implied)
        if not direct:
            direct = [EVERYBODY] if EVERYBODY in self._world.implied else []
        user.group = self._together(direct) if direct else None
        if user.group is None:
            for group in direct:
                user.assign(group, groups.get(group, at))

    def _values(self, found: dict[str, Text], record: Record | None) -> None:
        """What the record says of a user that conditions speak of."""
        if record is None:
            return
        try:
            values = {name: quote_text(id) for name in ("partner_id", "company_id") if (id := record.referred(name))}
            many = record.linked("company_ids")
            if many:
                values["company_ids"] = f"[{', '.join(quote_text(each) for each in sorted(many))}]"
            for name, value in values.items():
                for key in (name, f"user.{name}"):
                    if key in self._set.subject:
                        found[key] = (value,)
        except NotImportedError as error:
            self._set.leave_out("value", error.origin, error.message)


def _application(id: str) -> str:
    """What a category or privilege is about, by its id."""
    words = id.rpartition(".")[2].removeprefix("module_category_").removeprefix("res_groups_privilege_").split("_")
    return " ".join(dict.fromkeys(words)).capitalize()
