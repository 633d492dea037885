"""What differs only for somebody who has more beside: what an action requires, another role, a policy of their own.

Nobody may have that today; anybody may be given it tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from policylang.analysis.satisfiability import UNSAT
from policylang.check.privileges import roles_asked
from policylang.diagnostics import listed
from policylang.diff.comparing import Comparer
from policylang.diff.gaps import Gap, plan_of
from policylang.diff.report import Change, KindAndName, Statement
from policylang.diff.statements import made
from policylang.diff.subjects import ComparedPerson, Subject, of_user, somebody
from policylang.diff.versions import Side
from policylang.diff.wording import Lines, apart, lines, membership, only_a_part
from policylang.ir import nodes as ir
from policylang.ir.requirements import requirement_in_words
from policylang.model.conditions import Condition
from policylang.runtime.grants import standing_limits
from policylang.runtime.index import Index, Permission
from policylang.runtime.plan import Plan, Way
from policylang.runtime.sources import RightsSource

_EVERYTHING = RightsSource("role", "")
_MORE = "more records or attributes"
_Said = dict[tuple[bool, str, str], set[str | None]]
"""Up or down, a resource and an action, with the attributes or (``None``) the records that are told of."""


class Latent:
    """``renamed``: roles, groups and jobs that stand for one on the other side."""

    def __init__(self, c: Comparer, changes: Iterable[Change], renamed: set[KindAndName]) -> None:
        self.c, self.renamed = c, renamed
        self.notes: list[str] = []
        self.asked = frozenset(role for side in self.c.sides for role in roles_asked(side.index).values())
        self.told: dict[KindAndName, _Said] = {}
        self.required = frozenset(each for side in self.c.sides for each in side.world.required)
        for change in changes:
            for named in (*change.subjects, *change.around):
                self._tell(self.told.setdefault((named.kind, named.name), {}), change)

    def _tell(self, told: _Said, change: Change) -> None:
        up = change.widens
        for each in change.permissions:
            fields = each.fields
            index = self.c.asking(up).ours.index
            creates = any(_creates(index, each.resource, action) for action in each.actions)
            if fields is None and (change.kind in ("gained", "lost") or creates):
                fields = tuple(index.attributes.get(each.resource, {}))
            for action in each.actions:
                said = told.setdefault((up, each.resource, action), set())
                said |= {*(fields or ()), *((None,) if each.fields is None else ())}

    # --- roles, groups and jobs ------------------------------------------------------------------------------

    def of_bundles(self) -> Iterator[Statement]:
        """What roles and groups grant to whoever has more beside, those inside others first."""
        said: dict[KindAndName, set[tuple[object, ...]]] = {}
        for name in self._bundles():
            if name in self.renamed:
                continue
            subject = somebody(*name, *self.c.sides)
            inner = set().union(*(said.get(("role", role), ()) for role in self._inside(subject)))
            found = [each for each in self._granted(name, subject) if each not in inner]
            there = [side.has(*name) for side in self.c.sides]
            note = None if all(there) or not found else only_a_part(self.c.sides[there[1]], *name, is_new=there[1])
            if note is not None:
                self.notes.append(note)
                continue
            said[name] = {*inner, *found}
            for up in (True, False):
                for is_new in (True, False):
                    mine = [each for each in found if each[0] == up and (not (each[1] if up else each[2])) == is_new]
                    removed = tuple(dict.fromkeys(line for each in mine for line in each[1]))
                    added = tuple(dict.fromkeys(line for each in mine for line in each[2]))
                    if removed or added:
                        yield made("granted", f"{name[0]} `{name[1]}`", removed, added, widens=up)
        for code in sorted({*self.c.old.index.jobs, *self.c.new.index.jobs}):
            if ("job", code) not in self.renamed:
                yield from self._of_job(code)

    def _bundles(self) -> list[KindAndName]:
        names: dict[KindAndName, None] = {
            source.bundle_name: None
            for side in self.c.sides
            for source, bundle in side.world.bundles
            if not (isinstance(bundle, ir.Role) and bundle.owner)
        }
        depth = {name: len(self._inside(somebody(*name, *self.c.sides))) for name in names}
        return sorted(names, key=lambda name: (name[0] == "group", depth[name], name))

    def _inside(self, subject: Subject) -> set[str]:
        return set().union(*(side.roles_of(who.sources) for side, who in self.c.both(subject)))

    def _granted(self, name: KindAndName, subject: Subject) -> Iterator[tuple[bool, Lines, Lines]]:
        """Up or down, what granted it and what grants it now."""
        told = dict(self.told.get(name, {}))
        for resource, action in self.c.asked(subject):
            for up, what, words in self._open(subject, resource, action, is_group=name[0] == "group"):
                if not what <= told.get((up, resource, action), set()):
                    told[up, resource, action] = told.get((up, resource, action), set()) | what
                    yield up, *words
        had, has = self._helds(subject)
        for up, more in ((True, has - had), (False, had - has)):
            for resource, action in sorted({(each[0], each[1]) for each in more}):
                if (up, resource, action) not in told:
                    line = (f"{action} on `{resource}`, which {self._requiring(resource, action)} requires",)
                    yield (up, (), line) if up else (up, line, ())

    def _requiring(self, resource: str, action: str) -> str:
        needs = (need for side in self.c.sides for need in side.world.required.get((resource, action), ()))
        found = sorted({f"{name} on `{of}`" for (of, name), _ in needs})
        return listed(found[:3], "and")

    def _held(self, side: Side, who: ComparedPerson) -> frozenset[tuple[str, str, str | None]]:
        """What some action requires, and where somebody is granted it."""
        return frozenset(
            (*permission, source.place)
            for source in who.sources
            for permission in side.granted((source,)) & self.required
        )

    def _open(
        self, subject: Subject, resource: str, action: str, *, is_group: bool
    ) -> Iterator[tuple[bool, set[str | None], tuple[Lines, Lines]]]:
        """What differs where nothing stands in the way but what the subject has: with what the action requires; in a
        group, for whoever overrides its limits; of new records, attribute by attribute.
        """
        old, new = (plan_of(side, who, resource, action) for side, who in self.c.both(subject))
        asked: list[tuple[tuple[Plan | None, Plan | None], str]] = []
        met = (_met(old), _met(new))
        words = self._beside(resource, action)
        if met != (old, new) or any(_creates(side.index, resource, action) for side in self.c.sides):
            asked.append((met, words))
        if is_group and any(way.limits for plan in met if plan is not None for way in plan.ways):
            asked.append(((_unlimited(met[0]), _unlimited(met[1])), f"{words}, with a policy that overrides"))
        for plans, beside in asked:
            for up in (True, False):
                what = self._differs(plans, up, subject)
                if what:
                    before, after = (lines(side, plan) for side, plan in zip(self.c.sides, plans, strict=True))
                    if set(before) == set(after):
                        before, after = ((), (_MORE,)) if up else ((_MORE,), ())
                    removed, added = (
                        tuple(f"{action} on `{resource}`: {line}{beside}" for line in left)
                        for left in apart(before, after)
                    )
                    yield up, what, (removed, added)

    def _beside(self, resource: str, action: str) -> str:
        for side in reversed(self.c.sides):
            declared = side.index.actions.get(resource, {}).get(action)
            if declared is not None and declared.requires is not None:
                return f", with {requirement_in_words(declared.requires)}"
        return ""

    def _differs(self, plans: tuple[Plan | None, Plan | None], up: bool, subject: Subject) -> set[str | None]:
        """What the one side opens and the other does not: records (``None``), attributes of records open on both."""
        asking, user = self.c.asking(up), subject.user
        other, mine = plans if up else plans[::-1]
        if mine is None:
            return set()
        gaps: dict[str | None, Gap] = {None: asking.gap(mine, other, None, user)}
        if other is not None:
            for field in asking.ours.index.attributes[mine.resource]:
                gaps[field] = asking.field_gap(mine, other, field, user)
        return {
            what
            for what, gap in gaps.items()
            if asking.find(gap, mine.resource, user, subject.span, incomplete=True) is not UNSAT
        }

    # --- users, integrations, jobs ---------------------------------------------------------------------------

    def of_users(self) -> Iterator[Statement]:
        """What users have that they did not have, where that matters as soon as they are given more."""
        yield from self._of_users("user", self.c.alike)
        names = sorted({*self.c.old.index.integrations} & {*self.c.new.index.integrations})
        yield from self._of_users("integration", [(name,) for name in names])

    def _of_users(self, kind: str, classes: Iterable[Lines]) -> Iterator[Statement]:
        for users in classes:
            removed, added = apart(*(tuple(membership(side, users[0])) for side in self.c.sides))
            if not removed and not added:
                removed, added = self._read_otherwise(users[0])
            if not removed and not added:
                continue
            told = {up for up, _, _ in self.told.get((kind, users[0]), ())}
            found = _plainly(removed, added)
            for each in of_user(users[0], *self.c.sides):
                found = {**self._matters(each), **found}
            left = {up: why for up, why in found.items() if up not in told}
            if left:
                names = listed([f"`{user}`" for user in users[:3]], "and")
                more = f" and {len(users) - 3} more" if len(users) > 3 else ""
                subject = f"{kind if len(users) == 1 else f'{kind}s'} {names}{more}"
                yield made("user", subject, removed, added, True in left, tuple(users), _besides(left))

    def _read_otherwise(self, user: str) -> tuple[Lines, Lines]:
        """A user's own policies in the same words, with what is declared otherwise of what they look at."""
        of: dict[str, tuple[list[Condition], list[Condition]]] = {}
        for number, side in enumerate(self.c.sides):
            declared = side.index.users.get(user)
            for each in (*declared.appends, *declared.overrides) if declared is not None else ():
                instance = side.index.instances[each.limit.instance]
                of.setdefault(instance.resource, ([], []))[number].append(instance.condition)
        found: tuple[list[str], list[str]] = ([], [])
        for resource in sorted(of.keys() & self.c.surroundings.touched):
            for lines_, said in zip(found, self.c.surroundings.of_conditions(resource, of[resource]), strict=True):
                lines_ += (f"own policy on `{resource}`: {line}" for line in said)
        return tuple(found[0]), tuple(found[1])

    def _of_job(self, code: str) -> Iterator[Statement]:
        removed, added = apart(
            *(
                [f"role `{ref.name}`" for ref in side.index.jobs[code].roles] if code in side.index.jobs else []
                for side in self.c.sides
            )
        )
        if removed or added:
            told = {up for up, _, _ in self.told.get(("job", code), ())}
            matters = self._matters(somebody("job", code, *self.c.sides))
            left = {up: why for up, why in matters.items() if up not in told}
            if left:
                yield made("user", f"job `{code}`", removed, added, True in left, beside=_besides(left))

    def _matters(self, subject: Subject) -> dict[bool, str]:
        """Whether more (``True``) or less can be done, as soon as the subject has something else beside, and what."""
        if subject.old.profile is None or subject.new.profile is None:
            return {}
        found: dict[bool, str] = {}
        # What roles and groups say otherwise is told of these.
        others = set(subject.old.sources) != set(subject.new.sources)
        if others:
            for one, other in ((self._roles(subject, False), self._roles(subject, True)), self._helds(subject)):
                for up, more in ((True, other - one), (False, one - other)):
                    if more:
                        found.setdefault(up, self._use_of(min(more, key=str)))
        granted = frozenset().union(*(side.granted(who.sources) for side, who in self.c.both(subject)))
        for resource, action in self._permissions():
            old, new = (plan_of(side, who, resource, action) for side, who in self.c.both(subject))
            if old is None or new is None:
                continue
            before, after = (_overriding(side, who, resource, action) for side, who in self.c.both(subject))
            if (before is None) != (after is None):
                in_group = f"{self._grant_of(resource, action)}, in a group with a policy on `{resource}`"
                return {True: in_group, False: in_group, **found}
            if self.c.may_differ(subject, old, new) or before != after:
                for limits in ((before, after), ((), ())):
                    plans = (_with(self.c.old, old, limits[0]), _with(self.c.new, new, limits[1]))
                    for up in (up for up in (True, False) if up not in found):
                        if self._differs(plans, up, subject):
                            found[up] = self._grant_of(resource, action)
            if others and (resource, action) in granted:
                for up, _, _ in self._open(subject, resource, action, is_group=False):
                    found.setdefault(up, f"{action} on `{resource}`{self._beside(resource, action)}")
            if len(found) == 2:
                break
        return found

    def _grant_of(self, resource: str, action: str) -> str:
        """A grant that nobody needs to have, with a role that brings it, if there is one."""
        roles = sorted(
            source.name
            for side in self.c.sides
            for source, _ in side.world.bundles
            if source.kind == "role" and (resource, action) in side.granted((source,))
        )
        return f"a grant of {action} on `{resource}`{f', as in role `{roles[0]}`' if roles else ''}"

    def _use_of(self, more: tuple[str, ...]) -> str:
        """Where it counts that somebody may hand out or be chosen for a role, or holds what an action requires."""
        match more:
            case ("may assign", role):
                return f"somebody to whom role `{role}` is given"
            case ("chosen", role):
                return f"an attribute for users with role `{role}`"
        resource, action = more[:2]
        return f"a grant of {self._requiring(resource, action)}, which requires {action} on `{resource}`"

    def _helds(self, subject: Subject) -> tuple[frozenset[tuple[Any, ...]], ...]:
        return tuple(self._held(*each) for each in self.c.both(subject))

    def _roles(self, subject: Subject, is_new: bool) -> frozenset[tuple[Any, ...]]:
        """The roles that the subject may hand out, and those without which nobody can be chosen."""
        side, who = self.c.both(subject)[is_new]
        roles = side.roles_of(who.sources)
        groups = [source.name for source in who.sources if source.kind == "group"]
        bundles: list[ir.Role | ir.Group] = [side.index.roles[name] for name in roles]
        bundles += [side.index.groups[name] for name in groups]
        handed = {("may assign", ref.name) for bundle in bundles for ref in bundle.may_assign}
        return frozenset({*handed, *(("chosen", role) for role in roles & self.asked)})

    def _permissions(self) -> list[Permission]:
        return sorted(
            {
                (resource, action)
                for resource, actions in self.c.old.index.actions.items()
                for action in actions
                if action in self.c.new.index.actions.get(resource, {})
            }
        )


