"""What findings say of every record, what of complete ones only, and that fixes rely on the former alone."""

from __future__ import annotations

import pytest

from policylang.check.engine import run_checks
from policylang.source import Location
from tests.check.fixing import NOW, mended, text_of
from tests.helpers import compiled

HEAD = """\
request { ip : ip }
subject { reach : text }
resource doc { status : one of open, closed  owner : user  optional note : text  actions view, delete }
scope site
place site "S"
resource box { site : site  from : site  actions view }
"""


def found(text: str, code: str) -> list[tuple[int, bool]]:
    """The lines of findings, and whether they are about complete records only."""
    findings = run_checks(compiled(HEAD + text), NOW, [code])
    assert all(each.complete_only == each.message.startswith("for complete records, ") for each in findings)
    return [(Location.parse(each.at).line - HEAD.count("\n"), each.complete_only) for each in findings]


@pytest.mark.parametrize(
    ("code", "text", "complete_only"),
    [
        ("PL202", "policy p on doc { status is present }", True),
        ("PL202", "policy p on doc { status in [open, closed] }", True),
        ("PL203", "policy p on doc { status is missing }", True),
        ("PL203", "policy p on doc { status is missing and status is open }", False),
        ("PL203", "policy p on doc { request.ip is missing }", None),
        ("PL203", "policy p on doc { assigned user.reach is missing }", None),
        ("PL203", 'policy p on doc { assigned user is "nobody yet" }', None),
        ("PL206", "deny delete on doc { status is missing }  role r { grant view on doc  grant delete on doc }", True),
        ("PL206", "role q { deny delete on doc }  role r { grant view on doc }", False),
        ("PL206", "role q { deny delete on doc }  role r { grant delete on doc }", None),
        # A box whose own place is none is nobody's; where it came from may be anything.
        ("PL202", 'policy p on box { site is missing or site is "S" or site is not "S" }', False),
        ("PL202", 'policy p on box { from is missing or from is "S" or from is not "S" }', True),
        ("PL205", "role r { grant delete on doc  deny delete on doc { status in [open, closed] } }", False),
        ("PL402", "role r { grant delete on doc  policy q }  policy q on doc { status is present }", True),
        (
            "PL402",
            "role r { grant delete on doc  policy q }  policy q on doc { status is present or status is missing }",
            True,
        ),
        ("PL402", "role r { grant delete on doc }", False),
        ("PL402", "role r { grant delete on doc  deny delete on doc { status is missing } }", True),
        ("PL402", "role r { grant delete on doc  deny delete on doc { note is missing } }", None),
        (
            "PL402",
            'user "u" { grant delete on doc  append policy q on doc }  policy q on doc { status is present }',
            True,
        ),
        ("PL213", "policy p on doc { status is open }  policy q on doc { not (status is closed) }", False),
    ],
)
def test_who_a_claim_is_about(code: str, text: str, complete_only: bool | None) -> None:
    assert found(text.replace("  role", "\nrole").replace("  policy q", "\npolicy q"), code) == (
        [] if complete_only is None else [(2 if code == "PL213" else 1, complete_only)]
    )


@pytest.mark.parametrize("names", ["pq", "qp"])
def test_claims_of_two_places_are_told_apart(names: str) -> None:
    text = "".join(
        f'policy {name} on box {{ {place} is missing or {place} is "S" or {place} is not "S" }}\n'
        for name, place in zip(names, ("site", "from"), strict=True)
    )
    assert found(text, "PL202") == [(1, False), (2, True)]


def test_together_grants_may_reach_all_complete_records() -> None:
    text = """
role open_ { grant delete on doc  policy p }
role closed_ { grant delete on doc  policy q }
role both { role open_, closed_ }
policy p on doc { status is open }
policy q on doc { status is closed }
"""
    assert found(text, "PL402") == [(3, True)]


