"""`policylang report`: one page with everything inside, parts of it, and rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policylang.cli import report as command
from policylang.cli.main import commands
from policylang.output.page import Application, NotBuiltError

AT = "2026-11-21T12:00:00Z"
SET = """\
resource doc "Document" { owner : user  actions view, modify }
resource note "</script><script>alert(1)</script>" { text : text  actions view }
role clerk "Clerk" { grant view on doc }
role lead "=cmd|' /C calc'!A0" { grant view, modify on doc because "leads"  grant view on note }
user "ann@x" { assign role clerk because "=1+1" }
user "-ben@x" { assign role lead because "runs it" }
review role clerk every 90 days last 2026-08-01 by "-ben@x"
review role lead every 1 year
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "application", lambda: Application("run('</')", "body {}"))
    Path("p").mkdir()
    Path("p/a.policy").write_text(SET, encoding="utf-8")
    return tmp_path


def policylang(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments)


def documents(path: str = "access.html") -> list[dict[str, Any]]:
    page = Path(path).read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    found: list[dict[str, Any]] = json.loads(data)
    return found


def test_a_page_with_everything_inside() -> None:
    result = policylang("report", "p", "--now", AT)
    assert (result.exit_code, result.output) == (0, "wrote access.html\n")
    page = Path("access.html").read_text(encoding="utf-8")
    assert "default-src 'none'; script-src 'sha256-" in page
    assert not re.search(r'(?:src|href)="', page)
    assert "<script>alert" not in page
    (doc,) = documents()
    assert (doc["policies"], doc["now"], doc["change"]) == (["p"], AT, None)
    assert doc["digest"].startswith("sha256:")
    assert [each["id"] for each in doc["people"]] == ["-ben@x", "ann@x"]
    assert doc["places"][doc["roles"][0]["at"]] == ["p/a.policy", 3, 1, SET.splitlines()[2]]
    assert {each["code"] for each in doc["findings"]} >= {"PL603"}


def test_the_same_page_each_time() -> None:
    policylang("report", "p", "--now", AT, "-o", "one.html")
    policylang("report", "p", "--now", AT, "-o", "two.html")
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()


def test_several_policy_sets_and_compiled_ones() -> None:
    Path("q").mkdir()
    Path("q/b.policy").write_text('role guest "Guest"\n', encoding="utf-8")
    assert policylang("compile", "q", "-o", "q.json").exit_code == 0
    assert policylang("report", "p", "q", "--now", AT).exit_code == 0
    assert [each["policies"] for each in documents()] == [["p"], ["q"]]
    assert policylang("report", "q.json", "--now", AT).exit_code == 0
    (doc,) = documents()
    assert doc["places"][doc["roles"][0]["at"]] == ["b.policy", 1, 1, ""]


