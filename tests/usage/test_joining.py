"""Several roles of the same people as one, with what these people use, and the proof that catches more or less."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.settings.usage import UsageSettings
from policylang.usage.joining import joinings
from policylang.usage.proposals import NOTHING, Keep, ProposedChange, read_keep
from policylang.usage.read import LogReading
from policylang.usage.rightsize import Join, Rightsized, rightsize
from policylang.usage.written import Joining
from tests.helpers import project
from tests.usage.helpers import NOW, YESTERDAY, text, usage_of

POLICIES = """\
resource doc { owner : user  sensitive rate : money  actions view, modify, delete }
resource note { actions view, write }
policy own on doc { assigned user is owner }
role reader {
  grant view, modify on doc
  policy own
}
role writer { grant view, write on note }
user "ann" {
  assign role reader
  assign role writer  # since spring
}
user "ben" { assign role reader  assign role writer }
user "cy" { assign role reader }
user "di" { assign role writer }
"""
ALONE = ("cy modify doc", "cy view doc", "di view note", "di write note")
DONE = ("ann view doc", "ann view note", "ben view doc", "ben view note", "ben write note", *ALONE)


def made(
    policies: str,
    *done: str,
    keep: Keep = NOTHING,
    joiner: Join = joinings,
    config: UsageSettings | None = None,
) -> Rightsized:
    usage = usage_of(*done, config=config)
    reading = LogReading(usage, len(usage.uses), len(usage.uses), {}, (), (), 0, ())
    found = project(policies)
    assert found.ir is not None, found.diagnostics
    return rightsize(found, reading, NOW, keep, joiner=joiner)


def test_one_role_with_what_is_used() -> None:
    found = made(POLICIES, *DONE)
    (only,) = found.certified
    assert only.proposal.title == "give 2 users role `reader_and_writer` with what they use of `reader` and `writer`"
    assert only.lost == ("users `ann`, `ben` lose modify on `doc`",)
    assert (found.rejected, found.left) == ((), ())
    one = "assign role reader_and_writer"
    two = "  assign role reader\n  assign role writer  # since spring\n"
    expected = POLICIES.replace(two, f"  {one}\n  # since spring\n")
    expected = expected.replace("{ assign role reader  assign role writer }", f"{{ {one} }}")
    role = "role reader_and_writer {\n  grant view on doc\n  grant view, write on note\n  policy own for view\n}\n"
    assert text(found) == expected + role


def test_what_somebody_may_have_used_stays() -> None:
    usage = usage_of(*DONE)
    usage = msgspec.structs.replace(usage, unclear=usage_of("ann modify doc").uses)
    found = rightsize(project(POLICIES), LogReading(usage, 0, 0, {}, (), (), 0, ()), NOW)
    (only,) = found.certified
    assert only.lost == ()
    assert "role reader_and_writer {\n  grant modify, view on doc\n" in text(found)


def test_what_is_limited_to_attributes_and_at_a_place() -> None:
    policies = POLICIES.replace("resource doc {", 'scope site\nplace site "HQ"\nresource doc { at : site ')
    grants = "grant view on doc (owner)  grant modify on doc including rate"
    policies = policies.replace("grant view, modify on doc", grants)
    policies = policies.replace("assign role reader", 'assign role reader at site "HQ"')
    policies = policies.replace("assign role writer", 'assign role writer at site "HQ"')
    found = made(policies, *DONE, "ben modify doc")
    assert [each.proposal.name for each in found.certified] == ["reader_and_writer"]
    assert "  grant modify on doc (at, owner, rate)\n  grant view on doc (owner)\n" in text(found)
    assert '{ assign role reader_and_writer at site "HQ" }' in text(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"ben" { assign role reader  assign role writer }', '"ben" { assign role reader }'),
        ("assign role reader\n", 'assign role reader because "covers leave"\n'),
        ("assign role reader\n", "assign role reader from 2020-01-01\n"),
        ("role writer {", "role writer {\n  may assign reader "),
        ("role writer {", "role writer {\n  deny view on doc (rate) "),
        ("role writer {", "protected role writer {"),
        ("role writer {", "role writer {\n grant view on doc "),
        ("role writer {", "role writer { portal staff "),
    ],
)
def test_what_sets_roles_apart(old: str, new: str) -> None:
    assert old in POLICIES
    portals = "portals staff, client\n" if "portal" in new else ""
    policies = POLICIES.replace("role reader {", "role reader { portal client ") if portals else POLICIES
    found = made(portals + policies.replace(old, new), *DONE)
    assert not any(each.proposal.cause == "joined" for each in found.certified)


def test_why_roles_are_left_apart() -> None:
    found = made(POLICIES.replace("role writer {", "role writer { grant view on doc "), *DONE, "di view doc")
    assert [(each.what, each.why) for each in found.left] == [
        ("roles `reader` and `writer` of 2 users, as one", "they say different things of view on `doc`")
    ]


@pytest.mark.parametrize("rule", ["role reader", "user ben"])
def test_what_is_kept(rule: str) -> None:
    index = Index(project(POLICIES).ir)  # type: ignore[arg-type]
    assert made(POLICIES, *DONE, keep=read_keep([rule], index)).certified == ()


def test_exceptions_are_those_of_usage() -> None:
    assert made(POLICIES, *DONE, config=UsageSettings(break_glass=("writer",))).certified == ()
    assert made(POLICIES, *DONE, config=UsageSettings(days=500)).certified == ()


def test_a_role_that_may_be_written_into_a_record_stays() -> None:
    policies = POLICIES.replace("owner : user ", "owner : user with role reader ")
    found = made(policies, *DONE)
    assert found.certified == ()
    assert any("who may be written into a record" in why for why in found.rejected[0].objections)


def mutant(old: str, new: str) -> Join:
    def change(proposal: ProposedChange) -> ProposedChange:
        parts = []
        for part in proposal.parts:
            if isinstance(part.edit, Joining):
                assert old in part.edit.declare
                edit = msgspec.structs.replace(part.edit, declare=part.edit.declare.replace(old, new))
                part = msgspec.structs.replace(part, edit=edit)
            parts.append(part)
        return msgspec.structs.replace(proposal, parts=tuple(parts))

    def joiner(*given):  # type: ignore[no-untyped-def]
        found, left = joinings(*given)
        return [change(each) for each in found], left

    return joiner


@pytest.mark.parametrize(
    ("old", "new", "objection"),
    [
        ("grant view on doc", "grant view, modify on doc", "gets role `reader_and_writer` has used modify on `doc`"),
        ("grant view on doc", "grant view, delete on doc", "users `ann`, `ben` could do more: delete on `doc`"),
        ("  policy own for view\n", "", "users `ann`, `ben` could do more: view on `doc`"),
        ("view, write on note", "view on note", "`ben` did write on `note` on 2026-11-20, and could not any more"),
        ("  grant view on doc\n", "", "`ann` did view on `doc` on 2026-11-20, and could not any more"),
        ("grant view on doc", "grant view on dock", "the policy set would not compile"),
    ],
)
def test_a_joined_role_with_more_or_less_is_not_made(old: str, new: str, objection: str) -> None:
    found = made(POLICIES, *DONE, joiner=mutant(old, new))
    assert found.certified == ()
    (rejected,) = found.rejected
    assert any(objection in each for each in rejected.objections), rejected.objections


_REQUESTS = [
    (user, action, resource)
    for user in ("ann", "ben", "cy", "di")
    for resource, actions in (("doc", ("view", "modify", "delete")), ("note", ("view", "write")))
    for action in actions
]
_RECORDS = ({}, {"owner": "ann"}, {"owner": "ben"})


@given(st.sets(st.sampled_from([*DONE, "ben modify doc", "ann write note"])))
@settings(deadline=None, max_examples=15)
def test_by_the_reference_nobody_gains_and_nothing_done_is_lost(done: set[str]) -> None:
    found = made(POLICIES, *sorted(done))
    assert found.rejected == ()
    assert found.project.ir is not None
    assert found.after.ir is not None
    before, after = Index(found.project.ir), Index(found.after.ir)
    for user, action, resource in _REQUESTS:
        for record in _RECORDS:
            was, is_ = (decide(i, user, action, resource, record, now=YESTERDAY).allowed for i in (before, after))
            assert was or not is_
            assert is_ or not was or f"{user} {action} {resource}" not in done
