"""Pairs that differ in one statement, of whatever kind, beside the decisions about everybody there is or may be."""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from policylang.diff.compare import compare
from policylang.diff.report import failing
from policylang.ir import nodes as ir
from policylang.model.conditions import Constant
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.runtime.sources import inside, sources
from tests.diff.rendering import as_set, is_same
from tests.helpers import project

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
ROLES, GROUPS, USERS = ("r0", "r1", "r2", "r3"), ("g0",), ("u0", "u1")
ACTIONS = ("view", "modify", "create", "purge", "export", "far", "feat", "skip")
CONDITIONS = (
    "owner is assigned user",
    "kind is x",
    "not (kind is y)",
    "flag is true",
    "flag is missing",
    "flag is missing and flag is present",
    "assigned user.team is x",
    "owner.team is x",
    "request.channel is missing",
    "kind is present",
)
REQUIRES = ("", "requires superuser", "requires access on api", "requires access on api and superuser")
AT_REGION = ("requires view on doc at region", "requires view on doc", "requires access on api or view on doc at site")
FEATURES = ("requires feature fx", "", "requires feature fx or superuser")


def _bundle(kind: str, name: str, rng: random.Random, n: int) -> str:
    """What may stand in a role or a group; another draw of one item is one change."""
    action = rng.choice((*ACTIONS, "view, modify", "all"))
    fields = rng.choice(("", "", " except kind", " including fee", " (kind, owner)"))
    items = [
        f"grant {action} on doc{fields}",
        f"grant {action} on doc",
        f"policy p{rng.randrange(3)} on doc",
        f"policy p{rng.randrange(3)} on doc for {rng.choice(ACTIONS)}",
        f"deny {rng.choice(ACTIONS)} on doc{rng.choice(('', ' (kind)'))}",
        f"deny {rng.choice(ACTIONS)} on doc {{ {rng.choice(CONDITIONS)} }}",
        "grant access on api",
        f"may assign r{rng.randrange(4)}",
        *([f"role r{rng.randrange(n)}"] if n else []),
    ]
    return rng.choice(items)


def _slots(rng: random.Random) -> dict[str, list[str]]:
    """One statement for each name, all of which together are a policy set."""

    def one(of: tuple[str, ...]) -> list[str]:
        return [rng.choice(of)]

    found = {
        "south": one(("", 'place region "S"')),
        "b": one(('place site "B" in "N"', 'place site "B" in "S"', "", 'place site "C" in "N"')),
        "kinds": one(("scope region contains site", "scope zone contains region contains site")),
        "feature": one(("feature fx off", "feature fx on")),
        "kind": one(("kind : one of x, y", "kind : one of x, y, z", "optional kind : one of x, y")),
        "flag": one(("optional flag : bool", "flag : bool", "")),
        "fee": one(("optional sensitive fee : int", "optional fee : int")),
        "rep": one(("optional rep : user with role r0", "optional rep : user", "optional rep : user with role r1")),
        "purge": [f"action purge {rng.choice(REQUIRES)}"],
        "export": [f"action export {rng.choice(REQUIRES)}"],
        "far": [f"action far {rng.choice(AT_REGION)}"],
        "feat": [f"action feat {rng.choice(FEATURES)}"],
        "skip": one(("action skip bypasses policies", "action skip")),
        "team": one(("team : one of x, y", "")),
        "channel": one(("optional channel : one of ui, api", "")),
        "deny": one(("", "", f"deny {rng.choice(ACTIONS)} on doc {{ {rng.choice(CONDITIONS)} }}", "deny purge on doc")),
        "job": one(("role r0", "role r1", "")),
        "bot": one(("role r0", "role r1", "role r2")),
    }
    found |= {f"p{n}": one(CONDITIONS) for n in range(3)}
    for n, role in enumerate(ROLES):
        found[f"{role} mark"] = one(("", "", "essential", "protected"))
        found |= {f"{role} {m}": [rng.choice(("", _bundle("role", role, rng, n)))] for m in range(3)}
    for group in GROUPS:
        found |= {f"{group} {m}": [rng.choice(("", _bundle("group", group, rng, 4)))] for m in range(4)}
    for user in USERS:
        found[f"{user} mark"] = one(("", "", "", "terminated", "superuser"))
        found[f"{user} group"] = one(("", "in g0", 'job "J"'))
        found[f"{user} team"] = one(("", "team : x", "team : y"))
        places = ("", "", ' at site "A"', ' at region "N"')
        found |= {
            f"{user} {m}": [rng.choice(("", f"assign role {rng.choice(ROLES)}{rng.choice(places)}"))] for m in "ab"
        }
        how = f"{rng.choice(('append', 'override'))} policy p{rng.randrange(3)} on doc"
        found[f"{user} policy"] = [rng.choice(("", "", how))]
    return found


