"""PL302: roles that together grant far more than any one of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cache, cached_property

import msgspec

from policylang.analysis.query import Sat
from policylang.analysis.satisfiability import SATISFIABLE, UNSAT
from policylang.check.finding import Finding, Shown, people
from policylang.check.opened import OpenedPermissions, Stack
from policylang.check.stacks import SourceKind, Stacks
from policylang.check.suggested_role import suggested_role
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.runtime.grants import Profile
from policylang.runtime.index import Permission
from policylang.runtime.sources import RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL302",
    name="combined-too-broad",
    family="stacking",
    severity="warning",
    security="medium",
    summary="roles that together grant far more than any one of them",
    why=(
        "Each role was reviewed on its own, the combination by nobody. Permissions add up: a second role can "
        "give sensitive attributes to somebody who does not need them, or put both ends of a process into one "
        "person's hands."
    ),
    bad="""\
resource bill { amount : money  actions view, create, approve, print }
role maker { grant view, create on bill }
role checker { grant view, approve, print on bill }
user "ada@acme.test" { assign role maker  assign role checker }   #! PL302
""",
    good="""\
resource bill { amount : money  actions view, create, approve, print }
role maker { grant view, create on bill }
role checker { grant view, approve, print on bill }
user "ada@acme.test" { assign role maker }
user "ben@acme.test" { assign role checker }
""",
    near="""\
