"""Odoo: oddities of real files, and files that are not read at all."""

from __future__ import annotations

import pytest

from policylang.importing.reading import NotThisError
from tests.importing.helpers import NOW, asked, codes, imported, text

HEAD = "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
ROW = "a,a,model_doc,base.group_user,1,0,0,0\n"
USER = """<record id="u" model="res.users"><field name="login">ann</field>
<field name="groups_id" eval="[(4, ref('base.group_user'))]"/></record>"""


def of(csv: str | bytes = HEAD + ROW, xml: str | bytes = "", name: str = "ir.model.access.csv"):
    xml = f"<odoo>{xml}{USER}</odoo>" if isinstance(xml, str) else xml
    return imported("odoo", {f"m/security/{name}": csv, "m/security/rules.xml": xml})


def reads(made) -> bool:
    return asked(made).allows("ann", "read", "doc", {}, now=NOW)


def rule(domain: str, groups: str = "") -> str:
    return (
        f'<record id="r" model="ir.rule"><field name="model_id" ref="model_doc"/>{groups}'
        f'<field name="domain_force">{domain}</field></record>'
    )


@pytest.mark.parametrize(
    "csv",
    [
        ("\ufeff" + HEAD + ROW).encode(),
        (HEAD + ROW).replace("\n", "\r\n"),
        (HEAD + ROW).replace("\n", "\r"),
        (HEAD + "b,caf\xe9,model_doc,,0,0,0,0\n" + ROW).encode("latin-1"),
        HEAD + "\n,,,,,,,\n" + ROW,
        HEAD + '"a","a, with ""quotes""\nand lines","model_doc","base.group_user",1,0,0,0',
        HEAD + "b," + "x" * 200_000 + ",model_doc,,0,0,0,0\n" + ROW,
        HEAD.replace(":id", "/id") + ROW,
        HEAD + "a,a,other.model_doc,base.group_user, True ,False,,0\n",
        "id,model_id,group_id/id,perm_read\na,doc,base.group_user,1\n",
    ],
)
def test_oddities_of_tables(csv) -> None:
    made = of(csv)
    assert codes(made) == []
    assert reads(made)
    assert not asked(made).allows("ann", "write", "doc", {}, now=NOW)


def test_a_table_may_have_another_name() -> None:
    assert reads(of(name="access_2024.csv"))


@pytest.mark.parametrize(
    ("xml", "is_read"),
    [
        (rule("[('state', '=', 'Z&#252;rich')]"), True),
        (rule("<![CDATA[[('state', '=', 'Z\xfcrich')]]]>"), True),
        (rule("[('state', '=', 'Bern')]"), False),
        (f"<!-- {rule('[(0, chr(61), 1)]')} -->", True),
        (f'<data noupdate="1"><record id="r2" model="ir.ui.view"/>{rule("[]")}</data>', True),
        (rule(""), True),
        (rule("[(0, '=', 1)]"), False),
        (rule("[(0, '=', 1)]", "<field name='groups' eval=\"[(4, ref('other.group'))]\"/>"), True),
    ],
)
def test_rules_in_every_spelling(xml: str, is_read: bool) -> None:
    made = of(xml=xml)
    assert codes(made) == []
    assert (
        asked(made).allows("ann", "read", "doc", {"state": "Z\xfcrich"} if "state" in xml else {}, now=NOW) == is_read
    )


