"""`--generate`: the file passes at once, its tests lie at the edges, and it covers the limits."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from policylang.model.instants import instant_text
from policylang.testing.generate import work
from policylang.testing.run import read_scenarios
from tests.helpers import ACCEPTANCE, POLICIES
from tests.testing.helpers import covered, generated, passing, policylang_test, write

SETS = {
    ACCEPTANCE / "securitytrax": 85.0,
    ACCEPTANCE / "tracktik": 55.0,
    POLICIES / "securitytrax": 85.0,
    POLICIES / "tracktik": 69.0,
    POLICIES / "quickstart": 100.0,
}


@pytest.mark.parametrize("root", SETS, ids=lambda root: f"{root.parent.name}-{root.name}")
def test_passes_and_covers(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "g.test.yaml"
    assert policylang_test(root, "--generate", ".", "-o", str(file)).code == 0
    coverage, (result,) = covered(file)
    assert result.cases
    assert [case for case in result.cases if case.failure] == []
    assert coverage.count().percent >= SETS[root]
    assert coverage.count().seen == coverage.count().possible
    limits = [each for each in coverage.statements if each.kind in ("limit", "append", "override", "deny")]
    assert [each.words for each in limits if not each.decisive] == []


def test_a_user_with_a_role_that_only_requests_ask_for(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_policy="""request { by : user with role driver }
resource van { owner : user  actions view }
role driver { grant view on van  deny view on van { request.by is owner } }
user "u" { assign role driver }
user "v"
""",
    )
    assert passing(tmp_path, generated(tmp_path))


def test_related_records_in_a_request(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_policy="""resource order { total : money  actions view }
request { ticket : order }
resource doc { actions view }
policy cheap on doc { request.ticket.total < 100 }
group g { grant view on doc  policy cheap }
user "a" in g
""",
    )
    text = generated(tmp_path)
    assert "request: {ticket: order_1}" in text
    cases = passing(tmp_path, text)
    assert {case.title for case in cases} == {"a may view doc_empty", "a may not view doc_empty"}


HEAD = """timezone "America/Denver"
scope region contains site
place region "N"
place site "S" in "N"
place site "T" in "N"
place site "P"
subject { level : int  team : text  sites : set of site  labels : set of text }
request { ip : ip }
resource up { title : text  owner : user  n : int  actions view }
resource doc {
  title : text  n : int  rate : money  open : bool  status : one of draft, sent, final
  day : date  seen : datetime  age : duration  ip : ip  owner : user with role writer  second : user
  place : site  tags : set of text  others : set of text  people : set of user  up : up  actions view, modify, create
}
role writer
user "u" { level : 3  team : "a"  sites : ["S"]  labels : ["x"]  assign role writer  assign role r }
user "v" { level : 5  team : "b"  assign role writer }
role r { grant view, modify on doc  policy p }
"""


@pytest.mark.parametrize(
    ("condition", "labels"),
    [
        ("seen within 30 days", "seen_at_edge seen_now | seen_in_future seen_missing seen_past_edge"),
        ("seen within next 2 months", "seen_at_edge seen_now | seen_in_past seen_missing seen_past_edge"),
        ("seen older than 1 year", "seen_past_edge | seen_at_edge seen_missing"),
        ("day within 30 days", "day_at_edge day_now | day_in_future day_missing day_past_edge"),
        ("day before 2026-03-01", "day_below_edge | day_above_edge day_at_edge day_missing"),
        ("seen after 2026-03-01T00:00:00Z", "seen_above_edge | seen_at_edge seen_below_edge seen_missing"),
        ("n >= 5", "n_above_edge n_at_edge | n_below_edge n_missing"),
        ("not (n < 5 or n > 7)", None),
        ("rate < 10.005", "rate_below_edge | rate_above_edge rate_at_edge rate_missing"),
        ("n is 5", "n_at_edge | n_above_edge n_below_edge n_missing"),
        ("n < assigned user.level", "n_below_edge | n_above_edge n_at_edge n_missing"),
        ("age <= 2 days", "age_at_edge age_below_edge | age_above_edge age_missing"),
        ("open is true", "open_true | open_false open_missing"),
        ("status is sent", "status_sent | status_draft status_missing"),
        ("status in [draft, final]", "status_draft status_final | status_missing status_sent"),
        ('title is "x: {y}"', "title_same | title_missing title_other"),
        ("title is not assigned user.team", "title_other | title_missing title_same"),
        ('title starts with "ab"', "title_longer title_same | title_missing title_not_at_start title_too_short"),
        ('title ends with "ab"', "title_longer title_same | title_missing title_not_at_end title_too_short"),
        ('title contains "ab"', "title_inside title_same | title_missing title_too_short"),
        ('title in ["a", "b", "c"]', "title_listed title_listed_last | title_missing title_other"),
        ("title is missing", "title_missing | title_present"),
        ('ip in "10.0.0.0/8"', "ip_first_inside ip_last_inside | ip_just_before ip_just_behind ip_missing"),
        ('ip in "0.0.0.0/0"', "ip_first_inside ip_last_inside | ip_missing"),
        ('request.ip in "10.0.0.0/8"', None),
        ("owner is assigned user", "owner_own | owner_missing owner_other_person"),
        ("second is owner", "second_own | owner_missing owner_other_person second_missing second_other_person"),
        ("second.level > 4", "second_matching_person | second_missing second_own"),
        ('place is "S"', "place_matching_place | place_missing place_other_place"),
        ("assigned user.sites contains place", "place_matching_place | place_missing place_other_place"),
        ('tags contains "x"', "tags_with_it | tags_empty tags_missing tags_without_it"),
        ('tags contains all of ["x", "y"]', "tags_with_all | tags_missing tags_without_one tags_without_one_2"),
        ('tags contains all of ["x", "y"] and not (tags contains "z")', None),
        ('not (tags contains all of ["x", "y"])', "tags_without_one tags_without_one_2 | tags_missing tags_with_all"),
        ('tags overlaps ["x", "y"]', "tags_with_it tags_with_it_2 | tags_empty tags_missing tags_without_it"),
        ("tags overlaps assigned user.labels", "tags_with_one | tags_empty tags_missing tags_with_others"),
        ("tags overlaps others", None),
        ("tags is empty", "tags_empty | tags_missing tags_with_one"),
        ("tags is not empty", "tags_with_one | tags_empty tags_missing"),
        ("tags is empty or n > 3", None),
        ("now is between 22:00 and 06:00", "empty | empty"),
        ("now is on saturday, sunday", "empty | empty"),
        ("now is not on thursday", "empty | empty"),
        ("now is between 08:00 and 18:00 and n > 3", None),
        ("people contains assigned user", "people_with_it | people_empty people_missing"),
        ("up is present", "up_present | up_missing"),
        ("up.n > 3", "up_n_above_edge | up_n_at_edge up_n_below_edge up_n_missing"),
        ("up.owner is assigned user or n > 3", None),
        ('up.owner.team is "b" and status is draft', None),
        ("n > up.n", None),
    ],
)
def test_both_sides_of_each_kind_of_test(tmp_path: Path, condition: str, labels: str | None) -> None:
    write(tmp_path, a_policy=f"{HEAD}policy p on doc {{ {condition} }}\n")
    text = generated(tmp_path)
    cases = passing(tmp_path, text)
    assert "nothing was found" not in text
    viewed = [case.title for case in cases if " view " in case.title]
    assert len(viewed) < len(cases)
    if labels is not None:
        wanted = [set(side.split()) for side in labels.split(" | ")]
        found = [
            {title.split()[-1].removeprefix("doc_") for title in viewed if (" not " in title) == deny}
            for deny in (False, True)
        ]
        # A record without any value is called empty, not after the one that is missing.
        assert [{re.sub("^.*_missing$", "empty", each) for each in side} for side in wanted] == [
            {re.sub("^.*_missing$", "empty", each) for each in side} for side in found
        ]


@pytest.mark.parametrize(
    ("condition", "edges"),
    [
        # In Denver it is five o'clock on a Thursday.
        ("now is between 22:00 and 06:00", ["15T13:00", "16T05:00"]),
        ("now is between 00:00 and 22:00", ["15T07:00", "16T05:00"]),
        ("now is between 00:00 and 23:59 or now is between 23:59 and 00:00", []),
        ("now is on saturday, sunday", ["17T07:00", "19T07:00"]),
        ("now is on thursday", ["15T07:00", "16T07:00"]),
        ("now is between 22:00 and 06:00 and now is on saturday", ["17T07:00", "17T13:00", "18T05:00", "18T07:00"]),
        ("now is between 08:00 and 18:00 and n > 3", ["15T15:00", "16T01:00"]),
    ],
)
def test_a_second_before_and_at_each_time_of_the_clock(tmp_path: Path, condition: str, edges: list[str]) -> None:
    write(tmp_path, a_policy=f"{HEAD}policy p on doc {{ {condition} }}\n")
    text = generated(tmp_path)
    if edges:
        assert passing(tmp_path, text)
    assert ("nothing in a record" in text) is (not edges)
    found = set(re.findall(r"    now: (\S+)\n", text))
    at = [datetime.datetime.fromisoformat(f"2026-01-{each}:00+00:00") for each in edges]
    beside = {each - datetime.timedelta(seconds=seconds) for each in at for seconds in (0, 1)}
    assert found == {instant_text(each) for each in beside}


def test_hours_of_a_role_that_is_given_for_some_hours(tmp_path: Path) -> None:
    rest = """policy p on doc { n > 1 }
