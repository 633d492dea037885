"""Fixes: what they leave, what they refuse, and that nobody may do more or less after them.

Whole policy sets with the text after all fixes stand side by side in `fixes/`.
"""

from __future__ import annotations

import datetime
import itertools
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.catalogue import BY_CODE
from policylang.check.finding import Finding
from policylang.check.fix.edits import TextEdit, apply, removal
from policylang.check.fix.fixes import SourceTrees
from policylang.check.fix.mend import StaleFileError, changes, edited, fixes, mend, write
from policylang.check.fix.same_access import access_change
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.model.conditions import Constant
from policylang.model.types import TextType
from policylang.output import diff
from policylang.project.discovery import discover
from policylang.project.project import Project
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.source import Source
from tests.check.fixing import NOW, SAFE, check_for, mended, text_of
from tests.helpers import project, without_places

INSTANTS = [NOW + datetime.timedelta(days=days) for days in (-400, 0, 400)]

# --- edits ---------------------------------------------------------------------------------------------------


def test_edits_are_applied_from_the_end_backwards() -> None:
    source = Source("a", "one 🔑 two\r\nthree\n")
    edits = [
        TextEdit("a", 2, 1, 2, 6, "3"),
        TextEdit("a", 1, 1, 1, 4, "1"),
        TextEdit("a", 1, 5, 1, 7),
        TextEdit("a", 1, 1, 1, 4, "1"),
    ]
    assert apply(edits, {"a": source, "b": source}) == {"a": "1 two\r\n3\n"}


def test_deletions_may_overlap_and_other_edits_may_not() -> None:
    sources = {"a": Source("a", "0123456789")}
    assert apply([TextEdit("a", 1, 2, 1, 5), TextEdit("a", 1, 4, 1, 8)], sources) == {"a": "0789"}
    with pytest.raises(ValueError, match="overlap"):
        apply([TextEdit("a", 1, 2, 1, 5, "x"), TextEdit("a", 1, 4, 1, 8)], sources)


@pytest.mark.parametrize(
    "edit",
    [
        TextEdit("b", 1, 1, 1, 2),
        TextEdit("a", 1, 3, 1, 2),
        TextEdit("a", 0, 1, 1, 2),
        TextEdit("a", 1, 0, 1, 2),
        TextEdit("a", 1, 1, 3, 1),
        TextEdit("a", 1, 1, 1, 9),
    ],
)
def test_places_that_are_not_there(edit: TextEdit) -> None:
    with pytest.raises(ValueError, match=r"no place|no source|ends before"):
        apply([edit], {"a": Source("a", "ab\ncd")})


# --- rules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", SAFE)
def test_safe_fixes_mend_the_bad_example(code: str) -> None:
    rule = BY_CODE[code]
    found = mended(rule.bad, code)
    assert found.applied
    assert found.refused == ()
    assert list(check_for(code)(found.project)) == []
    assert _comments(text_of(found)) == _comments(rule.bad)
    assert mended(rule.near, code).applied == ()


@pytest.mark.parametrize("code", ["PL204", "PL206", "PL212"])
def test_the_bad_example_mended_says_what_the_good_one_says(code: str) -> None:
    rule = BY_CODE[code]
    after = mended(rule.bad, code).project.files[0].file.declarations
    good = project(rule.good).files[0].file.declarations
    assert set(map(without_places, good)) <= set(map(without_places, after))


def test_suggested_fixes_are_found_and_not_applied() -> None:
    made = project(BY_CODE["PL307"].bad)
    check = check_for("PL307")
    assert mend(made, check, NOW).applied == ()
    (fix,) = fixes(made, check(made), NOW)
    assert fix.safety == "suggested"
    assert "assign" not in text_of(edited(made, [fix]))


def test_fixes_are_safe_or_suggested_as_the_rule_says() -> None:
    for rule in BY_CODE.values():
        if rule.fix == "safe":
            assert rule.code in SAFE


# --- what must not happen ------------------------------------------------------------------------------------

_SALES = """\
resource doc { created : datetime  actions view, approve }
policy newer_than(age: duration) on doc { created within age }
group sales {
  grant view on doc
  policy newer_than(30 days)
  policy newer_than(60 days)
}
user "amy" in sales
"""


def _claims(line: int) -> Callable[[Project], list[Finding]]:
    """A rule that is mistaken about the limit on a line."""

    def check(made: Project) -> list[Finding]:
        assert made.ir is not None
        limits = [limit.at for group in made.ir.groups for limit in group.limits]
        return [Finding(code="PL204", message="wrong", at=at) for at in limits if f":{line}:" in at]

    return check


def test_a_fix_that_would_open_something_is_refused() -> None:
    found = mend(project(_SALES), _claims(5), NOW)
    assert found.applied == ()
    assert [each.reason for each in found.refused] == ["group `sales` would no longer allow the same"]
    assert text_of(found) == _SALES


def test_what_is_wrong_does_not_keep_the_rest_from_being_mended() -> None:
    found = mend(project(_SALES), lambda made: [*_claims(5)(made), *_claims(6)(made)], NOW)
    assert len(found.applied) == len(found.refused) == 1
    assert "policy newer_than(30 days)" in text_of(found) or "policy newer_than(60 days)" in text_of(found)