def test_xml_in_another_encoding() -> None:
    document = f'<?xml version="1.0" encoding="iso-8859-1"?><odoo>{rule("[(chr, 1, 1)]")}{USER}</odoo>'
    made = of(xml=document.replace("chr, 1, 1", "'state', '=', 'Z\xfcrich'").encode("latin-1"))
    assert asked(made).allows("ann", "read", "doc", {"state": "Z\xfcrich"}, now=NOW)


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("[" * 5_000, "value"),
        ("[" + "'!', " * 5_000 + "('a', '=', 'b')]", "value"),
        ("[" + "'!', " * 1_000 + "('a', '=', 'b')]", "domain"),
        ("[('a', '=', '" + "b" * 200_000 + "')]", "value"),
        ("[('a', '=', " + "-" * 9_000 + "1)]", "value"),
        ("['|', ('a', '=', 'b')]", "domain"),
        ("['!']", "domain"),
        ("[('a', '=')]", "domain"),
        ("[('a', 'like', 'b')]", "operator"),
        ("[('a', '=', user.has_group('b'))]", "call"),
        ("[('a', '=', context)]", "domain"),
        ("['!', ('a', '&gt;', 3)]", "operator"),
        ("[('a', '=', 1), ('a', '=', 'b')]", "type"),
        ("[('a', '&lt;', '2026-01-01')]", "type"),
        ("[('a', '=', 1e400)]", "type"),
        ("[('line_ids', '=', True)]", "type"),
        ("[('line_ids.done', '!=', True)]", "path"),
        ("def f(): pass", "value"),
    ],
)
def test_a_restriction_that_is_not_understood_closes_the_model(domain: str, code: str) -> None:
    made = of(xml=rule(domain))
    assert codes(made) == [code]
    assert not reads(made)


@pytest.mark.parametrize(
    ("domain", "open_for"),
    [
        ("[('a_id.state', '!=', 'draft')]", [None, "done"]),
        ("[('a_id.state', 'not in', ['draft', False])]", ["done"]),
        ("[('a_id.state', '=', False)]", [None]),
        ("[('a_id.state', 'in', ['draft', False])]", [None, "draft"]),
        ("['!', ('a_id.state', '=', 'draft')]", [None, "done"]),
    ],
)
@pytest.mark.parametrize("groups", ["", "<field name='groups' eval=\"[(4, ref('base.group_user'))]\"/>"])
def test_a_negative_test_through_another_record_asks_for_that_record(domain: str, open_for: list, groups: str) -> None:
    made = of(xml=rule(domain, groups))
    assert codes(made) == ["path"]
    here = asked(made)

    def may(record: dict[str, str]) -> bool:
        return here.allows("ann", "read", "doc", record, now=NOW)

    states = (None, "draft", "done")
    assert not any(may({"a_id_state": state} if state else {}) for state in states)
    assert [s for s in states if may({"a_id": "5", **({"a_id_state": s} if s else {})})] == open_for


def test_a_test_through_a_record_of_no_known_type_closes_the_model() -> None:
    made = of(xml=rule("[('size.state', '!=', 'draft')]"))
    assert codes(made) == ["type"]
    assert not reads(made)


def test_the_booleans_of_the_models_of_odoo_are_known() -> None:
    users = HEAD + ROW.replace("doc", "res_users")
    made = of(users, rule("[('share', '=', False)]").replace("model_doc", "base.model_res_users"))
    assert codes(made) == []
    allowed = [asked(made).allows("ann", "read", "res_users", {"share": share}, now=NOW) for share in (False, True)]
    assert allowed == [True, False]


def test_a_rule_that_is_not_understood_still_limits_its_group() -> None:
    groups = "<field name='groups' eval=\"[(4, ref('base.group_user'))]\"/>"
    made = of(xml=rule("[('a', 'child_of', user.id)]", groups))
    assert codes(made) == ["operator"]
    assert not reads(made)


def test_several_modules_add_to_the_groups_that_the_own_module_of_a_group_sets() -> None:
    def adds(module: str) -> str:
        return f"""<odoo><record id="hr.officer" model="res.groups">
        <field name="implied_ids" eval="[(4, ref('{module}.more'))]"/></record></odoo>"""

    own = """<odoo><record id="officer" model="res.groups"><field name="name">Officer</field>
    <field name="implied_ids" eval="[(6, 0, [ref('base.group_user')])]"/></record></odoo>"""
    files: dict[str, str | bytes] = {f"{name}/security/a.xml": adds(name) for name in ("fleet", "kiosk", "tools")}
    made = imported("odoo", {**files, "hr/security/a.xml": own})
    assert codes(made) == []
    assert made.project.ir is not None
    assert {role.name: len(role.roles) for role in made.project.ir.roles}["officer"] == 4


def group(id: str, **fields: str) -> str:
    said = "".join(f'<field name="{name}" eval="{value}"/>' for name, value in fields.items())
    return f'<record id="{id}" model="res.groups">{said}</record>'


def linked(*groups: str) -> str:
    return f"<field name='groups' eval=\"[{', '.join(f'(4, ref({each!r}))' for each in groups)}]\"/>"


