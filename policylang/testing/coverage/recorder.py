"""Watches cases being decided and counts what decided them.

A statement is *decisive* in a case if without it the answer would be the other one: it is taken out of the policy set
and the reference decides again. Only statements that can make a difference are tried: without a grant nothing that was
denied becomes allowed, without a limit or a deny nothing that was allowed becomes denied.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from policylang.model.types import UserType
from policylang.runtime.grants import profile
from policylang.runtime.index import Index
from policylang.runtime.parts import record_place
from policylang.runtime.plan import Plan, make_plan
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request
from policylang.runtime.sources import has_role
from policylang.runtime.truth import Situation, Truth
from policylang.runtime.values import BadValueError, attribute
from policylang.source import Location
from policylang.testing.coverage.concern import Concern, Concerns
from policylang.testing.coverage.decisive import DecidedCase
from policylang.testing.coverage.outcomes import Watched, outcome, watch
from policylang.testing.coverage.statements import CoveredStatement, deny_in_words, statements, without


class Recorder:
    """Counts over all cases about one policy set, in any number of scenario files."""

    def __init__(self, index: Index, files: Collection[str]) -> None:
        """``files``: the policy files. People from directory files are data, nobody tests each of them."""
        policy_set = index.policy_set
        self.cases = 0
        self.statements = {each.at: each for each in statements(policy_set) if Location.parse(each.at).path in files}
        self.reached: Counter[str] = Counter()
        self.decisive: Counter[str] = Counter()
        self.by_action: Counter[tuple[str, str]] = Counter()
        self.watched: dict[str, Watched] = {}
        self.outcomes: Counter[tuple[str, int, Truth]] = Counter()
        """Cases by the condition, the number of its part (0: the whole) and what it came to."""
        self.evaluated: Counter[str] = Counter()
        for each in index.attached():
            self.watched[each.id] = watch(index, f"policy {each.id}", each.at, each.condition, each.resource)
        for deny in policy_set.every_deny():
            if deny.condition is not None:
                words = deny_in_words(deny, index.attributes[deny.resource])
                self.watched[deny.at] = watch(index, words, deny.at, deny.condition, deny.resource)
        self._open(index)

    def _open(self, index: Index) -> None:
        """Scenario files may know people of their own: then there is another index, and nothing kept holds for it."""
        self._index = index
        self._concerns = Concerns(index)
        self._plans: dict[tuple[str, datetime.date, str, str], Plan] = {}

    def decided(self, index: Index, asked: Request, decision: Decision) -> None:
        if index is not self._index:
            self._open(index)
        self.cases += 1
        if not index.knows(asked.user) or asked.action not in index.actions[asked.resource]:
            return
        when = self._concerns.moment(asked.now)
        concern = self._concerns.of(asked.user, when, asked.action, asked.resource)
        giving = dict.fromkeys(at for user, role in _written(index, asked) for at in self._leading(user, when, role))
        reached = dict.fromkeys((*concern.all(), *giving))
        self.reached.update(at for at in reached if at in self.statements)
        case = DecidedCase(self._concerns.narrowing, asked, decision.allowed, self.statements)
        for at in case.decisive(concern, giving):
            self.decisive[at] += 1
            self._count_actions(case, self.statements[at], concern)
        self._count_outcomes(asked, when)

    def _count_actions(self, case: DecidedCase, statement: CoveredStatement, concern: Concern) -> None:
        """Which of the actions that the statement names made the difference."""
        actions = concern.grants.get(statement.at, (case.asked.action,)) if statement.actions else ()
        for action in actions:
            if len(actions) == 1 or not case.stays([statement.at], action=action):
                self.by_action[statement.at, action] += 1

    def listed(self, index: Index, attribute: str, now: datetime.datetime, found: tuple[str, ...]) -> None:
        if index is not self._index:
            self._open(index)
        self.cases += 1
        resource, _, name = attribute.partition(".")
        declared = index.attributes[resource][name].type
        type_ = declared.item
        if not isinstance(type_, UserType) or type_.role is None:
            return
        role = type_.role
        when = self._concerns.moment(now)
        having: dict[str, list[str]] = {}
        for user in index.users:
            for at in self._leading(user, when, role):
                having.setdefault(at, []).append(user)
        for at, users in having.items():
            if at in self.statements:
                self.reached[at] += 1
                other = without(index, [self.statements[at]])
                # Nobody else has the role by this statement.
                self.decisive[at] += not all(has_role(other, user, role, now) for user in users)

    def _leading(self, user: str, when: datetime.datetime, role: str) -> tuple[str, ...]:
        return self._concerns.leading_to(user, when, role) if user in self._index.users else ()

    def _count_outcomes(self, asked: Request, when: datetime.datetime) -> None:
        """Of the conditions that took part: those of the ways that cover the record, appends and denies."""
        key = asked.user, when, asked.action, asked.resource
        if key not in self._plans:
            index = self._concerns.narrowing.of(asked.user, asked.action, asked.resource)
            who = profile(index, asked.user, asked.now)
            self._plans[key] = make_plan(index, who, asked.action, asked.resource)
        seen: set[tuple[str, int, Truth]] = set()
        for s in asked.moments(self._index):
            for id_ in _taking_part(self._index, self._plans[key], s):
                if id_ in self.watched:
                    found = outcome(self.watched[id_], s)
                    seen |= {(id_, number, each) for number, each in enumerate(found)}
        self.outcomes.update(seen)
        self.evaluated.update({key for key, _, _ in seen})


def _taking_part(index: Index, plan: Plan, s: Situation) -> dict[str, None]:
    """The conditions that were asked, by the names under which they are watched."""
    try:
        place = record_place(s)
    except BadValueError:
        return {}
    covers: Callable[[str | None], bool] = lambda where: index.covers(where, place)  # noqa: E731
    ways = [way for way in plan.ways if covers(way.place)]
    if not ways:
        return {}
    ids = [limit.id for way in ways for limit in way.limits]
    ids += [instance.id for instance in plan.appends]
    ids += [each.deny.at for each in plan.denies if covers(each.place)]
    return dict.fromkeys(ids)


def _written(index: Index, asked: Request) -> list[tuple[str, str]]:
    """The users whom the request would write, and the role they must have for it."""
    values: Any = asked.record if index.kind(asked.resource, asked.action) == "create" else asked.changes or {}
    found = []
    for name, declared in index.attributes[asked.resource].items():
        type_ = declared.type.item
        if isinstance(type_, UserType) and type_.role is not None:
            value = attribute(values, name)
            users = value if isinstance(value, list | tuple | set) else [value]
            found += [(user, type_.role) for user in users if isinstance(user, str)]
    return found