def test_a_part() -> None:
    assert policylang("report", "p", "--now", AT, "--user", "ann@x").exit_code == 0
    (doc,) = documents()
    assert [each["name"] for each in doc["roles"]] == ["clerk"]
    assert [each["id"] for each in doc["people"]] == ["ann@x"]
    assert "calc" not in json.dumps(doc)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", "an@x"], "an@x: unknown user\n  help: did you mean `ann@x`?"),
        (["--role", "clark"], "clark: unknown role\n  help: did you mean `clerk`?"),
        (["--resource", "docs"], "docs: unknown resource\n  help: did you mean `doc`?"),
        (["--now", "today"], "--now: `today` is not an instant"),
        (["--now", "0001-01-01T00:00:00Z"], "--now: `0001-01-01T00:00:00Z` is outside the calendar"),
        (["--against", "nowhere"], "nowhere"),
        (["-o", "p/a.policy"], "p/a.policy: not written: this is a policy file"),
        (["-o", "missing/out.html"], "missing/out.html: cannot be written"),
    ],
)
def test_what_cannot_be(arguments: list[str], said: str) -> None:
    result = policylang("report", "p", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("access.html").exists()


def test_mistakes_in_the_sources() -> None:
    Path("p/a.policy").write_text("role r { grant veiw on doc }\n", encoding="utf-8")
    result = policylang("report", "p")
    assert result.exit_code == 2
    assert "p/a.policy:1:24: PL101" in result.stderr
    assert not Path("access.html").exists()


def test_a_part_is_of_one_policy_set() -> None:
    Path("q").mkdir()
    Path("q/b.policy").write_text('role guest "Guest"\n', encoding="utf-8")
    for option in (["--user", "ann@x"], ["--against", "p"]):
        result = policylang("report", "p", "q", *option)
        assert result.exit_code == 2
        assert "and here are 2\n  help: name one of them" in result.stderr


def test_what_changed() -> None:
    Path("new").mkdir()
    Path("new/a.policy").write_text(SET.replace("grant view on doc }", "grant view, modify on doc }"), encoding="utf-8")
    assert policylang("report", "new", "--against", "p", "--now", AT).exit_code == 0
    (doc,) = documents()
    assert doc["change"]["old"] == "p"
    (change,) = doc["change"]["report"]["changes"]
    assert (change["kind"], change["users"]) == ("gained", ["ann@x"])


def test_reviews_as_rows_without_formulas() -> None:
    result = policylang("report", "p", "--csv", "-o", "-", "--now", AT)
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.output)))
    assert [(row["reviewer"], row["name"], row["overdue"], row["user"], row["because"]) for row in rows] == [
        ("'-ben@x", "clerk", "yes", "ann@x", "'=1+1"),
        ("", "lead", "yes", "'-ben@x", "runs it"),
    ]
    assert rows[1]["label"] == "'=cmd|' /C calc'!A0"
    assert policylang("report", "p", "--csv").output == "wrote reviews.csv\n"


def test_rows_tell_the_instant_to_the_microsecond() -> None:
    said = policylang("report", "p", "--csv", "-o", "-", "--now", "2026-11-21T12:00:00.5Z").output
    assert {row["now"] for row in csv.DictReader(io.StringIO(said))} == {"2026-11-21T12:00:00.500000Z"}


LOG = """\
user,action,resource,time,decision
ann@x,view,doc,2026-08-01T08:00:00Z,allow
ann@x,view,doc,2026-11-20T08:00:00Z,allow
ann@x,modify,doc,2026-11-20T08:00:00Z,deny
"""


def test_reviews_say_what_was_used() -> None:
    """What was allowed counts, of what the reviewed role grants; the rules that need a log run as well."""
    Path("log.csv").write_text(LOG, encoding="utf-8")
    given = ["--now", AT, "--usage", "log.csv"]
    assert policylang("report", "p", *given).exit_code == 0
    (doc,) = documents()
    assert doc["log"] == {"since": "2026-08-01", "until": "2026-11-20"}
    clerk, lead = (page["items"][0] for page in doc["reviews"])
    assert [each["used"] for each in clerk["holders"]] == [{"count": 2, "last": "2026-11-20"}]
    assert [each["used"] for each in lead["holders"]] == [{"count": 0, "last": None}]
    assert "PL407" in {each["code"] for each in doc["findings"]}
    said = policylang("report", "p", *given, "--csv", "-o", "-").output
    rows = list(csv.DictReader(io.StringIO(said)))
    assert [(row["uses"], row["last_use"]) for row in rows] == [("2", "2026-11-20"), ("0", "")]


def test_reviews_say_nothing_of_use_without_a_log() -> None:
    policylang("report", "p", "--now", AT)
    (doc,) = documents()
    assert doc["log"] is None
    assert all("used" not in holder for page in doc["reviews"] for item in page["items"] for holder in item["holders"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mapping", "m.yaml"], "--mapping says what is in the log of --usage"),
        (["--usage", "none.csv"], "none.csv: there is no such file"),
        (["--usage", "log.csv", "-o", "log.csv"], "log.csv: not written"),
    ],
)
def test_a_log_that_cannot_be(arguments: list[str], said: str) -> None:
    Path("log.csv").write_text(LOG, encoding="utf-8")
    result = policylang("report", "p", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert Path("log.csv").read_text(encoding="utf-8") == LOG


def test_without_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Application:
        raise NotBuiltError

    monkeypatch.setattr(command, "application", missing)
    result = policylang("report", "p")
    assert result.exit_code == 2
    assert "report: the web application is not built\n  help: in a checkout, `make web` builds it" in result.stderr
    assert policylang("report", "p", "--csv").exit_code == 0
