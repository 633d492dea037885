"""Rules that ask for what a policy set does not do at all say so once."""

from __future__ import annotations

import datetime

import pytest

from policylang.check.engine import run_checks
from policylang.check.finding import Finding
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
SOME = range(6)


def found(code: str, text: str) -> list[Finding]:
    return run_checks(compiled(text), NOW, [code])


def roles(of: str) -> str:
    return "\n".join(of.replace("#", str(number)) for number in SOME)


USED = {
    "PL701": ("role r#\n", 'role other "Other"\n'),
    "PL604": ("protected role r#\n", "role other\nreview role other every 90 days last 2026-11-01\n"),
    "PL305": (
        'role a#\nrole b#\nuser "u#" { assign role a# assign role b# }\n',
        'role a\nrole b\nuser "u" { assign role a assign role b because "x" }\n',
    ),
    "PL401": (
        "resource d# { actions view }\nrole r# { grant all on d# }\n",
        "resource d { actions view }\nrole other { grant view on d }\n",
    ),
    "PL703": ("role R#\n", "".join(f"role s{number}\n" for number in range(7))),
}


@pytest.mark.parametrize("code", USED)
def test_once_if_the_set_does_it_nowhere_and_each_otherwise(code: str) -> None:
    nowhere, somewhere = roles(USED[code][0]), roles(USED[code][0]) + USED[code][1]
    (once,) = found(code, nowhere)
    assert len(once.subjects) == len(SOME)
    each = found(code, somewhere)
    assert len(each) == len(SOME)
    assert once.at == each[0].at


@pytest.mark.parametrize("code", USED)
def test_a_few_are_told_one_by_one(code: str) -> None:
    few = "\n".join(USED[code][0].replace("#", str(number)) for number in range(2))
    assert len(found(code, few)) == 2


def test_the_one_finding_is_about_all_users() -> None:
    (once,) = found("PL305", roles(USED["PL305"][0]))
    assert once.users == tuple(f"u{number}" for number in SOME)
