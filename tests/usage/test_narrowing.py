"""Grants limited to the records that were asked about, and the proof that catches too much or too little."""

from __future__ import annotations

import datetime
import gzip
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.decisionlog.entry import FORMAT, LoggedDecision, encode
from policylang.ir import nodes as ir
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.settings.usage import UsageSettings
from policylang.usage.family import FamilyMember, smallest
from policylang.usage.narrowing import AT_LEAST, narrowings
from policylang.usage.proposals import NOTHING, Keep, ProposedChange, read_keep
from policylang.usage.read import LogReading, read_usage
from policylang.usage.rightsize import Narrow, Rightsized, rightsize
from policylang.usage.written import AttachedPolicy
from tests.helpers import compiled, project
from tests.usage.helpers import NOW

POLICIES = """\
scope site
place site "HQ"
place site "Lab"
place site "Shop"
resource doc {
  owner : user
  made : datetime
  state : one of open, held, shut
  secret : bool
  at : site
  optional note : text
  actions view, modify
}
role clerk {
  grant view, modify on doc  # all day
}
role boss { grant view on doc }
user "ann" { assign role clerk }
user "ben" { assign role boss }
"""


FREE = "bypasses policies"


def entry(
    user: str, action: str, days: int, record: dict[str, Any], *, allowed: bool = True, **more: Any
) -> LoggedDecision:
    """A decision so many days ago."""
    time = (NOW - datetime.timedelta(days=days)).isoformat().replace("+00:00", "Z")
    number = f"{user} {action} {days} {record}"
    return LoggedDecision(
        FORMAT, time, number, "sha256:0", user, action, "doc", allowed, (), 9, time, record=record, **more
    )


def doc(days: int, owner: str = "ann", age: int = 3, state: str = "open", at: str = "HQ") -> dict[str, Any]:
    """A record that was ``age`` days old so many days ago."""
    made = (NOW - datetime.timedelta(days=days + age)).isoformat()
    return {"owner": owner, "made": made, "state": state, "secret": False, "at": at}


USUAL = [
    *(
        entry("ann", "view", n, doc(n, age=n % 28, state=("open", "held")[n % 2], at=("HQ", "Lab")[n % 2]))
        for n in range(120)
    ),
    *(entry("ann", "modify", n, doc(n), changes={"note": "x"}) for n in range(30)),
    *(
        entry(
            "ben",
            "view",
            n,
            doc(n, ("ann", "zoe")[n % 2], n * 3, ("open", "held", "shut")[n % 3], ("HQ", "Lab", "Shop")[n % 3])
            | {"secret": n % 2 == 0},
        )
        for n in range(120)
    ),
]


def read(
    folder: Path, policies: Project, entries: Iterable[LoggedDecision], config: UsageSettings | None = None
) -> LogReading:
    assert policies.ir is not None, policies.diagnostics
    (folder / "decisions.jsonl").write_bytes(b"".join(encode(each) + b"\n" for each in entries))
    return read_usage([str(folder / "decisions.jsonl")], Index(policies.ir), settings=config)


def made(
    folder: Path,
    entries: Iterable[LoggedDecision] = USUAL,
    text: str = POLICIES,
    keep: Keep = NOTHING,
    narrower: Narrow = narrowings,
    config: UsageSettings | None = None,
) -> Rightsized:
    policies = project(text)
    return rightsize(policies, read(folder, policies, entries, config), NOW, keep, narrower=narrower)


def limits(found: Rightsized) -> list[str]:
    return [part.what for each in found.certified for part in each.proposal.parts]


def test_nothing_is_limited_where_the_log_is_not_plain(tmp_path: Path) -> None:
    policies = project(POLICIES)
    reading = read(tmp_path, policies, USUAL)
    (one, *_) = (use for use in reading.usage.uses if (use.user, use.action) == ("ann", "modify"))
    usage = msgspec.structs.replace(reading.usage, unclear=(one,))
    found = rightsize(policies, msgspec.structs.replace(reading, usage=usage), NOW)
    assert [each for each in limits(found) if each.startswith(("modify", "view, modify"))] == []
    assert "view on `doc` of role `clerk`: only where assigned user is owner" in limits(found)


