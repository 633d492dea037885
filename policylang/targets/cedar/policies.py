"""The policies: one for each different thing that groups, roles and users say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, fold
from policylang.targets.cedar.conditions import NOW, RECORD, TODAY, expressed
from policylang.targets.cedar.expressions import (
    CONTEXT,
    FALSE,
    PRINCIPAL,
    TRUE,
    Expression,
    all_of,
    any_of,
    binary,
    block,
    either,
    entity,
    has,
    literal,
    member,
    negated,
    objects,
    quoted,
)
from policylang.targets.cedar.names import (
    APPEND,
    DENY,
    GRANT,
    HOLDER,
    SUPERUSER,
    TAG,
    action_id,
    resource_type,
    uid,
)
from policylang.targets.cedar.rights import (
    ALWAYS,
    CedarRight,
    CedarRights,
    deny_right,
    need_of,
)
from policylang.targets.needs import asked_conditions
from policylang.targets.target import Refusals

FIELD = "field"
CHOSEN = "chosen"
NOBODY = "nobody"
FIRST_INSTANT, LAST_INSTANT = -30_610_224_000_000_000, 221_845_391_999_999_999
FIRST_DAY, LAST_DAY = -354_285, 2_567_654
"""The years 1000 to 8999: whatever is added to them, there is no overflow, which would be an error."""


class CedarPolicy(msgspec.Struct, frozen=True):
    """``inside``: the right that the principal has to be in. ``actions``: of the resource. ``at``: the statements that
    it comes from.
    """

    id: str
    effect: str
    resource: str
    actions: tuple[str, ...]
    at: tuple[str, ...]
    inside: tuple[str, str] | None = None
    when: Expression = msgspec.field(default_factory=lambda: TRUE)
    unless: Expression = msgspec.field(default_factory=lambda: FALSE)

    def json_bytes(self) -> dict[str, Any]:
        actions = self._actions()
        one = {"op": "==", "entity": actions[0]} if len(actions) == 1 else {"op": "in", "entities": actions}
        principal: dict[str, Any] = {"op": "All"}
        if self.inside is not None:
            principal = {"op": "in", "entity": uid(*self.inside)}
        return {
            "effect": self.effect,
            "principal": principal,
            "action": one,
            "resource": {"op": "is", "entity_type": resource_type(self.resource)},
            "conditions": [{"kind": kind, "body": body} for kind, body in self._conditions()],
            "annotations": {"id": self.id},
        }

    def as_text(self) -> str:
        principal = "principal" if self.inside is None else f"principal in {entity(uid(*self.inside))}"
        actions = [*map(entity, self._actions())]
        action = f"action == {actions[0]}" if len(actions) == 1 else f"action in [{', '.join(actions)}]"
        lines = [
            f"@id({quoted(self.id)})",
            f"{self.effect} (",
            f"  {principal},",
            f"  {action},",
            f"  resource is {resource_type(self.resource)}",
            ")",
        ]
        lines += [f"{kind} {block(body)}" for kind, body in self._conditions()]
        return "\n".join(lines) + ";\n"

    def _actions(self) -> list[dict[str, str]]:
        return [uid("Action", action_id(self.resource, name)) for name in self.actions]

    def _conditions(self) -> Iterator[tuple[str, Expression]]:
        if self.when != TRUE:
            yield "when", self.when
        if self.unless != FALSE:
            yield "unless", self.unless


class Policies:
    """``found``: all of them, by id. ``tags``: by right how many tags of a user may say that he is in it."""

    def __init__(self, rights: CedarRights, refuse: Refusals) -> None:
        self.rights = rights
        self.index = rights.index
        asked = asked_conditions(self.index)
        self._expressed = {(each, wanted): expressed(each, wanted, refuse) for _, each, wanted in asked}
        people = rights.people.values()
        self.tags = Counter[CedarRight]()
        for person in people:
            for right, held in person.held.items():
                self.tags[right] = max(self.tags[right], len(held))
        periods = {period for person in people for held in person.held.values() for period in held}
        self.dated = bool(periods - {ALWAYS})
        self.placed = any(p is not None for person in people for held in person.held.values() for p in held.values())
        made = [*self._of_rights(), *self._for_everyone()]
        for resource in self.index.policy_set.resources:
            made += self._of_resource(resource)
        made += self._calendars(made)
        self.found = {policy.id: policy for policy in sorted(made, key=lambda policy: policy.id)}
        assert len(self.found) == len(made)

    # --- who is in a right -----------------------------------------------------------------------------------

    def _is_in(self, right: CedarRight, who: Expression, resource: str) -> Expression:
        """Whether somebody is in it now, where the record is."""
        ways = [binary("in", who, literal({"__entity": uid(right.type, right.id)}))]
        place = self.index.resources[resource].place
        for number in range(1, self.tags[right] + 1):
            key = literal(tag(right, number))
            found = binary("getTag", who, key)
            parts = [binary("hasTag", who, key)]
            if self.dated:
                today = member(CONTEXT, TODAY)
                parts += [binary("<=", member(found, "since"), today), binary("<=", today, member(found, "until"))]
            if self.placed:
                parts.append(any_of((member(found, "everywhere"), self._is_at(place, member(found, "places")))))
            ways.append(all_of(parts))
        return any_of(ways)

    def _is_at(self, place: str | None, places: Expression) -> Expression:
        if place is None:
            return FALSE
        record = member(CONTEXT, RECORD)
        return all_of((has(record, place), binary("in", member(record, place), places)))

    # --- what is granted and denied --------------------------------------------------------------------------

    def _made(self, effect: str, right: CedarRight, actions: Iterable[str], parts: Iterable[Expression]) -> CedarPolicy:
        """A policy for those in a right."""
        inside = (right.type, right.id) if not self.tags[right] else None
        member_of = TRUE if inside is not None else self._is_in(right, PRINCIPAL, right.resource)
        return CedarPolicy(
            f"{right.type.lower()} {right.id}",
            effect,
            right.resource,
            tuple(actions),
            tuple(self.rights.found[right]),
            inside,
            all_of((member_of, *parts)),
        )

    def _of_rights(self) -> Iterator[CedarPolicy]:
        for right in self.rights.found:
            if right.type == GRANT:
                assert right.actions is not None
                assert right.fields is not None
                limits = [self._limit(name) for name in right.limits]
                covered = self._covers(right.resource, right.fields)
                yield self._made("permit", right, right.actions, (covered, *limits))
            elif right.type == DENY:
                assert right.actions is not None
                made = self._made("forbid", right, right.actions, (_is_about(right.fields),))
                yield msgspec.structs.replace(made, unless=self._never(self.rights.denies[right]))
            elif right.type == APPEND:
                yield from self._append(right)

    def _covers(self, resource: str, fields: tuple[str, ...]) -> Expression:
        if not self.index.attributes[resource]:
            return TRUE
        covered = binary("contains", literal(list(fields)), member(CONTEXT, FIELD)) if fields else FALSE
        return either(has(CONTEXT, FIELD), covered, TRUE)

    def _limit(self, instance: str) -> Expression:
        return self._expressed[self.index.instances[instance].condition, True]

    def _never(self, deny: ir.Deny) -> Expression:
        """Where a deny does not match: only where its condition is false."""
        return FALSE if deny.condition is None else self._expressed[deny.condition, False]

    def _append(self, right: CedarRight) -> Iterator[CedarPolicy]:
        declared = self.index.actions[right.resource].values()
        actions = [
            action.name
            for action in declared
            if not action.bypasses_policies and (right.actions is None or action.name in right.actions)
        ]
        if actions:
            made = self._made("forbid", right, actions, ())
            yield msgspec.structs.replace(made, unless=self._limit(right.limits[0]))

    def _for_everyone(self) -> Iterator[CedarPolicy]:
        found: dict[CedarRight, list[ir.Deny]] = {}
        for deny in self.index.denies:
            found.setdefault(deny_right(self.index, deny), []).append(deny)
        for right, denies in found.items():
            assert right.actions is not None
            yield CedarPolicy(
                f"deny for everyone {right.id}",
                "forbid",
                right.resource,
                right.actions,
                tuple(deny.at for deny in denies),
                when=_is_about(right.fields),
                unless=self._never(denies[0]),
            )

    # --- what resources ask for ------------------------------------------------------------------------------

    def _of_resource(self, resource: ir.Resource) -> Iterator[CedarPolicy]:
        for action in resource.actions:
            if action.requires is not None:
                id = f"{action.name} on {resource.name} requires"
                met = self._is_met(action.requires, resource.name)
                if met != TRUE:
                    yield CedarPolicy(id, "forbid", resource.name, (action.name,), (action.requires.at,), unless=met)
        if resource.place is not None and resource.actions:
            place = member(member(CONTEXT, RECORD), resource.place)
            kind = literal(self.index.place_kind(resource.name))
            known = all_of((has(place, "kind"), binary("==", member(place, "kind"), kind)))
            when = all_of((has(member(CONTEXT, RECORD), resource.place), negated(known)))
            names = tuple(self.index.actions[resource.name])
            at = self.index.attributes[resource.name][resource.place].at
            yield CedarPolicy(f"place of {resource.name}", "forbid", resource.name, names, (at,), when=when)
        writing = self.index.of_kind(resource.name, "create", "modify")
        for attribute in resource.attributes:
            role = attribute.role
            if role is not None and writing:
                holds = self._is_in(CedarRight(HOLDER, role), member(CONTEXT, CHOSEN), resource.name)
                nobody = all_of((has(CONTEXT, NOBODY), member(CONTEXT, NOBODY)))
                when = _is_about((attribute.name,))
                unless = any_of((nobody, all_of((has(CONTEXT, CHOSEN), holds))))
                id = f"eligible {attribute.name} of {resource.name}"
                yield CedarPolicy(id, "forbid", resource.name, writing, (attribute.at,), when=when, unless=unless)

    def _is_met(self, requirement: ir.Requirement, resource: str) -> Expression:
        def met(atom: Atom) -> Expression:
            match atom:
                case ir.RequiresFeature(feature=feature):
                    return TRUE if self.index.features[feature] else FALSE
                case ir.RequiresSuperuser():
                    return binary("in", PRINCIPAL, literal({"__entity": uid(TAG, SUPERUSER)}))
                case ir.RequiresGrant():
                    return self._is_in(need_of(atom), PRINCIPAL, resource)

        return fold(requirement, met, all_of, any_of)

    def _calendars(self, made: list[CedarPolicy]) -> Iterator[CedarPolicy]:
        """An instant at the ends of what Cedar counts would make sums overflow, and their policies err."""
        for name, first, last in ((NOW, FIRST_INSTANT, LAST_INSTANT), (TODAY, FIRST_DAY, LAST_DAY)):
            given = member(CONTEXT, name)
            ordinary = all_of((binary(">=", given, literal(first)), binary("<=", given, literal(last))))
            for resource in self.index.policy_set.resources:
                if any(p.resource == resource.name and _counts_from(given, (p.when, p.unless)) for p in made):
                    names, id = tuple(self.index.actions[resource.name]), f"{name} of {resource.name}"
                    yield CedarPolicy(id, "forbid", resource.name, names, (resource.at,), unless=ordinary)


def tag(right: CedarRight, number: int) -> str:
    """The name of a tag of users."""
    return f"{right.type.lower()} {right.id} #{number}"


def _is_about(fields: tuple[str, ...] | None) -> Expression:
    """The field that is asked for is one of these; true if null."""
    if fields is None:
        return TRUE
    asked = member(CONTEXT, FIELD)
    one_of = binary("contains", literal(list(fields)), asked)
    return all_of((has(CONTEXT, FIELD), binary("==", asked, literal(fields[0])) if len(fields) == 1 else one_of))


def _counts_from(given: Expression, value: Any) -> bool:
    """Whether anything is added to it, or taken from it."""
    return any(sign in item and item[sign]["left"] == given for item in objects(value) for sign in "+-")
