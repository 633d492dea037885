"""A person from a directory file is the user that policy text would give, whatever the file's format."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.files.yaml_core import plain
from tests.directory.helpers import BASE, compiled, without_places
from tests.helpers import compiled as compiled_text

TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=8)
ITEM = TEXT.filter(lambda text: text and ";" not in text and text == text.strip())
DAY = st.dates(datetime.date(1000, 1, 1)).map(str)
NUMBER = st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", fullmatch=True)
MOMENT = st.datetimes(
    datetime.datetime(2000, 1, 1),
    datetime.datetime(2100, 1, 1),
    timezones=st.sampled_from([datetime.UTC, datetime.timezone(datetime.timedelta(hours=-7))]),
).map(lambda moment: moment.isoformat())
ADDRESS = st.ip_addresses().map(lambda address: (address.exploded if address.version == 6 else str(address)).upper())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "department": TEXT.filter(bool),
    "level": st.integers(-(2**53) + 1, 2**53 - 1),
    "rate": NUMBER,
    "tags": st.lists(ITEM, min_size=1, max_size=3),
    "sizes": st.lists(st.integers(-9, 9), min_size=1, max_size=3),
    "since": DAY,
    "seen": MOMENT,
    "notice": st.sampled_from(["1 day", "2 weeks", "90 minutes", "0 days", "3 years", "48 hours", "18 months"]),
    "vip": st.booleans(),
    "kind": st.sampled_from(["full", "part"]),
    "manager": TEXT.filter(bool),
    "address": ADDRESS,
    "home": st.just("HQ"),
}
IN_QUOTES = ("department", "tags", "notice", "manager", "address", "home")


@st.composite
def roles(draw: Any) -> dict[str, str]:
    role = {"role": draw(st.sampled_from(["guard", "night_guard"]))}
    clauses = {"at": st.sampled_from(["HQ", "North"]), "because": TEXT.filter(bool), "approved_by": TEXT.filter(bool)}
    role |= draw(st.fixed_dictionaries({}, optional=clauses))
    days = sorted(draw(st.lists(DAY, max_size=2)))
    if days:
        role["from"] = days[0]
    if len(days) > 1:
        role["until"] = days[1]
    return role


def look(id: str) -> str:
    """What a reader sees of an ASCII id: two ids that look alike are a finding, which has tests of its own."""
    return id.strip().lower()


PERSON = st.fixed_dictionaries(
    {"id": TEXT.filter(lambda text: look(text) not in ("", "sync", "amy@acme.test"))},
    optional={
        "name": TEXT.filter(bool),
        "group": st.sampled_from(["sales", "support"]),
        "job": st.just("GRD-1"),
        "superuser": st.booleans(),
        "terminated": st.booleans(),
        "roles": st.lists(roles(), max_size=3),
        "attributes": st.fixed_dictionaries({}, optional=VALUES),
    },
)
PEOPLE = st.lists(PERSON, min_size=1, max_size=3, unique_by=lambda person: look(person["id"]))


def as_policy(person: dict[str, Any]) -> str:
    marks = "".join(f"{mark} " for mark in ("superuser", "terminated") if person.get(mark))
    head = f"{marks}user {_quoted(person['id'])}"
    head += f" {_quoted(person['name'])}" if "name" in person else ""
    head += f" in {person['group']}" if "group" in person else ""
    head += f" job {_quoted(person['job'])}" if "job" in person else ""
    lines = [f"{name} : {_value(name, value)}" for name, value in person.get("attributes", {}).items()]
    for role in person.get("roles", ()):
        line = f"assign role {role['role']}"
        line += f" at {'site' if role['at'] == 'HQ' else 'region'} {_quoted(role['at'])}" if "at" in role else ""
        line += "".join(f" {word} {role[word]}" for word in ("from", "until") if word in role)
        line += f" because {_quoted(role['because'])}" if "because" in role else ""
        line += f" approved by {_quoted(role['approved_by'])}" if "approved_by" in role else ""
        lines.append(line)
    return f"{head} {{\n{chr(10).join(lines)}\n}}\n"


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def _value(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(name, item) for item in value)}]"
    if name in IN_QUOTES:
        return _quoted(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_json(people: list[dict[str, Any]]) -> str:
    return json.dumps({"people": people})


def as_block_yaml(people: list[dict[str, Any]]) -> str:
    """The same in YAML's own layout; a text in quotes is written as in JSON."""
    lines = ["people:"]
    for person in people:
        begin = "- "
        for key, value in person.items():
            if key == "attributes" and value:
                lines.append(f"{begin}attributes:")
                lines += [f"    {name}: {_scalar(item)}" for name, item in value.items()]
            elif key == "roles" and value:
                lines.append(f"{begin}roles:")
                for role in value:
                    lines += [
                        f"  {'- ' if not number else '  '}{k}: {_scalar(v)}"
                        for number, (k, v) in enumerate(role.items())
                    ]
            else:
                lines.append(f"{begin}{key}: {_scalar(value)}")
            begin = "  "
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    """Plain where that is the same text."""
    if isinstance(value, str) and value.isalpha() and isinstance(plain(value), str):
        return value
    return json.dumps(value)


def as_csv(people: list[dict[str, Any]]) -> str:
    """One row for each role, the person's own columns in the last row only."""
    text = io.StringIO()
    clauses = ["role", "at", "from", "until", "because", "approved_by"]
    own = ["name", "group", "job", "superuser", "terminated"]
    columns = ["id", *clauses, *own, *(f"attribute.{name}" for name in VALUES)]
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    for person in people:
        last: dict[str, Any] = {key: _cell(person[key]) for key in own if key in person}
        last |= {f"attribute.{name}": _cell(value) for name, value in person.get("attributes", {}).items()}
        given_roles = person.get("roles", ()) or [{}]
        for number, role in enumerate(given_roles):
            rest = last if number == len(given_roles) - 1 else {}
            writer.writerow({"id": person["id"], **role, **rest})
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(_cell(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


WRITERS = {"people.json": as_json, "people.yaml": as_block_yaml, "people.csv": as_csv}


@pytest.mark.parametrize("name", WRITERS)
@settings(deadline=None)
@given(people=PEOPLE)
def test_a_person_from_a_file_equals_the_user_in_policy_text(name: str, people: list[dict[str, Any]]) -> None:
    expected = compiled_text(BASE + "".join(as_policy(person) for person in people))
    found = compiled({name: WRITERS[name](people)})
    assert [without_places(user) for user in found.users] == [without_places(user) for user in expected.users]
    assert found.sources == ("base.policy", name)
    assert found.digest != expected.digest


def test_empty_texts_are_as_in_policy_text() -> None:
    expected = compiled_text(BASE + 'user "dana" "" { department : ""  assign role guard because "" }')
    person = {"id": "dana", "name": "", "attributes": {"department": ""}}
    found = compiled({"a.json": as_json([{**person, "roles": [{"role": "guard", "because": ""}]}])})
    assert [without_places(user) for user in found.users] == [without_places(user) for user in expected.users]
