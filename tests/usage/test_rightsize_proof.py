"""The proof that catches a proposal that takes out too much, and the same by enumeration."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.fix.edits import apply
from policylang.check.fix.same_access import without_places
from policylang.check.usage import Usage
from policylang.check.used import UsageAnalysis
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.project.project import Project
from policylang.runtime.grants import holdings, profile
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.runtime.sources import inside
from policylang.usage.doubled import without
from policylang.usage.excerpts import Excerpt, Excerpts
from policylang.usage.proposals import Propose, ProposedChange, ProposedPart
from policylang.usage.replay import Replay
from policylang.usage.written import Removal, Written
from tests.helpers import project
from tests.usage.helpers import ALL_USED, NOW, POLICIES, YESTERDAY, made, taken, text, usage_of


def proposing(*parts: ProposedPart) -> Propose:
    return lambda _analysis, _written, _keep: ([ProposedChange("role", "x", parts)], [])


def places(policies: Project) -> Iterator[tuple[str, Removal]]:
    """Everything that can be taken out, action by action."""
    assert policies.ir is not None
    for bundle in policies.ir.bundles:
        said: dict[str, list[tuple[str, str]]] = {}
        for grant in bundle.grants:
            said.setdefault(grant.at, []).extend((grant.resource, action) for action in grant.actions)
        for at, wanted in said.items():
            yield from ((bundle.name, Removal(at, "grant", (each,), tuple(wanted))) for each in wanted)
    for user in policies.ir.users:
        if user.group is not None:
            yield user.id, Removal(user.group.at, "membership")
        yield from ((user.id, Removal(each.at, "assignment")) for each in user.assignments if "own" not in each.role)


def test_a_proposal_that_takes_what_was_used_is_not_made() -> None:
    policies = project(POLICIES)
    for name, removal in places(policies):
        found = made(policies, usage_of(*ALL_USED), proposer=proposing(ProposedPart(name, removal, ())))
        assert found.certified == ()
        assert text(found) == POLICIES
    (removal,) = (each for name, each in places(policies) if each.actions == (("doc", "modify"),))
    found = made(policies, usage_of(*ALL_USED), proposer=proposing(ProposedPart("modify", removal, ())))
    assert [each.objections for each in found.rejected] == [
        ("`ann` did modify on `doc` on 2026-11-20, and could not any more",)
    ]


def test_a_proposal_that_gives_somebody_more_is_not_made() -> None:
    more = """\
role strict { grant view on archive  grant view on doc  deny delete on doc }
user "di" { assign role strict  assign role cleaner }
user "ed" { assign role strict }
"""
    found = made(project(POLICIES + more), usage_of(*ALL_USED, "ed view archive"))
    (rejected,) = found.rejected
    assert [part.what for part in rejected.proposal.parts] == ["role `strict` of `di`"]
    assert rejected.objections == ("user `di` could do more: delete on `doc`",)
    assert taken(found) == ["role `cleaner` of `di`"]


def test_a_proposal_that_cannot_be_written_is_not_made() -> None:
    nowhere = ProposedPart("x", Removal("0.policy:99:1-99:2", "assignment"), ())
    found = made(project(POLICIES), usage_of(*ALL_USED), proposer=proposing(nowhere))
    assert [each.objections for each in found.rejected] == [("nothing can be taken out at 0.policy:99:1-99:2",)]


def test_the_reference_is_asked_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay that is wrong is found by the second path."""
    policies = project(POLICIES)
    (removal,) = (each for _, each in places(policies) if each.actions == (("doc", "modify"),))
    monkeypatch.setattr(Replay, "lost", lambda *_: iter(()))
    found = made(policies, usage_of(*ALL_USED), proposer=proposing(ProposedPart("modify", removal, ())))
    assert [each.objections for each in found.rejected] == [
        ("the reference denies `ann` modify on `doc`, which was done",)
    ]


SITES = """\
scope site
place site "HQ"
place site "Lab"
resource doc { at : site  owner : user  optional note : text  actions view, modify }
resource log { at : site  action view requires view on doc }
policy own on doc { owner is assigned user }
role reader { grant view on doc (note) }
role keeper { grant view, modify on doc  policy own }
role logger { grant view on log }
user "ann" { assign role keeper at site "HQ"  assign role keeper at site "Lab" }
user "ben" { assign role logger at site "HQ"  assign role reader at site "Lab" }
user "cy" { assign role keeper until 2026-11-01  assign role keeper from 2026-11-10 }
user "di" { assign role reader  assign role keeper }
user "ed" { assign role keeper from 2026-09-01 until 2026-09-30  assign role keeper from 2026-11-01 }
"""


