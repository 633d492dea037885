"""PL501 names the holders who do not meet a requirement, and how many they are."""

from __future__ import annotations

import pytest

from policylang.check.engine import run_checks
from tests.check.test_rules import NOW
from tests.helpers import compiled

SET = """\
resource api { actions access }
resource lab { action view requires access on api  action seal requires superuser }
role api_user { grant access on api }
role viewer { grant view on lab }
role sealer { grant seal on lab }
"""


def _messages(people: str) -> list[str]:
    return [finding.message for finding in run_checks(compiled(SET + people), NOW, ["PL501"])]


def test_one_without_the_tag() -> None:
    people = 'superuser user "sue" { assign role sealer }\n user "pat" { assign role sealer }'
    told = "`pat`, 1 of 2 holders of role `sealer`, does not meet what seal on `lab` requires: the superuser tag"
    assert told in _messages(people)


def test_many_in_several_classes_are_one_finding() -> None:
    people = "".join(f'user "u{n}" {{ assign role viewer }}\n' for n in range(3))
    people += "".join(f'user "v{n}" {{ assign role viewer  assign role sealer }}\n' for n in range(3))
    people += 'user "w" { assign role viewer  assign role api_user }\n superuser user "x" { assign role sealer }'
    view, seal = sorted(_messages(people), reverse=True)
    assert view == (
        "`v0`, `v1`, `v2`, 3 of 4 holders of role `sealer`, do not meet what seal on `lab` requires: the superuser tag"
    )
    assert seal == (
        "`u0`, `u1`, `u2` and 3 more, 6 of 7 holders of role `viewer`, do not meet what view on `lab` requires: "
        "access on `api`"
    )


def test_all_or_none() -> None:
    assert _messages('user "w" { assign role viewer  assign role api_user }') == []
    (message,) = _messages('user "w" { assign role viewer }')
    assert message == "no holder of role `viewer` meets what view on `lab` requires: access on `api`"


@pytest.mark.parametrize(
    ("requires", "help"),
    [
        ("a on x", "give them a on `x` as well"),
        ("a on x and b on x", "give them a on `x` and b on `x` as well"),
        ("a on x or b on x", "give them a on `x` or b on `x` as well"),
        ("a on x and (b on x or c on x)", "give them a on `x` and (b on `x` or c on `x`) as well"),
        ("(a on x and b on x) or held on x and c on x", "give them (a on `x` and b on `x`) or c on `x` as well"),
        ("held on x and a on x", "give them a on `x` as well"),
        ("a on x and on_now", "give them a on `x` as well"),
        ("a on x or off_now", "give them a on `x` as well"),
        ("a on x and off_now", "give them a on `x` as well"),
        ("a on x or superuser", "give them a on `x` as well"),
        ("a on x and superuser", "give them a on `x` as well and tag them superuser"),
        ("superuser and held on x", "tag them superuser"),
        ("superuser or off_now", "tag them superuser"),
        ("a on x and b on x and c on x and d on x", "give them a on `x`, b on `x`, c on `x` and d on `x` as well"),
    ],
)
def test_the_help_says_what_is_missing(requires: str, help: str) -> None:
    """All of it, and one of alternatives is enough: what it says ends the finding."""
    requires = requires.replace("on_now", "feature running").replace("off_now", "feature resting")
    text = f"""
feature running on
feature resting off
resource x {{ actions a, b, c, d, held }}
resource lab {{ action view requires {requires} }}
role viewer {{ grant view on lab  grant held on x }}
role rest {{ grant a, b, c, d on x }}
user "ann" {{ assign role viewer }}
superuser user "ben" {{ assign role viewer  assign role rest }}
"""
    found = run_checks(compiled(text), NOW, ["PL501"])
    assert [each.help for each in found] == [f"{help}, or remove the role from them"]


@pytest.mark.parametrize(
    ("requires", "help"),
    [
        ("a on x or b on x", "grant a on `x` or b on `x` as well, or remove this grant"),
        (
            "a on x and superuser",
            "grant a on `x` as well and tag those who should use it superuser, or remove this grant",
        ),
        ("superuser", "only users tagged superuser can use it: tag those who should, or remove the grant"),
        ("a on x and b on x", "grant b on `x` as well, or remove this grant"),
    ],
)
def test_what_all_lack(requires: str, help: str) -> None:
    """What they have from elsewhere is not said."""
    elsewhere = "assign role other" if "and b" in requires else ""
    text = f"""
resource x {{ actions a, b }}
resource lab {{ action view requires {requires} }}
role viewer {{ grant view on lab }}
role other {{ grant a on x }}
user "ann" {{ assign role viewer  {elsewhere} }}
user "ben" {{ assign role viewer  {elsewhere} }}
"""
    (found,) = run_checks(compiled(text), NOW, ["PL501"])
    assert found.help == f"{help}; held by `ann`, `ben`"


DOC = """\
resource doc { level : int  actions view }
policy low on doc { level < 3 }
policy high on doc { level > 5 }
policy never on doc { level < 3 and level > 5 }
task reading { needs view on doc }
"""


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ("policy never", "a limit blocks"),
        ("policy low  policy high", "limits block"),
        ("deny view on doc", "a deny blocks"),
        ("deny view on doc { level < 3 }  deny view on doc { level > 2 }", "denies block"),
        ("policy low  deny view on doc { level < 3 }", "limits and denies block"),
    ],
)
def test_what_stands_in_the_way_of_a_task(items: str, told: str) -> None:
    text = f"{DOC}role reader {{ grant view on doc  performs reading  {items} }}"
    (finding,) = run_checks(compiled(text), NOW, ["PL405"])
    assert finding.message == f"`reader` cannot do the task `reading`: {told} view on `doc`"
