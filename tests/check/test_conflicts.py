"""What the rules on conflicts find by proof is what looking at every record finds, on small policy sets."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable, Iterator
from itertools import product

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.engine import run_checks
from policylang.check.limits import inner_first
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.model.conditions import Condition, Constant
from policylang.model.types import IntType
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.parts import appends, grants, limits
from policylang.runtime.reference import decide
from policylang.runtime.sources import Bundle, RightsSource, chains
from policylang.runtime.truth import Situation, truth
from policylang.source import Location
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
CODES = ["PL201", "PL202", "PL203", "PL204", "PL205", "PL206", "PL207", "PL208", "PL209", "PL213"]

HEAD = """\
subject { optional d : int }
resource doc { optional a : int  s : one of x, y  owner : user  actions view, change  action skim bypasses policies }
"""

ATOMS = (
    "a < 2",
    "a >= 1",
    "a is 1",
    "a is missing",
    "a > 0",
    "s is x",
    "s in [x, y]",
    "owner is assigned user",
    "a is assigned user.d",
    "assigned user.d > 1",
    'assigned user is "u"',
    'assigned user in ["u", "w"]',
    'owner is "v"',
)
ACTIONS = ("view", "change", "skim")


def condition(rng: random.Random, depth: int = 2) -> str:
    kind = rng.randrange(4 if depth else 1)
    if kind < 2:
        return rng.choice(ATOMS)
    if kind == 2:
        return f"not ({condition(rng, depth - 1)})"
    return f"({condition(rng, depth - 1)} {rng.choice(('and', 'or'))} {condition(rng, depth - 1)})"


def policy_set(rng: random.Random) -> str:
    """Each thing that a finding may stand on is on a line of its own."""
    lines = [*HEAD.splitlines(), *(f"policy p{n} on doc {{ {condition(rng)} }}" for n in range(5))]
    roles = ["inner", "outer", "other"]
    for name in roles:
        inside = ["  role inner"] if name == "outer" else []
        lines += [f"role {name} {{", *inside, *_items(rng), "}"]
    lines += ["group g {", f"  role {rng.choice(roles)}", *_items(rng), "}"]
    if rng.random() < 0.6:
        lines.append(_deny(rng))
    for name, value in (("u", 1), ("v", None), ("w", 2)):
        items = [f"d : {value}"] if value is not None else []
        items += [f"assign role {rng.choice(roles)}"] if rng.random() < 0.4 else []
        for kind in ("append", "override"):
            if rng.random() < 0.5:
                items.append(f"{kind} policy p{rng.randrange(5)} on doc{rng.choice(('', '', ' for view'))}")
        lines.append(f'user "{name}" in g {{ {"  ".join(items)} }}')
    return "\n".join(lines) + "\n"


def _items(rng: random.Random) -> Iterator[str]:
    for _ in range(rng.randrange(3)):
        fields = rng.choice(("", "", " (a)", " (a, s)"))
        yield f"  grant {', '.join(sorted(set(rng.choices(ACTIONS, k=2))))} on doc{fields}"
    for policy in rng.sample(range(5), rng.randrange(3)):
        yield f"  policy p{policy}{rng.choice(('', '', ' for view'))}"
    if rng.random() < 0.4:
        yield f"  {_deny(rng)}"


def _deny(rng: random.Random) -> str:
    fields = rng.choice(("", "", " (a)", " (s)"))
    where = rng.choice(("", f" {{ {condition(rng, 1)} }}", f" {{ {condition(rng, 1)} }}"))
    return f"deny {rng.choice(ACTIONS)} on doc{fields}{where}"


# --- every situation there is --------------------------------------------------------------------------------


class Everything:
    """The policy set, and the situations of each kind of holder."""

    def __init__(self, policies: ir.PolicySet) -> None:
        self.world = World(policies, NOW)
        self.index = self.world.index
        self.records = [
            {"s": s, "owner": owner} | ({} if a is None else {"a": a})
            for a, s, owner in product((None, -1, 0, 1, 2, 3), ("x", "y"), ("(somebody)", "u", "v", "w", "stranger"))
        ]
        self.values: tuple[int | None, ...] = (None, 0, 1, 2, 3)
        self.anybody = [
            *self.holding(),
            *(s for user in policies.users for changed in self.anyhow(user) for s in self.of_user(user.id, changed)),
        ]

    def holding(self, role: str | None = None, group: str | None = None) -> Iterator[Situation]:
        for d in self.values:
            index, user = hypothetical(
                self.index, () if role is None else ((role, None),), group, attributes=self._attributes(d)
            )
            yield from (Situation(index, user, "doc", record, {}, NOW) for record in self.records)

    def _attributes(self, d: int | None) -> tuple[ir.UserValue, ...]:
        return () if d is None else (ir.UserValue("d", (Constant(IntType(), d, "x:1:1-1:1"),), "x:1:1-1:1"),)

    def of_bundle(self, bundle: Bundle) -> Iterator[Situation]:
        """Somebody who holds just that, and whom a condition may name."""
        group: ir.Ref | None = None
        roles: tuple[ir.Assignment, ...] = ()
        if isinstance(bundle, ir.Role):
            yield from self.holding(bundle.name)
            roles = (ir.Assignment(bundle.name, None, None, None, None, None, None, None, bundle.at),)
        else:
            yield from self.holding(group=bundle.name)
            group = ir.Ref(bundle.name, bundle.at)
        for user in self.world.policy_set.users:
            changed = msgspec.structs.replace(user, group=group, assignments=roles, appends=(), overrides=())
            for each in self.anyhow(changed):
                yield from self.of_user(user.id, each)

    def anyhow(self, user: ir.User) -> Iterator[ir.User]:
        """A user whom a condition may name, with other attributes too: those are theirs for today."""
        return (msgspec.structs.replace(user, attributes=self._attributes(d)) for d in self.values)

    def of_user(self, user: str, changed: ir.User | None = None) -> Iterator[Situation]:
        index: Index = self.index if changed is None else self.index.changed(users={user: changed})
        return (Situation(index, user, "doc", record, {}, NOW) for record in self.records)


def true_of(condition: Condition, situations: Iterable[Situation]) -> frozenset[int]:
    return frozenset(number for number, s in enumerate(situations) if truth(condition, s) is True)


# --- what looking finds --------------------------------------------------------------------------------------


def line(at: str) -> int:
    return int(Location.parse(at).line)


def expected(policies: ir.PolicySet) -> dict[str, list[int]]:
    all_ = Everything(policies)
    reach = {each.id: true_of(each.condition, all_.anybody) for each in policies.policy_instances}
    every = frozenset(range(len(all_.anybody)))
    found: dict[str, list[int]] = {code: [] for code in CODES}
    seen: list[frozenset[int]] = []
    for each in sorted(policies.policy_instances, key=lambda each: Location.parse(each.at)):
        mine = reach[each.id]
        code = "PL202" if mine == every else "PL203" if not mine else "PL213" if mine in seen else None
        if code is not None:
            found[code].append(line(each.at))
        seen.append(mine)
    found["PL201"] = sorted(_contradicting(all_, reach, every))
    found["PL204"] = list(_redundant(all_, reach, every))
    found["PL205"] = list(_cancelled(all_, reach, every))
    found["PL206"] = list(_idle_denies(all_))
    for user in (kind.declared for kind in all_.world.user_classes):
        if _widens(all_, user):
            found["PL207"].append(line(user.at))
        found["PL208"] += [line(user.at)] * _idle_appends(all_, user, reach, every)
        alive = all(reach[append.limit.instance] for append in user.appends)
        if alive and any(_left_nothing(all_, user, action) for action in ACTIONS):
            found["PL209"].append(line(user.at))
    return {code: sorted(lines) for code, lines in found.items()}


def _around(all_: Everything, bundle: Bundle) -> Iterator[tuple[tuple[Bundle, ...], ir.Grant, str, list[ir.Limit]]]:
    """Each grant and action in a source, with its limits."""
    source = next(source for source, each in all_.world.bundles if each is bundle)
    for chain in chains(all_.index, source):
        for grant in chain[-1].grants:
            for action in grant.actions:
                every = [limit for each in chain for limit in each.limits]
                said = [limit for limit in every if limit.actions is None or action in limit.actions]
                yield chain, grant, action, [] if action == "skim" else said


def _all(reach: dict[str, frozenset[int]], every: frozenset[int], said: Iterable[ir.Limit]) -> frozenset[int]:
    return every.intersection(*(reach[limit.instance] for limit in said))


def _contradicting(all_: Everything, reach: dict[str, frozenset[int]], every: frozenset[int]) -> set[int]:
    """The lines of the grants."""
    found = set()
    for _source, bundle in all_.world.bundles:
        for _, grant, _, said in _around(all_, bundle):
            alive = [limit for limit in said if reach[limit.instance]]
            if alive and not _all(reach, every, alive):
                found.add(line(grant.at))
    return found


def _redundant(all_: Everything, reach: dict[str, frozenset[int]], every: frozenset[int]) -> Iterator[int]:
    for _source, bundle in all_.world.bundles:
        arounds = [said for _, _, _, said in _around(all_, bundle) if _all(reach, every, said)]
        gone: set[str] = set()
        for limit in reversed(bundle.limits):
            mine = [said for said in arounds if limit in said]
            kept = [[each for each in said if each != limit and each.at not in gone] for said in mine]
            told_elsewhere = not mine or reach[limit.instance] == every
            if not told_elsewhere and all(_all(reach, every, said) <= reach[limit.instance] for said in kept):
                gone.add(limit.at)
                yield line(limit.at)


def _cancelled(all_: Everything, reach: dict[str, frozenset[int]], every: frozenset[int]) -> set[int]:
    found: set[int] = set()
    for _source, bundle in inner_first(all_.world):
        source = next(source for source, each in all_.world.bundles if each is bundle)
        inside = {chain[-1].at: chain[-1] for chain in chains(all_.index, source)}
        denies = [deny for each in inside.values() for deny in each.denies]
        dead: dict[tuple[bool, str, tuple[str, ...]], list[bool]] = {}
        for chain, grant, action, said in _around(all_, bundle):
            reached = _all(reach, every, said)
            if not reached:
                continue
            key = (len(chain) > 1, grant.at, tuple(each.name for each in chain))
            dead.setdefault(key, []).append(not _left(all_, reached, grant, action, [*denies, *all_.index.denies]))
        for (outer, at, _), answers in dead.items():
            if all(answers) if outer else any(answers):
                found.add(line(at))
    return found


def _left(all_: Everything, reached: frozenset[int], grant: ir.Grant, action: str, denies: list[ir.Deny]) -> bool:
    fields = ("a", "s", "owner") if grant.fields is None else grant.fields
    for number in reached:
        lost: set[str] = set()
        for deny in denies:
            situation = all_.anybody[number]
            if action in deny.actions and (deny.condition is None or truth(deny.condition, situation) is not False):
                lost |= set(fields if deny.fields is None else deny.fields)
        if not lost.issuperset(fields):
            return True
    return False


def _idle_denies(all_: Everything) -> Iterator[int]:
    """Those that take nothing from anybody, who may be given any role; there is one group, and all users are in it."""
    holders = [all_.of_bundle(bundle) for _, bundle in all_.world.bundles]
    holders += [all_.of_user(user.id) for user in all_.world.policy_set.users]
    situations = [s for holder in holders for s in holder]
    said = [deny for _, bundle in all_.world.bundles for deny in bundle.denies]
    for deny in [*said, *all_.index.denies]:
        if not any(_takes(s, deny) for s in situations):
            yield line(deny.at)


def _takes(s: Situation, deny: ir.Deny) -> bool:
    if deny.condition is not None and truth(deny.condition, s) is False:
        return False
    return any(
        _covers(grant, deny.fields) and _is_open(s, action, source, chain)
        for action in deny.actions
        for source, chain, grant in grants(s, action)
    )


def _covers(grant: ir.Grant, fields: tuple[str, ...] | None) -> bool:
    return fields is None or grant.fields is None or bool(set(fields) & set(grant.fields))


def _is_open(s: Situation, action: str, source: RightsSource, chain: tuple[Bundle, ...]) -> bool:
    return action == "skim" or all(truth(limit, s) is True for limit in limits(s, source, chain, action))


def _group_opens(s: Situation, action: str, field: str | None) -> bool:
    return any(
        _is_open(s, action, source, chain)
        for source, chain, grant in grants(s, action)
        if source.kind == "group" and (field is None or _covers(grant, (field,)))
    )


def _widens(all_: Everything, user: ir.User) -> bool:
    plain = msgspec.structs.replace(user, overrides=())
    for now, before in zip(all_.of_user(user.id), all_.of_user(user.id, plain), strict=True):
        for action in ("view", "change"):
            for field in (None, "a", "s", "owner"):
                if (
                    _group_opens(now, action, field)
                    and not _group_opens(before, action, field)
                    and decide(now.index, user.id, action, "doc", now.record, now=NOW, field=field).allowed
                ):
                    return True
    return False


def _idle_appends(all_: Everything, user: ir.User, reach: dict[str, frozenset[int]], every: frozenset[int]) -> int:
    """How many of the appends (there is one at most) do nothing."""
    for append in user.appends:
        if reach[append.limit.instance] == every:
            return 0
        granted = reached = False
        for s in all_.of_user(user.id):
            for action in ("view", "change"):
                if append.limit.actions is not None and action not in append.limit.actions:
                    continue
                ways = list(grants(s, action))
                granted = granted or bool(ways)
                if any(_is_open(s, action, source, chain) for source, chain, _ in ways):
                    reached = True
                    if not all(truth(each, s) is True for each in appends(s, action)):
                        return 0
        return int(reached or not granted)
    return 0


def _left_nothing(all_: Everything, user: ir.User, action: str) -> bool:
    if not user.appends:
        return False
    plain = msgspec.structs.replace(user, appends=())

    def reached(changed: ir.User | None) -> bool:
        return any(
            decide(s.index, user.id, action, "doc", s.record, now=NOW).allowed for s in all_.of_user(user.id, changed)
        )

    return reached(plain) and not reached(None)


def check_one(seed: int) -> None:
    text = policy_set(random.Random(seed))
    policies = compiled(text)
    findings = run_checks(policies, NOW, CODES)
    assert not [finding for finding in findings if finding.unproved], text
    got = {code: sorted(line(f.at) for f in findings if f.code == code) for code in CODES}
    wanted = expected(policies)
    told = (each for f in findings if f.code == "PL201" for each in f.related if each.message == "the grant")
    named, dead = {each.location.line for each in told}, set(wanted.pop("PL201"))
    assert bool(got.pop("PL201")) == bool(dead), f"{seed}\n{text}"
    assert named <= dead, f"{seed}\n{text}"
    assert got == wanted, f"{seed}\n{text}"


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_findings_are_what_looking_finds(seed: int) -> None:
    check_one(seed)


def test_who_holds_what_must_be_apart() -> None:
    text = """
