"""The rules about stacked roles that are decided by proof, beside the decisions on every record there is."""

from __future__ import annotations

import datetime
import itertools
import random
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policylang.check.finding import Finding, replay
from policylang.check.rules.stacking import combined_too_broad, limit_lost, policy_bypassed, role_adds_nothing
from policylang.check.world import UserClass, World
from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.parts import grant_fields, grants, limits
from policylang.runtime.reference import decide
from policylang.runtime.sources import RightsSource, sources
from policylang.runtime.truth import Situation, truth
from policylang.settings.thresholds import Thresholds
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
BAD = "?"
ACTIONS = ("view", "modify", "approve", "create", "export")

_WORLD = """\
timezone "UTC"
scope region contains site
place region "N"
place site "A" in "N"
place site "B" in "N"
subject { optional team : one of x, y }
resource doc {
  owner : user
  kind  : one of x, y
  site  : site
  optional flag : bool
  optional due : date
  optional sensitive fee : bool
  actions view, create, approve
  action modify requires view on doc
  action export bypasses policies
}
resource lab { action use requires view on doc at region }
"""

_ATOMS = (
    "owner is assigned user",
    "kind is x",
    "flag is true",
    "flag is missing",
    "assigned user.team is kind",
    "assigned user.team is x",
    "due is present",
    'owner is "u0"',
)


_DAYS = ("due within 2 days", "due older than 1 day")


def _condition(rng: random.Random, timed: bool, depth: int = 2) -> str:
    match rng.randrange(5) if depth else 0:
        case 1:
            return f"not ({_condition(rng, timed, depth - 1)})"
        case 2:
            return f"({_condition(rng, timed, depth - 1)} and {_condition(rng, timed, depth - 1)})"
        case 3:
            return f"({_condition(rng, timed, depth - 1)} or {_condition(rng, timed, depth - 1)})"
        case _:
            return rng.choice((*_ATOMS, *_DAYS) if timed else _ATOMS)


def _some(rng: random.Random, items: tuple[str, ...]) -> str:
    return ", ".join(rng.sample(items, rng.randrange(1, len(items) + 1)))


def _attached(rng: random.Random) -> str:
    return f"policy p{rng.randrange(4)}{rng.choice(('', '', ' for view', ' for modify, create', ' for export'))}"


def _bundle(rng: random.Random, timed: bool, number: int) -> str:
    said = []
    for _ in range(rng.randrange(1, 4)):
        fields = rng.choice(("", "", " including fee", " (kind)", " except flag"))
        said.append(f"grant {_some(rng, ACTIONS)} on doc{fields}")
    if rng.random() < 0.6:
        said.append(_attached(rng))
    if rng.random() < 0.15:
        fields = rng.choice(("", " (fee)", " (kind, flag)"))
        when = rng.choice(("", f" {{ {_condition(rng, timed, 1)} }}"))
        said.append(f"deny {_some(rng, ACTIONS)} on doc{fields}{when}")
    if rng.random() < 0.2:
        said.append("grant use on lab")
    if number and rng.random() < 0.35:
        said.append(f"role r{rng.randrange(number)}")
    return "  ".join(said)


def random_policy_set(rng: random.Random, *, timed: bool, users: int = 3) -> str:
    """``timed``: with conditions about days."""
    lines = [f"policy p{n} on doc {{ {_condition(rng, timed)} }}" for n in range(4)]
    lines += [f"{rng.choice(('', '', 'essential '))}role r{n} {{ {_bundle(rng, timed, n)} }}" for n in range(5)]
    lines += [f"group g{n} {{ {_bundle(rng, timed, 5)} }}" for n in range(2)]
    lines.append('job "J" { role r0, r1 }')
    for n in range(users):
        items = []
        if rng.random() < 0.5:
            items.append(f"team : {rng.choice('xy')}")
        if rng.random() < 0.4:
            items.append(f"{rng.choice(('append', 'override'))} {_attached(rng)}")
        for _ in range(rng.randrange(1, 4)):
            where = rng.choice(("", "", ' at site "A"', ' at site "B"', ' at region "N"'))
            when = rng.choice(("", "", "", " until 2026-01-01", " from 2026-01-01", " from 2026-01-02"))
            items.append(f"assign role r{rng.randrange(5)}{where}{when}")
        mark = rng.choice(("", "", "", "", "terminated "))
        group = rng.choice(("", " in g0", " in g1"))
        job = rng.choice(("", "", ' job "J"'))
        lines.append(f'{mark}user "u{n}"{group}{job} {{ {"  ".join(items)} }}')
    if rng.random() < 0.3:
        lines.append(f"deny {_some(rng, ACTIONS)} on doc {{ {_condition(rng, timed, 1)} }}")
    return _WORLD + "\n".join(lines) + "\n"