def test_an_unproved_finding_is_not_mended() -> None:
    made = project(_SALES)
    assert made.ir is not None
    at = made.ir.groups[0].limits[1].at
    assert fixes(made, [Finding(code="PL204", message="?", at=at, unproved=True)], NOW) == ()


def test_a_policy_set_that_does_not_compile_is_left_alone() -> None:
    text = _SALES.replace("grant view", "grant vew")
    found = mended(text)
    assert text_of(found) == text


def test_a_user_whom_a_policy_names_may_have_other_attributes_tomorrow() -> None:
    text = """\
subject { team : text }
resource doc { kind : one of x, y  actions view }
policy no_team on doc { not (assigned user is "amy" and assigned user.team is present) }
policy no_x on doc { not (assigned user is "amy" and kind is x) }
role reader {
  grant view on doc
  policy no_team
  policy no_x
}
user "amy" {
  team : "a"
  assign role reader
}
"""
    assert mended(text).applied == ()
    assert text_of(mended(text)) == text


# --- by enumeration ------------------------------------------------------------------------------------------

_WORLD = """\
scope region contains site
place region "N"
place site "A" in "N"
subject { team : text }
request { beta : bool }
resource doc { kind : one of x, y  owner : user  site : site  optional flag : bool  actions view, modify }
job "J" { role r0 }
"""

_ATOMS = (
    "kind is x",
    "kind is missing",
    "not (kind is y)",
    "kind in [x, y]",
    "flag is true",
    "owner is assigned user",
    "owner is present",
    'assigned user is "u0"',
    'assigned user is not "zoe"',
    'assigned user.team is "a"',
    "assigned user.team is present",
    "request.beta is true",
    "request.beta is missing",
)
_POLICIES = 5


_PLAIN = ("kind is x", "kind is x or flag is true", "owner is assigned user", "owner is assigned user and kind is x")
"""What decides alike wherever it does about the few values that records have here."""


def _condition(rng: random.Random, plain: bool) -> str:
    if plain:
        return rng.choice(_PLAIN)
    one, two = rng.choice(_ATOMS), rng.choice(_ATOMS)
    return rng.choice((one, f"{one} or {two}", f"{one} and {two}", f"not ({one} and {two})"))


def _set(rng: random.Random, *, plain: bool = False) -> str:
    lines = [_WORLD.rstrip("\n")]
    lines += [f"policy p{number} on doc {{ {_condition(rng, plain)} }}" for number in range(_POLICIES - 1)]
    lines.append(f"policy p{_POLICIES - 1} on doc {{ kind is x }}")
    for head in ("role r0", "role r1", "group g0"):
        lines += [f"{head} {{  # {head}"]
        if head == "role r1" and rng.random() < 0.3:
            lines.append("  role r0")
        for number in range(rng.randrange(1, 6)):
            actions = rng.choice(("view", "modify", "view, modify"))
            statement = rng.choice(
                (
                    f"grant {actions} on doc",
                    f"policy p{rng.randrange(_POLICIES)}{rng.choice(('', ' for view'))}",
                    f"policy p{rng.randrange(_POLICIES)}",
                    f"deny {actions} on doc{rng.choice(('', ' (flag)', f' {{ {_condition(rng, plain)} }}'))}",
                )
            )
            lines.append(f"  {statement}" + rng.choice(("", "", f"  # {number}")))
        lines.append("}")
    for number in range(2):
        lines.append(
            f'user "u{number}"{rng.choice(("", " in g0"))}{rng.choice(("", "", " job " + chr(34) + "J" + chr(34)))} {{'
        )
        if rng.random() < 0.5:
            lines.append(f'  team : "{rng.choice("ab")}"')
        for _ in range(rng.randrange(3)):
            lines.append(f"  append policy p{rng.randrange(_POLICIES)}")
        if rng.random() < 0.2:
            lines.append(f"  override policy p{rng.randrange(_POLICIES)} on doc")
        for _ in range(rng.randrange(4)):
            place = rng.choice(("", "", ' at site "A"', ' at region "N"'))
            dates = rng.choice(("", " until 2026-06-30", " from 2026-06-01", " from 2027-01-01"))
            lines.append(f"  assign role {rng.choice(('r0', 'r1'))}{place}{dates}")
        lines.append("}")
    return "\n".join(lines) + "\n"