policy night on doc { now is between 22:00 and 06:00 }
role guard { grant view on doc  policy night }
user "g" { assign role guard from 2026-06-01 20:00 until 2026-06-02 08:00 }
"""
    write(tmp_path, a_policy=HEAD + rest)
    text = generated(tmp_path)
    assert passing(tmp_path, text)
    assert "policy night of role guard (a.policy:21): " not in text
    assert {"2026-06-02T03:59:59Z", "2026-06-02T04:00:00Z", "2026-06-02T12:00:00Z"} <= {
        *re.findall(r"now: (\S+)", text)
    }


def test_hours_of_a_deny(tmp_path: Path) -> None:
    write(tmp_path, a_policy=f"{HEAD}policy p on doc {{ n > 1 }}\ndeny view on doc {{ now is on sunday }}\n")
    text = generated(tmp_path)
    cases = passing(tmp_path, text)
    _, found = text.split("deny view on doc { now is on sunday }", 1)
    assert re.findall(r"now: (\S+)", found) == [
        "2026-01-18T06:59:59Z",
        "2026-01-18T07:00:00Z",
        "2026-01-19T06:59:59Z",
        "2026-01-19T07:00:00Z",
    ]
    assert cases


def test_first_and_last_day_of_an_integration(tmp_path: Path) -> None:
    rest = """policy p on doc { n > 1 }