def test_what_was_planted_is_found_and_nothing_else(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert limits(found) == [
        "view on `doc` of role `boss`: only where made within 365 days",
        "view, modify on `doc` of role `clerk`: only where assigned user is owner",
        "view on `doc` of role `clerk`: only where made within 30 days",
        "view on `doc` of role `clerk`: only where state in [held, open]",
        "view, modify on `doc` of role `clerk`: only where secret is false",
        'view on `doc` of role `clerk`: only where at in ["HQ", "Lab"]',
        "modify on `doc` of role `clerk`: only where made within 7 days",
        "modify on `doc` of role `clerk`: only where state is open",
        'modify on `doc` of role `clerk`: only where at is "HQ"',
    ]
    assert found.rejected == ()
    assert found.certified[1].lost == (
        "role `clerk` (`ann`) loses part of modify on `doc`",
        "role `clerk` (`ann`) loses part of view on `doc`",
    )
    assert {part.last for each in found.certified for part in each.proposal.parts} == {NOW.date()}
    after = found.after.sources.sources[0].text
    assert "  grant view, modify on doc  # all day\n  policy doc_at_hq for modify\n" in after
    assert "role boss { grant view on doc  policy doc_made_within_365_days }\n" in after
    assert "\npolicy doc_state_held_or_open on doc { state in [held, open] }\n" in after


def test_what_a_place_limits_already_is_not_limited_again(tmp_path: Path) -> None:
    wide = [each for each in USUAL if each.user == "ben"]
    old = {"at": "HQ", "made": "2020-01-01T00:00:00Z"}
    at_hq = [msgspec.structs.replace(each, record=each.record | old) for each in wide]
    limit = 'view on `doc` of role `boss`: only where at is "HQ"'
    assert limit in limits(made(tmp_path, at_hq))
    there = made(tmp_path, at_hq, POLICIES.replace("role boss }", 'role boss at site "HQ" }'))
    assert limit not in limits(there)
    assert there.rejected == ()


def test_a_log_that_does_not_say_the_record_narrows_nothing(tmp_path: Path) -> None:
    policies = project(POLICIES)
    whole = read(tmp_path, policies, USUAL)
    assert rightsize(policies, msgspec.structs.replace(whole, requests=()), NOW).certified == ()
    rows = "".join(f"ann,view,doc,{NOW.isoformat()}\n" for _ in range(3))
    (tmp_path / "more.csv").write_text(f"user,action,resource,time\n{rows}")
    assert policies.ir is not None
    mixed = read_usage([str(tmp_path / each) for each in ("decisions.jsonl", "more.csv")], Index(policies.ir))
    found = limits(rightsize(policies, mixed, NOW))
    assert found
    assert not any(each.startswith("view on `doc` of role `clerk`") for each in found)


def test_what_is_masked_is_not_known(tmp_path: Path) -> None:
    text = POLICIES.replace("role boss {", "policy mine on doc { assigned user is owner }\nrole boss { policy mine ")
    hidden = [msgspec.structs.replace(each, masked=("record.owner",)) for each in USUAL]
    assert len(read(tmp_path, project(text), USUAL).requests) == len(USUAL)
    assert read(tmp_path, project(text), hidden).requests == ()


def test_few_requests_show_no_habit(tmp_path: Path) -> None:
    old = entry("ann", "view", 200, doc(200, "zoe"), allowed=False)
    some = [entry("ann", "view", n, doc(n)) for n in range(AT_LEAST)]
    assert any("owner" in each for each in limits(made(tmp_path, [old, *some])))
    assert not any("owner" in each for each in limits(made(tmp_path, [old, *some[1:]])))


def test_a_change_counts_before_and_after(tmp_path: Path) -> None:
    moved = [entry("ann", "modify", n, doc(n), changes={"owner": "ben", "state": "held"}) for n in range(100)]
    found = limits(made(tmp_path, moved))
    assert "modify on `doc` of role `clerk`: only where state in [held, open]" in found
    assert not any("owner" in each for each in found)


def test_what_is_missing_or_no_value_fits_nothing(tmp_path: Path) -> None:
    usual = [entry("ann", "view", n, doc(n)) for n in range(100)]
    bare = entry("ann", "view", 5, {})
    assert any("owner" in each for each in limits(made(tmp_path, usual)))
    assert not any(": only where" in each for each in limits(made(tmp_path, [*usual, bare])))
    odd = entry("ann", "view", 5, doc(5, state="lost"))
    assert not any("state" in each for each in limits(made(tmp_path, [*usual, odd])))


@pytest.mark.parametrize("rule", ["role clerk", "resource doc"])
def test_what_is_kept(tmp_path: Path, rule: str) -> None:
    keep = read_keep([rule, "role boss"], Index(compiled(POLICIES)))
    assert made(tmp_path, keep=keep).certified == ()


@pytest.mark.parametrize(
    ("text", "config"),
    [
        (POLICIES, UsageSettings(break_glass=("clerk", "boss"))),
        (POLICIES, UsageSettings(days=300)),
        (POLICIES.replace("actions view, modify", f"action view {FREE}  action modify {FREE}"), None),
        (POLICIES.replace("user \"ann\" { assign role clerk }", 'user "ann" { grant view, modify on doc }').replace(
            'user "ben" { assign role boss }', 'user "ben" { grant view on doc }'), None),
    ],
)  # fmt: skip
def test_what_is_not_narrowed(tmp_path: Path, text: str, config: UsageSettings | None) -> None:
    assert not any(": only where" in each for each in limits(made(tmp_path, text=text, config=config)))


def test_a_policy_that_is_there_is_taken(tmp_path: Path) -> None:
    policy = "policy own on doc { assigned user is owner }\nrole other { grant view on doc  policy own }\n"
    policy += 'user "cy" { assign role other }\npolicy doc_secret_false on doc { secret is true }\n'
    after = made(tmp_path, text=POLICIES + policy, entries=[*USUAL, entry("cy", "view", 1, doc(1, "cy"))]).after
    text = after.sources.sources[0].text
    assert "policy own\n" in text
    assert "policy doc_owner_is_user" not in text
    assert "policy doc_secret_false_2 on doc { secret is false }" in text


def test_a_grant_that_is_limited_already_is_left(tmp_path: Path) -> None:
    text = POLICIES.replace("role boss {", "policy open on doc { state is open }\nrole boss {  policy open")
    entries = [entry("ben", "view", n, doc(n)) for n in range(100)]
    assert not any("boss" in each for each in limits(made(tmp_path, entries, text)))


# --- the proof -----------------------------------------------------------------------------------------------


def mutant(change: Callable[[ProposedChange], ProposedChange]) -> Narrow:
    return lambda *given: [change(each) for each in narrowings(*given) if each.name == "clerk"]


def _edited(change: Callable[[AttachedPolicy], AttachedPolicy]) -> Callable[[ProposedChange], ProposedChange]:
    def changed(proposal: ProposedChange) -> ProposedChange:
        parts = []
        for part in proposal.parts:
            assert isinstance(part.edit, AttachedPolicy)
            parts.append(msgspec.structs.replace(part, edit=change(part.edit)))
        return msgspec.structs.replace(proposal, parts=tuple(parts))

    return changed


def _replaced(old: str, new: str) -> Callable[[ProposedChange], ProposedChange]:
    """Other text, of which the proposal does not say that it is other."""

    def changed(each: AttachedPolicy) -> AttachedPolicy:
        return each if each.declare is None else msgspec.structs.replace(each, declare=each.declare.replace(old, new))

    return _edited(changed)


def _without(attribute: str) -> Callable[[ProposedChange], ProposedChange]:
    """Without a policy, and honest about it."""

    def changed(proposal: ProposedChange) -> ProposedChange:
        parts = tuple(part for part in proposal.parts if f" {attribute} " not in f"{part.what} ")
        narrowed = tuple(
            msgspec.structs.replace(each, members=tuple(m for m in each.members if m.attribute != attribute))
            for each in proposal.narrowed
        )
        return msgspec.structs.replace(proposal, parts=parts, narrowed=narrowed)

    return changed


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        (_replaced("within 30", "within 14"), "`ann` did view on `doc`"),
        (_replaced("[held, open]", "[open, shut]"), "`ann` did view on `doc`"),
        (_replaced("user is owner", "user is not owner"), "`ann` did "),
        (_replaced("within 30", "within 90"), "view on `doc` is not narrowed as the proposal says"),
        (_without("owner"), "view on `doc` could be narrower: assigned user is owner"),
        (_without("made"), "view on `doc` could be narrower: made within 365 days"),
        (_without("state"), "view on `doc` could be narrower: state in [held, open]"),
        (_without("secret"), "view on `doc` could be narrower: secret is false"),
        (_without("at"), 'view on `doc` could be narrower: at in ["HQ", "Lab"]'),
        (_edited(lambda each: msgspec.structs.replace(each, at="0.policy:99:1-99:2")), "no policy can be put at"),
        (_edited(lambda each: msgspec.structs.replace(each, attach="policy nothing")), "would not compile"),
        (
            _edited(lambda each: msgspec.structs.replace(each, attach="grant modify on doc (owner)")),
            "is not narrowed as the proposal says",
        ),
    ],
)
def test_a_narrowing_that_is_too_much_or_too_little_is_not_made(
    tmp_path: Path, change: Callable[[ProposedChange], ProposedChange], objection: str
) -> None:
    found = made(tmp_path, narrower=mutant(change))
    assert found.certified == ()
    (rejected,) = found.rejected
    assert any(objection in each for each in rejected.objections), rejected.objections