def lost(keep_out: str, usage: Usage) -> list[str]:
    """What would be lost without a statement of `SITES`."""
    before, after = project(SITES).ir, project(SITES.replace(keep_out, "")).ir
    assert before is not None
    assert after is not None
    return [f"{each.user} {each.action} {each.resource}" for each in Replay(before, usage).lost(after)]


def test_a_log_that_names_the_place_needs_no_other_place() -> None:
    at_lab = '  assign role keeper at site "Lab"'
    assert lost(at_lab, usage_of("ann modify doc", place="HQ")) == []
    assert lost(at_lab, usage_of("ann modify doc", place="Lab")) == ["ann modify doc"]
    assert lost(at_lab, usage_of("ann modify doc")) == ["ann modify doc"]
    assert lost(at_lab, usage_of("ann modify doc", place="Mars")) == ["ann modify doc"]


def test_what_is_required_may_be_held_elsewhere() -> None:
    usage = usage_of("ben view log", place="HQ")
    assert lost('  assign role reader at site "Lab"', usage) == ["ben view log"]
    found = made(project(SITES), usage)
    assert any("`ben` did view on `log`" in why for each in found.rejected for why in each.objections)


def test_assignments_of_the_past_were_used_in_the_past() -> None:
    then = datetime.datetime(2026, 10, 15, 12, tzinfo=datetime.UTC)
    assert lost("assign role keeper until 2026-11-01", usage_of("cy view doc", at=then)) == ["cy view doc"]
    assert lost("assign role keeper until 2026-11-01", usage_of("cy view doc")) == []
    assert lost("  assign role keeper from 2026-11-10", usage_of("cy view doc")) == ["cy view doc"]
    september = "assign role keeper from 2026-09-01 until 2026-09-30"
    assert lost(september, usage_of("ed view doc")) == []
    then = datetime.datetime(2026, 9, 30, 12, tzinfo=datetime.UTC)
    assert lost(september, usage_of("ed view doc", at=then)) == ["ed view doc"]


def test_limits_and_fields_count_for_whatever_the_record_was() -> None:
    reader = "assign role reader  assign role keeper }"
    without_reader, usage = "  assign role keeper }", usage_of("di view doc")
    before = project(SITES).ir
    for wanted in (without_reader, "assign role reader }"):
        after = project(SITES.replace(reader, wanted)).ir
        assert before is not None
        assert after is not None
        assert [each.user for each in Replay(before, usage).lost(after)] == ["di"]
        one_field = usage_of("di view doc owner")
        gone = [each.user for each in Replay(before, one_field).lost(after)]
        assert gone == ([] if wanted is without_reader else ["di"])


def test_what_the_policies_never_allowed_is_counted() -> None:
    found = made(project(POLICIES), usage_of(*ALL_USED, "ann delete doc"))
    assert (found.replayed, found.never_allowed) == (7, 1)


def on_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Excerpt, "of", lambda _self, policy_set: policy_set)


@given(st.sets(st.sampled_from(ALL_USED)), st.booleans())
@settings(deadline=None, max_examples=15)
def test_a_change_is_proved_on_what_it_touches_as_on_the_whole(done: set[str], with_doubled: bool) -> None:
    found = []
    for whole in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if whole:
                on_the_whole(patch)
            found.append(made(project(POLICIES), usage_of(*sorted(done)), with_doubled=with_doubled))
    one, other = (
        ([(each.proposal, each.lost) for each in made.certified], made.rejected, made.left, made.elsewhere, text(made))
        for made in found
    )
    assert one == other


