"""The one role that is suggested in place of several: it compiles, and gives what they give, or less."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.engine import run_checks
from policylang.check.suggested_role import suggested_role
from policylang.check.world import World
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.runtime.sources import RightsSource
from tests.check.test_rules import CASES, NOW
from tests.check.test_stacking_exhaustive import Everything, random_policy_set
from tests.helpers import ACCEPTANCE, compiled

SUGGESTING = ["PL301", "PL302", "PL304"]
FILES = [*sorted(CASES.glob("stacking-*.policy")), *sorted(ACCEPTANCE.rglob("*.policy"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_suggestions_compile(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for finding in run_checks(compiled(text), NOW, SUGGESTING):
        compiled(text, suggested=finding.policies)


@settings(deadline=None, max_examples=settings.default.max_examples // 12)
@given(st.integers(0, 2**32))
def test_what_it_gives(seed: int) -> None:
    rng = random.Random(seed)
    text = random_policy_set(rng, timed=False)
    roles = sorted(rng.sample(range(5), 2))
    group = rng.choice((None, None, "g0"))
    stacked = [
        *([RightsSource("group", group)] if group else []),
        *(RightsSource("role", f"r{n}") for n in roles),
    ]
    before = World(compiled(text), NOW)
    for narrow in (True, False):
        suggestion = suggested_role(before, stacked, narrow=narrow)
        index = Index(compiled(text, suggested=suggestion))
        (name,) = {*index.roles, *index.groups} - {*before.index.roles, *before.index.groups} - _inner(index)
        first, user = hypothetical(index, [(f"r{n}", None) for n in roles], group)
        second, _ = hypothetical(index, () if group else [(name, None)], name if group else None)
        for s in Everything(first, user, NOW, timed=False).situations():
            for action in ("view", "modify", "approve", "export"):
                one = decide(first, user, action, "doc", s.record, now=NOW)
                other = decide(second, user, action, "doc", s.record, now=NOW)
                if narrow:
                    assert one.allowed >= other.allowed, suggestion
                    assert set(one.fields) >= set(other.fields), suggestion
                else:
                    assert (one.allowed, one.fields) == (other.allowed, other.fields), suggestion


def _inner(index: Index) -> set[str]:
    return {ref.name for bundle in (*index.roles.values(), *index.groups.values()) for ref in bundle.roles}


TASKS = """\
timezone "UTC"
resource doc {
  owner : user  created : datetime  kind : one of a, b  sensitive fee : money
  actions view, modify, delete
}
resource api { actions access }
resource lab { action view requires access on api  action run requires view on lab }
resource file { holder : user with role keeper  actions view }
policy mine on doc { owner is assigned user }
policy recent(age: duration, of: one of a, b) on doc { created within age and kind is of }
task work { needs view, modify on doc  needs run on lab }
role keeper
role clerk "Clerk" {
  role keeper
  portal staff
  grant view, modify, delete on doc including fee because "invoicing \\"now\\""
  grant run, view on lab
  policy mine for view
  deny modify on doc { kind is b and not (owner is assigned user) } because "kept"
  performs work
}
role helper "Helper" {
  portal staff
  grant view on doc (kind, owner)
  grant access on api
  policy recent(30 days, a)
  may assign keeper
}
"""


def test_what_tasks_need() -> None:
    world = World(compiled(TASKS), NOW)
    sources = [RightsSource("role", "clerk"), RightsSource("role", "helper")]
    suggestion = suggested_role(world, sources, narrow=True)
    assert suggestion == (
        'role clerk_and_helper "Clerk and Helper" {\n'
        "  role keeper\n"
        "  portal staff\n"
        "  grant access on api\n"
        "  grant view, modify on doc\n"
        "  policy mine on doc for view\n"
        "  policy recent(30 days, a) on doc for view\n"
        "  grant view, run on lab\n"
        '  deny modify on doc { kind is b and owner is not assigned user } because "kept"\n'
        "  performs work\n"
        "  may assign keeper\n"
        "}"
    )
    compiled(TASKS, suggested=suggestion)


def test_ways_of_their_own() -> None:
    world = World(compiled(TASKS), NOW)
    sources = [RightsSource("role", "clerk"), RightsSource("role", "helper")]
    suggestion = suggested_role(world, sources, narrow=False)
    assert suggestion.startswith("role clerk_and_helper_1 {\n")
    compiled(TASKS, suggested=suggestion)


@pytest.mark.parametrize("code", SUGGESTING)
def test_what_must_be_apart_is_not_put_together(code: str) -> None:
    users = "".join(f'user "{n}" {{ assign role maker  assign role checker }}\n' for n in range(5))
    text = f"""\
resource doc {{ owner : user  actions view, create, approve }}
policy mine on doc {{ owner is assigned user }}
role maker {{ grant view, create on doc  policy mine for view }}
role checker {{ grant view, approve on doc }}
{users}"""
    (merged,) = run_checks(compiled(text), NOW, [code])
    (apart,) = run_checks(compiled(text + "separate create on doc from approve on doc"), NOW, [code])
    assert "_and_" in merged.policies
    assert apart.policies == ""


def test_long_names_make_no_longer_one() -> None:
    """What is suggested keeps within the limit of names."""
    names = ["a" * 120, "b" * 120, "a" * 120 + "_and_" + "b" * 70]
    text = "".join(f"role {name}\n" for name in names)
    for first, second in (names[:2], (names[0], "c" * 199)):
        made = text if second in text else f"{text}role {second}\n"
        people = "".join(f'user "u{n}" {{ assign role {first}  assign role {second} }}\n' for n in range(5))
        (finding,) = run_checks(compiled(made + people), NOW, ["PL304"])
        compiled(made + people, suggested=finding.policies)
