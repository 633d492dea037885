"""Plain roles of a policy set, mined: the rest of the set stays, and nobody's access changes."""

from __future__ import annotations

import pytest

from policylang.diff.comparing import user_differences
from policylang.importing.reading import NotThisError
from policylang.mining.plain import PlainRoles
from policylang.mining.propose import Wish, propose
from policylang.mining.write import NotTheSameError
from policylang.project.project import Project
from tests.helpers import project
from tests.usage.helpers import NOW

POLICIES = """\
scope site
place site "HQ"
subject { department : text }
resource doc { owner : user  actions view, modify, delete }
resource note { actions view, write }
policy own on doc { assigned user is owner }
role viewer { grant view on doc }
role editor { grant modify on doc }
role noter { grant view, write on note }
role deleter { grant delete on doc  policy own }
group desk { grant view on note }
user "ann" in desk {
  department : "sales"
  assign role viewer
  assign role editor
}
user "ben" {
  department : "sales"
  assign role viewer  assign role editor  assign role deleter
}
user "cy" { assign role noter  assign role viewer at site "HQ" }
"""


def mined(policies: Project, wish: Wish | None = None, wanted: tuple[str, ...] = ()) -> dict[str, str]:
    plain = PlainRoles(policies)
    made = propose(plain.pairs(wanted), wish or Wish(), NOW, plain=plain)
    return {name: data.decode() for name, data in made.files.items()}


def test_roles_that_are_together_become_one_and_the_rest_stays() -> None:
    policies = project(POLICIES)
    files = mined(policies, wanted=("department",))
    text = files["0.policy"]
    assert "  assign role sales\n}" in text
    assert "  assign role sales  assign role deleter\n" in text
    assert '{ assign role noter  assign role viewer at site "HQ" }' in text
    assert "role editor" not in text
    assert "role viewer { grant view on doc }" in text
    assert "role sales {\n  grant modify, view on doc\n}\n" in files["mined.policy"]
    after = project(*files.values())
    assert policies.ir is not None
    assert after.ir is not None
    assert list(user_differences(policies.ir, after.ir, NOW)) == []


@pytest.mark.parametrize(
    "more",
    [
        "role viewer {\n  policy own",
        "role viewer {\n  deny delete on doc ",
        "protected role viewer {",
        "role viewer {\n  may assign noter ",
        "role viewer {\n  grant delete on doc (owner) ",
    ],
)
def test_what_says_more_than_its_grants_is_no_plain_role(more: str) -> None:
    text = mined(project(POLICIES.replace("role viewer {", more)))["0.policy"]
    assert text == POLICIES.replace("role viewer {", more)


@pytest.mark.parametrize(
    "more",
    [
        'invariant "all" { no user with role viewer can view note }',
        "review role viewer every 90 days",
        "resource file { by : user with role viewer }",
        "role outer { may assign viewer }",
    ],
)
def test_a_role_whose_name_means_something_stays(more: str) -> None:
    assert "assign role viewer" in mined(project(POLICIES + more + "\n"))["0.policy"].replace('viewer at site "HQ"', "")


def test_a_set_without_plain_roles() -> None:
    limited = POLICIES.replace("{ grant", "{ policy own grant").replace("noter { policy own", "noter {")
    plain = PlainRoles(project(limited))
    assert sorted(plain.given) == ["cy"]
    with pytest.raises(NotThisError):
        PlainRoles(project('resource doc { actions view }\nuser "ann"\n')).pairs(())
    with pytest.raises(NotThisError):
        plain.pairs(("department",))


def test_kept_roles_that_grant_the_same_are_not_one() -> None:
    view = 1 << PlainRoles(project(POLICIES)).pairs(()).permissions.index(("doc", "view"))
    files = mined(project(POLICIES), Wish(keep={"one": view, "viewer": view, "noter": view}))
    assert "role one {\n  grant view on doc\n}\n" in files["mined.policy"]
    assert "role noter_2 {\n  grant view on doc\n}\n" in files["mined.policy"]
    for user in ("ann", "ben"):
        text = files["0.policy"].partition(f'user "{user}"')[2].partition("}")[0]
        assert [text.count(f"assign role {name}") for name in ("one", "viewer", "noter_2")] == [1, 1, 1]


def test_what_changes_access_is_not_handed_out() -> None:
    plain = PlainRoles(project(POLICIES))
    pairs = plain.pairs(())
    one, other = ("grant view on doc }", "grant delete on doc }"), ("grant view, write on note", "grant view on note")
    for old, new in (one, other):
        with pytest.raises(NotTheSameError):
            plain.prove(pairs, {"0.policy": POLICIES.replace(old, new).encode()}, {}, NOW)
