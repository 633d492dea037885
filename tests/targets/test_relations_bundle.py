"""What OpenFGA and SpiceDB refuse, and what is in their bundles."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from policylang.pipelines.compile import compile_for
from policylang.runtime.index import Index
from policylang.targets import NAMES, find_target
from policylang.targets.relations.objects import EVERYBODY, Tuple
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.request import question
from policylang.targets.relations.validity import validity
from policylang.targets.target import Input, TargetBundle
from tests.helpers import compiled, marked
from tests.targets.differential import NOW
from tests.targets.relations_session import ENGINES

WORLD = """\
subject { department : text  optional hired : datetime }
request { on_behalf : user }
resource office { name : text  actions view }
resource customer {
  name : text
  other : text
  owner : user
  fee : money
  length : duration
  created : datetime
  optional office : office
  optional before : office
  actions view
}
group g { grant view on customer }
user "ann" in g
"""
REFUSED = [
    "deny view on customer { fee > 3 }  #! PL801",
    "deny view on customer { length < 3 days }  #! PL801",
    "deny view on customer { created within length }  #! PL801 PL801",
    'deny view on customer { name starts with "a" }  #! PL801',
    'deny view on customer { name contains "a" or name ends with "b" }  #! PL801 PL801',
    "deny view on customer { name is other }  #! PL801",
    "deny view on customer { office is before }  #! PL801 PL801",
    "deny view on customer { not (name is assigned user.department) }  #! PL801",
    "deny view on customer { assigned user.hired within 3 days }  #! PL801",
    "deny view on customer { owner.hired within 3 days }  #! PL801",
    "deny view on customer { owner.department is assigned user.department }  #! PL801",
    "deny view on customer { request.on_behalf is assigned user }  #! PL801",
    "deny view on customer { request.on_behalf is owner }  #! PL801",
    "deny view on customer { created within 900 years }  #! PL801",
    "policy p on customer { name is other }  #! PL801\nrole r { policy p }",
    'policy p on customer { name is other }  #! PL801\nuser "u" { append policy p }',
    'policy p on customer { name is other }  #! PL801\nuser "u" in g { override policy p }',
    'role r user "u" { assign role r until 2026-01-31 }  #! PL802',
]


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("text", REFUSED)
def test_refused(target: str, text: str) -> None:
    found = compile_for(find_target(target), Input(compiled(WORLD + text)))
    assert not isinstance(found, TargetBundle)
    assert [(each.location.line, each.code) for each in found] == marked(WORLD + text)
    assert all(each.help for each in found)


def _deep(count: int) -> str:
    kinds = " contains ".join(f"k{n}" for n in range(count))
    places = [f'place k{n} "p{n}"' + (f' in "p{n - 1}"' if n else "") for n in range(count)]
    return "\n".join((f"scope {kinds}", *places))


def _many(count: int) -> str:
    return "\n".join(f'deny view on customer {{ name is "{n}" }}' for n in range(count))


LIMITS = {
    "openfga": [
        (_deep(18), _deep(19), "OpenFGA follows 18 places inside each other, not 19"),
        (f'user "{"x" * 110}"', f'user "{"x" * 111}"', "OpenFGA holds ids of 110 characters"),
        (f'user "{"." * 36}"', f'user "{"." * 37}"', "OpenFGA holds ids of 110 characters"),
        (_many(25), _many(26), "OpenFGA takes 25 conditions, this is one more"),
        (
            f'deny view on customer {{ name is "{"x" * 400}" }}',
            f'deny view on customer {{ name is "{"x" * 500}" }}',
            "OpenFGA takes conditions of 512 bytes",
        ),
        (
            "\n".join(f"resource r{n} {{ actions view }}" for n in range(94)),
            "\n".join(f"resource r{n} {{ actions view }}" for n in range(95)),
            "OpenFGA has 96 types for resources, there are 97",
        ),
    ],
    "spicedb": [
        (_deep(40), _deep(41), "SpiceDB follows 40 places inside each other, not 41"),
        (f'user "{"x" * 500}"', f'user "{"x" * 501}"', "SpiceDB holds ids of 500 characters"),
    ],
}


def test_a_long_list_is_to_be_shortened() -> None:
    """It is cut into more conditions than there may be: a policy set of its own would not help."""
    listed = ", ".join(f'"number {n}"' for n in range(1000))
    text = f"resource customer {{ name : text actions view }} deny view on customer {{ name in [{listed}] }}"
    (found,) = compile_for(find_target("openfga"), Input(compiled(text)))
    assert found.message == "OpenFGA takes 25 conditions, this is one more"
    assert found.help is not None
    assert found.help.startswith("list fewer values")


@pytest.mark.parametrize(
    ("target", "fits", "exceeds", "said"), [(target, *each) for target, those in LIMITS.items() for each in those]
)
def test_limits(target: str, fits: str, exceeds: str, said: str) -> None:
    """What just fits is taken by the engine, and one more is refused before it comes to that."""
    policy_set = compiled(WORLD + fits)
    bundle = compile_for(find_target(target), Input(policy_set))
    assert isinstance(bundle, TargetBundle)
    asked = question(RelationPlan(Index(policy_set), None), "ann", "view", "customer", {"name": "other"}, now=NOW)
    assert ENGINES[target](bundle, asked.tuples, [(each, asked.context) for each in asked.checks]) == [True]
    found = compile_for(find_target(target), Input(compiled(WORLD + exceeds)))
    assert not isinstance(found, TargetBundle)
    assert {each.code for each in found} == {"PL803"}
    assert found[0].message.startswith(said)


# --- context -------------------------------------------------------------------------------------------------

RECENT = """\
resource customer { name : text  created : datetime  actions view, delete }
policy recent on customer { created within 30 days }
group g { grant view, delete on customer policy recent for view }
user "ann" in g
deny delete on customer { created within 30 days }
"""
RECORD = {"name": "x", "created": "2026-11-20T00:00:00Z"}
OLD = {"name": "x", "created": "2026-01-01T00:00:00Z"}


def _asked(target: str, action: str, record: object, context: dict[str, object] | None) -> list[bool]:
    policy_set = compiled(RECENT)
    bundle = compile_for(find_target(target), Input(policy_set))
    assert isinstance(bundle, TargetBundle)
    asked = question(RelationPlan(Index(policy_set), None), "ann", action, "customer", record, now=NOW)
    given = {**asked.context, **context} if context is not None else {}
    return list(ENGINES[target](bundle, asked.tuples, [(each, given) for each in asked.checks]))


@pytest.mark.parametrize("target", ENGINES)
def test_context_that_is_missing_is_never_a_yes(target: str) -> None:
    for action, record in (("view", RECORD), ("delete", OLD)):
        assert _asked(target, action, record, {}) == [True]
        with pytest.raises(AssertionError, match="ever"):
            _asked(target, action, record, None)


@pytest.mark.parametrize("target", ENGINES)
def test_a_request_cannot_speak_for_a_record(target: str) -> None:
    """What is stored wins over what a request brings under the same name."""
    spoofed = {"record_created": "2026-11-20T00:00:00Z", "state_created": "known"}
    assert _asked(target, "view", OLD, spoofed) == [False]
    assert _asked(target, "delete", RECORD, {**spoofed, "record_created": "2020-01-01T00:00:00Z"}) == [False]


# --- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ENGINES)
def test_the_same_bytes_again(target: str) -> None:
    first, second = (compile_for(find_target(target), Input(compiled(RECENT))) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("target", ENGINES)
def test_every_clause_leads_home(target: str) -> None:
    bundle = compile_for(find_target(target), Input(compiled(RECENT)))
    assert isinstance(bundle, TargetBundle)
    clauses = json.loads(bundle.files["sourcemap.json"])["clauses"]
    model, data = ("model.fga", "tuples.json") if target == "openfga" else ("schema.zed", "relationships.txt")
    text = bundle.files[model].decode()
    conditions = set(re.findall(r"^(?:condition|caveat) (\w+)\(", text, re.MULTILINE))
    actions = set(re.findall(r"(?:define|permission) (can_\w+)", text))
    assert {name.rpartition("#")[2] for name in clauses[model]} == conditions | actions
    assert clauses[model]["when_recent"] == ["0.policy:2:1-2:53"]
    assert clauses[model]["record_customer#can_delete"] == ["0.policy:1:68-1:74", "0.policy:5:1-5:51"]
    count = len(json.loads(bundle.files[data]) if target == "openfga" else bundle.files[data].splitlines())
    assert len(clauses[data]) == count > 2


def test_names() -> None:
    """`names.json` says what the tuples and the context of `question` consist of."""
    policy_set = compiled(RECENT)
    plan = RelationPlan(Index(policy_set), None)
    for target in ENGINES:
        bundle = compile_for(find_target(target), Input(policy_set))
        assert isinstance(bundle, TargetBundle)
        names = json.loads(bundle.files["names.json"])
        made = question(plan, "ann", "view", "customer", RECORD, now=NOW)
        resource = names["resources"]["customer"]
        assert {each.relation for each in made.checks} == {resource["actions"]["view"]}
        assert set(made.context) == set(names["request"]) == {"now"}
        conditions = [each for each in made.tuples if each.condition]
        assert {each.relation: each.condition for each in conditions} == resource["conditions"]
        assert all(set(each.context) == set(names["conditions"][each.condition]) for each in conditions)
        assert conditions[0] == Tuple(
            "record_customer:record",
            "meets_recent",
            EVERYBODY,
            condition="when_recent",
            context={"record_created": "2026-11-20T00:00:00Z", "state_created": "known"},
        )


@pytest.mark.parametrize("target", ENGINES)
def test_the_readme_tells_the_truth(target: str) -> None:
    bundle = compile_for(find_target(target), Input(compiled(RECENT)))
    assert isinstance(bundle, TargetBundle)
    text = bundle.files["README.md"].decode()
    named = set(re.findall(r"`(\w+\.(?:json|fga|zed|txt|md|yaml|fga\.yaml))`", text))
    assert named | {"README.md", "sourcemap.json"} == set(bundle.files) | {"store.fga.yaml"} - (
        set() if target == "openfga" else {"store.fga.yaml"}
    )
    assert "`amy@example.test` is `amy=40example=2Etest`" in text
    assert "valid until the policies change" in text
    dated = f'{RECENT}role r user "u" {{ assign role r from 2026-11-01 until 2026-11-30 }}'
    frozen = compile_for(find_target(target), Input(compiled(dated), NOW))
    assert isinstance(frozen, TargetBundle)
    period = "**Valid from 2026-11-01T00:00:00Z until 2026-12-01T00:00:00Z, exclusive.**"
    assert period in frozen.files["README.md"].decode()


def test_both_are_targets() -> None:
    assert set(ENGINES) <= set(NAMES)


@pytest.mark.parametrize(
    ("zone", "dates", "now", "since", "until"),
    [
        ("UTC", "", "2026-01-05T00:00Z", None, None),
        ("UTC", "from 2026-01-05 until 2026-01-07", "2026-01-04T23:59Z", None, "2026-01-05T00:00Z"),
        ("UTC", "from 2026-01-05 until 2026-01-07", "2026-01-05T00:00Z", "2026-01-05T00:00Z", "2026-01-08T00:00Z"),
        ("UTC", "from 2026-01-05 until 2026-01-07", "2026-01-08T00:00Z", "2026-01-08T00:00Z", None),
        ("America/Denver", "from 2026-01-05", "2026-01-05T06:59Z", None, "2026-01-05T07:00Z"),
        ("America/Denver", "from 2026-01-05", "2026-01-05T07:00Z", "2026-01-05T07:00Z", None),
        ("UTC", "from 2026-01-05 20:00 until 2026-01-06 02:00", "2026-01-05T19:59Z", None, "2026-01-05T20:00Z"),
        ("UTC", "from 2026-01-05 20:00 until 2026-01-06 02:00", "2026-01-06T02:00Z", "2026-01-06T02:00Z", None),
        (
            "UTC",
            "from 2026-01-05 20:00 until 2026-01-06 02:00",
            "2026-01-05T20:00Z",
            "2026-01-05T20:00Z",
            "2026-01-06T02:00Z",
        ),
        # In Beirut 2026-03-29 begins at 01:00, in Havana 2024-11-03 had two midnights: never too long.
        ("Asia/Beirut", "from 2026-03-29", "2026-03-29T12:00Z", "2026-03-28T22:00Z", None),
        ("Asia/Beirut", "from 2026-03-29", "2026-03-28T12:00Z", None, "2026-03-28T21:00Z"),
        ("America/Havana", "from 2024-11-03", "2024-11-03T12:00Z", "2024-11-03T05:00Z", None),
        ("America/Havana", "from 2024-11-03", "2024-11-02T12:00Z", None, "2024-11-03T04:00Z"),
    ],
)
def test_how_long_the_tuples_of_an_instant_hold(
    zone: str, dates: str, now: str, since: str | None, until: str | None
) -> None:
    text = f'timezone "{zone}"\nrole reader\nuser "ann" {{ assign role reader {dates} }}\n'
    found = validity(Index(compiled(text)), datetime.datetime.fromisoformat(now))
    assert found == tuple(each and datetime.datetime.fromisoformat(each) for each in (since, until))
