"""The differences of two policy sets, subject by subject and action by action."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from itertools import count
from typing import Any, Literal

import msgspec

from policylang.analysis.query import Sat
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT, Satisfiability
from policylang.diff.gaps import Evidence, Gap, GapQuestions, plan_of
from policylang.diff.subjects import ALWAYS, ComparedPerson, Subject, of_user
from policylang.diff.surroundings import Surroundings
from policylang.diff.versions import Numbers, Side
from policylang.diff.wording import Lines, apart, lines
from policylang.ir import nodes as ir
from policylang.model.conditions import Condition
from policylang.model.words import operand_in_words
from policylang.runtime.index import Permission
from policylang.runtime.plan import Plan
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING, BadValueError

DifferenceKind = Literal["gained", "widened", "narrowed", "lost"]


class AccessDifference(msgspec.Struct, frozen=True, eq=False):
    """One action on a resource that somebody can do, on some records or fields, on one side only.

    ``fields``: of records that are open on both sides; ``None``: it is about the records.
    ``incomplete``: it is about no complete record, request and user.
    """

    kind: DifferenceKind
    resource: str
    action: str
    fields: tuple[str, ...] | None
    removed: Lines
    added: Lines
    subject: Subject
    gap: Gap
    plan: Plan
    unproved: bool
    incomplete: bool
    said: tuple[Hashable, Hashable]
    """What decides it here and there, equal where that is the same."""

    @property
    def up(self) -> bool:
        """Whether it is on the new side."""
        return self.kind in ("gained", "widened")

    @property
    def about(self) -> tuple[Any, ...]:
        """What it is about, whoever it concerns."""
        return self.up, self.resource, self.action, self.fields, self.incomplete

    @property
    def people(self) -> tuple[ComparedPerson, ComparedPerson]:
        """The one who is allowed, and the same on the side where it is denied."""
        return (self.subject.new, self.subject.old) if self.up else (self.subject.old, self.subject.new)


class Comparer:
    """Questions about two policy sets from ``now``, an aware instant, on."""

    def __init__(self, old: ir.PolicySet, new: ir.PolicySet, now: datetime.datetime) -> None:
        numbers, now = Numbers(count().__next__), now.astimezone(datetime.UTC)
        self.old, self.new = self.sides = Side(old, now, numbers), Side(new, now, numbers)
        self.up, self.down = GapQuestions(self.new, self.old), GapQuestions(self.old, self.new)
        self.surroundings = Surroundings(self.old, self.new, self.up.reader.moved)

    @cached_property
    def alike(self) -> list[Lines]:
        """The users, in classes of those who are alike on both sides, in the order of their first members."""
        old, new = (
            {user: number for number, kind in enumerate(side.world.user_classes) for user in kind.users}
            for side in self.sides
        )
        classes: dict[tuple[int | None, int | None], list[str]] = {}
        for user in sorted({*old, *new}):
            classes.setdefault((old.get(user), new.get(user)), []).append(user)
        return list(map(tuple, classes.values()))

    @cached_property
    def _moved_users(self) -> frozenset[str]:
        return frozenset().union(*self.up.reader.moved.values())

    # --- one subject -----------------------------------------------------------------------------------------

    def differences(self, subject: Subject) -> Iterator[AccessDifference]:
        """What a subject can do on one side only."""
        for resource, action in self.asked(subject):
            yield from self._of_action(subject, resource, action)

    def asked(self, subject: Subject) -> list[Permission]:
        """The actions that may be decided otherwise, in the order of their names."""
        granted: set[Permission] = set()
        for side, person in self.both(subject):
            granted |= side.granted(person.sources)
        if self._is_alike(subject) and not self._is_moved(subject):
            granted = {each for each in granted if each[0] in self.surroundings.touched}
        return sorted(granted)

    def both(self, subject: Subject) -> tuple[tuple[Side, ComparedPerson], tuple[Side, ComparedPerson]]:
        """Both sides with what the subject is there."""
        return (self.old, subject.old), (self.new, subject.new)

    def _is_alike(self, subject: Subject) -> bool:
        one, two = subject.old.profile, subject.new.profile
        return one is not None and two is not None and self.old.profile_key(one) == self.new.profile_key(two)

    def _is_moved(self, subject: Subject) -> bool:
        """Whether places or attributes that the subject has may count otherwise than before."""
        if subject.user in self._moved_users:
            return True
        return self.surroundings.places_moved and any(
            source.place is not None for person in (subject.old, subject.new) for source in person.sources
        )

    def _of_action(self, subject: Subject, resource: str, action: str) -> Iterator[AccessDifference]:
        old, new = plan_of(self.old, subject.old, resource, action), plan_of(self.new, subject.new, resource, action)
        if old is not None and new is not None and not self.may_differ(subject, old, new):
            return
        for up, mine, other in ((True, new, old), (False, old, new)):
            if mine is not None:
                yield from self._of_side(subject, up, mine, other)

    def may_differ(self, subject: Subject, old: Plan, new: Plan) -> bool:
        """Whether it is not plain that two plans come to the same."""
        if old.resource in self.surroundings.touched or self._is_moved(subject):
            return True
        return self.old.plan_key(old) != self.new.plan_key(new)

    def _words(
        self, subject: Subject, resource: str, action: str, plans: tuple[Plan | None, Plan | None], fields: Lines = ()
    ) -> tuple[Lines, Lines]:
        """What decides an action, also on some fields, on the one side only, and on the other."""
        gone, new = apart(*(lines(side, plan) for side, plan in zip(self.sides, plans, strict=True)))
        times = subject.span != ALWAYS
        removed, added = self.surroundings.lines(resource, action, plans, fields, times=times)
        return (*gone, *removed), (*new, *added)

    # --- one direction ---------------------------------------------------------------------------------------

    def asking(self, up: bool) -> GapQuestions:
        """Questions about what the new side allows and the old one does not (``up``), or the other way round."""
        return self.up if up else self.down

    def _of_side(self, subject: Subject, up: bool, mine: Plan, other: Plan | None) -> Iterator[AccessDifference]:
        asking = self.asking(up)
        one, two = (subject.new, subject.old) if up else (subject.old, subject.new)
        user, span = subject.user, subject.span
        creates = mine.kind == "create"
        gap = asking.creation(mine, other, one, span) if creates else asking.gap(mine, other, None, user)
        plans = (other, mine) if up else (mine, other)
        whole = self._made(subject, up, mine, other, None, gap)
        if whole is not None:
            removed, added = self._words(subject, mine.resource, mine.action, plans)
            reached = [
                UNSAT if other is None else self._reach(not up, other, two, None, subject, incomplete=incomplete)
                for incomplete in dict.fromkeys((whole.incomplete, True))
            ]
            yield msgspec.structs.replace(whole, kind=_kind(up, reached[0]), removed=removed, added=added)
            if reached[-1] is UNSAT:
                return
        if other is not None and mine.kind != "create":
            yield from self._of_fields(subject, up, mine, other)

    def _of_fields(self, subject: Subject, up: bool, mine: Plan, other: Plan) -> Iterator[AccessDifference]:
        asking = self.asking(up)
        two = subject.old if up else subject.new
        same: dict[tuple[Any, ...], list[str]] = {}
        made: dict[str, AccessDifference] = {}
        for field in asking.ours.index.attributes[mine.resource]:
            gap = asking.field_gap(mine, other, field, subject.user)
            found = self._made(subject, up, mine, other, field, gap)
            if found is not None:
                there: Satisfiability = UNSAT
                if field in asking.theirs.index.attributes[mine.resource]:
                    there = self._reach(not up, other, two, field, subject, incomplete=found.incomplete)
                made[field] = msgspec.structs.replace(found, kind=_kind(up, there))
                same.setdefault((gap.formula, there, found.incomplete), []).append(field)
        plans = (other, mine) if up else (mine, other)
        for fields in same.values():
            removed, added = self._words(subject, mine.resource, mine.action, plans, tuple(fields))
            yield msgspec.structs.replace(made[fields[0]], fields=tuple(fields), removed=removed, added=added)

    def _made(
        self, subject: Subject, up: bool, mine: Plan, other: Plan | None, field: str | None, gap: Gap
    ) -> AccessDifference | None:
        """The difference, if there is one; its kind and words are found out later."""
        asking = self.asking(up)
        found = asking.find(gap, mine.resource, subject.user, subject.span, incomplete=True)
        if found is UNSAT:
            return None
        complete = asking.find(gap, mine.resource, subject.user, subject.span, incomplete=False)
        incomplete = complete is UNSAT
        found = found if complete is UNSAT else complete
        fields = None if field is None else (field,)
        theirs = None if other is None else self.asking(not up).ours.plan_key(other)
        said = (self.asking(up).ours.plan_key(mine), theirs)
        unproved = found is UNKNOWN
        kind = _kind(up, SATISFIABLE)
        made = AccessDifference(
            kind, mine.resource, mine.action, fields, (), (), subject, gap, mine, unproved, incomplete, said
        )
        if isinstance(found, Sat) and not gap.exact and self.evidence(made) is None:
            return msgspec.structs.replace(made, unproved=True)
        return made

    def _reach(
        self, up: bool, plan: Plan, one: ComparedPerson, field: str | None, subject: Subject, *, incomplete: bool
    ) -> Satisfiability:
        """Whether a side allows it on any record."""
        asking = self.asking(up)
        if plan.kind == "create":
            gap = asking.creation(plan, None, one, subject.span)
        else:
            gap = asking.gap(plan, None, field, subject.user)
        found = asking.find(gap, plan.resource, subject.user, subject.span, incomplete=incomplete)
        return SATISFIABLE if isinstance(found, Sat) else found

    # --- what follows from what ------------------------------------------------------------------------------

    def evidence(self, difference: AccessDifference) -> Evidence | None:
        """A request that shows it; ``None`` where there is none, or it cannot be found."""
        field = difference.fields[0] if difference.fields is not None else None
        asking, (one, two) = self.asking(difference.up), difference.people
        span, incomplete = difference.subject.span, difference.incomplete
        return asking.evidence(difference.gap, difference.plan, field, one, two, span, incomplete=incomplete)

    def lacking(self, difference: AccessDifference, evidence: Evidence) -> tuple[str, ...]:
        """What the record and the request of evidence have no value for, of what decides the action."""
        found: dict[str, None] = {}
        resource, action = difference.resource, difference.action
        for side, person in self.both(difference.subject):
            plan = plan_of(side, person, resource, action)
            given = evidence[0].witness
            s = Situation(side.index, "", resource, given.record, given.request, given.now)
            for condition in plan.conditions() if plan is not None else ():
                found.update(dict.fromkeys(_lacking(condition, s)))
        return tuple(sorted(found))

    def follows(self, difference: AccessDifference, others: Iterable[AccessDifference]) -> bool:
        """Whether it is proved that a difference is no more than some others, which are about the same."""
        mine = [each for each in others if is_about(each, difference)]
        alike = any(each.said == difference.said for each in mine)
        if alike and difference.plan.kind != "create" and difference.subject.user not in self._moved_users:
            return True
        if not mine or difference.unproved or not difference.gap.exact:
            return False
        return self.asking(difference.up).within(
            difference.gap,
            [each.gap for each in mine],
            difference.resource,
            difference.subject.user,
            difference.subject.span,
        )


def user_differences(
    old: ir.PolicySet, new: ir.PolicySet, now: datetime.datetime
) -> Iterator[tuple[Lines, AccessDifference]]:
    """What differs from ``now`` on for users who are alike, or an integration, but not what more they may be given.
    Nothing found is proved to be nothing.
    """
    c = Comparer(old, new, now)
    integrations = sorted({*c.old.index.integrations, *c.new.index.integrations})
    for users in (*c.alike, *((each,) for each in integrations)):
        for subject in of_user(users[0], *c.sides):
            yield from ((users, each) for each in c.differences(subject))


def _lacking(condition: Condition, s: Situation) -> Iterator[str]:
    """What records and the request have no value for, as a condition writes it."""
    for path in condition.paths():
        for length in range(1, len(path.steps) + 1):
            part = msgspec.structs.replace(path, steps=path.steps[:length])
            if path.root == "subject":
                break
            try:
                found = value(part, s)
            except BadValueError:
                break
            if found is MISSING:
                yield operand_in_words(part)
                break
            if isinstance(found, str):
                break  # a user, or the key of a record: what lies behind is not theirs


def is_about(wider: AccessDifference, one: AccessDifference) -> bool:
    """Whether the one speaks of all that the other does, whoever they concern."""
    if (wider.up, wider.resource, wider.action) != (one.up, one.resource, one.action):
        return False
    return wider.fields == one.fields or (
        one.fields is not None and wider.fields is not None and {*one.fields} <= {*wider.fields}
    )


def _kind(up: bool, there: Satisfiability) -> DifferenceKind:
    if there is UNSAT:
        return "gained" if up else "lost"
    return "widened" if up else "narrowed"
