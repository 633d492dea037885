"""What the formats allow and refuse beside their contents."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from policylang.directory import json_values, read_people
from policylang.directory.explain import explain
from policylang.directory.format import PersonEntry
from policylang.directory.yaml_values import entries, plain
from policylang.files.yaml_source import read_yaml
from policylang.ir import from_json, to_json
from policylang.schemas import SCHEMAS
from policylang.settings.limits import Limits
from policylang.source import Source
from tests.directory.helpers import compiled, with_people, without_places, wrong

ROW = "dana,Dana,sales"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    text = end.join(["id,name,group", ROW, 'milo,"a, ""b""",sales', ""])
    users = compiled({"a.csv": text}).users
    assert [(u.id, u.label, u.at) for u in users[1:]] == [
        ("dana", "Dana", "a.csv:2:1-2:16"),
        ("milo", 'a, "b"', "a.csv:3:1-3:22"),
    ]
    assert users[2].group is not None
    assert users[2].group.at == "a.csv:3:17-3:22"


def test_rows_of_one_id_need_not_stand_together() -> None:
    text = "id,name,role\ndana,,guard\nmilo,,\ndana,Dana,night_guard\ndana,Dana,\n"
    dana = compiled({"a.csv": text}).users[1]
    assert (dana.label, [a.role for a in dana.assignments]) == ("Dana", ["guard", "night_guard"])
    assert [a.at for a in dana.assignments] == ["a.csv:2:1-2:12", "a.csv:4:1-4:22"]


def test_columns_in_any_order() -> None:
    one = compiled({"a.csv": "id,name,attribute.level,role\ndana,Dana,3,guard\n"}).users[1]
    other = compiled({"a.csv": "role,attribute.level,name,id\nguard,3,Dana,dana\n"}).users[1]
    assert without_places(one) == without_places(other)


def test_no_people_is_fine() -> None:
    without = compiled({})
    assert compiled({"a.csv": "id\n", "b.yaml": "people: []\n"}).users == without.users


def test_several_files_give_one_list_in_any_order() -> None:
    files = {"b.csv": "id\nzoe\nabe\n", "a.yaml": "people: [{id: milo}]\n"}
    policy_set = compiled(files)
    assert [user.id for user in policy_set.users] == ["abe", "amy@acme.test", "milo", "zoe"]
    assert policy_set == compiled(dict(reversed(files.items())))
    assert policy_set.sources == ("a.yaml", "b.csv", "base.policy")
    assert from_json(to_json(policy_set)) == policy_set


def test_one_id_in_two_files() -> None:
    made = with_people({"a.csv": "id\ndana\n", "b.yaml": "people: [{id: dana}]\n"})
    assert made.ir is None
    (found,) = made.diagnostics
    assert (found.code, str(found.location)) == ("PL102", "b.yaml:1:15-1:19")
    assert str(found.related[0].location) == "a.csv:2:1-2:5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("people:\n- id: a\n---\npeople: []\n", ["3:1 PL100"]),
        ("people: []\npeople: []\n", ["2:1 PL100"]),
        ("people: {id: a}\n", ["1:9 PL100"]),
        ("people:\n", ["1:8 PL100"]),
        ("# nothing\n", ["2:1 PL100"]),
        ("? [a]\n: []\n", ["1:3 PL100"]),
        ("people: [!!str a]\n", ["1:10 PL100"]),
        ("people:\n\t- id: a\n", ["2:1 PL100"]),
        ("people: [" + "[" * 100 + "]" * 101, ["1:48 PL100"]),
        ("people: [{id: [}]", ["1:16 PL100"]),
        ("%YAML 9.9\n---\npeople: []", ["1:1 PL100"]),
        ("people: [{id: " + "x" * 30 + "}]", ["1:15 PL110"]),
        ("people: [{id: a, roles: [{role: guard, role: guard}]}]", ["1:40 PL102"]),
        ('people: [{"id": "\\ud83d\\ude00"}]', ["1:20 PL100"]),
    ],
)
def test_yaml_that_is_refused(text: str, expected: list[str]) -> None:
    assert wrong("a.yaml", text, limits=Limits(text_length=20)) == expected


