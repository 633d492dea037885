"""Coverage: exactly what is decisive, which outcomes count, and that files add up."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, eligible
from policylang.runtime.request import Request
from policylang.testing.coverage.recorder import Recorder
from policylang.testing.coverage.report import Coverage
from policylang.testing.coverage.statements import statements, without
from policylang.testing.run import read_scenarios, run_scenarios
from tests.helpers import ACCEPTANCE, POLICIES, compiled
from tests.testing.helpers import HEAD, covered, write

SETS = [ACCEPTANCE / "securitytrax", ACCEPTANCE / "tracktik", POLICIES / "quickstart"]


class Everything:
    """Takes out every statement in every case, and compares with what the recorder made of it."""

    def __init__(self, recorder: Recorder, index: Index) -> None:
        self.recorder = recorder
        self.others = {each.at: without(index, [each]) for each in statements(index.policy_set)}

    def _compare(self, before: dict[str, int], differs: set[str]) -> None:
        assert {at for at in self.others if self.recorder.decisive[at] > before.get(at, 0)} == differs
        assert all(self.recorder.reached[at] for at in differs)

    def decided(self, index: Index, asked: Request, decision: Decision) -> None:
        before = dict(self.recorder.decisive)
        self.recorder.decided(index, asked, decision)
        self._compare(
            before, {a for a, i in self.others.items() if reference.answer(i, asked).allowed != decision.allowed}
        )

    def listed(self, index: Index, attribute: str, now: datetime.datetime, found: tuple[str, ...]) -> None:
        before = dict(self.recorder.decisive)
        self.recorder.listed(index, attribute, now, found)
        names = attribute.split(".")
        self._compare(before, {a for a, i in self.others.items() if eligible(i, names[0], names[1], now) != found})


def compared(text: str, *policies: str) -> Recorder:
    index = Index(compiled(*policies))
    recorder = Recorder(index, set(index.policy_set.sources))
    list(run_scenarios(*read_scenarios(text), index, Everything(recorder, index)))
    return recorder


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_decisive_is_what_taking_out_each_statement_says(folder: Path) -> None:
    policies = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.policy"))]
    for file in sorted(folder.glob("*.test.yaml")):
        compared(file.read_text(encoding="utf-8"), *policies)


WORLD = """
scope region contains site
place region "N"
place site "S" in "N"
place site "T"
resource doc {
  owner : user with role writer  optional second : user with role writer
  site : site  status : one of draft, final  sensitive fee : money
  actions view, modify, create
  action check requires view on doc and (modify on doc or create on doc)
}
role writer
role outer { role inner  policy mine on doc }
role inner { grant view, modify, create on doc  policy drafts on doc for view }
role closer { deny view on doc { status is final } }
policy mine on doc { owner is assigned user }
policy drafts on doc { status is draft }
group g { role outer, writer  grant check on doc  deny modify on doc (status) }
job "J" { role inner }
user "u" in g { append policy drafts on doc for modify }
user "v" in g job "J" { override policy drafts on doc for view  assign role closer at site "S" }
user "w" { assign role inner at region "N" from 2026-11-01 until 2026-11-30  assign role inner from 2026-12-01 }
terminated user "x" in g
deny create on doc { second is missing and status is final }
"""


@pytest.mark.parametrize("user", ["u", "v", "w", "x", "nobody"])
def test_decisive_with_every_kind_of_statement(user: str) -> None:
    records = [
        f"  r{number}: {{resource: doc, {', '.join(values)}}}\n"
        for number, values in enumerate(
            (f"owner: {owner}", f"status: {status}", *site)
            for owner in ("u", "v")
            for status in ("draft", "final")
            for site in ((), ("site: S",), ("site: T",))
        )
    ]
    names = ", ".join(f"r{number}, r{number}.status" for number in range(len(records)))
    changes = ", ".join(f"{{r{number}: {{status: final, second: v}}}}" for number in range(len(records)))
    text = f"{HEAD}records:\n{''.join(records)}tests:\n"
    for when in ("2026-11-21T12:00:00Z", "2026-12-21T12:00:00Z"):
        asked = f"{{view: [{names}], modify: [{names}, {changes}], create: [{names}], check: [{names}]}}"
        expected = "deny" if user == "nobody" else "allow"  # that a stranger is allowed nobody can mean
        text += f"- {{name: t, user: {user}, now: {when}, {expected}: {asked}}}\n"
    recorder = compared(f"{text}eligible: {{doc.owner: [], doc.second: []}}\n", WORLD)
    assert bool(recorder.outcomes) == (user not in ("x", "nobody"))


SMALL = """resource doc { owner : user  optional seen : date  n : int  actions view, modify }
policy mine on doc { owner is assigned user and (n > 3 or seen within 7 days) }
group g {
  grant view, modify on doc
  policy mine
  deny modify on doc { n > 9 }
}
user "u" in g
user "v" in g
"""
TESTS = """records:
  hers: {resource: doc, owner: u, n: 4}
  his: {resource: doc, owner: v, n: 4}
  low: {resource: doc, owner: u, n: 3}