integration sync { role r, writer  objects doc  from 2026-01-01 until 2026-12-31 }
"""
    write(tmp_path, a_policy=HEAD + rest)
    text = generated(tmp_path)
    assert passing(tmp_path, text)
    found = re.findall(r"user: sync\n    now: (\S+)", text)
    assert found == ["2026-01-01T07:00:00Z", "2026-01-01T06:59:59Z", "2027-01-01T06:59:59Z", "2027-01-01T07:00:00Z"]


def test_what_one_user_has_is_called_by_the_user(tmp_path: Path) -> None:
    rest = """policy p on doc { n > 1 }
user "own" { grant view, modify on doc  deny modify on doc { open is true }  policy p on doc for view }
"""
    write(tmp_path, a_policy=HEAD + rest)
    text = generated(tmp_path)
    assert passing(tmp_path, text)
    assert '"policy p for view of own (a.policy:20)"' in text
    assert "for own (a.policy:20)" in text


def test_limits_beside_it_are_kept_and_other_ways_closed(tmp_path: Path) -> None:
    rest = """policy p on doc { seen within 30 days }
policy q on doc { owner is assigned user }
policy mine on doc { second is assigned user and n > 5 }
role s { grant view on doc  policy mine }
user "x" { assign role writer  assign role s at site "P"  assign role t  append policy few on doc }
role t { role s, r  policy q }
policy few on doc { n < 9 }
deny view on doc { status is final }
deny modify on doc { tags contains "locked" } because "it is"
"""
    write(tmp_path, a_policy=HEAD + rest)
    text = generated(tmp_path)
    passing(tmp_path, text)
    coverage, _ = covered(tmp_path / "g.test.yaml")
    undecided = [each.words for each in coverage.statements if each.kind in ("limit", "deny", "append")]
    undecided = [words for words in undecided if not next(e for e in coverage.statements if e.words == words).decisive]
    assert undecided == []


def test_first_and_last_second_of_an_assignment(tmp_path: Path) -> None:
    people = 'policy p on doc { n > 1 }\nuser "w" { assign role r at region "N" from 2026-03-08 until 2026-03-08 }\n'
    write(tmp_path, a_policy=HEAD + people)
    text = generated(tmp_path)
    passing(tmp_path, text)
    found = re.findall(r"now: (2026-03\S+)", text)
    assert found == ["2026-03-08T07:00:00Z", "2026-03-08T06:59:59Z", "2026-03-09T05:59:59Z", "2026-03-09T06:00:00Z"]


def test_what_cannot_be_tested_is_said(tmp_path: Path) -> None:
    rest = """policy p on doc { assigned user.level > 2 }