@pytest.mark.parametrize(
    ("links", "command", "is_read"),
    [
        # The rule shows no record to those whom it is for; without groups, to nobody.
        (("other.group",), "(4, ref('r'))", False),
        (("other.group",), "(3, ref('r'))", True),
        (("base.group_user",), "(3, ref('r'))", False),
        (("base.group_user", "other.group"), "(3, ref('r'))", True),
        (("base.group_user", "other.group"), "(5,)", True),
        (("base.group_user", "other.group"), "(6, 0, [])", True),
        (("base.group_user", "other.group"), "(6, 0, [ref('r')])", False),
        (("base.group_user", "other.group"), "(3, ref('elsewhere.r'))", False),
        (("other.group",), "(4, ref('elsewhere.r'))", True),
    ],
)
def test_groups_may_say_which_rules_are_for_them(links: tuple[str, ...], command: str, is_read: bool) -> None:
    made = of(xml=rule("[(0, '=', 1)]", linked(*links)) + group("base.group_user", rule_groups=f"[{command}]"))
    assert codes(made) == ["elsewhere"] * ("elsewhere" in command)
    assert reads(made) == is_read


def test_groups_may_say_who_implies_them() -> None:
    """As from Odoo 19 on. Who is in one more group may see less, so none may be overlooked."""
    csv = HEAD + ROW.replace("base.group_user", "inner")
    inner = group("inner", implied_by_ids="[(4, ref('base.group_user'))]")
    made = of(csv, xml=inner)
    assert codes(made) == []
    assert reads(made)
    assert "`base.group_user` is defined elsewhere" in next(each.message for each in made.imported.left_out)
    assert not reads(of(xml=inner + rule("[('state', '=', 'open')]", linked("inner"))))
    assert not reads(of(csv, xml=group("inner", implied_by_ids="[(3, ref('base.group_user'))]")))


def test_which_rules_are_for_a_group_has_to_be_clear() -> None:
    with pytest.raises(NotThisError, match="does not say which record"):
        of(xml=rule("[(0, '=', 1)]") + group("base.group_user", rule_groups="[(4, some)]"))
    other = f"<odoo>{group('base.group_user', rule_groups=chr(91) + '(3, ref(' + repr('m.r') + '))]')}</odoo>"
    elsewhere = f"<odoo><record id='m.r' model='ir.rule'>{linked('base.group_user')}</record></odoo>"
    rules = f"<odoo>{rule('[(0, chr(61), 1)]'.replace('chr(61)', repr('=')))}{USER}</odoo>"
    files: dict[str, str | bytes] = {"m/security/ir.model.access.csv": HEAD + ROW, "m/security/rules.xml": rules}
    made = imported("odoo", {**files, "a/security/a.xml": other, "b/security/b.xml": elsewhere})
    assert codes(made) == ["order"]
    assert not reads(made)


def test_access_lists_that_groups_name_are_told() -> None:
    made = of(xml=group("other.group", model_access="[(4, ref('a'))]"))
    assert codes(made) == ["order", "value"]
    assert not reads(made)


def test_a_group_that_is_taken_away_leaves_the_others() -> None:
    csv = HEAD + ROW.replace("base.group_user", "inner")
    both = group("base.group_user", implied_ids="[(4, ref('inner')), (4, ref('other.group'))]")
    fewer = group("base.group_user", implied_ids="[(3, ref('other.group'))]")
    made = of(csv, xml=group("inner") + both + fewer)
    assert codes(made) == []
    assert reads(made)


def manifest(*data: str, depends: str = "base", **more: object) -> str:
    return f"# a module\n{ {'name': 'M', 'depends': [depends], 'data': list(data), **more}!r}\n"


def limit(domain: str, id: str = "r") -> str:
    model = '<field name="model_id" ref="a.model_doc"/>'
    return f'<odoo><record id="{id}" model="ir.rule">{model}<field name="domain_force">{domain}</field></record></odoo>'


