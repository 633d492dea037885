"""The pairs in `cases`: what must hold of each, whatever it shows."""

from __future__ import annotations

import datetime
import json
import random
import re
import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from policylang.cli.main import commands
from policylang.diff.compare import compare
from policylang.diff.report import Change, Report, Statement
from policylang.output import comparison_markdown
from policylang.output.comparison import as_dict
from policylang.pipelines.replay import command
from policylang.schemas import SCHEMAS
from policylang.text.readable import json_bytes
from tests.check.test_stacking_exhaustive import random_policy_set
from tests.diff.rendering import CASES, NOW, as_set, compared, comparison, old_of
from tests.diff.test_exhaustive import mutated
from tests.helpers import compiled, project

PAIRS = sorted(CASES.glob("*.new.policy"))
KINDS = {"gained": "lost", "widened": "narrowed", "narrowed": "widened", "lost": "gained"}
each_case = pytest.mark.parametrize("new", PAIRS, ids=lambda path: path.name.removesuffix(".new.policy"))


def report(old: str, new: str) -> Report:
    return compare(compiled(old), compiled(new), NOW)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_case_is_a_pair() -> None:
    assert sorted(CASES.glob("*.old.policy")) == sorted(map(old_of, PAIRS))


@each_case
def test_json_is_as_published(new: Path) -> None:
    Draft202012Validator(SCHEMAS["diff"]()).validate(json.loads(json_bytes(compared(new))))


@each_case
def test_witnesses_are_decided_like_that(new: Path) -> None:
    """By the command that is printed."""
    (found,) = compared(new).sets
    for change in found.changes:
        assert not change.unproved
        answers = []
        for witness, path in ((change.before, old_of(new)), (change.after, new)):
            assert witness is not None
            answers.append(witness.expected)
            if not (witness.user or witness.as_roles or witness.as_group):
                assert witness.expected == "denied"  # on this side unknown role or group
                continue
            name, *arguments = shlex.split(command(as_dict(witness), [str(path)]))
            assert name == "policylang"
            result = CliRunner().invoke(commands, arguments)
            assert result.exit_code == {"allowed": 0, "denied": 1}[witness.expected], (arguments, result.output)
        assert answers == (["denied", "allowed"] if change.kind in ("gained", "widened") else ["allowed", "denied"])


@each_case
def test_refactorings_are_no_change(new: Path) -> None:
    (found,) = compared(new).sets
    assert found.same_access == new.name.startswith("same_")


# --- the other way round -------------------------------------------------------------------------------------


def mirrored(each: Change | Statement) -> tuple[Any, ...]:
    """What a change is, seen from the other side."""
    if isinstance(each, Statement):
        return each.topic, each.subject, each.added, each.removed, each.users
    permissions = [msgspec.structs.replace(p, removed=p.added, added=p.removed) for p in each.permissions]
    return KINDS[each.kind], *said(msgspec.structs.replace(each, permissions=tuple(permissions)), swapped=True)[1:]


def said(each: Change | Statement, *, swapped: bool = False) -> tuple[Any, ...]:
    if isinstance(each, Statement):
        return each.topic, each.subject, each.removed, each.added, each.users
    removed, added = (each.added, each.removed) if swapped else (each.removed, each.added)
    words = each.kind, each.subjects, sorted(each.around, key=str), each.permissions, removed, added
    return *words, each.users, each.unproved


def sides(found: Report) -> list[Change | Statement]:
    return [*found.changes, *found.statements]


def assert_mirrored(old: str, new: str) -> None:
    there, back = report(old, new), report(new, old)
    assert sorted(map(mirrored, sides(there)), key=str) == sorted(map(said, sides(back)), key=str)


@each_case
def test_cases_the_other_way_round(new: Path) -> None:
    assert_mirrored(text_of(old_of(new)), text_of(new))


@each_case
def test_nothing_differs_from_itself(new: Path) -> None:
    found = report(text_of(new), text_of(new))
    assert (found.same_access, found.notes) == (True, ())


@settings(deadline=None, max_examples=settings.default.max_examples // 5)
@given(st.integers(0, 2**32), st.booleans())
def test_laws(seed: int, timed: bool) -> None:
    """Nothing differs from itself, laid out in whatever order; and what one way is gained is lost the other way."""
    rng = random.Random(seed)
    text = random_policy_set(rng, timed=timed)
    other = mutated(rng, text)
    assert report(text, shuffled(rng, text)).same_access
    assert_mirrored(text, other)


def shuffled(rng: random.Random, text: str) -> str:
    """The declarations that stand on one line each, in another order."""
    world, mark, declarations = text.partition("resource lab { action use requires view on doc at region }\n")
    lines = declarations.splitlines()
    rng.shuffle(lines)
    return "\n".join([world + mark, *lines])


# --- ids -----------------------------------------------------------------------------------------------------


@each_case
def test_ids_say_what_changes_wherever_it_stands(new: Path) -> None:
    old, now = text_of(old_of(new)), text_of(new)
    before = [each.id for each in sides(report(old, now))]
    moved = compare(compiled("\n# moved\n\n" + old), compiled(b=now, a="# another file\n"), NOW)
    assert [each.id for each in sides(moved)] == before
    assert len(set(before)) == len(before)


def test_ids_are_of_one_change_only() -> None:
    ids = [each.id for path in PAIRS for each in sides(report(text_of(old_of(path)), text_of(path)))]
    said_by = {}
    for path in PAIRS:
        for each in sides(report(text_of(old_of(path)), text_of(path))):
            words = said(each)[:-2] if isinstance(each, Change) else said(each)
            days = each.days if isinstance(each, Change) else ()
            assert said_by.setdefault(each.id, (words, days)) == (words, days)
    assert len(ids) > 40


def test_an_id_is_another_one_when_more_can_be_done() -> None:
    """What is approved is what was seen: also where the words of the condition stay."""
    text = text_of(CASES / "widened_by_an_enum_value.old.policy")
    narrow = text.replace("status is not cancelled", "status is lead")
    more = text.replace("active, cancelled\n", "active, cancelled, won\n")
    first, second = report(narrow, text).changes[0], report(narrow, more).changes[0]
    assert (first.kind, first.subjects) == (second.kind, second.subjects)
    assert first.id != second.id


# --- many ----------------------------------------------------------------------------------------------------


def test_files_may_be_split_and_joined() -> None:
    text = text_of(CASES / "same_reordered.old.policy")
    parts = re.split(r"(?m)^(?=resource|policy|role|group|user|timezone)", text)
    split = project(**{f"f{number:02}": part for number, part in enumerate(parts) if part.strip()})
    assert split.ir is not None
    assert compare(compiled(text), split.ir, NOW).same_access


def test_many_changes_fit_into_a_comment() -> None:
    resource = "resource doc {{ n : int  actions view }}\npolicy own(m: int) on doc {{ n < m }}\n"
    old = "".join(f"role r{n} {{ grant view on doc policy own({n}) on doc }}\n" for n in range(400))
    found = report(resource.format() + old, resource.format() + old.replace("policy own(", "policy own(1"))
    assert len(found.changes) == 400
    markdown = comparison_markdown.render(comparison(as_set(found)))
    assert len(markdown.encode()) <= comparison_markdown.LIMIT
    (rest,) = re.findall(r"and (\d+) more that do not fit here", markdown)
    assert markdown.count("\n- **role") == 400 - int(rest)


def test_instants_are_read_in_any_timezone() -> None:
    path = PAIRS[0]
    old, new = compiled(text_of(old_of(path))), compiled(text_of(path))
    elsewhere = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=9)))
    assert compare(old, new, elsewhere) == compare(old, new, NOW)
