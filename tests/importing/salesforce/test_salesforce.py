"""Salesforce: oddities of real files, and files that are not read at all."""

from __future__ import annotations

import pytest

from policylang.importing.reading import NotThisError
from tests.importing.helpers import codes, imported, text

READ = "<objectPermissions><allowRead>true</allowRead><object>Account</object></objectPermissions>"
XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


def of(data: str | bytes, name: str = "Sales.permissionset-meta.xml", **files: str | bytes):
    return imported("salesforce", {name: data, **files})


@pytest.mark.parametrize(
    "data",
    [
        f"\ufeff<PermissionSet {XMLNS}><label>Sales</label>{READ}</PermissionSet>".encode(),
        f"<PermissionSet>\r\n  <label>Sales</label>\r\n{READ}\r\n</PermissionSet>",
        f'<?xml version="1.0" encoding="ISO-8859-1"?><PermissionSet><description>cafe</description>{READ}'
        "</PermissionSet>",
        f'<?xml version="1.0" encoding="UTF-16"?><PermissionSet>{READ}</PermissionSet>'.encode("utf-16"),
        f"<PermissionSet><!-- {READ} --><description>{'x' * 200_000}</description>{READ}</PermissionSet>",
        f"<PermissionSet>{READ}{READ}</PermissionSet>",
        f"<m:PermissionSet xmlns:m='x'>{READ.replace('<', '<m:').replace('<m:/', '</m:')}</m:PermissionSet>",
        f"<PermissionSet>{READ.replace('>true<', '> true <').replace('Account', ' Account ')}</PermissionSet>",
    ],
)
def test_oddities_of_files(data) -> None:
    made = of(data)
    assert codes(made) == []
    assert 'role sales "Sales" { grant read on account }' in text(made, "roles.policy")


@pytest.mark.parametrize("name", ["a/b/Custom%3A Sales.profile", "Custom%3A Sales.profile-meta.xml"])
def test_names_are_those_of_the_files(name: str) -> None:
    made = of(f"<Profile>{READ}</Profile>", name)
    assert 'group custom_sales "Custom: Sales" { grant read on account }' in text(made, "groups.policy")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("<PermissionSet>", "no XML: no element found"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><PermissionSet>&b;</PermissionSet>', "entities"),
        ("<a>" * 1_000, "nested too deeply"),
        ("", "no XML"),
    ],
)
def test_what_cannot_be_read_stops_the_import(data: str, message: str) -> None:
    with pytest.raises(NotThisError, match=message):
        of(data)


def test_the_same_twice() -> None:
    data = f"<PermissionSet>{READ}</PermissionSet>"
    again = {"copy/Sales.permissionset": data.replace("><", ">\n<")}
    assert codes(of(data, **again)) == []
    made = of(data, **{"copy/Sales.permissionset": data.replace("true", "false")})
    assert codes(made) == ["twice"]
    assert "roles.policy" not in made.files


def test_other_metadata_is_passed_over() -> None:
    assert codes(of(f"<PermissionSet>{READ}</PermissionSet>", **{"a.xml": "<Layout><x/></Layout>"})) == []


OBJECT = (
    "<CustomObject><externalSharingModel>Private</externalSharingModel><sharingModel>ReadWrite</sharingModel>"
    "</CustomObject>"
)


def test_records_are_shared_with_users_from_outside_as_the_object_says() -> None:
    files = {
        "Portal.profile": f"<Profile>{READ}<userLicense>Customer Community</userLicense></Profile>",
        "Sales.profile": f"<Profile>{READ}<userLicense>Salesforce</userLicense></Profile>",
        "objects/Account.object": OBJECT,
    }
    made = imported("salesforce", files)
    assert codes(made) == ["sharing"]
    groups = text(made, "groups.policy")
    assert "policy own_account" in groups.partition('"Portal"')[2].partition("}")[0]
    assert "policy" not in groups.partition('"Sales"')[2].partition("}")[0]


def test_users_from_outside_may_have_permission_sets_without_a_license() -> None:
    files = {
        "Any.permissionset": f"<PermissionSet>{READ}</PermissionSet>",
        "Sales.permissionset": f"<PermissionSet>{READ}<license>Salesforce</license></PermissionSet>",
        "objects/Account.object": OBJECT,
    }
    roles = text(imported("salesforce", files), "roles.policy")
    assert "policy own_account" in roles.partition('"Any"')[2].partition("}")[0]
    assert "policy" not in roles.partition('"Sales"')[2].partition("}")[0]


RULE = (
    "<active>true</active><enforcementType>Restrict</enforcementType><recordFilter>OwnerId = $User.Id</recordFilter>"
    "<targetEntity>Account</targetEntity>"
)


@pytest.mark.parametrize(
    ("root", "name", "rule"),
    [
        ("RestrictionRule", "restrictionRules/Own.rule", RULE),
        ("RestrictionRule", "restrictionRules/Own.rule-meta.xml", RULE),
        ("FieldRestrictionRule", "fieldRestrictionRules/Own.rule", RULE.replace(">Restrict<", ">FieldRestrict<")),
    ],
)
@pytest.mark.parametrize(
    "source", [READ, "<userPermissions><enabled>true</enabled><name>ViewAllData</name></userPermissions>"]
)
def test_nobody_gets_an_object_of_which_a_rule_hides_something(root: str, name: str, rule: str, source: str) -> None:
    lead = READ.replace("Account", "Lead")
    field = "<fieldPermissions><field>Account.Phone</field><readable>true</readable></fieldPermissions>"
    made = of(f"<PermissionSet>{source}{field}{lead}</PermissionSet>", **{name: f"<{root}>{rule}</{root}>"})
    assert codes(made) == ["restriction"]
    assert "account" not in text(made, "roles.policy")
    assert "on lead" in text(made, "roles.policy")


@pytest.mark.parametrize(
    "rule", [RULE.replace("true", "false"), RULE.replace(">Restrict<", ">Scoping<")], ids=["off", "scoping"]
)
def test_rules_that_hide_nothing(rule: str) -> None:
    others = {"a.rule": f"<RestrictionRule>{rule}</RestrictionRule>", "b.rule": "<ModerationRule/>"}
    made = of(f"<PermissionSet>{READ}</PermissionSet>", **others)
    assert codes(made) == []
    assert "grant read on account" in text(made, "roles.policy")