# --- everything there is -------------------------------------------------------------------------------------


class Everything:
    """Every situation that conditions can tell apart, for one user in one period."""

    def __init__(
        self, index: Index, user: str, now: datetime.datetime, *, timed: bool, incomplete: bool = False
    ) -> None:
        """``incomplete``: also records that lack what is not optional, or hold what is not of its type."""
        self.index, self.user, self.now = index, user, now
        self.lacking: tuple[None, ...] = (None,) if incomplete else ()
        self.bad: tuple[str, ...] = (BAD,) if incomplete else ()
        self.days = (-3, -2, -1, 1) if timed else (0,)

    def records(self) -> Iterator[dict[str, Any]]:
        owners = dict.fromkeys((self.user, "u0", "stranger", *self.lacking))
        kinds, sites = ("x", "y", *self.lacking), ("A", "B", *self.lacking)
        flags = (None, True, False, *self.bad)  # others are only compared: a bad value is like a missing one
        days = [None, *self.bad, *((self.now + datetime.timedelta(days=n)).date().isoformat() for n in self.days)]
        for owner, kind, site, flag, due in itertools.product(owners, kinds, sites, flags, days):
            record = {"owner": owner, "kind": kind, "site": site, "flag": flag, "due": due}
            yield {name: value for name, value in record.items() if value is not None}

    def situations(self) -> Iterator[Situation]:
        for record in self.records():
            yield Situation(self.index, self.user, "doc", record, {}, self.now)

    def allows(self, s: Situation, action: str) -> bool:
        return decide(self.index, self.user, action, "doc", s.record, now=s.now).allowed


def _instants(world: World, users: UserClass) -> Iterator[datetime.datetime]:
    seen = set()
    for period, who in world.periods(users.first):
        if who not in seen:
            seen.add(who)
            yield period.instant(NOW, world.index.timezone)


def _run(seed: int, module: ModuleType, without: str = "", *, timed: bool) -> tuple[World, dict[str, list[Finding]]]:
    """The findings by the places of the users whom they concern."""
    text = random_policy_set(random.Random(seed), timed=timed)
    if without:
        text = re.sub(rf"\b{without}, |, {without}\b", "", text).replace(f"grant {without} on", "grant view on")
        text = text.replace(f"deny {without} on", "deny view on").replace(f" for {without}", "")
    world = World(compiled(text), NOW, Thresholds(stacked_more=1))
    found: dict[str, list[Finding]] = {}
    for finding in module.check(world):
        assert not finding.unproved
        assert finding.shown or finding.proved
        for shown in finding.shown:
            assert replay(world, shown).allowed == shown.allowed
        for user in finding.users or [user.id for user in world.policy_set.users if user.at == finding.at]:
            found.setdefault(world.index.users[user].at, []).append(finding)
    return world, found


def _open(s: Situation, action: str) -> tuple[set[RightsSource], set[RightsSource]]:
    """The sources that grant the action there, and those of them whose limits allow it."""
    granting, opening = set(), set()
    for source, chain, _ in grants(s, action):
        granting.add(source)
        if all(truth(limit, s) is True for limit in limits(s, source, chain, action)):
            opening.add(source)
    return granting, opening


_NAME = re.compile(r"`([rg]\d)`")

