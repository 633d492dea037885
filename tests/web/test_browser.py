"""Reports in a real browser: every view, narrow and wide, light and dark, by keyboard alone, hostile names, no network.

One browser does all of it (`browser.mjs`); each check is a test here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from filelock import FileLock

from policylang.cli.main import commands
from tests.cli.conftest import ROOT
from tools import playground, web

HERE = Path(__file__).parent
AT = "2026-11-21T12:00:00-07:00"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the browser found; of several processes that run tests, one starts it."""
    shared = tmp_path_factory.getbasetemp().parent / f"browser-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            shared.write_text(json.dumps(browsed(tmp_path_factory)), encoding="utf-8")
    found: dict[str, Any] = json.loads(shared.read_text(encoding="utf-8"))
    return found


def browsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    web.built()
    folder = tmp_path_factory.mktemp("reports")
    reports = {
        "changed": [
            str(HERE / "changed" / "new"),
            "--against",
            str(HERE / "changed" / "old"),
            "--usage",
            str(HERE / "changed" / "log.csv"),
        ],
        "hostile": [str(HERE / "hostile")],
    }
    for name, arguments in reports.items():
        commands(["report", *arguments, "--now", AT, "-o", str(folder / f"{name}.html")], standalone_mode=False)
    command = ["node", str(HERE / "browser.mjs"), str(web.installed()), *web.browser()]
    with exploring(folder / "live") as address, served(playground.built()) as site:
        live = {"address": address, "file": str(folder / "live" / "shop.policy")}
        jobs = json.dumps(
            {"reports": {name: str(folder / f"{name}.html") for name in reports}, "live": live, "playground": site}
        )
        run = subprocess.run(command, input=jobs, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@contextmanager
def exploring(folder: Path) -> Iterator[str]:
    """The explorer on a copy of a policy set, and its address."""
    shutil.copytree(HERE / "changed" / "new", folder)
    command = [sys.executable, "-m", "policylang", "explore", str(folder), "--no-browser", "--now", AT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Static files on the loopback interface, and their address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Tells nobody what was asked for."""

    def log_message(self, *_: object) -> None:
        pass


def value(results: dict[str, Any], name: str) -> Any:
    found = results[name]
    assert found["ok"], found["message"]
    return found.get("value")


@pytest.mark.parametrize("size", ["360 in dark", "2560 in light"])
@pytest.mark.parametrize("report", ["changed", "hostile"])
def test_every_view_is_whole_and_accessible(results: dict[str, Any], report: str, size: str) -> None:
    """No serious finding of axe, nothing wider than the window, no script of a name run, nothing loaded."""
    value(results, f"{report} at {size}")


def test_the_matrix(results: dict[str, Any]) -> None:
    cells = value(results, "the matrix says the same as the commands")
    assert [each.removeprefix("Cy Cole, ") for each in cells if each.startswith("Cy Cole")] == [
        "access on API: not granted",
        "run on Export: requirement missing",
        "view on Order: some fields, with sensitive fields",
        "create on Order: limited, some fields",
        "modify on Order: some fields",
        "delete on Order: some fields",
        "view_all on Timeline: bypasses limits",
    ]


def test_keyboard_alone(results: dict[str, Any]) -> None:
    assert "Neither it nor a role inside it grants it." in value(results, "a cell opens why, by keyboard alone")


def test_search(results: dict[str, Any]) -> None:
    """What is filtered says so on paper. Groups have no portal, so none of them is filtered out by one."""
    whole, some, left, printed = value(results, "search and filters")
    assert (whole, some) == ("4 × 7", "4 × 1")
    assert left == {"Portal": "1 × 7", "Resource": "4 × 4", "Kind of action": "4 × 1", "sensitive": "4 × 4"}
    assert printed == "Filtered: 4 of 4 roles, 4 of 7 actions."


def test_date_and_place(results: dict[str, Any]) -> None:
    before, after = value(results, "another date changes what somebody may do")
    assert "role clerk at HQ" in before
    assert "role auditor" not in before
    assert "role auditor" in after
    assert "role clerk at HQ" not in after
    assert "Nothing, at this time and place." in value(results, "a place leaves the ways that hold there")


def test_people_side_by_side(results: dict[str, Any]) -> None:
    said = value(results, "two people side by side")
    assert "Amy Abel" in said
    assert "delete some fields not granted" in said


def test_on_two_dates_and_beside_a_role(results: dict[str, Any]) -> None:
    dates, then, role = value(results, "somebody on two dates, and beside a role")
    assert dates == 3
    assert then == "3 actions differ."
    assert "Lead" in role


def test_graph(results: dict[str, Any]) -> None:
    assert "may assign role Lead" in value(results, "the graph opens step by step")


def test_paths_of_escalation(results: dict[str, Any]) -> None:
    """What somebody holds already is none."""
    said = value(results, "paths of escalation")
    assert (
        said
        == "Paths of escalationto <script>alert(1)</script>: holds מנהל משמרת, may assign <script>alert(1)</script>"
    )


def test_graph_on_a_date(results: dict[str, Any]) -> None:
    before, after = value(results, "the graph has what is held on the date")
    assert ("Cy Cole" in before, "Bo Beck" in before) == (True, False)
    assert ("Cy Cole" in after, "Bo Beck" in after) == (True, True)


def test_integrations_and_who_can_come_by_a_role(results: dict[str, Any]) -> None:
    """Who holds a role already does not come by it."""
    integration, role = value(results, "an integration in the graph, and who can come by a role")
    assert "integration javascript:alert(1)" in integration
    assert "has →" in integration
    assert role == (
        "Who can come by itrole מנהל משמרת: may assign <script>alert(1)</script>"
        "group ЯRussian & <b>bold</b>: holds מנהל משמרת, may assign <script>alert(1)</script>"
    )


def test_findings_by_cause(results: dict[str, Any]) -> None:
    found = value(results, "findings by cause, errors first, with proofs and witnesses")
    assert found["severities"] == sorted(found["severities"], key=["error", "warning", "info"].index)
    assert len(found["causes"]) == 1
    assert found["causes"][0].startswith("in group all_staff 2view on customer (rate)")
    assert "proved no record and no instant makes named and again true" in found["proofs"]
    assert any(each.startswith('name""') for each in found["witnesses"])


def test_calendar(results: dict[str, Any]) -> None:
    assert "1 on 2026-12-31" in value(results, "the calendar marks days")


def test_hostile_names(results: dict[str, Any]) -> None:
    found = value(results, "names of any length and direction stay by themselves")
    assert found == {"longest": 300, "rightToLeft": True, "shown": True, "scripts": 0}


def test_every_view_by_keyboard(results: dict[str, Any]) -> None:
    """Each is reached, and what has the focus shows it."""
    assert set(value(results, "every view by keyboard alone").values()) == {True}


def test_the_other_views(results: dict[str, Any]) -> None:
    said = value(results, "findings, reviews, agenda and change")
    assert "PL501 requirement-missing" in said["findings"]
    assert "overdue since 2026-10-30" in said["reviews"]
    assert "covering leave" in said["agenda"]
    assert "role lead" in said["change"]
    assert "use as in the log from 2026-08-01 to 2026-11-20" in said["reviews"]
    assert "2 times, last on 2026-11-20" in said["reviews"]


@pytest.mark.parametrize("report", ["changed", "hostile"])
def test_paper(results: dict[str, Any], report: str) -> None:
    """Every view is whole on A4, in dark ink even from a dark screen, with the digest that it speaks of."""
    assert value(results, f"{report} on paper")["found"] == []


def test_paper_has_what_the_screen_has(results: dict[str, Any]) -> None:
    """And each reviewer has a page."""
    found = value(results, "changed on paper")
    said = {view: " ".join(text.split()) for view, text in found["texts"].items()}
    assert "Lead limited, some fields" in said["matrix"]
    assert "create limited, some fields all fields but margin" in said["person"]
    assert "grants view → resource Order" in said["graph"]
    assert found["pages"]["matrix"] == 1
    assert found["pages"]["reviews"] == 2


def test_the_explorer(results: dict[str, Any]) -> None:
    said, problem = value(results, "the explorer decides, keeps and follows the files")
    assert "The smallest change that would allow it" in said
    assert "Not up to date" in problem
    assert "PL100" in problem


def test_the_editor(results: dict[str, Any]) -> None:
    """Findings, names and completion come from the language server; saving takes a command, and loses nobody's text."""
    found = value(results, "the editor finds, completes, explains and saves")
    assert "requires" in found["diagnostic"]
    assert "of order.status" in found["hover"]
    assert found["offered"][0].startswith("grant")
    assert found["added"] == "role boss { grant view on order}"


def test_the_playground(results: dict[str, Any]) -> None:
    """The checker itself, in the browser: a contradiction, and the words of the proof."""
    said, problem, offered = value(results, "the playground proves a contradiction in the browser")
    assert "can satisfy" in said
    assert "proved no record and no instant makes" in said
    assert offered.startswith("grant")
    assert "PL100" in problem