def test_long_cells() -> None:
    assert wrong("a.csv", "id,name\na," + "x" * 21, limits=Limits(text_length=20)) == ["2:3 PL110"]


@pytest.mark.parametrize(
    "written", ["no", "off", "1_000", "12:30:00", "1:0", "1.2.3", "=", "<<", "y", "0b1", "2026-01-31", "inf"]
)
def test_words_that_other_yaml_takes_for_more_stay_texts(written: str) -> None:
    users = compiled({"a.yaml": f"people: [{{id: {written}, attributes: {{department: {written}}}}}]"}).users
    assert next(u for u in users if u.at.startswith("a.yaml")).id == written


@pytest.mark.parametrize(
    "written", ["010", "08", "+5", "-0", "0x10", "0o17", "1e3", ".5", "08.5", ".inf", ".nan", "True", "~"]
)
def test_numbers_and_constants_are_no_texts(written: str) -> None:
    assert wrong("a.yaml", f"people: [{{id: {written}}}]") == ["1:15 PL100"]


@pytest.mark.parametrize(
    ("written", "level"), [("010", 10), ("08", 8), ("+5", 5), ("-0", 0), ("0x10", 16), ("0o17", 15)]
)
def test_numbers_of_people_are_those_of_records(written: str, level: int) -> None:
    users = compiled({"a.yaml": f"people: [{{id: dana, attributes: {{level: {written}}}}}]"}).users
    assert [value.values[0].value for value in users[-1].attributes] == [level]
    assert read_yaml(f"level: {written}").value == {"level": level}


# --- JSON ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"people": [{"id": "a" "name": "b"}]}', ["1:24 PL100"]),
        ('{"people": [{"id": "a",}]}', ["1:24 PL100"]),
        ('{"people": [{"id": "a", "id": "b"}]}', ["1:25 PL102"]),
        ('{"people": [{"id": "a"}], "people": []}', ["1:27 PL100"]),
        ('{"people": [{"id": "a"}]} {}', ["1:27 PL100"]),
        ('{"people": [{"id": \'a\'}]}', ["1:20 PL100"]),
        ('{"people": [{id: "a"}]}', ["1:14 PL100"]),
        ('{"people": [{"id": "a\nb"}]}', ["1:22 PL100"]),
        ('{"people": [{"id": "a", "attributes": {"level": 010}}]}', ["1:49 PL100"]),
        ('{"people": [{"id": "a", "attributes": {"level": +1}}]}', ["1:49 PL100"]),
        ('{"people": [{"id": "a", "attributes": {"level": NaN}}]}', ["1:49 PL100"]),
        ('{"people": [{"id": "a", "attributes": {"level": -Infinity}}]}', ["1:49 PL100"]),
        ('{"people": [{"id": "a", "attributes": {"level": True}}]}', ["1:49 PL100"]),
        ('{"people": [{"id": "a", "attributes": {"level": ' + "1" * 201 + "}}]}", ["1:49 PL100"]),
        ('{"people": [{"id": "a", "attributes": {"rate": 1e999999999}}]}', ["1:48 PL100"]),
        ('{"people": [{"id": "\\ud83d"}]}', ["1:20 PL100"]),
        ('{"people": [{"id": "\\udd11\\ud83d"}]}', ["1:20 PL100"]),
        ('{"people": [{"id": "' + "x" * 30 + '"}]}', ["1:20 PL110"]),
        ('{"people": [{"id": "a", "name": ' + "[" * 100_000, ["1:70 PL100"]),
        ('{"people": [', ["1:13 PL100"]),
        ('{"people": {}}', ["1:12 PL100"]),
        ("{}", ["1:1 PL100"]),
        ("", ["1:1 PL100"]),
    ],
)
def test_json_that_is_refused(text: str, expected: list[str]) -> None:
    assert wrong("a.json", text, limits=Limits(text_length=20)) == expected


