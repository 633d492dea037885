"""Time and memory stay in proportion to the text, whatever the text is.

Each case runs in a process of its own with a bounded address space; the time limit is only there to end what would not
end by itself.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from policylang.analysis import search
from policylang.analysis.formula import Formula
from policylang.check.engine import run_checks
from policylang.ir.codec import LoadError, from_json, to_json
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from tests.helpers import project

ROOT = Path(__file__).parents[1]
GIB = 1 << 30
VALUES = ", ".join(f"v{n}" for n in range(3_000))

CASES = {
    "one long text": 'user "' + "x" * 5_000_000 + '"',
    "one long text of escapes": 'user "' + "\\n" * 3_000_000 + '"',
    "quotes": '"' * 1_000_000,
    "unknown characters in one line": "\x01" * 500_000,
    "words in one line": "x " * 300_000,
    "unknown characters and words in one line": ("role x ?" + " " * 1000) * 1000,
    "a long path": "resource s { s : s  a : int  actions view }\npolicy p on s { " + "s." * 50_000 + "a is 1 }",
    "unknown names among many": "".join(f'role r{n}\nuser "u{n}" {{ assign role q{n} }}\n' for n in range(8_000)),
    "one unknown name often": "".join(f"role r{n}\n" for n in range(5_000))
    + "".join(f'user "u{n}" {{ assign role rr }}\n' for n in range(8_000)),
    "long unknown names": "".join(f"role {'r' * 150}{n}\nrole s{n} {{ role {'r' * 149}x{n} }}\n" for n in range(2_000)),
    "many values of one enum": f"resource r {{ e : one of {VALUES}  actions view }}\n"
    + f"policy p on r {{ e in [{VALUES}] }}\n"
    + "".join(f"policy p{n} on r {{ e is v{n} }}\n" for n in range(2_000)),
    "grants on all resources": "".join(f"resource r{n} {{ actions view }}\n" for n in range(3_000))
    + "".join(f"role q{n} {{ grant all on all resources }}\n" for n in range(3_000)),
    "unknown actions on all resources": "resource r { actions view }\n"
    + "".join(f"role q{n} {{ grant fly on all resources }}\n" for n in range(8_000)),
    "generic policies that fit by name only": "".join(
        f"resource r{n} {{ created : text  actions view }}\n"
        f"policy p{n} on any resource with created {{ created within 1 day }}\n"
        for n in range(2_000)
    ),
    "variants of a large policy": "resource r { a : int  actions view }\n"
    + f"policy p(n: int) on r {{ {' or '.join(f'a is {n}' for n in range(2_000))} or a is n }}\n"
    + "".join(f"role q{n} {{ policy p({n}) }}\n" for n in range(3_000)),
    "misfits": "resource r { a : int  actions view }\npolicy p(d: text) on any resource with a { a is d }\n"
    + "".join(f'role q{n} {{ policy p("x{n}") on r }}\n' for n in range(5_000)),
    "roles that all contain one another": "".join(
        f"role r{n} {{ role {', '.join(f'r{m}' for m in range(400) if m != n)} }}\n" for n in range(400)
    ),
    "comments": 'role guard "Guard"\n' + "#\n" * 6_000_000,
    "long comments": f"# {'x' * 300}\n" * 150_000,
    "comments behind words": "role # a\n" * 500_000,
    "declarations": "role a\n" * 400_000,
    "broken declarations": "".join(f"role a{n} {{ grant }}\n" for n in range(100_000)),
    "unknown roles": "".join(f"role a{n} {{ role b{n} }}\n" for n in range(30_000)),
    "invisible characters in many lines": "#\u200b\n" * 1_000_000,
    "roles inside one another": "".join(f"role r{n} {{ role r{n + 1} }}\n" for n in range(1_500)) + "role r1500\n",
    "kinds of places": "scope " + " contains ".join(f"k{n}" for n in range(5_000)),
    "places inside one another": "scope "
    + " contains ".join(f"k{n}" for n in range(1_500))
    + '\nplace k0 "p0"\n'
    + "".join(f'place k{n} "p{n}" in "p{n - 1}"\n' for n in range(1, 1_500)),
    "parentheses": "resource r { a : int  actions view }\npolicy p on r { "
    + "(" * 100_000
    + "a is 1"
    + ")" * 100_000
    + " }",
    "not": "resource r { a : int  actions view }\npolicy p on r { " + "not " * 100_000 + "a is 1 }",
    "parentheses in a requirement": "resource r { actions view action a requires " + "(" * 100_000 + "superuser }",
    "one long or": "resource r { a : int  actions view }\n"
    + f"policy p on r {{ {' or '.join(f'a is {n}' for n in range(50_000))} }}\n",
    "one long requirement": f"resource r {{ actions view  action a requires {' and '.join(['superuser'] * 100_000)} }}",
    "long numbers": "resource r { a : decimal  b : duration  actions view }\n"
    + "".join(f"policy p{n} on r {{ a is {'9' * 190} }}\n" for n in range(2_000))
    + "".join(f"policy q{n} on r {{ b < {'9' * 190} years }}\n" for n in range(2_000)),
    "one long number": f"resource r {{ a : decimal  actions view }}\npolicy p on r {{ a is {'9' * 5_000_000} }}",
    "one long name": f"role {'r' * 5_000_000}",
    "broken declarations and unknown names": "".join(
        f'role r{n} {{ grant }}\nuser "u{n}" {{ assign role x{n} }}\n' for n in range(5_000)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bounded(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text(CASES[name], encoding="utf-8")
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({GIB}, {GIB}))\n"
        "from policylang.cli.main import main\n"
        f"main(['compile', {str(tmp_path)!r}, '-o', {str(tmp_path / 'out.json')!r}])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, timeout=120)
    assert result.returncode in (0, 2), result.stderr.decode()[-1000:]
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "limit", "lines"),
    [
        ("role a\n# b\nrole c\n", Limits(words=4), [3]),
        ("role a\n# b\nrole c\n", Limits(words=5), []),
        ("role a { role b }\nrole b { role c }\nrole c\n", Limits(role_depth=3), []),
        ("role a { role b }\nrole b { role c }\nrole c\n", Limits(role_depth=2), [1]),
        ("role z { role a }\nrole a { role b }\nrole b { role c }\nrole c\n", Limits(role_depth=2), [2]),
    ],
)
def test_words_and_depth_are_limited(text: str, limit: Limits, lines: list[int]) -> None:
    found = project(text, config=Config(limits=limit)).diagnostics
    assert [(d.code, d.location.line) for d in found] == [("PL110", line) for line in lines]


def test_reading_ends_after_twenty_thousand_mistakes() -> None:
    broken = "".join(f"role a{n} {{ grant }}\n" for n in range(20_002))
    unknown = "".join(f"role a{n} {{ role b }}\n" for n in range(20_002))
    # What was not read may have declared anything: that there is no role `y` is not known.
    for texts, code in (((broken, "role x { role y }"), "PL100"), ((unknown,), "PL101")):
        found = project(*texts).diagnostics
        assert [d.code for d in found] == [*[code] * 20_000, "PL110"]
        assert found[-1].location.line == 20_001


def test_expansion_is_limited() -> None:
    limits = Config(limits=Limits(expansion=100))
    resources = "".join(f"resource r{n} {{ a : int  actions view }}\n" for n in range(40))
    roles = "".join(f"role q{n} {{ grant view on all resources }}\n" for n in range(5))
    assert project(resources + roles[: roles.index("role q2")], config=limits).diagnostics == ()
    (finding,) = project(resources + roles, config=limits).diagnostics
    assert (finding.code, finding.location.line) == ("PL110", 43)
    policies = "policy p(n: int) on r0 { a is n or a is 1 or a is 2 or a is 3 }\n"
    variants = "".join(f"role v{n} {{ policy p({n}) }}\n" for n in range(30))
    (finding,) = project(resources + policies + variants, config=limits).diagnostics
    assert finding.code == "PL110"
    assert "more than 100 parts" in finding.message


def test_lengths_are_limited() -> None:
    limits = Config(limits=Limits(name_length=10, text_length=20))

    def lines(text: str) -> list[int]:
        found = project(text, config=limits).diagnostics
        assert {diagnostic.code for diagnostic in found} <= {"PL110"}
        return [diagnostic.location.line for diagnostic in found]

    assert lines(f'role {"a" * 10} "{"b" * 18}"\nrole {"a" * 11}\nrole c "{"b" * 19}"\n') == [2, 3]
    resource = "resource r { n : decimal  actions view }\n"
    assert lines(f"{resource}policy p on r {{ n is {'1' * 10} }}\npolicy q on r {{ n is {'1' * 11} }}\n") == [3]


def _ladder(levels: int) -> str:
    """Each level has two roles with a limit each, and both roles of the next level inside both."""
    text = "resource r { n : int  actions view }\n"
    for level in range(levels):
        for side in "xy":
            inner = f"role r{level + 1}x, r{level + 1}y" if level < levels - 1 else "grant view on r"
            text += f"policy p{level}{side} on r {{ n > {level} }}\n"
            text += f"role r{level}{side} {{ {inner}  policy p{level}{side} }}\n"
    return text + 'user "u" { assign role r0x }\n'


def test_ways_through_limits_are_limited() -> None:
    assert project(_ladder(9)).diagnostics == ()
    (finding,) = project(_ladder(30)).diagnostics
    assert finding.code == "PL110"
    assert "holds roles in more than 1,000 ways that differ in limits" in finding.message
    (finding,) = project(_ladder(9) + "group g { role r0x, r0y }\n").diagnostics
    assert "the group `g` holds roles in more than 1,000 ways" in finding.message
    free = re.sub(r" policy p[0-9]+[xy] }", " }", _ladder(30))
    assert project(free).diagnostics == ()


def test_ways_through_limits_of_a_compiled_set_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(limits=Limits(role_ways=10))
    (finding,) = project(_ladder(9), config=config).diagnostics
    assert finding.code == "PL110"
    made = project(_ladder(9)).ir
    assert made is not None
    assert from_json(to_json(made)) == made
    monkeypatch.setattr("policylang.ir.codec.MOST_WAYS", 10)
    with pytest.raises(LoadError, match="holds roles in more than 10 ways"):
        from_json(to_json(made))


NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


def _limited(roles: int, condition: str = "n is {}") -> str:
    """Roles with a grant and a limit each, all on one resource."""
    text = "resource r { n : int  optional m : int  actions view }\n"
    for number in range(roles):
        text += f"policy p{number} on r {{ {condition.replace('{}', str(number))} }}\n"
        text += f"role r{number} {{ grant view on r  policy p{number} }}\n"
    return text


@pytest.mark.parametrize("condition", ["n is {}", "n > {}"])  # each undoes the other, or one of the two
def test_a_user_with_many_limited_roles_has_bounded_findings(condition: str) -> None:
    roles = " ".join(f"assign role r{number}" for number in range(16))
    made = project(f'{_limited(16, condition)}user "u" {{ {roles} }}\n').ir
    assert made is not None
    found = run_checks(made, NOW, ["PL301"])
    assert len(found) == 101
    assert not any(each.unproved for each in found)
    (last,) = (each for each in found if "more pairs" in each.message)
    assert last.message.startswith("20 more pairs of roles and groups of `u` limit the same actions differently")
    assert last.shown
    # As many as are looked at are all.
    roles = " ".join(f"assign role r{number}" for number in range(14))
    made = project(f'{_limited(14, condition)}user "u" {{ {roles} }}\n').ir
    assert made is not None
    found = run_checks(made, NOW, ["PL301"])
    assert len(found) == 91
    assert not any("more pairs" in each.message for each in found)


@pytest.mark.parametrize("condition", ["n is {}", "n is {} and m > {}", "n > {}"])
@pytest.mark.parametrize("holder", ["user", "group"])
def test_reasoning_is_bounded_by_the_roles_of_a_user(
    condition: str, holder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many tests there are in the formulas that are solved: in proportion to the roles, not to their pairs."""
    tests: list[int] = []
    translate = search.nnf

    def counted(formula: Formula) -> Formula:
        plain = translate(formula)
        tests.append(sum(1 for _ in search._tests(plain)))
        return plain

    monkeypatch.setattr(search, "nnf", counted)
    solved = []
    for roles in (30, 60):
        names = [f"r{number}" for number in range(roles)]
        assigned = f"{{ {' '.join(f'assign role {name}' for name in names)} }}"
        people = (
            f'user "u" {assigned}\n' if holder == "user" else f'group g {{ role {", ".join(names)} }}\nuser "u" in g\n'
        )
        made = project(_limited(roles, condition) + people).ir
        assert made is not None
        tests.clear()
        assert not any(each.unproved for each in run_checks(made, NOW, ["PL202", "PL213", "PL302", "PL303"]))
        solved.append(sum(tests))
    assert solved[1] < 3 * solved[0]
