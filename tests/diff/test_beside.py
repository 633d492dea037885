"""What nobody can do more or less with today, and somebody may tomorrow: with a tag, one more role, another place."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import pytest

from policylang.diff import gaps
from policylang.diff.compare import compare
from policylang.diff.report import FailOn, Report, failing
from policylang.model.types import Duration
from tests.diff.rendering import as_set, is_same
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
WORLD = """\
portals staff, client
scope region contains site
place region "N"
place region "S"
place site "A" in "N"
feature fx off
role boss
resource api { actions access }
resource doc {
  owner : user
  kind : one of x, y
  optional flag : bool
  optional sensitive fee : money
  optional rep : user with role boss
  site : site
  actions view, modify, create
  action purge requires superuser
  action export requires access on api
  action feat requires feature fx
  action skip bypasses policies
}
policy own on doc { owner is assigned user }
policy never on doc { flag is missing and flag is present }
role reader { grant view on doc }
role clerk { may assign reader }
role bar { deny view on doc }
job "J" {}
"""
R = "role r { grant view on doc }"
ANN = 'user "ann" {}'


def between(old: str, new: str) -> Report:
    return compare(compiled(old), compiled(new), NOW)


def topics(found: Report) -> list[str]:
    return [each.topic for each in found.statements]


SAID = [
    (R, R + " role q { grant purge on doc }", "granted"),
    (R, "role r { grant view, purge on doc }", "granted"),
    (R, "role r { grant view, export on doc }", "granted"),
    (R, "role r { grant view, feat on doc }", "granted"),
    (
        "role r { grant create on doc (kind) policy own }",
        "role r { grant create on doc (kind, fee) policy own }",
        "granted",
    ),
    ("group g { grant view on doc policy never }", "group g { grant view, modify on doc policy never }", "granted"),
    (R, f"essential {R}", "essential"),
    (R, f"protected {R}", "protected"),
    ("role r { portal staff }", "role r { portal client }", "portal"),
    (ANN, f"terminated {ANN}", "user"),
    (ANN, 'user "ann" { append policy own on doc }', "user"),
    (ANN, 'user "ann" { override policy own on doc }', "user"),
    (ANN, 'user "ann" { assign role bar }', "user"),
    (ANN, 'user "ann" { assign role clerk }', "user"),
    (ANN, f"superuser {ANN}", "superuser"),
    (R, f"{R} deny purge on doc", "deny"),
    (R, "role r { grant view on doc  may assign boss }", "may_assign"),
]


@pytest.mark.parametrize(("old", "new", "topic"), SAID)
def test_what_is_given_otherwise(old: str, new: str, topic: str) -> None:
    for one, other in ((old, new), (new, old)):
        found = between(WORLD + one, WORLD + other)
        assert topic in topics(found), found
        assert bool(failing(as_set(found), "any"))
        assert not is_same(compiled(WORLD + one), compiled(WORLD + other), NOW)


@pytest.mark.parametrize(
    ("word", "other", "topic"),
    [
        ("action purge requires superuser", "action purge requires superuser or access on api", "action"),
        ("action skip bypasses policies", "action skip", "action"),
        ("action skip bypasses policies", "action skip bypasses policies assignable via api", "action"),
        ("feature fx off", "feature fx on", "action"),
        ('place site "A" in "N"', 'place site "A" in "S"', "place"),
        ('place site "A" in "N"', 'place site "A" in "N" place region "T"', "place"),
        ("scope region contains site", "scope zone contains region contains site", "place"),
        ('job "J" {}', 'job "J" { role clerk }', "user"),
        ('job "J" {}', 'job "J" { role bar }', "user"),
    ],
)
def test_what_is_declared_otherwise(word: str, other: str, topic: str) -> None:
    for old, new in ((WORLD, WORLD.replace(word, other)), (WORLD.replace(word, other), WORLD)):
        assert topic in topics(between(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ANN + "role idle {}", 'user "ann" { assign role idle }  role idle {}'),
        ("role r { grant purge on doc }", "role r { role q } role q { grant purge on doc }"),
        ('user "ann" { append policy own on doc }', 'user "ann" { append policy own on doc append policy own on doc }'),
    ],
)
def test_what_never_matters(old: str, new: str) -> None:
    assert between(WORLD + old, WORLD + new).same_access


def test_a_new_part_of_a_role() -> None:
    """Nobody has it by itself: that is mentioned, and is enough for a fix to be left."""
    old, new = "role r { policy never on doc }", "role r { policy never on doc  role q }  role q { grant feat on doc }"
    found = between(WORLD + old, WORLD + new)
    assert (found.same_access, found.notes) == (True, ("role `q` is new: nobody has it except inside role `r`",))
    assert not is_same(compiled(WORLD + old), compiled(WORLD + new), NOW)


def test_requirements_that_ask_for_the_same() -> None:
    more = WORLD.replace("requires access on api", "requires access on api or (superuser and access on api)")
    assert between(WORLD, more).same_access


@pytest.mark.parametrize(
    ("old", "new", "closed"),
    [
        (R, "role r { grant view, purge on doc }", {"gained", "widened", "any"}),
        ("role r { grant view, purge on doc }", R, {"any"}),
        (ANN, 'user "ann" { append policy own on doc }', {"any"}),
        ('user "ann" { append policy own on doc }', ANN, {"widened", "any"}),
    ],
)
def test_gates(old: str, new: str, closed: set[FailOn]) -> None:
    found = as_set(between(WORLD + old, WORLD + new))
    assert {gate for gate in ("gained", "widened", "any") if bool(failing(found, gate))} == closed


def test_a_deny_is_told_of_each_role_that_says_it() -> None:
    """That it shows in what one role can do says nothing of another one that says the same."""
    old = "role one { grant view on doc  deny view on doc { kind is x } }  role two { deny view on doc { kind is x } }"
    found = between(WORLD + old, WORLD + old.replace("deny view on doc { kind is x }", ""))
    assert ("deny", "role `two`") in [(each.topic, each.subject) for each in found.statements]


KINDS = """timezone "{zone}"
resource doc {{ kind : {kind}  optional seen : datetime  actions view }}
role reader {{ grant view on doc }}
policy p on doc {{ not (kind is y) }}
policy early on doc {{ now is between 08:00 and 18:00 }}
"""
PARIS = {"zone": "Europe/Paris", "kind": "one of x, y, z"}
FEWER_KINDS, IN_UTC = {**PARIS, "kind": "one of x, y"}, {**PARIS, "zone": "UTC"}


@pytest.mark.parametrize(
    ("more", "new", "topics_", "widens"),
    [
        ("role bar { deny view on doc { kind is x } }", FEWER_KINDS, ["deny"], False),
        ("role bar { deny view on doc { kind is x or kind is missing } }", FEWER_KINDS, ["deny"], False),
        ("role bar { deny view on doc { kind is x } }", IN_UTC, [], None),
        ("role bar { deny view on doc { now is between 08:00 and 18:00 } }", IN_UTC, ["deny"], True),
        ("role bar { deny view on doc { seen within 1 months } }", IN_UTC, ["deny"], True),
        ("role bar { deny view on doc { seen within 1 days } }", IN_UTC, [], None),
        ('user "ann" { append policy p on doc }', FEWER_KINDS, ["user"], False),
        ('user "ann" { append policy p on doc }', IN_UTC, [], None),
        ('user "ann" { override policy p on doc }', FEWER_KINDS, ["user"], False),
        ('user "ann" { append policy early on doc }', IN_UTC, ["user"], True),
    ],
)
def test_what_is_in_the_same_words_and_means_something_else(
    more: str, new: dict[str, str], topics_: list[str], widens: bool | None
) -> None:
    """Nobody has the role, or the policy, together with a grant; somebody may tomorrow."""
    texts = [KINDS.format(**each) + more for each in (PARIS, new)]
    found = between(*texts)
    assert topics(found) == topics_
    assert found.same_access is not bool(topics_)
    for each in found.statements:
        assert each.widens is widens
        assert each.removed != each.added
    assert between(texts[1], texts[1]).same_access


def test_a_deny_of_a_role_that_also_grants_is_told_once() -> None:
    """What the role can do says it."""
    role = "role bar { grant view on doc  deny view on doc { kind is x } }"
    found = between(KINDS.format(**PARIS) + role, KINDS.format(**FEWER_KINDS) + role)
    assert [each.kind for each in found.changes] == ["narrowed"]
    assert topics(found) == []


def test_other_hours_say_whose_they_are() -> None:
    role = "role bar { grant view on doc  policy early on doc }"
    found = between(KINDS.format(**PARIS) + role, KINDS.format(**IN_UTC) + role)
    assert {(each.kind, *each.removed, *each.added) for each in found.changes} == {
        (kind, 'times are those of "Europe/Paris"', 'times are those of "UTC"') for kind in ("widened", "narrowed")
    }


def test_what_cannot_be_shown_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many situations were tried in vain, a difference is not proved, and not left out."""
    role = "policy month on doc { seen within 1 month }\n"
    role += "role bar { grant view on doc  policy early on doc  policy month on doc }"
    texts = [KINDS.format(**each) + role for each in (PARIS, IN_UTC)]
    shown = between(*texts)
    assert {(each.kind, each.unproved) for each in shown.changes} == {("widened", False), ("narrowed", False)}
    monkeypatch.setattr(gaps, "_MOST_TRIED", 0)
    monkeypatch.setattr(gaps, "_FEWEST_TRIED", 0)
    found = between(*texts)
    assert [each.kind for each in found.changes] == [each.kind for each in shown.changes]
    assert any(each.unproved for each in found.changes)