resource invoice { actions create, submit, pay }
role unused { grant create, submit on invoice }
role boss { grant create, submit, pay on invoice }
group office { role boss }
user "ann" in office
user "ben" { assign role boss from 2030-01-01 }
user "cy" { assign role boss until 2026-11-20 }
user "dan" in office { assign role no_pay }
role no_pay { deny submit, pay on invoice }
integration past { role unused  objects invoice  until 2026-11-20 }
integration sync { role boss  objects invoice }
separate create on invoice from submit on invoice "four eyes"
separate create on invoice from pay on invoice
"""
    unused, boss = run_checks(compiled(text), NOW, ["PL211"])
    assert "role `unused`, which nobody has, holds both create on `invoice` and submit on `invoice`" in unused.message
    assert "role `boss`, which 4 users (`ann`, `ben`, `dan`, `sync`) have, holds both" in boss.message
    apart = boss.message.split(" both ")[1].split("; ")
    assert sorted(apart) == [
        "create on `invoice` and pay on `invoice`",
        "create on `invoice` and submit on `invoice`, against `four eyes`",
    ]
    assert (unused.users, boss.users) == ((), ("ann", "ben", "dan", "sync"))


def test_what_a_deny_for_everyone_takes_away_is_held_by_nobody() -> None:
    text = """