"""


def small(tmp_path: Path, *tests: str) -> Coverage:
    write(tmp_path, a_policy=SMALL)
    for number, each in enumerate(tests):
        (tmp_path / f"{number}.test.yaml").write_text(f"{HEAD}{TESTS}tests: [{{name: t, user: u, {each}}}]\n")
    return covered(tmp_path)[0]


def row(coverage: Coverage, words: str) -> Any:
    (found,) = [each for each in coverage.statements if each.words == words]
    return found


def test_statements(tmp_path: Path) -> None:
    coverage = small(tmp_path, "allow: {view: [hers]}", "deny: {view: [his, low], modify: [his]}")
    assert coverage.cases == 4
    grant = row(coverage, "grant view, modify on doc")
    assert (grant.line, grant.reached, grant.decisive, grant.actions) == (4, 4, 1, {"view": 1, "modify": 0})
    limit = row(coverage, "policy mine")
    assert (limit.reached, limit.decisive) == (4, 3)
    deny = row(coverage, "deny modify on doc { n > 9 }")
    assert (deny.reached, deny.decisive) == (1, 0)
    assert [(row(coverage, f'group g of "{user}"').reached) for user in "uv"] == [4, 0]


def test_outcomes_of_conditions_and_of_the_tests_in_them(tmp_path: Path) -> None:
    coverage = small(tmp_path, "allow: {view: [hers]}, deny: {view: [his, low]}")
    mine, deny = coverage.conditions
    assert (mine.name, mine.cases, mine.whole.outcomes) == ("policy mine", 3, {"true": 1, "false": 1, "unknown": 1})
    assert mine.whole.possible == ("true", "false", "unknown")
    found = {test.words: (test.outcomes, test.possible) for test in mine.tests}
    assert found == {
        "owner is assigned user": ({"true": 2, "false": 1, "unknown": 0}, ("true", "false")),
        "n > 3": ({"true": 2, "false": 1, "unknown": 0}, ("true", "false")),
        "seen within 7 days": ({"true": 0, "false": 0, "unknown": 3}, ("true", "false", "unknown")),
    }
    assert (deny.cases, deny.whole.outcomes, deny.tests) == (0, {"true": 0, "false": 0, "unknown": 0}, ())


@pytest.mark.parametrize(
    ("condition", "unknown"),
    [
        ("n > 1", False),
        ("optional_n > 1", True),
        ("optional_n is missing", False),
        ("owner is assigned user", False),
        ("up.n > 1", True),
        ("owner.level > 1", True),
        ("assigned user.level > n", True),
        ('request.ip in "10.0.0.0/8"', True),
    ],
)
def test_unknown_counts_where_a_value_can_be_missing(tmp_path: Path, condition: str, unknown: bool) -> None:
    text = (
        "subject { level : int }\nrequest { ip : ip }\n"
        "resource doc { n : int  optional optional_n : int  owner : user  up : doc  actions view }\n"
        f'policy p on doc {{ {condition} }}\nrole r {{ grant view on doc  policy p }}\nuser "u" {{ assign role r }}\n'
    )
    write(tmp_path, a_policy=text, a_test_yaml=f"{HEAD}eligible: {{doc.owner: []}}\n")
    assert ("unknown" in covered(tmp_path)[0].conditions[0].whole.possible) is unknown


def test_files_add_up_and_their_order_does_not_matter(tmp_path: Path) -> None:
    one, two = "allow: {view: [hers]}", "deny: {view: [his, low]}"
    both = small(tmp_path, one, two)
    assert both == small(tmp_path, two, one)
    assert both.count().percent == small(tmp_path, f"{one}, {two}", two).count().percent


def test_people_from_directory_files_are_not_counted(tmp_path: Path) -> None:
    people = 'people:\n  - {id: "w", group: g}\n'
    write(tmp_path, a_policy=SMALL)
    (tmp_path / "people.yaml").write_text(people)
    text = f"{HEAD}directory: people.yaml\n{TESTS}tests: [{{name: t, user: w, deny: {{view: [hers]}}}}]\n"
    (tmp_path / "a.test.yaml").write_text(text)
    coverage, results = covered(tmp_path)
    assert [case.failure for case in results[0].cases] == [None]
    assert row(coverage, "policy mine").decisive == 1
    assert not [each for each in coverage.statements if '"w"' in each.words]


def test_count_of_nothing_is_complete_and_of_nearly_all_is_not() -> None:
    from policylang.testing.coverage.report import Count

    assert Count().percent == 100
    assert Count().reaches(100)
    nearly = Count(statements=100_000, decisive=99_999)
    assert nearly.percent == 99.9
    assert not nearly.reaches(100)
    assert nearly.reaches(99.999)
