"""PL413 and PL414 where view is granted and a deny takes it: more grants would change nothing."""

from __future__ import annotations

import pytest

from policylang.check.engine import run_checks
from tests.check.fixing import NOW
from tests.helpers import compiled

BEGIN = "resource doc { kind : text  size : int  sensitive fee : money  actions view, modify, delete }\n"


@pytest.mark.parametrize(
    ("text", "code", "message", "help"),
    [
        (
            "role r { grant view, modify on doc  deny view on doc }",
            "PL413",
            "role `r` is granted modify on `doc`, and a deny takes view of it away",
            "remove the deny, or remove the other action",
        ),
        (
            "deny view on doc\nrole inner { grant view on doc }\nrole r { role inner  grant modify, delete on doc }",
            "PL413",
            "role `r` is granted modify, delete on `doc`, and a deny takes view of it away",
            "remove the deny, or remove the other action",
        ),
        (
            "role r { grant modify on doc  deny view on doc }",
            "PL413",
            "role `r` is granted modify on `doc` without view",
            "grant view as well, or remove the other action",
        ),
        (
            "role r { grant view, modify on doc  deny view on doc (size) }",
            "PL414",
            "role `r` is granted modify on `doc` (`size`), which a deny keeps it from viewing",
            "remove these attributes from the deny, or from modify",
        ),
    ],
)
def test_a_deny_takes_view(text: str, code: str, message: str, help: str) -> None:
    (finding,) = run_checks(compiled(BEGIN + text), NOW, ["PL413", "PL414"])
    assert (finding.code, finding.message, finding.help) == (code, message, help)


def test_some_are_denied_and_some_not_granted() -> None:
    text = "role r { grant view on doc (kind, size)  grant modify on doc including fee  deny view on doc (size) }"
    found = run_checks(compiled(BEGIN + text), NOW, ["PL414"])
    assert [each.message for each in found] == [
        "role `r` is granted modify on `doc` (`fee`), which it cannot view",
        "role `r` is granted modify on `doc` (`size`), which a deny keeps it from viewing",
    ]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("grant modify on doc", ""),
        ("grant modify on doc  deny view on doc", "modify on `doc`, and a deny takes view of it away"),
        ("grant modify on doc  deny view on doc { size > 5 }", ""),
        (
            "grant modify on doc  deny view on doc (size)",
            "modify on `doc` (`size`), which a deny keeps it from viewing",
        ),
        ("grant modify on doc  deny modify on doc", ""),
    ],
)
def test_a_block_takes_from_all_that_its_user_has(block: str, message: str) -> None:
    text = f'role r {{ grant view on doc }}\nuser "u" {{ assign role r  {block} }}'
    found = [each.message for each in run_checks(compiled(BEGIN + text), NOW, ["PL413", "PL414"])]
    assert [each.partition(" is granted ")[2] for each in found] == ([message] if message else [])