def _plainly(removed: Lines, added: Lines) -> dict[bool, str]:
    """What matters whatever else there is: being terminated, and attributes that conditions look at."""
    read = [line.partition(" : ")[0] for line in (*removed, *added) if " : " in line]
    found = dict.fromkeys((True, False), f"a policy that looks at `{read[0]}`") if read else {}
    if "terminated" in (*removed, *added):
        found["terminated" in removed] = "any role that is not essential, or a group"
    return found


def _besides(found: dict[bool, str]) -> Lines:
    return tuple(dict.fromkeys(found[up] for up in sorted(found)))


def _met(plan: Plan | None) -> Plan | None:
    return plan if plan is None or plan.requirement is True else msgspec.structs.replace(plan, requirement=True)


def _unlimited(plan: Plan | None) -> Plan | None:
    if plan is None:
        return None
    return msgspec.structs.replace(plan, ways=tuple(way.under(()) for way in plan.ways))


def _creates(index: Index, resource: str, action: str) -> bool:
    declared = index.actions.get(resource, {}).get(action)
    return declared is not None and declared.kind == "create"


def _with(side: Side, plan: Plan, limits: tuple[ir.PolicyInstance, ...] | None) -> Plan:
    """The plan of somebody who is granted everything there is, under some limits."""
    way = Way(_EVERYTHING, (), frozenset(), frozenset(side.index.attributes[plan.resource]), (), ()).under(limits or ())
    return msgspec.structs.replace(plan, ways=(way,), requirement=True)


def _overriding(side: Side, who: ComparedPerson, resource: str, action: str) -> tuple[ir.PolicyInstance, ...] | None:
    """The policies that stand in place of a group's; ``None`` where none do."""
    overrides = who.profile.overrides if who.profile else ()
    limits, overridden = standing_limits(side.index, RightsSource("group", ""), (), overrides, resource)
    if not overridden:
        return None
    if side.index.actions[resource][action].bypasses_policies:
        return ()
    return tuple(side.index.instances[limit.instance] for limit in limits if limit.applies(action))
