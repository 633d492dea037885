"""A baseline knows what it has seen: no holder, user or place that joins a finding later is hidden by it."""

from __future__ import annotations

import datetime
import itertools
import re
from pathlib import Path

import msgspec
import pytest

from policylang.check.catalogue import CHECKS, RULES
from policylang.check.enclosing import Layout
from policylang.check.engine import run_checks
from policylang.check.finding import Finding
from policylang.check.suppress.baseline import (
    Baseline,
    BaselineError,
    Entry,
    entry,
    read_baseline,
    split,
    write_baseline,
)
from policylang.diagnostics import Rule
from policylang.source import Location, Source
from policylang.syntax import ast
from policylang.syntax.parser import parse
from policylang.syntax.quoting import quote_text
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
CASES = Path(__file__).parent / "cases"
CHECKED = [rule for rule in RULES if rule.code in CHECKS]


def with_copies(text: str, count: int) -> str:
    """Each user so many times more, under other ids, at the end of the file."""
    copies = []
    for declared in parse(Source("0.policy", text)).file.declarations:
        if isinstance(declared, ast.User):
            before = text[declared.start_pos : declared.id.start_pos]
            after = text[declared.id.end_pos : declared.end_pos]
            copies += [f"{before}{quote_text(f'{declared.id.value}~{n}')}{after}" for n in range(count)]
    return "\n".join([text, *copies, ""])


def entries(text: str, code: str) -> list[tuple[Finding, Entry]]:
    layout = Layout(parse(Source("0.policy", text)))
    return [
        (each, entry(each.code, "0.policy", each.message, layout.anchor(Location.parse(each.at)), each.about))
        for each in run_checks(compiled(text), NOW, [code])
    ]


@pytest.mark.parametrize("rule", CHECKED, ids=lambda rule: rule.code)
def test_nobody_new_is_hidden(rule: Rule) -> None:
    """What a finding says changes when somebody joins it, for it names or counts them: then it is not known."""
    found = [entries(with_copies(rule.bad, count), rule.code) for count in range(6)]
    for (_, before), (number, after) in itertools.pairwise(enumerate(found)):
        baseline = Baseline(1, tuple(each for _, each in before))
        known = split([each for _, each in after], baseline).known
        said = {finding.message for finding, _ in before}
        helped = {(finding.message, finding.help) for finding, _ in before}
        for (finding, _), is_known in zip(after, known, strict=True):
            assert not is_known or finding.message in said, (number, finding.message)
            assert not is_known or (finding.message, finding.help) in helped, (number, finding.help)


@pytest.mark.parametrize("rule", CHECKED, ids=lambda rule: rule.code)
def test_what_was_known_stays_known(rule: Rule) -> None:
    """Nobody new, or fewer; on other lines, in another order."""
    more, fewer = (entries(with_copies(rule.bad, count), rule.code) for count in (5, 4))
    for text in (with_copies(rule.bad, 5), "# a comment\n\n" + with_copies(rule.bad, 5)):
        now = [each for _, each in entries(text, rule.code)]
        assert all(split(now, Baseline(1, tuple(each for _, each in more))).known)
    without = [(finding, each) for finding, each in fewer if finding.about]
    known = split([each for _, each in without], Baseline(1, tuple(each for _, each in more))).known
    assert all(known), [finding.message for (finding, _), is_known in zip(without, known, strict=True) if not is_known]


_DOC = "resource doc { owner : user  status : text  sensitive fee : money  actions view, modify, delete, create }\n"
_VIEW = "grant view on r0  grant view on r1  grant view on r2  grant view on r3  grant view on r4 "
_FEES = _VIEW.replace("  ", " including fee  ")
_OTHERS = "\n".join(f"resource r{n} {{ sensitive fee : money  actions view }}" for n in range(9)) + "\n"
LATER = {
    "another role": (
        "PL601",
        _DOC
        + """\
role payer { grant view on doc including fee }
role auditor { grant view, delete on doc including fee }
invariant "nobody sees fees" { no user can view, delete doc.fee }
user "ann" { assign role payer }
""",
        'user "ben" { assign role auditor }',
    ),
    "a role that nobody has": (
        "PL601",
        _DOC
        + """\
role payer { grant view on doc including fee }
invariant "payers never see fees" { no user with role payer can view doc.fee }
user "ann" { assign role payer }
""",
        "role outer { role payer }",
    ),
    "what another sees": (
        "PL604",
        _DOC + _OTHERS + "role payer { grant view on doc including fee }",
        ("including fee }", "including fee  grant view on r0 including fee }"),
    ),
    "a fifth object": (
        "PL409",
        _DOC + _OTHERS + f"role sync {{ {_VIEW}}}\nintegration bot {{ role sync  objects doc }}",
        ("on r4 ", "on r4  grant view on r5 "),
    ),
    "a fifth sensitive attribute": (
        "PL410",
        _DOC + _OTHERS + f"role sync {{ {_FEES} }}\nintegration bot {{ role sync }}",
        ("on r3 inc", "on r5 including fee  grant view on r3 inc"),
    ),
    "more at the end of the path": (
        "PL504",
        _OTHERS
        + """\
role low { may assign high }
role high { VIEW}
user "ann" { assign role low }
""".replace("VIEW", _VIEW),
        ("on r4 ", "on r4  grant view on r5 "),
    ),
    "a role of the job": (
        "PL412",
        _DOC
        + """\
role a
role b
role c
role d
role e
job "J" { role a, b, c, d }
terminated user "ann" job "J" { assign role e }
""",
        ("role a, b, c, d }", "role a, b, c, d, e }"),
    ),
}


