"""Documents with a right digest: they load and mean what sources could mean, or they are refused."""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from policylang.api.policy_set import PolicySet as Answering
from policylang.ir import LoadError, PolicySet, from_json, to_json
from policylang.model.types import EnumType, RecordType, SetType, Type
from tests.helpers import compiled
from tests.ir.test_codec import LISTING, WORKFORCE, redigested, refusal

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
SOURCE = """\
timezone "Europe/Paris"
scope region contains site
place region "North"
place site "HQ" in "North"
feature stock on
subject { level : int  tags : set of text }
request { ip : ip }
resource doc {
  title : text
  day : date
  at : datetime
  price : decimal
  state : one of draft, done
  site : site
  owner : user
  action view requires feature stock and superuser
}
policy fits(age: duration, kind: text) on doc for view {
  title is kind and day within 30 days and at older than age and price < 1.5 and state in [draft, done]
    and request.ip in "10.0.0.0/8" and not (owner is missing) and assigned user.tags contains "a"
    and assigned user.level in [1, 2]
    and title starts with "x"
}
role reader { grant view on doc  policy fits(2 hours, "x") for view }
user "kim" { level : 3  tags : ["a", "b"]  assign role reader at site "HQ" from 2026-01-01 until 2026-12-31 }
review role reader every 90 days
"""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(to_json(compiled(SOURCE)))
    return content


USER = {"kind": "user", "role": None}


def enum(*values: str) -> dict[str, Any]:
    return {"kind": "enum", "values": list(values)}


def conditions_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = content["policy_instances"][0]["condition"]["items"]
    return items


def hours(content: dict[str, Any], begins: str, ends: str, day: str = "2026-10-25") -> None:
    given = content["users"][0]["assignments"][0]
    given.update({"from": day, "from_time": begins, "until": day, "until_time": ends})


@pytest.mark.parametrize(
    ("begins", "ends", "day"), [("02:30", "02:30", "2026-10-25"), ("02:10", "02:50", "2026-03-29")]
)
def test_what_clocks_make_of_times_is_not_looked_at(document: dict[str, Any], begins: str, ends: str, day: str) -> None:
    """An hour that comes twice, and one that the clocks skip: with other data of time zones it may be another one."""
    content = json.loads(json.dumps(document))
    hours(content, begins, ends, day)
    assert from_json(redigested(content)).users[0].assignments[0].until_time == ends


def test_hours_are_no_days() -> None:
    policy = "policy p on d { now is between 22:00 and 00:00 }"
    policy_set = compiled(f"resource d {{ actions view }}  {policy}  role r {{ grant view on d  policy p }}")
    assert from_json(to_json(policy_set)) == policy_set


@pytest.mark.parametrize(
    ("attribute", "parameter", "given", "value", "allowed"),
    [
        ("money", "int", "5", "5.00", True),
        ("int", "decimal", "5.5", 5, False),
        ("int", "money", "5.0", 5, True),
        ("one of x, y", "one of y, z", "y", "y", True),
        ("one of x, y", "one of y, z", "z", "y", False),
    ],
)
def test_choices_of_parameters_of_another_type_load(
    attribute: str, parameter: str, given: str, value: object, allowed: bool
) -> None:
    other = "x" if "x" in attribute else "7"
    policy_set = compiled(
        f'resource doc {{ n : {attribute} actions view }} user "kim" {{ assign role reader }}'
        f"policy among(k: {parameter}) on doc {{ n in [k, {other}] }}"
        f"role reader {{ grant view on doc  policy among({given}) on doc }}"
    )
    loaded = Answering(from_json(to_json(policy_set)))
    assert loaded.decide("kim", "view", "doc", {"n": value}, now=NOW).allowed is allowed


def test_the_document_itself_loads(document: dict[str, Any]) -> None:
    assert from_json(redigested(document)) == compiled(SOURCE)