resource bill { sum : int  actions create, approve, pay }
separate at most 1 of { create on bill  approve on bill  pay on bill }
role clerk { grant create, approve, pay on bill  deny create on bill }
user "ann" { assign role clerk }
"""
    assert len(run_checks(compiled(text), NOW, ["PL211"])) == 1
    assert not run_checks(compiled(text + "deny pay on bill\n"), NOW, ["PL211"])
    assert run_checks(compiled(text + "deny pay on bill { sum is missing }\n"), NOW, ["PL211"])


def test_a_policy_that_a_role_inside_attaches_as_well() -> None:
    text = """
resource doc { n : int  actions view }
policy below(x: int) on doc { n < x }
role inner { grant view on doc  policy below(5) }
role outer { role inner  policy below(5) }
"""
    (finding,) = run_checks(compiled(text), NOW, ["PL204"])
    assert finding.message == "`below(5)` is attached twice"
    assert [str(each.location) for each in finding.related] == ["0.policy:4:33-4:48"]


def test_nobody_else_has_the_block_of_a_user() -> None:
    text = """
resource invoice { amount : money  actions create, approve }
separate create on invoice from approve on invoice
user "ann" { grant create, approve on invoice }
"""
    (finding,) = run_checks(compiled(text), NOW, ["PL211"])
    assert finding.message.endswith("` holds both create on `invoice` and approve on `invoice`")
    assert finding.users == ("ann",)


def test_the_block_of_another_user_is_nothing_to_deny() -> None:
    text = """
