"""Explanations: as expected for each situation, true to the decision, and bounded."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from policylang.api.policy_set import PolicySet
from policylang.explaining.explain import MOST_WAYS
from policylang.explaining.tree import Explanation
from policylang.output import explanation as output
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.text.readable import json_bytes
from tests.explaining.explained.pairs import actual, expected, explained, index, inputs, request
from tests.helpers import compiled, explain

NOW = datetime.datetime(2026, 11, 21, 19, tzinfo=datetime.UTC)
FILES = [file for path in inputs() for file in expected(path)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_explanations_are_as_expected(file: Path) -> None:
    assert actual(file.with_suffix(".yaml"), file.suffix).decode() == file.read_bytes().decode()


@pytest.mark.parametrize("path", list(inputs()), ids=lambda path: path.stem)
def test_the_decision_is_in_the_explanation(path: Path) -> None:
    policy_set, arguments = request(path)
    assert explained(path).decision == decide(policy_set, **arguments)
    assert msgspec.json.decode(json_bytes(explained(path)), type=Explanation) == explained(path)


def test_every_folder_has_cases() -> None:
    assert len(list(inputs())) >= 20
    assert any(file.suffix == ".json" for file in FILES)


def test_policy_sets_explain() -> None:
    found = PolicySet(index("office")).explain("new", "view", "vault", now=NOW)
    assert not found.decision.allowed
    assert found == explain(index("office"), "new", "view", "vault", now=NOW)


def test_now_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        explain(index("office"), "ann", "view", "doc", now=datetime.datetime(2026, 1, 1))


def lines(policy_set: Index, *arguments: Any, **named: Any) -> list[str]:
    return click.unstyle("\n".join(output.text(explain(policy_set, *arguments, now=NOW, **named)))).splitlines()


# --- the smallest change -------------------------------------------------------------------------------------

DOC = "resource doc { owner : user  level : int  state : one of open, shut  actions view, edit }\n"


@pytest.mark.parametrize(
    ("text", "record", "data"),
    [
        # The narrowest role of those that would do, not the first.
        (
            'role wide { grant view, edit on doc }\nrole narrow { grant view on doc }\nuser "u"',
            {},
            [{"assign": {"user": "u", "role": "narrow", "place": None}}],
        ),
        # Data before an assignment.
        (
            "policy mine on doc { owner is assigned user }\nrole mine { grant view on doc  policy mine }\n"
            'role any { grant view on doc }\nuser "u" { assign role mine }',
            {},
            [{"record": {"owner": "u"}}],
        ),
        # One assignment before two changes of data.
        (
            "policy both on doc { level > 5 and state is open }\nrole both { grant view on doc  policy both }\n"
            'role any { grant view on doc }\nuser "u" { assign role both }',
            {"level": 5, "state": "shut"},
            [{"assign": {"user": "u", "role": "any", "place": None}}],
        ),
        # What one change breaks another one mends only if both are tried together.
        (
            "policy two on doc { level > 5 and level < 7 and not (state is shut) }\n"
            'role two { grant view on doc  policy two }\nuser "u" { assign role two }',
            {"level": 6, "state": "shut"},
            [{"record": {"state": "open"}}],
        ),
        # A group for somebody without one.
        ('group g { grant view on doc }\nuser "u"', {}, [{"group": {"user": "u", "group": "g"}}]),
        # A grant as the last resort.
        (
            'group g { grant edit on doc }\nuser "u" in g',
            {},
            [{"grant": {"to": {"group": "g"}, "action": "view", "resource": "doc", "fields": None}}],
        ),
        # A deny without a condition can only be taken away.
        ('group g { grant view on doc }\nuser "u" in g\ndeny view on doc', {}, ["remove_deny"]),
        # An append that nothing satisfies can only be taken away.
        (
            "policy never on doc { level > 5 and level < 5 }\ngroup g { grant view on doc }\n"
            'user "u" in g { append policy never }',
            {},
            ["remove_append"],
        ),
        # The days of an integration.
        (
            "role r { grant view on doc }\nintegration u { role r  objects doc  until 2026-10-31 }",
            {},
            [{"extend": {"integration": "u", "until": "2026-11-21"}}],
        ),
        (
            "role r { grant view on doc }\nintegration u { role r  objects doc  from 2027-01-01 }",
            {},
            [{"extend": {"integration": "u", "from": "2026-11-21"}}],
        ),
        # Nothing helps who is not there.
        ("group g { grant view on doc }", {}, []),
        # Nor does anything if nobody can.
        ('user "u"', {}, []),
    ],
)
def test_smallest_change(text: str, record: dict[str, Any], data: list[Any]) -> None:
    found = explain(Index(compiled(DOC + text)), "u", "view", "doc", record, now=NOW)
    kinds_or_data = [
        edit.kind if isinstance(want, str) else edit.data
        for edit, want in zip(found.smallest_change, data, strict=False)
    ]
    assert kinds_or_data == data
    assert len(found.smallest_change) == len(data)


def test_a_role_at_the_place_comes_before_one_everywhere() -> None:
    text = (
        'scope site\nplace site "A"\nresource post { site : site  actions view }\n'
        'role r { grant view on post }\nuser "u"'
    )
    (edit,) = explain(Index(compiled(text)), "u", "view", "post", {"site": "A"}, now=NOW).smallest_change
    assert edit.data == {"assign": {"user": "u", "role": "r", "place": "A"}}


# --- bounds --------------------------------------------------------------------------------------------------


def test_many_ways_are_cut() -> None:
    roles = "".join(f"role r{n} {{ grant view on doc  policy high }}\n" for n in range(MOST_WAYS + 50))
    given = " ".join(f"assign role r{n}" for n in range(MOST_WAYS + 50))
    policy_set = Index(compiled(f'{DOC}policy high on doc {{ level > 5 }}\n{roles}user "u" {{ {given} }}'))
    found = explain(policy_set, "u", "view", "doc", {"level": 5}, now=NOW)
    assert (len(found.moments[0].ways), found.moments[0].left_out) == (MOST_WAYS, 50)
    assert [edit.data for edit in found.smallest_change] == [{"record": {"level": 6}}]
    shown = lines(policy_set, "u", "view", "doc", {"level": 5})
    assert "  and 200 more" in shown
    assert len(shown) < 250


def test_values_are_cut() -> None:
    text = (
        "resource doc { title : text  tags : set of text  actions view }\n"
        'policy p on doc { title is "x" and tags contains "y" }\nrole r { grant view on doc  policy p }\n'
        'user "u" { assign role r }'
    )
    record = {"title": "z" * 1_000_000, "tags": [f"{'t' * 1000}{n}" for n in range(10_000)]}
    found = explain(Index(compiled(text)), "u", "view", "doc", record, now=NOW)
    assert not found.decision.allowed
    assert len(json_bytes(found)) < 5_000


def test_tests_are_cut() -> None:
    either = " or ".join(f"level is {n}" for n in range(500))
    text = (
        f'{DOC}policy p on doc {{ {either} }}\nrole r {{ grant view on doc  policy p }}\nuser "u" {{ assign role r }}'
    )
    shown = lines(Index(compiled(text)), "u", "view", "doc", {"level": -1})
    assert any("and 492 more" in line for line in shown)
    assert all(len(line) < 400 for line in shown)


# --- what callers hand over ----------------------------------------------------------------------------------


class Broken:
    """A record some of whose attributes cannot be read."""

    level = 3

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_what_the_decision_did_not_read_ends_nothing() -> None:
    text = (
        DOC + "policy high on doc { level > 5 }\npolicy mine on doc { owner is assigned user }\n"
        "role r { grant view on doc  policy high  policy mine }\nrole all_of_it { grant view on doc }\n"
        'user "u" { assign role r  assign role all_of_it }'
    )
    found = explain(Index(compiled(text)), "u", "view", "doc", Broken(), now=NOW)
    assert found.decision.allowed
    assert [way.open for way in found.moments[0].ways] == [True, False]


def test_halves_of_characters_are_shown() -> None:
    found = explain(index("office"), "\ud800", "view", "doc", now=NOW)
    assert b"\\\\u{D800}" in json_bytes(found)
    assert "\\u{D800}" in click.unstyle("\n".join(output.text(found)))


@pytest.mark.parametrize("role", ["rep", "lead"])
def test_a_role_that_was_lost_says_so_wherever_it_lay(role: str) -> None:
    policy_set = Index(
        compiled(
            "resource task { owner : user with role rep  actions create }\n"
            "role rep\nrole team { role rep }\nrole lead { role team  role other }\nrole other\n"
            "role maker { grant create on task }\n"
            'user "ann" { assign role maker }\n'
            f'user "bob" {{ assign role {role} until 2026-10-31  assign role other until 2025-01-31 }}\n'
        )
    )
    said = lines(policy_set, "ann", "create", "task", {"owner": "bob"})
    assert any("bob does not have role `rep` (the assignment ended on 2026-10-31)" in line for line in said), said