examples = settings(deadline=None, max_examples=settings.default.max_examples // 20)


@examples
@given(st.integers(0, 2**32))
def test_limit_lost(seed: int) -> None:
    world, found = _run(seed, limit_lost, "create", timed=True)
    for users in world.user_classes:
        expected: set[frozenset[str]] = set()
        for now in _instants(world, users):
            every = Everything(world.index, users.first, now, timed=True)
            for s in every.situations():
                for action in ("view", "modify", "approve"):
                    granting, opening = _open(s, action)
                    if opening and granting - opening and every.allows(s, action):
                        expected |= {
                            frozenset((kept.name, handing.name)) for kept in granting - opening for handing in opening
                        }
        got = {frozenset(_NAME.findall(finding.message)) for finding in found.get(users.declared.at, [])}
        assert got == expected, users


@examples
@given(st.integers(0, 2**32))
@example(1999)  # two roles deny all that a group grants: with the group, one of them could go
@example(262145)  # a limit that is true of all that can be written, and not of values of other types
@example(2202)  # a group grants to create, but not to set what an appended policy asks for
def test_role_adds_nothing(seed: int) -> None:
    world, found = _run(seed, role_adds_nothing, timed=False)
    index = world.index
    for users in world.user_classes:
        user = users.first
        named = [f.message.split(" nothing to what ")[0] for f in found.get(users.declared.at, [])]
        every = list(dict.fromkeys(s for now in _instants(world, users) for s in sources(index, user, now)))
        gone = {source for source in every if any(_in_words(source) in _parts(text) for text in named)}
        smaller = _without(index, users.declared, gone)
        # What holds for complete records only is told where nothing holds for all of them.
        incomplete = any(not text.startswith("for complete records") for text in named)
        assert not _differs(world, users, index, smaller, incomplete), gone
        for source in set(every) - gone:
            less = _without(smaller, smaller.users[user], {source})
            assert _differs(world, users, smaller, less, incomplete), source


def _parts(text: str) -> list[str]:
    return re.split(r", | and ", re.sub(r" adds?$", "", text))


def _in_words(source: RightsSource) -> str:
    kind = {"A": "site", "B": "site", "N": "region"}.get(source.place or "")
    group = "group " if source.kind == "group" else ""
    return f"{group}`{source.name}`" + (f' at {kind} "{source.place}"' if source.place else "")


def _without(index: Index, user: ir.User, gone: set[RightsSource]) -> Index:
    """The policy set with those sources taken from the user."""
    jobs = dict(index.jobs)
    if user.job is not None:
        job = jobs[user.job.name]
        kept = tuple(ref for ref in job.roles if RightsSource("role", ref.name) not in gone)
        jobs[job.code] = msgspec.structs.replace(job, roles=kept)
    changed = msgspec.structs.replace(
        user,
        group=None if user.group and RightsSource("group", user.group.name) in gone else user.group,
        assignments=tuple(a for a in user.assignments if RightsSource("role", a.role, a.place) not in gone),
    )
    return index.changed(users={user.id: changed}, jobs=jobs)


def _differs(world: World, users: UserClass, first: Index, second: Index, incomplete: bool) -> bool:
    """Whether any request is decided otherwise; or nothing is left of what was there at some time."""
    user = users.first
    for now in _instants(world, users):
        had, has = list(sources(first, user, now)), list(sources(second, user, now))
        if had and not has:
            return True
        if any(
            one != other
            for one, other in zip(
                _answers(first, user, now, incomplete), _answers(second, user, now, incomplete), strict=True
            )
        ):
            return True
    return False


def _answers(index: Index, user: str, now: datetime.datetime, incomplete: bool) -> Iterator[object]:
    """Every decision: about whole records, and about new ones, which may leave out anything."""
    yield decide(index, user, "use", "lab", {}, now=now).allowed
    for s in Everything(index, user, now, timed=False, incomplete=incomplete).situations():
        for action in ("view", "modify", "approve", "export"):
            decision = decide(index, user, action, "doc", s.record, now=now)
            yield decision.allowed, decision.fields
    for record in Everything(index, user, now, timed=False, incomplete=True).records():
        if BAD in record.values():  # never written
            continue
        for more in ({}, {"fee": True}):
            decision = decide(index, user, "create", "doc", {**record, **more}, now=now)
            yield decision.allowed, decision.fields


@examples
@given(st.integers(0, 2**32))
def test_policy_bypassed(seed: int) -> None:
    world, found = _run(seed, policy_bypassed, timed=True)
    for users in world.user_classes:
        expected = any(
            _bypassed(Everything(world.index, users.first, now, timed=True)) for now in _instants(world, users)
        )
        assert (users.declared.at in found) == expected, users


def _bypassed(every: Everything) -> bool:
    index, user = every.index, every.user
    anywhere = list(sources(index, user, every.now))
    may_view = any(
        "view" in grant.actions and grant.resource == "doc"
        for source in anywhere
        for bundle in _inside(index, source)
        for grant in bundle.grants
    )
    for s in every.situations():
        if not every.allows(s, "export"):
            continue
        if may_view and not every.allows(s, "view") and _but_for_limits(s):
            return True
        if _kept(s, named_only=may_view):
            return True
    return False


def _inside(index: Index, source: RightsSource) -> list[ir.Group | ir.Role]:
    found: list[ir.Group | ir.Role] = [
        index.groups[source.name] if source.kind == "group" else index.roles[source.name]
    ]
    for bundle in found:
        found += [index.roles[ref.name] for ref in bundle.roles]
    return found


def _but_for_limits(s: Situation) -> bool:
    """Whether only limits and appends keep the user from viewing the record."""
    free = {
        name: msgspec.structs.replace(bundle, limits=())
        for name, bundle in {**s.index.roles, **{f"g:{n}": g for n, g in s.index.groups.items()}}.items()
    }
    user = msgspec.structs.replace(s.index.users[s.user], appends=(), overrides=())
    index = s.index.changed(
        roles={name: bundle for name, bundle in free.items() if not name.startswith("g:")},
        groups={name[2:]: bundle for name, bundle in free.items() if name.startswith("g:")},
        users={s.user: user},
    )
    return decide(index, s.user, "view", "doc", s.record, now=s.now).allowed


def _kept(s: Situation, *, named_only: bool) -> bool:
    """Whether the policies that would limit the export, or those that name it, keep the record away."""

    def fails(limit: ir.Limit) -> bool:
        if named_only and (limit.actions is None or "export" not in limit.actions):
            return False
        if limit.actions is not None and "export" not in limit.actions:
            return False
        return truth(s.index.instances[limit.instance].condition, s) is not True

    user = s.index.users[s.user]
    if any(fails(each.limit) for each in user.appends):
        return True
    own = [each.limit for each in user.overrides]
    return not any(
        not any(map(fails, own if source.kind == "group" and own else [x for b in chain for x in b.limits]))
        for source, chain, _ in grants(s, "export")
    )


@examples
@given(st.integers(0, 2**32))
def test_combined_too_broad(seed: int) -> None:
    world, found = _run(seed, combined_too_broad, timed=False)
    for users in world.user_classes:
        expected = any(
            _is_broad(world, users, now, stack)
            for now in _instants(world, users)
            for stack in _stacks(world.index, users.first, now)
        )
        assert (users.declared.at in found) == expected, users


def _stacks(index: Index, user: str, now: datetime.datetime) -> Iterator[tuple[str | None, list[RightsSource]]]:
    every = list(dict.fromkeys(sources(index, user, now)))
    for place in (None, "A", "B", "N"):
        stack = [source for source in every if index.covers(source.place, place)]
        if len({source.bundle_name for source in stack}) > 1:
            yield place, stack


def _is_broad(
    world: World, users: UserClass, now: datetime.datetime, stack: tuple[str | None, list[RightsSource]]
) -> bool:
    index, user = world.index, users.first
    place, together = stack
    every = list(dict.fromkeys(sources(index, user, now)))
    alone = {}
    for source in every:
        smaller = _without(index, users.declared, {other for other in every if other != source})
        alone[source] = _reached(smaller, user, now, [source], source.place)
    reached = _reached(index, user, now, together, place)
    if len({each for each in reached if each[1] is None}) > 1.5 * max(
        len({each for each in mine if each[1] is None}) for mine in alone.values()
    ):
        return True
    both = {"create", "approve"}
    if both <= {action for action, _ in reached} and not any(both <= _granted(index, source) for source in together):
        return True
    if ("view", "fee") not in reached and not any(field == "fee" for _, field in reached):
        return False
    sizes = {
        source: (len({each for each in alone[source] if each[1] is None}), _wide(index, source)) for source in together
    }
    best = max(sizes.values())
    return not any(field == "fee" for source in together if sizes[source] == best for _, field in alone[source])


def _granted(index: Index, source: RightsSource) -> set[str]:
    """What of a document a source grants, limited or not."""
    every = (grant for bundle in _inside(index, source) for grant in bundle.grants if grant.resource == "doc")
    return {action for grant in every for action in grant.actions}


def _wide(index: Index, source: RightsSource) -> int:
    return len(
        {
            (grant.resource, action, field)
            for bundle in _inside(index, source)
            for grant in bundle.grants
            for action in grant.actions
            for field in grant_fields(index, grant)
        }
    )


def _reached(
    index: Index, user: str, now: datetime.datetime, stack: list[RightsSource], place: str | None
) -> set[tuple[str, str | None]]:
    """Actions, and actions on the sensitive attribute, that a way of the stack opens for some record at the place."""
    found: set[tuple[str, str | None]] = set()
    for s in Everything(index, user, now, timed=False).situations():
        if place is not None and not index.covers(place, s.record["site"]):
            continue
        for action in ("view", "modify", "approve", "export"):
            found.update(_opened(s, action, stack))
    for record in Everything(index, user, now, timed=False, incomplete=True).records():
        if BAD in record.values():  # never written
            continue
        if place is None or index.covers(place, record.get("site")):
            for more in ({}, {"fee": True}):
                found.update(_opened(Situation(index, user, "doc", {**record, **more}, {}, now), "create", stack))
    used = any(
        source.place is None and any("use" in grant.actions for b in _inside(index, source) for grant in b.grants)
        for source in stack
    )
    if used and decide(index, user, "use", "lab", {}, now=now).allowed:
        found.add(("use", None))
    return found


def _opened(s: Situation, action: str, stack: list[RightsSource]) -> Iterator[tuple[str, str | None]]:
    decision = decide(s.index, s.user, action, "doc", s.record, now=s.now)
    for source, chain, grant in grants(s, action) if decision.allowed else ():
        if source in stack and (
            action == "export" or all(truth(limit, s) is True for limit in limits(s, source, chain, action))
        ):
            yield action, None
            if grant.fields is not None and "fee" in grant.fields and "fee" in decision.fields:
                yield action, "fee"