resource doc { x : text  actions view, modify }
role reader { grant view on doc }
user "ann" { assign role reader  deny modify on doc }
user "ben" { assign role reader  grant modify on doc }
"""
    (finding,) = run_checks(compiled(text), NOW, ["PL206"])
    assert finding.message == "`ann` can never be granted modify on `doc`, so the deny has no effect"
    assert not run_checks(compiled(text + "role editor { grant modify on doc }\n"), NOW, ["PL206"])


def test_limits_on_any_resource_contradict_each_other_on_some() -> None:
    text = """
resource doc { x : text  actions view, modify }
resource note { optional x : text  actions view, modify }
policy first on any resource with x { x is missing or x is "1" }
policy second on any resource with x { x is missing or x is "2" }
group staff {
  grant view on doc
  grant view, modify on note
  policy first on any resource
  policy second on any resource
}
"""
    so = "for complete records, no `doc` can satisfy `first on doc` and `second on doc` together, so view reaches none"
    (finding,) = run_checks(compiled(text), NOW, ["PL201"])
    assert finding.message == so
    assert [each.location.line for each in finding.related] == [9, 7]
    (finding,) = run_checks(compiled(text.replace("optional ", "")), NOW, ["PL201"])
    assert finding.message == so + "; likewise for `note`"


def test_overrides_on_any_resource_contradict_each_other() -> None:
    text = """
resource doc { x : text  actions view }
resource note { x : text  actions view, modify }
policy first on any resource with x { x is "1" }
policy second on any resource with x { x is "2" }
group staff { grant view on doc  grant modify on note }
user "ann" in staff { override policy first on any resource  override policy second on any resource }
"""
    (finding,) = run_checks(compiled(text), NOW, ["PL201"])
    assert finding.message.endswith(" together, so view reaches none for `ann`; likewise for `note`")