def _text(s: dict[str, list[str]]) -> str:
    def of(prefix: str, *numbers: Any) -> str:
        return "  ".join(s[f"{prefix} {n}"][0] for n in numbers)

    (team,), (channel,) = s["team"], s["channel"]
    lines = [
        s["kinds"][0],
        'place region "N"\nplace site "A" in "N"',
        s["south"][0],
        s["b"][0],
        s["feature"][0],
        f"subject {{ {team} }}" if team else "",
        f"request {{ {channel} }}" if channel else "",
        "resource api { actions access }",
        "resource doc {\n  owner : user\n  site : site",
        *(s[name][0] for name in ("kind", "flag", "fee", "rep")),
        "actions view, modify, create",
        *(s[name][0] for name in ("purge", "export", "far", "feat", "skip")),
        "}",
        s["deny"][0],
        f'job "J" {{ {s["job"][0]} }}',
        f"integration bot {{ {s['bot'][0]}  objects doc }}",
    ]
    lines += [f"policy p{n} on doc {{ {s[f'p{n}'][0]} }}" for n in range(3)]
    lines += [f"{s[f'{role} mark'][0]} role {role} {{ {of(role, 0, 1, 2)} }}" for role in ROLES]
    lines += [f"group {group} {{ {of(group, 0, 1, 2, 3)} }}" for group in GROUPS]
    for user in USERS:
        body = of(user, "team", "a", "b", "policy")
        lines.append(f'{s[f"{user} mark"][0]} user "{user}" {s[f"{user} group"][0]} {{ {body} }}')
    return _without_what_is_not_there("\n".join(lines) + "\n", s)


def _without_what_is_not_there(text: str, s: dict[str, list[str]]) -> str:
    """Where an attribute or a place is not declared, nothing speaks of it either."""
    for name, word in (("flag", "flag"), ("team", ".team"), ("channel", "request.channel")):
        if not s[name][0]:
            for condition in CONDITIONS:
                text = text.replace(condition, CONDITIONS[0]) if word in condition else text
    if not s["team"][0]:
        text = text.replace("team : x", "").replace("team : y", "")
    return text if s["south"][0] else text.replace('in "S"', 'in "N"')


def pair(rng: random.Random) -> tuple[str, str]:
    """Two policy sets that differ in one statement."""
    first, second = _slots(rng), _slots(rng)
    changed = rng.choice([name for name in first if first[name] != second[name]])
    return _text(first), _text({**first, changed: second[changed]})


# --- everybody -----------------------------------------------------------------------------------------------