A_MODULE: dict[str, str | bytes] = {
    "a/__manifest__.py": manifest("security/ir.model.access.csv", "rules.xml", "users.xml", demo=["demo/more.xml"]),
    "a/security/ir.model.access.csv": HEAD + ROW,
    "a/rules.xml": limit("[('state', '=', 'new')]"),
    "a/users.xml": f"<odoo>{USER}</odoo>",
    "a/demo/more.xml": limit("[('state', '=', 'demo')]", "demo"),
    "a/old.xml": limit("[('state', '=', 'old')]", "old"),
    "a/view.xml": "<odoo/>",
}


def states(made) -> list[str]:
    return [state for state in ("new", "late") if asked(made).allows("ann", "read", "doc", {"state": state}, now=NOW)]


def test_only_what_the_manifest_names_is_loaded() -> None:
    made = imported("odoo", A_MODULE)
    assert codes(made) == []
    passed_over = [str(note.origin) for note in made.left_out if note.code == "not-loaded"]
    assert passed_over == ["a/demo/more.xml:1", "a/old.xml:1"]
    assert states(made) == ["new"]


@pytest.mark.parametrize("name", ["b", "0"])
def test_a_module_is_loaded_after_those_that_it_depends_on(name: str) -> None:
    later = {
        f"{name}/__manifest__.py": manifest("z.xml", depends="a"),
        f"{name}/z.xml": limit("[('state', '=', 'late')]", "a.r"),
    }
    made = imported("odoo", {**A_MODULE, **later})
    assert codes(made) == []
    assert states(made) == ["late"]
    unrelated = {**later, f"{name}/__manifest__.py": manifest("z.xml")}
    assert codes(imported("odoo", {**A_MODULE, **unrelated})) == ["order"]


def test_files_of_a_module_are_loaded_in_the_order_of_the_manifest() -> None:
    files = {**A_MODULE, "a/first.xml": limit("[('state', '=', 'late')]")}
    names = ("first.xml", "security/ir.model.access.csv", "rules.xml", "users.xml")
    assert states(imported("odoo", {**files, "a/__manifest__.py": manifest(*names)})) == ["new"]
    assert states(imported("odoo", {**files, "a/__manifest__.py": manifest(*names[1:], names[0])})) == ["late"]


@pytest.mark.parametrize("name", ["./rules.xml", "security/../rules.xml", ".//rules.xml"])
def test_a_file_may_be_named_in_other_ways(name: str) -> None:
    """A rule that is passed over would leave all records open."""
    named = manifest("security/ir.model.access.csv", name, "users.xml")
    assert states(imported("odoo", {**A_MODULE, "a/__manifest__.py": named})) == ["new"]


def test_a_module_that_is_the_input_has_no_name() -> None:
    files = {path.removeprefix("a/"): content for path, content in A_MODULE.items()}
    said = [note.message for note in imported("odoo", files).left_out if note.code == "not-loaded"]
    assert said == ["the module loads this file as demo data only", "the module does not load this file"]


def test_modules_in_a_circle_have_no_order() -> None:
    other = {"b/__manifest__.py": manifest("z.xml", depends="a"), "b/z.xml": limit("[('state', '=', 'late')]", "a.r")}
    circle = {"a/__manifest__.py": manifest("security/ir.model.access.csv", "rules.xml", "users.xml", depends="b")}
    assert codes(imported("odoo", {**A_MODULE, **other, **circle})) == ["order"]


def test_nothing_of_a_module_that_is_not_installable_is_loaded() -> None:
    files = {
        **A_MODULE,
        "b/__manifest__.py": manifest("z.xml", installable=False),
        "b/z.xml": limit("[(0, '=', 1)]", "b"),
    }
    assert states(imported("odoo", files)) == ["new"]


