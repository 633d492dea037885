"""Roles that hand out one another, many of them: what is left unlooked at says nothing more."""

from __future__ import annotations

import datetime

import pytest

from policylang.check.engine import run_checks
from policylang.check.finding import Finding
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
LENGTH = 12

BEGIN = """\
resource doc { owner : user  actions view }
policy mine on doc { owner is assigned user }
role r0 { grant view on doc  policy mine  may assign r1 }
"""


def chain(last: str, *, circle: bool = False) -> list[Finding]:
    """What is found of roles of which each hands out the next, and the last has something else."""
    lines = [BEGIN]
    for number in range(1, LENGTH):
        lines.append(f"resource d{number} {{ actions view }}")
        said = f"grant view on d{number}  may assign r{number + 1}"
        lines.append(f"role r{number} {{ {said} }}")
    lines.append(f"role r{LENGTH} {{ {last} {'may assign r0' if circle else ''} }}")
    return run_checks(compiled("\n".join(lines)), NOW, ["PL504"])


@pytest.mark.parametrize("circle", [False, True])
def test_what_is_far_away_and_not_plain_is_told(circle: bool) -> None:
    found = {each.message.split("`")[1]: each for each in chain("grant view on doc", circle=circle)}
    assert sorted(found) == sorted(f"r{number}" for number in range(LENGTH + circle))
    assert found["r0"].subjects == ("view on `d1` by r1", f"view on `doc` by r{LENGTH}")
    assert "likewise by `r2`, `r3` and `r4`" in found["r0"].message


def test_what_is_far_away_and_no_gain_is_not_told() -> None:
    found = {each.message.split("`")[1]: each for each in chain("grant view on doc  policy mine")}
    assert found["r0"].subjects == ("view on `d1` by r1",)


def test_what_only_the_whole_way_gives() -> None:
    policies = """\
resource key { actions view }
resource doc { action open requires view on key }
role end { grant open on doc }
role middle { grant view on key  may assign end }
role begin { grant view on key  may assign middle }
role far { may assign begin }
"""
    found = {each.message.split("`")[1]: each for each in run_checks(compiled(policies), NOW, ["PL504"])}
    assert found["begin"].subjects == ("open on `doc` by end",)
    assert found["middle"].subjects == ("open on `doc` by end",)
    assert found["far"].subjects == ("view on `key` by begin", "open on `doc` by end")
    assert [each.who.roles for each in found["begin"].shown][-1] == (("begin", None), ("end", None))


def test_a_line_of_a_role_inside_tells_what_the_role_itself_does_not() -> None:
    policies = """\
resource doc { actions view, edit }
role boss { grant view, edit on doc }
role clerk { grant view, edit on doc  may assign boss }
role other { grant view on doc }
role lead { grant view on doc  role holder }
role holder { may assign boss }
"""
    found = run_checks(compiled(policies), NOW, ["PL504"])
    assert [each.subjects for each in found] == [("edit on `doc` by boss", "view on `doc` by boss")]


@pytest.mark.parametrize(
    ("holder", "end", "gained"),
    [
        ("grant view on doc", "grant view on doc including fee", "view on `doc` (`fee`)"),
        ("grant view on doc (kind)", "grant view on doc", "view on `doc` (`owner`)"),
        ("grant view on doc  policy mine", "grant view on doc", "view on more records of `doc`"),
        ("grant view on doc  deny view on doc (kind)", "grant view on doc", "view on `doc` (`kind`)"),
        ("grant view on doc", "grant view, delete on doc", "delete on `doc`"),
        (
            "grant view on doc  policy mine",
            "grant view on doc  grant seal on doc",
            "seal on `doc` and view on more records of `doc`",
        ),
    ],
)
def test_what_is_gained_of_what_holders_have(holder: str, end: str, gained: str) -> None:
    text = f"""
resource doc {{ kind : text  owner : user  sensitive fee : money  actions view, delete, seal }}
policy mine on doc {{ owner is assigned user }}
role clerk {{ {holder}  may assign chief }}
role chief {{ {end} }}
"""
    (found,) = run_checks(compiled(text), NOW, ["PL504"])
    assert found.message == f"holders of role `clerk` can gain {gained}: `clerk` may assign `chief`"