def people(index: Index, other: Index) -> Iterator[tuple[Any, Index, str]]:
    """Those who are there, also with each role that they may be given; and whoever may be there."""
    for user in (*index.users, *index.integrations):
        yield (user,), index, user
    for user, declared in index.users.items():
        for role in ROLES:
            given = (*declared.assignments, ir.Assignment(role, None, None, None, None, None, None, None, "a:1:1-1:1"))
            yield (user, role), index.changed(users={user: msgspec.structs.replace(declared, assignments=given)}), user
    alone: list[tuple[tuple[str, ...], str | None]] = [((), "g0"), *(((role,), None) for role in ROLES)]
    alone += [((role,), "g0") for role in ROLES] + [(two, None) for two in itertools.combinations(ROLES, 2)]
    for (roles, group), tag, team in itertools.product(alone, (False, True), (None, "x")):
        if team is not None and (tag or len(roles) > 1):
            continue
        values: tuple[ir.UserValue, ...] = ()
        if team is not None and "team" in index.subject:
            values = (ir.UserValue("team", (Constant(index.subject["team"], team, "a:1:1-1:1"),), "a:1:1-1:1"),)
        held = [(role, None) for role in roles]
        made = hypothetical(index, held, group, superuser=tag, attributes=values)
        yield (roles, group, tag, team), *made
    for role in ROLES:
        yield (role, "named"), *hypothetical(index, [(role, None)], named="u0")
    common = [place for place in ("A", "B", "N", "S") if place in index.places and place in other.places]
    for role, place in itertools.product(ROLES, common):
        yield (role, place), *hypothetical(index, [(role, place)])
    for role in ROLES:
        gone, user = hypothetical(index, [(role, None)])
        declared = msgspec.structs.replace(gone.users[user], terminated=True)
        yield (role, "terminated"), index.changed(users={user: declared}), user


def records(rng: random.Random) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    domain: dict[str, list[Any]] = {
        "owner": ["me", "me", "u0", "u1", None],
        "site": ["A", "B", "C", None, "Mars"],
        "kind": ["x", "y", "z", None],
        "flag": [True, False, None, None, "text"],
        "fee": [1, None, None],
        "rep": ["u0", "u1", None, None],
    }
    for _ in range(14):
        record = {name: rng.choice(values) for name, values in domain.items()}
        channel = rng.choice(("ui", None))
        yield {k: v for k, v in record.items() if v is not None}, {} if channel is None else {"channel": channel}


def can(index: Index, user: str, record: dict[str, Any], request: dict[str, Any], action: str) -> frozenset[str]:
    record = {name: user if value == "me" else value for name, value in record.items()}
    if action == "create":
        record.pop("flag", None)
    found = decide(index, user, action, "doc", record, now=NOW, request=request)
    return frozenset(("", *found.fields)) if found.allowed else frozenset()


def may_assign(index: Index, user: str) -> frozenset[str]:
    bundles = [bundle for source in sources(index, user, NOW) for bundle in inside(index, source)]
    return frozenset(ref.name for bundle in bundles for ref in bundle.may_assign)


def changed(old: Index, new: Index, rng: random.Random) -> dict[bool, Any]:
    """What somebody can do on the new side only (``True``), and on the old one only; one example of each."""
    found: dict[bool, Any] = {}
    asked = list(records(rng))
    for (who, one, user), (_, two, again) in zip(people(old, new), people(new, old), strict=True):
        assert user == again
        before, after = may_assign(one, user), may_assign(two, user)
        for up, more in ((True, after - before), (False, before - after)):
            if more:
                found.setdefault(up, (who, "may assign", sorted(more)))
        for (record, request), action in itertools.product(asked, ACTIONS):
            had, has = can(one, user, record, request, action), can(two, user, record, request, action)
            for up, more in ((True, has - had), (False, had - has)):
                if more:
                    found.setdefault(up, (who, action, record, request, sorted(more)))
    return found


@settings(deadline=None, max_examples=settings.default.max_examples // 12, phases=[Phase.reuse, Phase.generate])
@given(st.integers(0, 2**32))
def test_whatever_is_decided_otherwise_is_a_change(seed: int) -> None:
    rng = random.Random(seed)
    sides = [project(a=text).ir for text in pair(rng)]
    if sides[0] is None or sides[1] is None:
        return  # a statement speaks of something that is not there
    old, new = sides
    found = changed(Index(old), Index(new), rng)
    report = as_set(compare(old, new, NOW))
    assert not found or not report.same_access, found
    assert not found or not is_same(old, new, NOW), found
    assert True not in found or failing(report, "widened"), (found, report)
    assert False not in found or failing(report, "any"), (found, report)
    assert compare(old, old, NOW).same_access