def _answers(policy_set: ir.PolicySet) -> list[Any]:
    """The decisions that there are: of users as they are and with one more role, and of somebody who has roles, a
    group, both or the job, with a name that a condition mentions and without; about records that have everything, lack
    something, or have a value of another type, with requests that lack an attribute.
    """
    index = Index(policy_set)
    askers = [(index, user, now) for user in index.users for now in INSTANTS]
    for user, declared in index.users.items():
        for role in index.roles:
            more = ir.Assignment(role, None, None, None, None, None, None, None, "x:1:1-1:1")
            given = msgspec.structs.replace(declared, assignments=(*declared.assignments, more))
            askers.append((index.changed(users={user: given}), user, NOW))
    for roles, group in [
        ((), "g0"),
        *((roles, group) for roles in (("r0",), ("r1",), ("r0", "r1")) for group in ("g0", None)),
    ]:
        made, somebody = hypothetical(index, [(role, None) for role in roles], group)
        person = made.users[somebody]
        askers.append((made, somebody, NOW))
        team = ir.UserValue("team", (Constant(TextType(), "a", "x:1:1-1:1"),), "x:1:1-1:1")
        for name in ("u0", "zoe"):
            named = msgspec.structs.replace(person, id=name, attributes=(team,) if name == "zoe" else ())
            askers.append((index.changed(users={name: named}), name, NOW))
    found = []
    for (asking, user, now), action in itertools.product(askers, ("view", "modify")):
        for kind, owner, (flag, beta) in itertools.product(
            ("x", "y", None, 5), (user, "other", None), ((None, None), (True, True), (False, None))
        ):
            given = {"kind": kind, "owner": owner, "site": "A", "flag": flag}
            record = {name: value for name, value in given.items() if value is not None}
            request = {} if beta is None else {"beta": beta}
            decision = decide(asking, user, action, "doc", record, now=now, request=request)
            found.append((decision.allowed, decision.fields))
    return found


def _comments(text: str) -> list[str]:
    return [comment.text for comment in project(text).files[0].file.comments]


@settings(deadline=None, max_examples=settings.default.max_examples // 8)
@given(st.integers(0, 2**32))
def test_nobody_may_do_more_or_less_after_all_fixes(seed: int) -> None:
    made = project(_set(random.Random(seed)))
    assert made.ir is not None
    found = mend(made, check_for(*SAFE), NOW)
    assert found.project.ir is not None
    assert found.refused == ()
    if found.applied:
        assert _answers(found.project.ir) == _answers(made.ir)
    assert _comments(text_of(found)) == _comments(text_of(made))


@settings(deadline=None, max_examples=settings.default.max_examples // 8)
@given(st.integers(0, 2**32))
def test_access_is_the_same_exactly_where_no_answer_differs(seed: int) -> None:
    rng = random.Random(seed)
    plain = rng.random() < 0.7
    made = project(_set(rng, plain=plain))
    assert made.ir is not None
    statements = list(SourceTrees(World(made.ir, NOW), made.files).statements.values())
    chosen = rng.sample(statements, min(len(statements), rng.randrange(1, 3)))
    edits = [found for found in (removal(*each) for each in chosen) if found is not None]
    after = project(apply(edits, {"0.policy": made.sources.sources[0]})["0.policy"])
    assert after.ir is not None
    change = access_change(made.ir, after.ir, NOW)
    if change is None:
        assert _answers(made.ir) == _answers(after.ir)
    elif plain and "allow" in change and "job" not in change and "another role" not in change:
        assert _answers(made.ir) != _answers(after.ir)


# --- files ---------------------------------------------------------------------------------------------------


def _on_disk(folder: Path, **files: bytes) -> Project:
    for name, data in files.items():
        (folder / f"{name}.policy").write_bytes(data)
    (sources,) = discover([str(folder)])
    return Project(sources)


def test_files_are_written_with_their_line_breaks_and_mark(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + _SALES.replace("\n", "\r\n").encode()
    made = _on_disk(tmp_path, a=data, b=b'user "bob" in sales\n')
    found = mend(made, check_for(*SAFE), NOW)
    (tmp_path / "a.policy").chmod(0o640)
    write(changes(made, found.project))
    assert (tmp_path / "a.policy").read_bytes() == data.replace(b"  policy newer_than(60 days)\r\n", b"")
    assert (tmp_path / "a.policy").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.policy", "b.policy"]


def test_a_file_that_has_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    made = _on_disk(tmp_path, a=_SALES.encode())
    found = mend(made, check_for(*SAFE), NOW)
    later = _SALES.encode() + b"# later\n"
    (tmp_path / "a.policy").write_bytes(later)
    with pytest.raises(StaleFileError):
        write(changes(made, found.project))
    assert (tmp_path / "a.policy").read_bytes() == later


def test_all_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = _SALES.replace("sales", "office").replace("amy", "bob").split("group", 1)[1]
    made = _on_disk(tmp_path, a=_SALES.encode(), b=f"group{second}".encode())
    found = mend(made, check_for(*SAFE), NOW)
    changed = changes(made, found.project)
    assert len(changed) == 2
    replace = os.replace

    def failing(source: str, target: Path) -> None:
        if target.name == "b.policy":
            raise OSError(28, "no space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="no space"):
        write(changed)
    assert (tmp_path / "a.policy").read_text() == _SALES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.policy", "b.policy"]


def test_the_difference_for_people() -> None:
    made = project(_SALES)
    shown = [click.unstyle(line) for line in diff.render(changes(made, mended(_SALES).project))]
    assert shown == [
        "--- 0.policy",
        "+++ 0.policy",
        "@@ -3,6 +3,5 @@",
        " group sales {",
        "   grant view on doc",
        "   policy newer_than(30 days)",
        "-  policy newer_than(60 days)",
        " }",
        ' user "amy" in sales',
    ]