def test_what_a_part_does_not_show_is_found_on_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts in which nobody is prove everything; all changes together do not, and then each is tried on the whole."""
    monkeypatch.setattr(Excerpt, "of", lambda _self, policy_set: msgspec.structs.replace(policy_set, users=()))
    policies = project(POLICIES)
    (removal,) = (each for _, each in places(policies) if each.actions == (("doc", "modify"),))
    found = made(policies, usage_of(*ALL_USED), proposer=proposing(ProposedPart("modify", removal, ())))
    assert [each.objections for each in found.rejected] == [
        ("`ann` did modify on `doc` on 2026-11-20, and could not any more",)
    ]


PEOPLE = """resource doc { rep : user with role rep  optional note : text  actions view, modify }
role rep { grant view on doc }
role extra { role rep  grant modify on doc  may assign rep }
group desk { role rep  grant modify on doc }
job "J" { role rep }
role robot { grant view on doc }
integration sync { role robot  objects doc  mirror role extra }
user "ann" in desk job "J" { assign role extra }
user "ben" { assign role extra  assign role rep }
review role rep every 90 days
invariant "only reps" { only users with role rep can modify doc where { rep is assigned user } }
"""


def test_a_part_is_a_policy_set() -> None:
    """Whatever is taken out, what is left refers to nothing that is gone, and everybody in it has what they had."""
    policy_set = project(PEOPLE).ir
    assert policy_set is not None
    world = World(policy_set, NOW)
    analysis = UsageAnalysis(world, usage_of("ann view doc"))
    excerpts = Excerpts(analysis, Replay(policy_set, analysis.usage))
    for _, removal in places(project(PEOPLE)):
        part = Index(excerpts.touched([removal]).of(policy_set))
        for user in part.users:
            assert list(holdings(part, user, NOW)) == list(holdings(world.index, user, NOW))
            assert profile(part, user, NOW) == profile(world.index, user, NOW)
        assert all(ref.name in part.roles for each in part.roles.values() for ref in (*each.roles, *each.may_assign))


# --- the second path: enumeration ------------------------------------------------------------------------------

SMALL = """\
resource doc { level : int  actions view, modify }
resource archive { action view requires view on doc }
policy low on doc { level < 2 }
role clerk { grant view, modify on doc  policy low for view }
role boss { grant view on doc }
role reader { grant view on archive  grant view on doc }
group desk { grant modify on doc }
user "ann" in desk { assign role clerk }
user "ben" { assign role boss  assign role clerk }
user "cy" in desk { assign role reader }
"""
_RECORDS: tuple[dict[str, int], ...] = ({}, {"level": 1}, {"level": 2})
_REQUESTS = [
    (user, action, resource)
    for user in ("ann", "ben", "cy")
    for action, resource in (("view", "doc"), ("modify", "doc"), ("view", "archive"))
]


def keeps(before: ir.PolicySet, after: ir.PolicySet, done: Iterable[tuple[str, str, str]]) -> bool:
    """By the reference: whatever was done on any record on which it was allowed still is."""
    one, other = Index(before), Index(after)
    return all(
        decide(other, *request, record, now=YESTERDAY).allowed
        for request in done
        for record in _RECORDS
        if decide(one, *request, record, now=YESTERDAY).allowed
    )


@given(st.sets(st.sampled_from(_REQUESTS), min_size=1))
@settings(deadline=None, max_examples=25)
def test_all_that_was_done_is_still_allowed_and_nothing_more_can_go(done: set[tuple[str, str, str]]) -> None:
    policies = project(SMALL)
    assert policies.ir is not None
    index = Index(policies.ir)
    done = {each for each in done if any(decide(index, *each, record, now=YESTERDAY).allowed for record in _RECORDS)}
    usage = usage_of(*(" ".join(each) for each in sorted(done)))
    found = made(policies, usage, with_doubled=True)
    after = found.after.ir
    assert after is not None
    assert found.rejected == ()
    assert keeps(policies.ir, after, done)
    removals = [removal for _, removal in places(found.after) if done and not _is_empty(after, removal)]
    for count in (1, 2):
        for some in itertools.combinations(removals, count):
            assert not keeps(policies.ir, without(after, some), done), (some, text(found))


def _is_empty(policy_set: ir.PolicySet, removal: Removal) -> bool:
    """Whether it gives somebody a role that grants nothing any more."""
    index = Index(policy_set)
    given = [
        holding.source
        for user in index.users
        for holding in holdings(index, user, NOW)
        if removal.kind != "grant" and holding.at[0] == removal.at
    ]
    return bool(given) and not any(bundle.grants for source in given for bundle in inside(index, source))


@given(st.sets(st.sampled_from(_REQUESTS)), st.integers(0, 30))
@settings(deadline=None, max_examples=40)
def test_the_replay_agrees_with_the_reference(done: set[tuple[str, str, str]], which: int) -> None:
    """For every single removal."""
    policies = project(SMALL)
    assert policies.ir is not None
    removals = [removal for _, removal in places(policies)]
    after = without(policies.ir, [removals[which % len(removals)]])
    usage = usage_of(*(" ".join(each) for each in sorted(done)))
    assert (not list(Replay(policies.ir, usage).lost(after))) == keeps(policies.ir, after, done)


@given(st.integers(0, 30))
@settings(deadline=None, max_examples=20)
def test_the_sources_say_what_was_meant_to_be_taken_out(which: int) -> None:
    policies = project(SMALL)
    assert policies.ir is not None
    removals = [removal for _, removal in places(policies)]
    removal = removals[which % len(removals)]
    (source,) = policies.sources.sources
    texts = apply(Written(policies.files).edits([removal]), {source.name: source})
    written = project(texts[source.name]).ir
    assert written is not None
    meant = msgspec.structs.replace(without(policies.ir, [removal]), digest=written.digest)
    assert without_places(written) == without_places(meant)
