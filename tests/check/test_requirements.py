"""PL501 names the holders who do not meet a requirement, and how many they are."""

from __future__ import annotations

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