@pytest.mark.parametrize(
    "text_",
    ["", "{", "[]", "{'data': [x]}", "(" * 5_000, "__import__('os')", "{'data': {'rules.xml'}}", "{'depends': 'base'}"],
)
def test_what_is_no_manifest_stops_the_import(text_: str) -> None:
    with pytest.raises(NotThisError, match="manifest of a module"):
        imported("odoo", {**A_MODULE, "a/__manifest__.py": text_})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.xml": "<odoo><record></odoo>"}, "no XML: mismatched tag"),
        ({"a.xml": '<!DOCTYPE a [<!ENTITY b "c">]><odoo>&b;</odoo>'}, "the XML declares entities of its own"),
        ({"a.xml": "<a>" * 5_000}, "nested too deeply"),
        ({"a.xml": b"<odoo>\xff</odoo>"}, "no XML: not well-formed"),
        ({"ir.model.access.csv": HEAD + '"a,b\n'}, "not CSV"),
        ({"ir.model.access.csv": "name,perm_read\na,1\n"}, "the first row does not name the column `id`"),
        ({"ir.model.access.csv": HEAD + "a,a,,base.group_user,1,1,1,1\n"}, "`a` does not say its model"),
        ({"a.xml": '<odoo><function model="ir.rule" name="unlink"/></odoo>'}, "this changes records of `ir.rule`"),
        (
            {"ir.access.csv": "id,model_id,operation\na,doc,r\n", "ir.model.access.csv": HEAD + ROW},
            "there are also access lists and rules of older versions",
        ),
    ],
)
def test_what_cannot_be_read_stops_the_import(files: dict[str, str | bytes], message: str) -> None:
    with pytest.raises(NotThisError, match=message) as caught:
        imported("odoo", files)
    assert "None" not in caught.value.problem.in_words()


def test_a_change_of_a_rule_of_a_module_that_is_not_there_is_told() -> None:
    change = """<record id="sale.rule" model="ir.rule"><field name="perm_read" eval="False"/></record>"""
    files: dict[str, str | bytes] = {
        "m/security/a.xml": f"<odoo>{change}{USER}</odoo>",
        "m/ir.model.access.csv": HEAD + ROW,
    }
    made = imported("odoo", files)
    assert [(note.code, str(note.origin)) for note in made.refused] == [("elsewhere", "m/security/a.xml:1")]
    assert reads(made)
    whole = """<record id="rule" model="ir.rule"><field name="model_id" ref="model_doc"/>
<field name="domain_force">[(0, '=', 1)]</field></record>"""
    made = imported("odoo", {**files, "sale/security/a.xml": f"<odoo>{whole}</odoo>"})
    assert codes(made) == []


def test_an_access_without_operations_is_for_all() -> None:
    xml = """<record id="a" model="ir.access"><field name="model_id" ref="model_doc"/>
<field name="group_id" ref="base.group_user"/></record>"""
    made = imported("odoo", {"m/security/a.xml": f"<odoo>{xml}{USER}</odoo>"})
    assert "grant read, create, write, unlink on doc" in text(made, "roles.policy")


def test_files_whose_module_is_not_known_belong_together() -> None:
    files = {
        "groups.xml": '<odoo><record id="g" model="res.groups"><field name="name">Clerk</field></record></odoo>',
        "ir.model.access.csv": HEAD + "a,a,model_doc,sale.g,1,0,0,0\nb,b,model_doc,g,0,1,0,0\n",
    }
    made = imported("odoo", files)
    assert not made.left_out
    assert "role clerk { grant read, write on doc }" in text(made, "roles.policy").replace('"Clerk" ', "")


def test_where_long_paths_are_told_the_line_is_not_too_long() -> None:
    for length in range(60, 130):
        folder = "x" * length
        rows = HEAD + ROW + "b,b,model_letter,base.group_user,1,0,0,0\n"
        files = {f"{folder}/security/{letter}.csv": rows.replace("\na", f"\n{letter}") for letter in "abcdefghijklm"}
        imported("odoo", files)


def test_everybody_may_be_named_without_any_access() -> None:
    clerk = """<record id="clerk" model="res.groups"><field name="name">Clerk</field>
<field name="implied_ids" eval="[(4, ref('base.group_everyone'))]"/></record>"""
    made = imported("odoo", {"m/security/a.xml": f"<odoo>{clerk}</odoo>"})
    assert text(made, "roles.policy").splitlines()[1:] == [
        'role clerk "Clerk" { role everybody }',
        'role everybody "Everybody"',
    ]
    user = """<record id="u" model="res.users"><field name="login">ann</field>
<field name="groups_id" eval="[(4, ref('base.group_everyone'))]"/></record>"""
    made = imported("odoo", {"m/security/a.xml": f"<odoo>{user}</odoo>"})
    assert 'user "ann" { assign role everybody }' in text(made, "people.policy")
