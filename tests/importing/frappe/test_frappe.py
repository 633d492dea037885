"""Frappe: oddities of real files, and files that are not read at all."""

from __future__ import annotations

import json

import pytest

from policylang.importing.reading import NotThisError
from tests.importing.helpers import NOW, asked, codes, imported, text

ROW = {"role": "Clerk", "read": 1}
USER = json.dumps({"doctype": "User", "name": "ann@x.test", "roles": [{"role": "Clerk"}]})


def document(*rows: dict, **other) -> str:
    return json.dumps({"doctype": "DocType", "name": "Caf\xe9", "permissions": list(rows), **other}, ensure_ascii=False)


def of(data: str | bytes, **files: str | bytes):
    return imported("frappe", {"cafe.json": data, "user.json": USER, **files})


def reads(made) -> bool:
    return asked(made).allows("ann@x.test", "read", "cafe", {}, now=NOW)


@pytest.mark.parametrize(
    "data",
    [
        ("\ufeff" + document(ROW)).encode(),
        document(ROW).replace(", ", ",\r\n"),
        document(ROW).encode("latin-1"),
        document(ROW).encode("utf-16"),
        document(ROW, description="x" * 200_000),
        document({"role": " Clerk ", "read": "1", "write": "0", "create": "", "share": None}),
        document({"role": "Clerk", "read": True, "_comments": "[]", "owner": "x", "parent": "y"}),
        document(ROW, fields=[{"fieldname": '{"a": {', "fieldtype": "Data"}]),
        document(ROW, custom=1).replace('"custom": 1', '"custom": 1, "custom": 1'),
        document(ROW, links=[]).replace('"links": []', '"links": [], "links": []'),
        document(ROW, links=[]).replace('"links": []', '"links": [{"group": "a"}, {"group": "b"}], "links": []'),
        document(ROW, links=1).replace('"links": 1', '"links": [{"group": "a"}], "states": [], "links": [{}]'),
    ],
)
def test_oddities_of_files(data) -> None:
    made = of(data)
    assert codes(made) == []
    assert reads(made)
    assert not asked(made).allows("ann@x.test", "write", "cafe", {}, now=NOW)


def test_tables_that_are_there_twice_move_no_line() -> None:
    said = """\
{"doctype": "DocType", "name": "Caf\xe9",
 "links": [{"group": "a"}, {"group": "b"}],
 "permissions": [
  {"role": "Clerk", "read": 1,
   "permlevel": "high"}],
 "links": [{
   "group": "c"}]}
"""
    assert [(note.code, str(note.origin)) for note in of(said).refused] == [("row", "cafe.json:4")]


@pytest.mark.parametrize(
    "data", ["{", "[" * 100_000, '{"a": 1, "a": 2}', "NaN", '{"name": "package", "x": [1,]}', '"a"', ""]
)
def test_other_json_is_passed_over(data: str) -> None:
    assert reads(of(document(ROW), **{"other.json": data}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (document(ROW)[:-1], "not JSON"),
        ('{"doctype": "DocType", "permissions": [], "permissions": []}', "`permissions`"),
        (document(ROW, custom=1).replace('"custom": 1', '"custom": 1, "custom": true'), "`custom` is given twice"),
        ('{"doctype": "DocType", "permissions": ' + "[" * 1_000 + "]" * 1_000 + "}", "nested too deeply"),
    ],
)
def test_a_doctype_that_cannot_be_read_stops_the_import(data: str, message: str) -> None:
    with pytest.raises(NotThisError, match=message):
        of(data)


def test_the_line_of_a_row_is_told() -> None:
    made = of(json.dumps(json.loads(document({"role": "Clerk", "read": "{"}, ROW)), indent=1))
    assert [(note.code, str(note.origin)) for note in made.refused] == [("row", "cafe.json:5")]
    assert reads(made)


def test_the_same_doctype_twice() -> None:
    assert reads(of(document(ROW), **{"copy/cafe.json": document(ROW)}))
    made = of(document(ROW), **{"copy/cafe.json": document({**ROW, "if_owner": 1})})
    assert codes(made) == ["twice"]
    assert not reads(made)


def test_rights_that_are_not_known_are_actions() -> None:
    made = of(document({**ROW, "approve": 1}))
    assert "grant read, approve on cafe" in text(made, "roles.policy")