KEPT = {
    "a role that only denies, to be given on top of others": """
        role clerk { grant view, delete on doc }
        role quarantine { deny delete on doc }
        user "ann" { assign role clerk }""",
    "denies of records that lack something": """
        policy whole on doc { status is present }
        role clerk { grant view, delete on doc  policy whole for view }
        user "ann" { assign role clerk }
        deny delete on doc { status is missing }
        deny delete on doc { not (status is open or status is closed) }""",
    "a deny of requests that lack something": """
        policy offline on doc { request.ip is missing }
        role clerk { grant view, delete on doc  policy offline for view }
        user "ann" { assign role clerk }
        deny delete on doc { request.ip is missing }""",
    "a limit that only a record without it can tell from the other": """
        policy own on doc { owner is assigned user }
        policy whole on doc { owner is assigned user and status is present }
        role clerk { grant view on doc  policy own  policy whole }
        user "ann" { assign role clerk }""",
    "a limit that names one user and asks for an attribute of another": """
        policy named on doc { note is "x" }
        policy some on doc { note is present and (assigned user is "dana" or assigned user.reach is present) }
        role clerk { grant view on doc  policy named  policy some }
        user "dana" { assign role clerk }
        user "kim" { reach : "north"  assign role clerk }
        user "milo" { assign role clerk }""",
    "a limit that names a user whom nobody has declared": """
        policy named on doc { note is "x" }
        policy others on doc { note is present and assigned user is not "zoe" }
        role clerk { grant view on doc  policy named  policy others }
        user "dana" { assign role clerk }""",
    "an append that matters once another role is given": """
        policy own on doc { owner is assigned user }
        role clerk { grant view on doc  policy own }
        role reader { grant view on doc }
        user "ann" { assign role clerk  append policy own on doc }""",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_what_no_fix_takes_out(text: str) -> None:
    assert text_of(mended(HEAD + text)) == HEAD + text


def test_a_deny_of_every_attribute_leaves_the_action_open() -> None:
    """`decide` allows it, and covers nothing: that is what is said."""
    text = HEAD + "role r { grant view on doc (status)  deny view on doc (status) }"
    (finding,) = run_checks(compiled(text), NOW, ["PL205"])
    assert finding.message == "view on `doc` is granted, and denied on every attribute that the grant covers"


def test_an_invariant_is_refuted_by_an_incomplete_record_that_it_names() -> None:
    text = (
        HEAD
        + """
        policy own on doc { owner is assigned user or owner is missing }
        role rep { grant view on doc  policy own }
        user "ann" { assign role rep }
        invariant "no owner" { no user can view doc where { owner is missing } }"""
    )
    (finding,) = run_checks(compiled(text), NOW, ["PL601"])
    assert finding.message.startswith(
        "`no owner` does not hold for incomplete records: `ann` can view a `doc` without `owner`"
    )
    (shown,) = finding.shown
    assert "owner" not in shown.witness.record
    assert run_checks(compiled(text.replace(" or owner is missing }", " }", 1)), NOW, ["PL601", "PL602"]) == []


def test_an_invariant_is_not_proved_for_users_whom_a_condition_names() -> None:
    text = (
        HEAD
        + """
        policy some on doc { assigned user is "zoe" }
        role rep { grant view on doc  policy some }
        user "ann" { assign role rep }
        invariant "none" { no user with role rep can view doc }"""
    )
    (finding,) = run_checks(compiled(text), NOW, ["PL601", "PL602"])
    assert finding.message == "`none` is not proved for `zoe`, if given just role `rep`"


def test_an_invariant_is_refuted_by_a_user_whom_a_list_names() -> None:
    """Of the users who may be written into a record, those are not like the others."""
    text = """
        resource doc { owner : user with role rep  actions create }
        policy some on doc { owner in ["yan", "zed"] }
        role rep
        role maker { grant create on doc  policy some }
        user "amy" { assign role rep }
        user "zed" { assign role rep }
        user "mae" { assign role maker }
        invariant "none" { no user can create doc }"""
    (finding,) = run_checks(compiled(text), NOW, ["PL601", "PL602"])
    assert finding.code == "PL601"
    assert [shown.witness.record for shown in finding.shown] == [{"owner": "zed"}]