@pytest.mark.parametrize("what", LATER)
def test_what_joins_a_finding_is_not_hidden(what: str) -> None:
    """Neither does it leave the finding to what was dismissed elsewhere."""
    code, before, change = LATER[what]
    after = f"{before}\n{change}\n" if isinstance(change, str) else before.replace(*change)
    first, then = entries(before, code), entries(after, code)
    assert first
    assert after != before
    known = split([each for _, each in then], Baseline(1, tuple(each for _, each in first))).known
    assert not all(known), [finding.message for finding, _ in then]


@pytest.mark.parametrize("path", sorted(CASES.glob("*.policy")), ids=lambda path: path.stem)
def test_whatever_a_message_leaves_out_is_listed(path: Path) -> None:
    for each in run_checks(compiled(path.read_text(encoding="utf-8")), NOW, CHECKS):
        if each.code == "PL401":
            continue  # which is about whatever is declared later, too
        assert each.about or not re.search(r"\band [0-9,]+ more\b", each.message), each.message


def made(*subjects: str, message: str = "`a` may") -> Entry:
    return entry("PL999", "a.policy", message, ("role r", ""), subjects)


def test_split() -> None:
    baseline = Baseline(1, (made("ann", "ben"), made("cid"), made("x", message="`b` may")))
    for found, known in (
        ([made("ben", "ann")], [True]),
        ([made("ann")], [True]),
        ([made("ann", "cid")], [True]),
        ([made("ann", "dan")], [False]),
        ([made("ann"), made("ben"), made("cid")], [True, True, False]),
        ([made("ann"), made("eve")], [True, False]),
        ([made()], [False]),
    ):
        assert list(split(found, baseline).known) == known
    assert split([made("ann"), made("dan")], baseline).stale == (made("x", message="`b` may"),)


def test_the_names_of_subjects_do_not_count() -> None:
    assert made("ann", message="`ann` may `x`").fingerprint == made("ben", message="`ben` may `x`").fingerprint
    assert made("ann", message="`ann` may `x`").fingerprint != made("ann", message="`ann` may `y`").fingerprint
    assert made(message="`ann` may").fingerprint != made(message="`ben` may").fingerprint


def test_a_file_without_subjects_is_read() -> None:
    """Of an older version: findings about nobody are known as ever, the others are reported once more."""
    old = b'{"version": 1, "findings": [{"code": "PL999", "path": "a.policy", "message": "m", "fingerprint": "%s"}]}'
    about_nobody = entry("PL999", "a.policy", "m", ("role r", ""))
    assert split([about_nobody], read_baseline(old % about_nobody.fingerprint.encode())).known == (True,)
    somebody = entry("PL999", "a.policy", "m", ("role r", ""), ["ann"])
    assert split([somebody], read_baseline(old % about_nobody.fingerprint.encode())).known == (False,)
    assert split([somebody], read_baseline(old % somebody.fingerprint.encode())).known == (False,)


def test_written_and_read_again() -> None:
    found = [made("ben", "ann"), made(message="`c`")]
    data = write_baseline(found)
    assert b'"subjects"' in data
    assert data.count(b'"subjects"') == 1
    assert sorted(read_baseline(data).findings, key=msgspec.json.encode) == sorted(found, key=msgspec.json.encode)
    with pytest.raises(BaselineError):
        read_baseline(data.replace(b'"subjects"', b'"subject"'))