def test_the_reference_is_asked_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policylang.usage.requests.Decider.allows", lambda *_: True)
    found = made(tmp_path, narrower=mutant(_replaced("user is owner", "user is not owner")))
    assert any("the reference denies `ann`" in each for each in found.rejected[0].objections)


# --- the second path: enumeration ------------------------------------------------------------------------------

SMALL = """\
resource doc { owner : user  made : date  state : one of open, held, shut  actions view }
role clerk { grant view on doc }
user "ann" { assign role clerk }
"""
_OWNERS, _AGES, _STATES = ("ann", "ben"), (0, 1, 6, 40, 400), ("open", "held", "shut")
_CLAUSES = [
    ["", "assigned user is owner"],
    ["", *(f"made within {days} days" for days in (1, 7, 14, 30, 60, 90, 180, 365))],
    ["", *(f"state in [{', '.join(s)}]" for n in (1, 2) for s in itertools.combinations(_STATES, n))],
]
_FAMILY = [" and ".join(filter(None, some)) for some in itertools.product(*_CLAUSES)]
_ALL = list(itertools.product(_OWNERS, _AGES, _STATES))


def _record(owner: str, age: int, state: str) -> dict[str, Any]:
    return {"owner": owner, "made": str((NOW - datetime.timedelta(days=age)).date()), "state": state}