resource bill { amount : money  actions view, create, approve, print }
role maker { grant view, create on bill }
role printer { grant view, print on bill }
role checker { grant view, approve, print on bill }
user "ada@acme.test" { assign role maker  assign role printer }
user "ben@acme.test" {
  assign role maker from 2027-01-01 until 2027-06-30
  assign role checker from 2027-07-01 until 2027-12-31
}
""",
    since="0.1.0",
    proof=True,
    fix="suggested",
)

_APPROVING = frozenset(
    (
        "approve",
        "authorise",
        "authorize",
        "certify",
        "countersign",
        "disburse",
        "endorse",
        "pay",
        "payout",
        "ratify",
        "refund",
        "release",
        "settle",
        "signoff",
    )
)
"""Actions that let through, or pay out, what somebody has entered: these, names of several words that begin or end with
one of them (`approve_late`, `final_approve`, `pay_out`), `sign` and `sign_off`.
"""


@cache
def _is_approving(action: str) -> bool:
    words = action.lower().split("_")
    return words in (["sign"], ["sign", "off"]) or words[0] in _APPROVING or words[-1] in _APPROVING


class _Broad(msgspec.Struct):
    """One way in which a stack is too broad: by which of its sources, in words, and what shows it."""

    stack: Stack
    by: tuple[RightsSource, ...]
    reason: str = ""
    asked: list[_Asked] = []
    shown: list[Shown] = []


class _Asked(msgspec.Struct, frozen=True):
    """That the users are allowed it, on the field if one is given, and that who has just the one source is not."""

    permission: Permission
    field: str | None = None
    without: RightsSource | None = None


class _Told(msgspec.Struct):
    """What sources do together, and to whom."""

    sources: list[tuple[RightsSource, ...]] = []
    at: list[str] = []
    reasons: dict[str, None] = {}
    users: dict[str, None] = {}
    shown: list[Shown] = []


def check(world: World) -> Iterator[Finding]:
    """What sources reach together is compared with what one of them reaches alone, which is what the user would have
    without the others: the largest, by the actions on resources that it opens for some record, and by the attributes
    it covers where two are equal. Three things are too broad:

    - a sensitive attribute that the largest source does not reach;
    - create and an approve-like action on one resource, of which no source has both (what one source holds by itself
      is not because of stacking, see PL211);
    - more permissions than the largest source has, by over 50 % (`stacked_growth`) and at least 20 (`stacked_more`).

    Sources count together where their dates and their places overlap; the largest may be one that lies apart, for the
    number of permissions. One finding for the sources that do it, given at places of the same kinds, with all users who
    have them, on the first of these; those for whom it is not proved are another one.
    """
    rule = _Rule(world)
    told: dict[tuple[frozenset[SourceKind], bool], _Told] = {}
    for users in world.user_classes:
        for each, is_certain in _of_users(rule, users):
            known = told.setdefault((rule.stacks.cause(each.by), is_certain), _Told())
            known.sources.append(each.by)
            known.at.append(users.declared.at)
            known.reasons[each.reason] = None
            known.users.update(dict.fromkeys(users.users))
            if is_certain and not known.shown:
                known.shown = each.shown or rule.evidence(each)[0]
    yield from (_finding(rule.stacks, each, unproved=not is_certain) for (_, is_certain), each in told.items())


def _of_users(rule: _Rule, users: UserClass) -> list[tuple[_Broad, bool]]:
    """In which ways the first stack of the users is too broad that certainly is, or might be if there is none; and
    whether each is certain.
    """
    doubtful: list[tuple[_Broad, bool]] = []
    for stack in _stacks(rule.stacks, users):
        found = [(each, rule.is_certain(each)) for each in _broad(rule, stack)]
        if any(certain for _, certain in found):
            return found
        doubtful = doubtful or found
    return doubtful


def _stacks(stacks: Stacks, users: UserClass) -> Iterator[Stack]:
    """The sources that hold together, at one of their places or where nothing lies at a place."""
    seen: set[tuple[Profile, tuple[RightsSource, ...]]] = set()
    for period, who in stacks.periods(users):
        for place in (*dict.fromkeys(source.place for source in who.sources if source.place is not None), None):
            sources = tuple(source for source in who.sources if stacks.index.covers(source.place, place))
            if (who, sources) not in seen and len({source.bundle_name for source in sources}) > 1:
                seen.add((who, sources))
                yield Stack(users, period, who, sources, place)


class _Rule:
    """Whether something shows that a stack is too broad, and what."""

    def __init__(self, world: World) -> None:
        self.world, self.stacks, self.opened = world, world.once(Stacks), world.once(OpenedPermissions)
        self._shown: dict[Hashable, bool] = {}

    @cached_property
    def approving(self) -> frozenset[Permission]:
        return self.world.permissions(lambda action: _is_approving(action.name))

    def is_certain(self, found: _Broad) -> bool:
        """Whether something shows it, or would if it were made: users who are alike have the same answer."""
        stack, likeness = found.stack, self.stacks.likeness
        key: list[Hashable] = []
        for each in found.asked:
            plan, ways = self.opened.ways(stack, each.permission, each.field)
            without = None if each.without is None else each.without.bundle_name
            places = (stack.place, None if each.without is None else each.without.place)
            asked = (ways, plan.ways)
            key += (without, likeness.question(plan, asked, stack.users.first, stack.period, places, each.field))
        alike = tuple(key)
        if alike not in self._shown:
            found.shown, doubt = self.evidence(found)
            self._shown[alike] = bool(found.shown) or not doubt
        return self._shown[alike]

    def evidence(self, found: _Broad) -> tuple[list[Shown], bool]:
        """What shows it, and whether something does not show what it should."""
        stack, shown, doubt = found.stack, list[Shown](), False
        user = stack.users.first
        for each in found.asked:
            answer = self.opened.find(stack, each.permission, each.field)
            if not isinstance(answer, Sat):
                doubt = True
                continue
            resource, action = each.permission
            plan = self.world.plan(stack.who, action, resource)
            allowed = self.stacks.show(user, plan, answer.witness, each.field)
            denied = None
            if each.without is not None:
                denied = self.stacks.alone(user, each.without, action, answer.witness, each.field)
            shown += [one for one in (allowed, denied) if one is not None and one not in shown]
            doubt = doubt or allowed is None
        return shown, doubt


# --- what is too broad -------------------------------------------------------------------------------------------


def _broad(rule: _Rule, stack: Stack) -> list[_Broad]:
    alone = {source: rule.opened.alone(stack, source) for source in stack.who.sources}
    sizes = {source: (len(alone[source]), len(rule.opened.covers(source.bundle_name))) for source in alone}
    best = max(sizes[source] for source in stack.sources)
    together = rule.opened.permissions(stack)
    found = [*_sensitive(rule, stack, [source for source in stack.sources if sizes[source] == best])]
    found += _create_and_approve(rule, stack, together)
    largest = max(alone, key=lambda source: (sizes[source], source in stack.sources))
    most, limits = len(alone[largest]), rule.world.thresholds
    if len(together) > most * (1 + limits.stacked_growth) and len(together) >= most + limits.stacked_more:
        what = rule.stacks.in_words(largest)
        reason = f"{len(together)} permissions, where {what} alone has {most or 'none'}"
        extra = sorted(together - alone[largest], key=lambda each: (rule.world.index.kind(*each) == "create", each))
        found.append(_Broad(stack, stack.sources, reason, [_Asked(extra[0], without=largest)]))
    return found


def _sensitive(rule: _Rule, stack: Stack, largest: list[RightsSource]) -> Iterator[_Broad]:
    told: set[Permission] = set()
    for source in stack.sources:
        fields: dict[str, None] = {}
        broad = _Broad(stack, ())
        for resource, action, field in rule.opened.secrets(source.bundle_name):
            if (resource, field) in told or _is_alone(rule, stack, largest, resource, field):
                continue
            witness = rule.opened.find(stack, (resource, action), field)
            if witness is not UNSAT:
                told.add((resource, field))
                fields[f"`{resource}.{field}`"] = None
                if len(fields) == 1:
                    broad.asked.append(_Asked((resource, action), field, largest[0]))
                    broad.by = _opening(rule, stack, largest[0], source, broad.asked[0])
        if fields:
            broad.reason = f"sensitive {listed(list(fields), 'and')}, beyond {rule.stacks.in_words(largest[0])}"
            yield broad


def _opening(
    rule: _Rule, stack: Stack, largest: RightsSource, source: RightsSource, asked: _Asked
) -> tuple[RightsSource, ...]:
    """The largest source and the one that covers the attribute; where that is the largest itself, the one with what
    the action requires beside it, or the whole stack where no one has it all.
    """
    if source != largest:
        return largest, source
    for other in stack.sources:
        both = msgspec.structs.replace(stack.who, sources=(source, other))
        pair = msgspec.structs.replace(stack, who=both, sources=both.sources)
        if other != source and rule.opened.settle(pair, asked.permission, asked.field) is SATISFIABLE:
            return source, other
    return stack.sources


def _is_alone(rule: _Rule, stack: Stack, largest: list[RightsSource], resource: str, field: str) -> bool:
    """Whether one of the largest sources alone reaches the attribute."""
    return any(
        rule.opened.settle(stack.alone(source), (resource, action), field) is not UNSAT
        for source in largest
        for other, action, name in rule.opened.secrets(source.bundle_name)
        if (other, name) == (resource, field)
    )


def _create_and_approve(rule: _Rule, stack: Stack, together: frozenset[Permission]) -> Iterator[_Broad]:
    ways = {source: rule.stacks.ways(source.bundle_name) for source in stack.sources}
    found: dict[tuple[RightsSource, ...], tuple[_Broad, dict[str, list[str]]]] = {}
    by_resource: dict[str, list[str]] = {}
    for resource, action in sorted(together & rule.approving):
        by_resource.setdefault(resource, []).append(action)
    for resource, actions in by_resource.items():
        creating = rule.world.index.of_kind(resource, "create")
        create = next((action for action in creating if (resource, action) in together), "")
        approving = [
            action
            for action in (actions if create else ())
            if not any((resource, action) in each and (resource, create) in each for each in ways.values())
        ]
        for action in approving:
            by = tuple(
                next(source for source, each in ways.items() if (resource, one) in each) for one in (create, action)
            )
            broad, both = found.setdefault(by, (_Broad(stack, by), {}))
            if not both:
                broad.asked += (_Asked((resource, one)) for one in (create, action))
            both.setdefault(resource, [create]).append(action)
    for broad, both in found.values():
        several = [f"{listed(actions, 'and')} on `{resource}`" for resource, actions in both.items()]
        broad.reason = f"{'both ' if sum(map(len, both.values())) == 2 else ''}{listed(several, 'and')}"
        yield broad


_MOST_REASONS = 4


def _finding(stacks: Stacks, told: _Told, *, unproved: bool) -> Finding:
    names = sorted({source.bundle_name for source in told.sources[0]})
    every = [source for sources in told.sources for source in sources]
    words = dict.fromkeys(stacks.any_in_words(one, every) for one in told.sources[0])
    together = listed(list(words), "and")
    reasons = list(told.reasons)
    more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    return Finding(
        code="PL302",
        message=f"together {together} give {people(sorted(told.users))} {'; '.join(reasons[:_MOST_REASONS])}{more}",
        at=min(told.at, key=Location.parse),
        help="remove one of them, or grant only what the tasks of these users need",
        policies=suggested_role(stacks.world, [RightsSource(*name) for name in names], narrow=True),
        shown=tuple(told.shown),
        unproved=unproved,
        users=tuple(sorted(told.users)),
        subjects=tuple(reasons),
        held=tuple(names),
    )