@pytest.mark.parametrize("if_owner", [0, 1])
def test_the_owner_may_be_at_a_level(if_owner: int) -> None:
    rows = [{**ROW, "if_owner": if_owner}, {**ROW, "permlevel": 1}]
    made = of(document(*rows, fields=[{"fieldname": "owner", "permlevel": 1}]))
    assert "optional sensitive owner : user" in text(made, "resources.policy")
    assert "grant read on cafe including owner" in text(made, "roles.policy")


FIELD = {"doctype": "Custom Field", "dt": "Caf\xe9", "fieldname": "pay", "fieldtype": "Data"}
SETTER = {"doctype": "Property Setter", "doc_type": "Caf\xe9", "field_name": "pay", "property": "permlevel"}
PERMISSION = {"doctype": "Custom DocPerm", "parent": "Caf\xe9", "name": "a1", **ROW}
PROFILE = {"doctype": "Role Profile", "name": "Desk"}
PERSON = {"doctype": "User", "name": "ann@x.test"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({**FIELD, "permlevel": 1}, FIELD),
        ({**SETTER, "value": "1"}, {**SETTER, "value": "0"}),
        (PERMISSION, {**PERMISSION, "write": 1}),
        ({**PROFILE, "roles": []}, {**PROFILE, "roles": [{"role": "Clerk"}]}),
        (PERSON, {**PERSON, "roles": [{"role": "Clerk"}]}),
        ({**PERSON, "enabled": 0}, {**PERSON, "enabled": 1, "roles": [{"role": "Clerk"}]}),
    ],
)
def test_what_files_describe_differently_gives_nothing(first: dict, second: dict) -> None:
    people = {"role_profile_name": "Desk"} if first["doctype"] == "Role Profile" else {"roles": [{"role": "Clerk"}]}
    files = {"cafe.json": document(ROW), "a.json": json.dumps(first), "b.json": json.dumps(second)}
    if first["doctype"] != "User":
        files["user.json"] = json.dumps({**PERSON, **people})
    made = imported("frappe", files)
    assert codes(made) == ["twice"]
    assert not any(asked(made).allows("ann@x.test", each, "cafe", {}, now=NOW) for each in ("read", "write"))
    same = imported("frappe", {**files, "b.json": json.dumps({**first, "modified": "2026-01-31", "idx": 3})})
    assert codes(same) == []


@pytest.mark.parametrize(
    ("hooks", "line"),
    [
        ('app_name = "x"\n\nhas_permission = {\n\t"Caf\xe9": "x.permissions.may",\n}\n', 4),
        ('permission_query_conditions = {"Note": "x.y", "Caf\xe9": "x.z"}\nhas_permission = {"Caf\xe9": "x.may"}\n', 1),
        ('has_permission: dict[str, str] = {"Caf\xe9": "x.may"}\n', 1),
        ('has_permission = {}\nhas_permission["Caf\xe9"] = "x.may"\n', 2),
        ('has_permission = {\n"*": "x.may"}\n', 2),
        ('LIMITED = {"Caf\xe9": "x.may"}\nhas_permission = {**LIMITED}\n', 2),
        ("has_permission = {each: 'x.may' for each in LIMITED}\n", 1),
        ('has_permission = {}\nhas_permission.update({"Caf\xe9": "x.may"})\n', 2),
        ("from x.limits import limits as has_permission\n", 1),
        ("from x.limits import *\n", 1),
    ],
)
def test_nobody_gets_what_an_app_limits_by_code(hooks: str, line: int) -> None:
    made = of(document(ROW), **{"app/hooks.py": hooks})
    assert [(note.code, str(note.origin)) for note in made.refused] == [("hook", f"app/hooks.py:{line}")]
    assert "grant" not in text(made, "roles.policy")


@pytest.mark.parametrize(
    "hooks",
    [
        '# has_permission = {"Caf\xe9": "x.may"}\n',
        'has_permission = {"Note": "x.may"}\n',
        "has_permission = {}\n",
        'add_to_apps_screen = [{"name": "x", "has_permission": "x.may"}]\npattern = "\\d"\n',
        'doctype_js = {"DocType": "permlevel"}\n',
    ],
)
def test_other_hooks_limit_nothing(hooks: str) -> None:
    made = of(document(ROW), **{"app/hooks.py": hooks, "app/webhooks.py": '"DocType"'})
    assert codes(made) == []
    assert reads(made)


def test_hooks_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(NotThisError) as raised:
        of(document(ROW), **{"app/hooks.py": "x = 1\nhas_permission = {\n"})
    assert raised.value.problem.path == "app/hooks.py"
    assert raised.value.problem.line == 2