def _open_to(policy_set: ir.PolicySet) -> frozenset[tuple[str, int, str]]:
    """The records that the policies let through, by the reference."""
    index = Index(policy_set)
    return frozenset(each for each in _ALL if decide(index, "ann", "view", "doc", _record(*each), now=NOW).allowed)


_POSSIBLE = [
    _open_to(compiled(f"{SMALL.replace('on doc }', 'on doc  policy p }')}policy p on doc {{ {each} }}"))
    for each in _FAMILY
    if each
]


@given(st.sets(st.sampled_from(_ALL), min_size=1))
@settings(deadline=None, max_examples=12)
def test_nothing_smaller_of_the_family_would_do(
    tmp_path_factory: pytest.TempPathFactory, done: set[tuple[str, int, str]]
) -> None:
    entries = [entry("ann", "view", 0, _record(*each)) for each in sorted(done)] * -(-AT_LEAST // len(done))
    entries = [msgspec.structs.replace(each, request={"n": n}) for n, each in enumerate(entries)]
    old = entry("ann", "view", 200, {}, allowed=False)
    found = made(tmp_path_factory.mktemp("log"), [old, *entries], SMALL)
    assert found.rejected == ()
    assert found.after.ir is not None
    after = _open_to(found.after.ir)
    assert done <= after
    assert not any(done <= each < after for each in _POSSIBLE), found.after.sources.sources[0].text


def test_many_values_are_no_family() -> None:
    values = ", ".join(f"v{n}" for n in range(30))
    index = Index(compiled(f"resource doc {{ kind : one of {values}  actions view }}"))
    found: list[tuple[FamilyMember, ...]] = []
    from policylang.runtime.truth import Situation

    for count in (8, 9):
        asked = [(Situation(index, "ann", "doc", {"kind": f"v{n}"}, {}, NOW),) for n in range(count)]
        found.append(smallest(index, "doc", asked))
    assert [len(each) for each in found] == [1, 0]


def test_logs_that_are_packed(tmp_path: Path) -> None:
    policies = project(POLICIES)
    assert policies.ir is not None
    (tmp_path / "l.jsonl.gz").write_bytes(gzip.compress(b"".join(encode(each) + b"\n" for each in USUAL)))
    assert len(read_usage([str(tmp_path / "l.jsonl.gz")], Index(policies.ir)).requests) == len(USUAL)