def test_what_is_tried_in_vain_is_bounded_for_all_questions_together(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(gaps.GapQuestions, "_tried", lambda _, found, *rest: tried.append(found))
    monkeypatch.setattr(gaps, "_MOST_TRIED", 300)
    months = "".join(
        f"policy p{n} on doc {{ seen within {n} months }}\nrole r{n} {{ grant view on doc  policy p{n} }}\n"
        for n in range(1, 9)
    )
    found = between(KINDS.format(**PARIS) + months, KINDS.format(**IN_UTC) + months)
    assert {each.unproved for each in found.changes} == {True}
    questions = 2 * 8 * 2  # both ways, of the record and of its attributes
    assert 2 * 300 < len(tried) < 2 * 300 + questions * (gaps._FEWEST_TRIED + 10)


@pytest.mark.parametrize(
    ("attribute", "condition"),
    [
        ("optional gone : bool", "gone is missing"),
        ("optional gone : bool", "not (gone is present)"),
        ("optional gone : folder", "gone is missing"),
        ("optional gone : folder", "gone.n is missing"),
    ],
)
def test_an_attribute_that_goes_with_what_is_said_of_it(attribute: str, condition: str) -> None:
    """Records may have it all the same: the side that does not declare it takes it for missing."""
    role = "role r { grant view on doc  policy p }"
    texts = [
        f"resource folder {{ n : int  actions view }}\nresource doc {{ owner : user  {more} actions view }}\n"
        f"policy p on doc {{ owner is assigned user{limit} }}\n{role}"
        for more, limit in ((attribute, f" and {condition}"), ("", ""))
    ]
    assert ("view", "widened") in [(p.actions[0], c.kind) for c in between(*texts).changes for p in c.permissions]
    assert ("view", "narrowed") in [
        (p.actions[0], c.kind) for c in between(*texts[::-1]).changes for p in c.permissions
    ]


def _with_length(value: Any, length: Duration) -> Any:
    if isinstance(value, Duration):
        return length
    if isinstance(value, tuple):
        return tuple(_with_length(each, length) for each in value)
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return msgspec.structs.replace(value, **{name: _with_length(getattr(value, name), length) for name in names})
    return value


@pytest.mark.parametrize(
    "length", [Duration(9000 * 12, "months"), Duration(9000 * 366, "days"), Duration(10**13, "minutes")]
)
@pytest.mark.parametrize("test", ["within", "within next", "older than"])
def test_lengths_that_lead_out_of_the_calendar(length: Duration, test: str) -> None:
    """What is asked there is unknown, so neither it nor its opposite opens anything."""
    text = "resource doc {{ created : datetime  actions view }}\npolicy p on doc {{ {} }}\n"
    text += "role r {{ grant view on doc  policy p }}"
    either = f"created {test} 1 year or not (created {test} 1 year)"
    old, new = compiled(text.format("created is present")), compiled(text.format(either))
    assert compare(old, old, NOW).same_access
    (change,) = compare(old, _with_length(new, length), NOW).changes
    assert (change.kind, change.unproved) == ("lost", False)


@pytest.mark.parametrize(
    ("old", "new", "beside"),
    [
        (ANN, f"terminated {ANN}", "any role that is not essential, or a group"),
        (ANN, 'user "ann" { append policy own on doc }', "a grant of create on `doc`"),
        (ANN, 'user "ann" { append policy own on doc for view }', "a grant of view on `doc`, as in role `reader`"),
        (
            ANN,
            'user "ann" { override policy own on doc }',
            "a grant of create on `doc`, in a group with a policy on `doc`",
        ),
        (ANN, 'user "ann" { assign role bar }', "a grant of view on `doc`, as in role `reader`"),
        (ANN, 'user "ann" { assign role clerk }', "somebody to whom role `reader` is given"),
        (ANN, 'user "ann" { assign role boss }', "an attribute for users with role `boss`"),
        (
            ANN + " role gate { grant access on api }",
            'user "ann" { assign role gate } role gate { grant access on api }',
            None,
        ),
        ('job "K" {}', 'job "K" { role clerk }', "somebody to whom role `reader` is given"),
        ('job "K" {}', 'job "K" { role bar }', "a grant of view on `doc`, as in role `reader`"),
    ],
)
def test_what_makes_it_count(old: str, new: str, beside: str | None) -> None:
    """No request shows these today: each says what somebody would have to have besides."""
    for one, other in ((old, new), (new, old)):
        found = [each.beside for each in between(WORLD + one, WORLD + other).statements if each.topic == "user"]
        assert found == ([] if beside is None else [(beside,)])
