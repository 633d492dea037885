"""PL301: what its help says, and that the finding is gone where it is followed."""

from __future__ import annotations

import pytest

from policylang.check.engine import run_checks
from policylang.check.finding import Finding
from tests.check.fixing import NOW
from tests.helpers import compiled

BEGIN = """
resource doc { n : int  actions view, modify }
policy below(x: int) on doc { n < x }
"""


def found(text: str) -> list[Finding]:
    return run_checks(compiled(BEGIN + text), NOW, ["PL301"])


@pytest.mark.parametrize(
    ("text", "help", "followed"),
    [
        (  # the override stands in place of what the group says
            "group g { grant view on doc  policy below(7) }\nrole b { grant view on doc  policy below(6) }\n"
            'user "u" in g { override policy below(3)  assign role b }',
            "add `policy below(3) on doc for view` to `b`, or remove one of the two",
            ("role b {", "role b { policy below(3) for view"),
        ),
        (  # the group says nothing, the override does
            "group g { grant view on doc }\nrole b { grant view on doc }\n"
            'user "u" in g { override policy below(3)  assign role b }',
            "add `policy below(3) on doc for view` to `b`, or remove one of the two",
            ("role b {", "role b { policy below(3) for view"),
        ),
        (  # what the group says counts for nothing where the user overrides it
            "group g { grant view on doc }\nrole b { grant view on doc  policy below(6) }\n"
            'user "u" in g { override policy below(9)  assign role b }',
            "add `override policy below(6) on doc for view` to `u`, or remove one of the two",
            ("override", "override policy below(6) for view  override"),
        ),
    ],
)
def test_the_help_counts_overriding_policies(text: str, help: str, followed: tuple[str, str]) -> None:
    (finding,) = found(text)
    assert finding.help == help
    assert found(text.replace(*followed)) == []


def test_the_override_is_of_another_resource() -> None:
    (finding,) = found(
        "resource memo { m : int  actions view }\npolicy some on memo { m < 3 }\n"
        "group g { grant view on doc  grant view on memo  policy below(7) }\nrole b { grant view on doc }\n"
        'user "u" in g { override policy some  assign role b }'
    )
    assert finding.help == "add `policy below(7) on doc for view` to `b`, or remove one of the two"


def test_one_of_two_users_overrides() -> None:
    (finding,) = found(
        "group g { grant view on doc  policy below(7) }\nrole b { grant view on doc  policy below(9) }\n"
        'user "u" in g { override policy below(3)  assign role b }\nuser "v" in g { assign role b }'
    )
    wanted = "`policy below(3) on doc for view` and `policy below(7) on doc for view`"
    assert finding.help == f"add {wanted} to `b`, or remove one of the two"
    assert finding.users == ("u", "v")


def test_a_role_is_called_like_the_user() -> None:
    (finding,) = found(
        "policy above(x: int) on doc { n > x }\n"
        "group g { grant view on doc }\nrole u { grant view on doc  policy above(3) }\n"
        'user "u" in g { override policy below(9)  assign role u }'
    )
    assert finding.help == (
        "add `policy below(9) on doc for view` to `u` and add `override policy above(3) on doc for view` to `u`, "
        "or remove one of the two"
    )