def test_json_as_programs_write_it() -> None:
    text = '{"people":\t[{"id":"a\\/b","name":"\\ud83d\\udd11 \\\\ud83d","attributes":{"level":3,"rate":1.5e1}}]}\r\n'
    dana = next(user for user in compiled({"a.json": text}).users if user.id == "a/b")
    assert dana.label == "\U0001f511 \\ud83d"
    assert {value.name: value.values[0].value for value in dana.attributes} == {"level": 3, "rate": "15"}


DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(DOCUMENT, max_size=3), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_python_reads_it(people: list[object], ascii_: bool, indent: int | str | None) -> None:
    text = json.dumps({"people": people}, ensure_ascii=ascii_, indent=indent)
    found = list(json_values.entries(text, "people", 1000))
    assert [plain(entry) for entry in found] == people
    for entry, person in zip(found, people, strict=True):
        assert json.loads(text[entry.start_pos : entry.end_pos]) == person


def test_mistakes_without_end_are_cut_short() -> None:
    assert len(wrong("a.yaml", "people: [" + "{}, " * 5000 + "]")) == 1000
    assert len(wrong("a.yaml", "people: [" + "{id: a}, " * 5000 + "]")) == 1000
    assert len(wrong("a.csv", "id,name\n" + "a\n" * 5000)) == 1000


def test_names_are_looked_up_even_if_an_entry_cannot_be_read() -> None:
    assert wrong("a.yaml", "people:\n- di: a\n- {id: b, group: sale}\n") == ["2:3 PL100", "2:3 PL100", "3:18 PL101"]


def test_errors_in_policies_come_first() -> None:
    made = with_people({"a.csv": "id,group\na,sale\n"}, policy="group sales { role guard }")
    assert [d.code for d in made.diagnostics] == ["PL101"]
    assert made.ir is None


REVIEWED = 'role guard\nuser "amy" { assign role guard }\nreview user "dana" every 90 days\n'


def test_people_can_be_reviewed() -> None:
    assert compiled({"a.csv": "id\ndana\n"}, policy=REVIEWED).reviews[0].name == "dana"
    assert [d.code for d in with_people({"a.csv": "id\nmilo\n"}, policy=REVIEWED).diagnostics] == ["PL101"]
    made = with_people({"a.csv": "di\nmilo\n"}, policy=REVIEWED)
    assert {d.location.path for d in made.diagnostics} == {"a.csv"}  # who is in the file is not known


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.sampled_from(["", "a", "guard"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "name", "roles", "role", "at", "attributes", "superuser", "x"]), inner)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(JSON)
def test_schema_types_and_words_agree(value: object) -> None:
    """What the schema refuses, the types refuse, and there are words for it."""
    text = json.dumps({"people": [value]})
    (entry,) = entries(text, "people", 1000)
    assert plain(entry) == value
    valid = Draft202012Validator(SCHEMAS["directory"]()).is_valid(json.loads(text))
    try:
        msgspec.convert(value, PersonEntry)
    except msgspec.ValidationError:
        assert not valid
        assert list(explain(entry))
    else:
        assert valid
        assert not list(explain(entry))
        assert read_people(Source("a.json", text)).diagnostics == ()


@settings(deadline=None)
@given(st.text() | st.text("id,name\"\n\r;{}[]:- '#&*!|>%@`\t"), st.sampled_from(["a.csv", "a.yaml", "a.json"]))
def test_any_text_gives_people_or_diagnostics(text: str, name: str) -> None:
    source = Source(name, ("id,name\n" if name == "a.csv" else "people:\n") + text)
    for diagnostic in read_people(source).diagnostics:
        assert diagnostic.location.path == name
    with_people({name: source.text}).diagnostics  # noqa: B018