EDITS: dict[str, Any] = {
    "zone": lambda d: d.update(timezone="Mars/Base"),
    "zone outside": lambda d: d.update(timezone="../../../../../etc/localtime"),
    "zone of a folder": lambda d: d.update(timezone="Europe"),
    "zone by a detour": lambda d: d.update(timezone="Europe/../Europe/Paris"),
    "no zone": lambda d: d.update(timezone=""),
    "path": lambda d: conditions_of(d)[0]["left"].update(steps=["nope"]),
    "path through a value": lambda d: conditions_of(d)[0]["left"].update(steps=["title", "title"]),
    "path from nowhere": lambda d: conditions_of(d)[0]["left"].update(steps=[]),
    "path into the request": lambda d: conditions_of(d)[0]["left"].update(root="request"),
    "type of a path": lambda d: conditions_of(d)[0]["left"].update(type={"kind": "int"}),
    "types that do not compare": lambda d: conditions_of(d)[0]["right"].update(type={"kind": "int"}, value=3),
    "order of texts": lambda d: conditions_of(d)[0].update(test="lt"),
    "value of another type": lambda d: conditions_of(d)[0]["right"].update(value=3),
    "time of a text": lambda d: conditions_of(d)[1].update(operand=conditions_of(d)[0]["left"]),
    "hours of a day": lambda d: conditions_of(d)[1]["duration"]["value"].update(unit="minutes"),
    "long duration": lambda d: conditions_of(d)[2]["duration"]["value"].update(amount=2**53 - 1),
    "number with zeros": lambda d: conditions_of(d)[3]["right"].update(value="1.50"),
    "number with an exponent": lambda d: conditions_of(d)[3]["right"].update(value="1e999999999"),
    "no choices": lambda d: conditions_of(d)[4].update(values=[]),
    "choices twice": lambda d: conditions_of(d)[4].update(values=["done", "done"]),
    "unknown choice": lambda d: conditions_of(d)[4].update(values=["done", "gone"]),
    "network": lambda d: conditions_of(d)[5].update(network="10.0.0.1/8"),
    "network of text": lambda d: conditions_of(d)[5].update(network="localhost"),
    "missing user": lambda d: conditions_of(d)[6]["item"]["operand"].update(
        root="subject", steps=[], type={"kind": "user", "role": None}
    ),
    "item of another type": lambda d: conditions_of(d)[7]["item"].update(type={"kind": "int"}, value=3),
    "text test of a number": lambda d: conditions_of(d)[9].update(operand=conditions_of(d)[3]["left"]),
    "condition without parts": lambda d: d["policy_instances"][0]["condition"].update(items=[]),
    "arguments": lambda d: d["policy_instances"][0].update(arguments=[]),
    "argument type": lambda d: d["policy_instances"][0]["arguments"][1].update(type=USER),
    "limit for unknown actions": lambda d: d["roles"][0]["limits"][0].update(actions=["erase"]),
    "values of an attribute": lambda d: d["users"][0]["attributes"][0].update(values=[]),
    "value of an attribute": lambda d: d["users"][0]["attributes"][0]["values"][0].update(value="3"),
    "attribute twice": lambda d: d["users"][0]["attributes"].append(d["users"][0]["attributes"][0]),
    "two attributes of a name": lambda d: d["resources"][0]["attributes"].append(d["resources"][0]["attributes"][0]),
    "two actions of a name": lambda d: d["resources"][0]["actions"].append(d["resources"][0]["actions"][0]),
    "place of records": lambda d: d["resources"][0].update(place="title"),
    "place in a smaller one": lambda d: d["places"][1].update(parent="HQ", kind="region"),
    "nothing required": lambda d: d["resources"][0]["actions"][0]["requires"].update(items=[]),
    "no way to hand out": lambda d: d["resources"][0]["actions"][0].update(assignable_via=[]),
    "day": lambda d: d["users"][0]["assignments"][0].update({"from": "2026-02-31"}),
    "days the wrong way": lambda d: d["users"][0]["assignments"][0].update(until="2025-01-01"),
    "times the wrong way": lambda d: hours(d, "03:00", "02:59"),
    "review always": lambda d: d["reviews"][0]["every"].update(amount=0),
    "grant of nothing": lambda d: d["roles"][0]["grants"][0].update(actions=[]),
    "line 0": lambda d: d["roles"][0].update(at="0.policy:0:1-1:2"),
    "end before the beginning": lambda d: d["roles"][0].update(at="0.policy:2:1-1:2"),
    "line without end": lambda d: d["roles"][0].update(at=f"0.policy:{'9' * 5000}:1-1:2"),
    "absolute path": lambda d: d["roles"][0].update(at="/etc/passwd:1:1-1:2"),
    "path with a line break": lambda d: d["sources"].append("a\n::error::b"),
    "name that is code": lambda d: d["roles"].append({**d["roles"][0], "name": 'x"; drop table users; --'}),
    "attribute that is code": lambda d: d["subject"].append({**d["subject"][0], "name": "a b"}),
    "value that is code": lambda d: d["request"].append({**d["request"][0], "name": "e", "type": enum("a'")}),
    "enum without values": lambda d: d["request"].append({**d["request"][0], "name": "e", "type": enum()}),
    "parameter of an unknown role": lambda d: d["policies"][0]["parameters"][0].update(
        type={"kind": "user", "role": "x"}
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_no_sources_say_is_refused(document: dict[str, Any], what: str) -> None:
    content = json.loads(json.dumps(document))
    EDITS[what](content)
    assert content != document
    assert "mistake" not in refusal(redigested(content))


def test_conditions_without_end_are_refused(document: dict[str, Any]) -> None:
    content = json.loads(json.dumps(document))
    at = "0.policy:1:1-1:2"
    instance = content["policy_instances"][0]
    for _ in range(200):
        instance["condition"] = {
            "op": "and",
            "items": [{"op": "not", "item": instance["condition"], "at": at}],
            "at": at,
        }
    assert "nested too deeply" in refusal(redigested(content))


# --- anything changed anywhere -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SOURCE, LISTING, WORKFORCE], ids=["small", "listing", "workforce"])
def test_a_changed_document_is_refused_or_decides(text: str) -> None:
    """Whatever stands in one place: nothing but documented errors."""
    rng = random.Random(11)
    document = json.loads(to_json(compiled(text)))
    every = [(way, value) for way, value in parts(document) if way and way[-1] != "at"]
    words = [value for _way, value in every if isinstance(value, str)]
    for _ in range(150):
        way, value = rng.choice(every)
        content = json.loads(json.dumps(document))
        inside = content
        for step in way[:-1]:
            inside = inside[step]
        inside[way[-1]] = rng.choice(others(value, words, rng))
        try:
            policy_set = from_json(redigested(content))
        except LoadError:
            continue
        ask(policy_set, rng)


def parts(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield way, value
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from parts(inner, (*way, step))


def others(value: Any, words: list[str], rng: random.Random) -> list[Any]:
    match value:
        case bool():
            return [not value]
        case int():
            return [0, 1, -1, 2**53 - 1, value + 1]
        case str():
            return ["", "nope", "../x", f"{value}x", "a\nb", rng.choice(words), rng.choice(words)]
        case list():
            return [[], value[::-1], [*value, *value[:1]]]
        case _:
            return [None, rng.choice(words)]


def ask(policy_set: PolicySet, rng: random.Random) -> None:
    asked = Answering(policy_set)
    request = {each.name: sample(each.type) for each in policy_set.request}
    users = [*(user.id for user in policy_set.users), *(each.name for each in policy_set.integrations), "nobody"]
    for resource in policy_set.resources:
        for action in rng.sample(resource.actions, min(1, len(resource.actions))):
            user = rng.choice(users)
            for record in ({}, {each.name: sample(each.type) for each in resource.attributes}):
                for request_ in (None, request):
                    asked.decide(user, action.name, resource.name, record, now=NOW, request=request_)
                asked.explain(user, action.name, resource.name, record, now=NOW, request=request)
            asked.filter(user, action.name, resource.name, now=NOW, request=request)


def sample(type_: Type) -> Any:
    match type_:
        case EnumType(values):
            return values[0]
        case SetType(of):
            return [sample(of)]
        case RecordType():
            return {}
        case _:
            return _SAMPLES.get(str(type_.__struct_config__.tag), "x")


_SAMPLES = {
    "int": 3,
    "decimal": "3",
    "money": "3",
    "bool": True,
    "date": "2026-11-01",
    "datetime": "2026-11-01T00:00:00Z",
    "duration": "3 days",
    "ip": "10.0.0.1",
}