role nobodys { grant view on doc  policy q }
policy q on doc { n > 1 and n < 1 }
role impossible { grant view on doc  policy q }
user "w" { assign role impossible }
"""
    write(tmp_path, a_policy=HEAD + rest)
    text = generated(tmp_path)
    left_out = [line for line in text.splitlines() if line.startswith("  # ")]
    assert left_out == [
        "  # policy p of role r (a.policy:18): nothing in a record or a request can change its outcome",
        "  # policy q of role nobodys (a.policy:20): no user has it",
        "  # policy q of role impossible (a.policy:22): no request was found that depends on it alone",
    ]


def test_names_that_need_quotes(tmp_path: Path) -> None:
    odd = 'a\\"b: {c} #\\u{1F511}\\u{7}'
    text = f"""resource doc {{ owner : user  title : text  actions view }}
policy p on doc {{ owner is assigned user and title is "{odd}" and not (title is "null") }}
group g {{ grant view on doc  policy p }}
user "true" in g
user "{odd.replace("{7}", "{E9}")}" in g
user "1e3" in g
"""
    write(tmp_path, a_policy=text)
    found = generated(tmp_path)
    assert passing(tmp_path, found)
    scenarios, _ = read_scenarios(found)
    assert 'a"b: {c} #\U0001f511\x07' in {record.get("title") for record in scenarios.records.values()}


def test_nothing_to_test(tmp_path: Path) -> None:
    write(tmp_path, a_policy="resource doc { actions view }\n")
    write(tmp_path, g_test_yaml=generated(tmp_path))
    result = policylang_test(tmp_path, "g.test.yaml")
    assert (result.code, result.out) == (0, "0 passed, 0 failed in 1 file\n")


def test_the_instant_is_noted_or_chosen(tmp_path: Path) -> None:
    write(tmp_path, a_policy=f"{HEAD}policy p on doc {{ seen within 30 days }}\n")
    assert "now: 2026-01-15T12:00:00Z            # a fixed instant; another one with --now\n" in generated(tmp_path)
    text = generated(tmp_path, "--now", "2025-03-31T12:00:00+02:00")
    assert "now: 2025-03-31T10:00:00Z\n" in text
    assert "seen: 2025-03-01T10:00:00Z" in text
    assert generated(tmp_path) == generated(tmp_path)


def test_a_file_names_the_folder_as_it_sees_it(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    write(tmp_path / "policies", a_policy=f"{HEAD}policy p on doc {{ n > 1 }}\n")
    (tmp_path / "tests").mkdir()
    assert policylang_test(tmp_path, "--generate", "-o", "tests/g.test.yaml").code == 0
    assert "policies: ../policies\n" in (tmp_path / "tests" / "g.test.yaml").read_text().replace('"', "")
    assert policylang_test(tmp_path, "tests").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--generate", "nowhere"), "nowhere"),
        (("--generate", "a.policy"), "name the folder"),
        (("--generate", ".", "--coverage"), "--generate runs no tests"),
        (("--generate", ".", "--format", "json"), "--generate runs no tests"),
        (("--generate", ".", "--now", "today"), "is not an instant"),
        (("--generate", ".", "--now", "2026-01-01T00:00:00"), "is not an instant"),
        (("--generate", ".", "-o", "no/where"), "cannot be written"),
        (("-o", "x"), "need --generate"),
        (("--now", "2026-01-01T00:00:00Z"), "need --generate"),
    ],
)
def test_what_cannot_be_generated(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    write(tmp_path, a_policy=f"{HEAD}policy p on doc {{ n > 1 }}\n")
    result = policylang_test(tmp_path, *arguments)
    assert result.code == 2
    assert words in result.err


def test_policies_with_errors(tmp_path: Path) -> None:
    write(tmp_path, a_policy="role r { role s }\n")
    result = policylang_test(tmp_path, "--generate", ".")
    assert result.code == 2
    assert "PL" in result.err
    assert result.out == ""


def many_roles(count: int) -> str:
    """One user with so many roles, the limits of which all ask about the same attributes."""
    roles = "".join(
        f'policy p{n} on doc {{ n is {n} or t is "x{n}" }}\nrole r{n} {{ grant view on doc  policy p{n} }}\n'
        for n in range(count)
    )
    given = "".join(f"  assign role r{n}\n" for n in range(count))
    return f'resource doc {{ n : int  t : text  actions view }}\n{roles}user "ann" {{\n{given}}}\n'


def test_many_limited_roles_of_one_user(tmp_path: Path) -> None:
    write(tmp_path, a_policy=many_roles(30))
    text = generated(tmp_path)
    assert [number for number in range(30) if f"policy p{number} of role r{number} " not in text] == []
    assert "too much" not in text
    assert len(passing(tmp_path, text)) > 4 * 30


def test_more_roles_than_can_be_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is said, one by one; what was found stays, and is right."""
    monkeypatch.setattr(work, "_WHOLE", 12_000)
    write(tmp_path, a_policy=many_roles(30))
    text = generated(tmp_path)
    left_out = re.findall(r"^  # policy p(\d+) of role r\1 .*: too many combinations: (.*)$", text, re.MULTILINE)
    assert 5 < len(left_out) < 30
    assert {why for _, why in left_out} == {"its users have too many other limits"}
    made = set(re.findall(r"- name: .policy p(\d+) of role", text))
    assert made | {number for number, _ in left_out} == {str(number) for number in range(30)}
    assert passing(tmp_path, text)


def test_people_are_those_there_are(tmp_path: Path) -> None:
    """The first users are all ruled out by what stands beside the limit, and nobody is made up."""
    users = "".join(f'user "u{n}" in g\n' for n in range(9))
    write(
        tmp_path,
        a_policy=f"""resource doc {{ owner : user  n : int  actions view }}
policy large on doc {{ n > 5 and not (owner in ["u0", "u1", "u2", "u3", "u4", "u5"]) }}
group g {{ grant view on doc  policy large }}
{users}""",
    )
    text = generated(tmp_path)
    assert passing(tmp_path, text)
    assert "doc_n_above_edge: " in text
    assert set(re.findall("owner: ([^,}]+)", text)) <= {f"u{n}" for n in range(9)}
