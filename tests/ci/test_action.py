"""The steps of the action, run in a scratch repository with a base branch and a branch with a wider grant."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from policylang.output.github import SUMMARY_BYTES
from tests.ci.runner import Job
from tests.ci.scratch import BEFORE, ROOT, TEST, WIDER, WRONG, Repository

HOSTILE = "$(touch hacked)`touch hacked`\";touch hacked;'"


@pytest.fixture
def scratch(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "scratch", tmp_path)
    repository.commit(a_policy=BEFORE)
    repository.git("switch", "--quiet", "--create", "feature")
    repository.commit(a_policy=WIDER)
    return repository


@pytest.fixture
def job(scratch: Repository, tmp_path: Path) -> Job:
    return Job(scratch.folder, tmp_path / "runner")


# --- check ---------------------------------------------------------------------------------------------------


def test_check(job: Job) -> None:
    done = job.step("check", {})
    assert (done.returncode, done.stderr) == (0, "")
    sarif = json.loads((job.checkout / "policylang.sarif").read_text(encoding="utf-8"))
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is True
    assert "## policylang check" in job.read("summary")


def test_check_with_an_error(job: Job, scratch: Repository) -> None:
    scratch.commit(a_policy=WRONG)
    done = job.step("check", {})
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=policies/a.policy,line=4,")
    sarif = json.loads((job.checkout / "policylang.sarif").read_text(encoding="utf-8"))
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["PL101"]
    assert "1 error" in job.read("summary")


# --- replay --------------------------------------------------------------------------------------------------


def test_replay(job: Job, scratch: Repository) -> None:
    entry = {
        "format": "policylang-decision-1",
        "time": "2026-01-01T00:00:00Z",
        "now": "2026-01-01T00:00:00Z",
        "id": "1",
        "digest": "sha256:0",
        "user": "nobody",
        "action": "view",
        "resource": "customer",
        "allowed": True,
        "reasons": [],
        "microseconds": 1,
    }
    (scratch.folder / "log.jsonl").write_text(json.dumps(entry) + "\n", encoding="utf-8")
    assert job.step("replay", {}).stdout == "no log of decisions\n"
    said = "this change would have denied 1 request of 1 that were logged\n"
    done = job.step("replay", {"replay-log": "log.jsonl"})
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    assert job.read("summary") == f"\n## policylang replay\n\n{said}"
    assert job.step("replay", {"replay-log": HOSTILE}).returncode == 2
    assert job.step("replay", {"replay-log": "log.jsonl", "paths": "nowhere"}).returncode == 2


# --- test ----------------------------------------------------------------------------------------------------


def scenarios(scratch: Repository, text: str) -> None:
    (scratch.folder / "policies/a.test.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("paths", ["", "policies", "policies/a.policy\n"])
def test_scenarios_are_run(job: Job, scratch: Repository, paths: str) -> None:
    scenarios(scratch, TEST)
    done = job.step("test", {"paths": paths})
    assert (done.returncode, done.stdout) == (0, "1 passed, 0 failed in 1 file\n")
    assert job.read("summary").endswith("## policylang test\n\n1 passed, 0 failed in 1 file\n")


def test_a_scenario_that_fails_fails_the_job(job: Job, scratch: Repository) -> None:
    scenarios(scratch, TEST.replace("allow:", "deny:"))
    done = job.step("test", {})
    assert done.returncode == 1
    assert "clerks see what they wrote" in done.stdout


def test_without_scenarios_there_is_a_notice(job: Job) -> None:
    done = job.step("test", {})
    assert done.returncode == 0
    assert "nothing was run" in done.stdout


# --- check, and what it may write ----------------------------------------------------------------------------


@pytest.mark.parametrize("sarif", ["policylang.sarif", "to/new.sarif"])
def test_check_follows_no_link_of_the_change(job: Job, scratch: Repository, tmp_path: Path, sarif: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "keys").write_text("precious", encoding="utf-8")
    (scratch.folder / "policylang.sarif").symlink_to("../home/keys")
    (scratch.folder / "to").symlink_to("../home")
    done = job.step("check", {"sarif": sarif})
    assert done.returncode == 2
    assert "not written: a link leads outside" in done.stderr
    assert [(each.name, each.read_text(encoding="utf-8")) for each in home.iterdir()] == [("keys", "precious")]


def test_check_of_paths_with_another_level_and_no_sarif(job: Job, scratch: Repository) -> None:
    (scratch.folder / "with blank").mkdir()
    (scratch.folder / "with blank" / "a.policy").write_text("role unused\n", encoding="utf-8")
    inputs = {"paths": "with blank\n\npolicies\n", "sarif": ""}
    assert job.step("check", inputs).returncode == 0
    assert job.step("check", {**inputs, "fail-level": "info"}).returncode == 1
    assert not (job.checkout / "policylang.sarif").exists()


def test_check_of_what_is_not_there(job: Job) -> None:
    assert job.step("check", {"paths": "nowhere"}).returncode == 2
    sarif = json.loads((job.checkout / "policylang.sarif").read_text(encoding="utf-8"))
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(("step", "input"), [("check", "paths"), ("check", "fail-level"), ("diff", "base")])
def test_inputs_are_no_code(job: Job, step: str, input: str) -> None:
    done = job.step(step, {input: HOSTILE})
    assert done.returncode == 2
    done = job.step(step, {input: "--version"})
    assert done.returncode == 2
    assert not list(job.checkout.rglob("hacked"))


# --- diff: what the script makes of the answer ---------------------------------------------------------------


@pytest.fixture
def answer(tmp_path: Path) -> dict[str, str]:
    """A `policylang` that writes down how it was called, and says what the file `answer` says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "policylang"
    lines = ("#!/bin/sh", f'cd "{tmp_path}"', 'printf "%s\\n" "$@" > called', "cat answer", 'exit "$(cat code)"')
    program.write_text("\n".join(lines) + "\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "answer").write_text("**wider**\n")
    (tmp_path / "code").write_text("0")
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_diff_as_it_is_installed(job: Job, scratch: Repository, tmp_path: Path) -> None:
    """With no `policylang` put in its place: the gate, the comment, and the change approved."""
    done = job.step("diff", {"base": "main", "fail-on": "widened"})
    assert done.returncode == 1
    assert "1 change fails `--fail-on widened`" in done.stderr
    comment = job.outputs["comment"]
    assert comment.startswith("## Who can do what now\n")
    assert "**This fails `--fail-on widened`.**" in comment
    assert "- **role <code>clerk</code>**: view on <code>doc</code><br>\n" in comment
    assert job.read("summary") == comment
    assert job.step("diff", {"base": "main", "fail-on": "gained"}).returncode == 0
    (id_,) = re.findall(r"id <code>(\w+)</code>", comment)
    (scratch.folder / "with blank.yaml").write_text(f"allow: [{{id: {id_}, because: seen}}]\n", encoding="utf-8")
    inputs = {"base": "main", "fail-on": "widened", "allow": "with blank.yaml"}
    assert job.step("diff", inputs).returncode == 0
    assert "**allowed**: seen" in job.outputs["comment"]


def test_diff_that_cannot_compare(job: Job, scratch: Repository) -> None:
    scratch.commit(a_policy=WRONG)
    done = job.step("diff", {"base": "main"})
    assert done.returncode == 2
    assert "the new side cannot be compared" in done.stderr
    assert "could not be compared" in job.outputs["comment"]


def test_diff_against_a_branch(job: Job, scratch: Repository, answer: dict[str, str], tmp_path: Path) -> None:
    done = job.step("diff", {"base": "main", "paths": "policies\nmore of it", "fail-on": "widened"}, **answer)
    assert (done.returncode, done.stderr) == (0, "")
    base = scratch.git("rev-parse", "main")
    called = ["diff", "--format", "markdown", "--fail-on", "widened", "--", f"{base}..HEAD", "policies", "more of it"]
    assert (tmp_path / "called").read_text().splitlines() == called
    assert job.read("summary") == "**wider**\n"
    assert job.outputs["comment"] == "**wider**\n"
    assert Path(job.outputs["comment-file"]).read_text() == "**wider**\n"


def test_diff_begins_where_the_branch_began(
    job: Job, scratch: Repository, answer: dict[str, str], tmp_path: Path
) -> None:
    began = scratch.git("rev-parse", "main")
    scratch.git("switch", "--quiet", "main")
    scratch.commit(b_policy="role later\n")
    scratch.git("switch", "--quiet", "feature")
    assert job.step("diff", {"base": "main"}, **answer).returncode == 0
    assert (tmp_path / "called").read_text().splitlines()[-1] == f"{began}..HEAD"


def test_diff_in_a_checkout_of_one_commit(scratch: Repository, answer: dict[str, str], tmp_path: Path) -> None:
    """As `actions/checkout` makes it: the base has to be fetched."""
    scratch.git("switch", "--quiet", "--create", "merge", "main")
    scratch.git("merge", "--quiet", "--no-ff", "feature")
    shallow = Repository(tmp_path / "shallow", tmp_path)
    shallow.git("remote", "add", "origin", scratch.folder.as_uri())
    shallow.git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", "merge")
    shallow.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    job = Job(shallow.folder, tmp_path / "runner")
    done = job.step("diff", {"base": "main"}, **answer)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text().splitlines()[-1] == f"{scratch.git('rev-parse', 'main')}..HEAD"
    assert job.step("diff", {"base": "nowhere"}, **answer).returncode == 2


def test_diff_outside_a_pull_request(job: Job, answer: dict[str, str]) -> None:
    done = job.step("diff", {}, **answer)
    assert done.returncode == 0
    assert job.outputs == {}


@pytest.mark.parametrize("code", [1, 2])
def test_diff_that_fails(job: Job, answer: dict[str, str], code: int, tmp_path: Path) -> None:
    (tmp_path / "code").write_text(str(code))
    assert job.step("diff", {"base": "main"}, **answer).returncode == code
    assert job.outputs["comment"] == "**wider**\n"
    (tmp_path / "answer").write_text("")
    assert job.step("diff", {"base": "main"}, **answer).returncode == code
    assert "could not be compared" in job.outputs["comment"]


def test_diff_that_is_too_long(job: Job, answer: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "answer").write_text("ä" * 65_535 + "\n", encoding="utf-8")
    assert job.step("diff", {"base": "main"}, **answer).returncode == 0
    assert len(job.outputs["comment"]) == 65_536
    (tmp_path / "answer").write_text("ä" * 65_536 + "\n", encoding="utf-8")
    assert job.step("diff", {"base": "main"}, **answer).returncode == 0
    assert job.outputs["comment"] == "The difference is too long for a comment: see the summary of the job.\n"
    before = job.read("summary")
    (tmp_path / "answer").write_text("a" * SUMMARY_BYTES, encoding="utf-8")
    done = job.step("diff", {"base": "main"}, **answer)
    assert done.stdout == "the difference is too long for the summary of the job\n"
    assert job.read("summary") == before


def test_diff_that_looks_like_an_output(job: Job, answer: dict[str, str], tmp_path: Path) -> None:
    text = "a\nEOF\ncomment-file=/etc/passwd\ncomment<<EOF\nb\n"
    (tmp_path / "answer").write_text(text)
    assert job.step("diff", {"base": "main"}, **answer).returncode == 0
    assert job.outputs["comment"] == text
    assert job.outputs["comment-file"] == str(job.files / "policylang-diff.md")


# --- install -------------------------------------------------------------------------------------------------


def test_install_refuses_what_is_no_version(job: Job) -> None:
    for version in ("--pre", "1 --index-url x", HOSTILE, "0.1.0\n-r x"):
        done = job.step("install", {"version": version})
        assert (done.returncode, done.stderr) == (2, "error: the version is not one such as 0.1.0\n"), version
    assert not job.read("path")


def test_install(job: Job) -> None:
    """The copy that the action belongs to; the path of the next steps begins with it."""
    done = job.step("install", {})
    assert done.returncode == 0, done.stderr
    (folder,) = job.read("path").splitlines()
    assert (Path(folder) / "policylang").is_file()
    done = job.step("check", {}, PATH=f"{folder}:/usr/bin:/bin", PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    assert not (ROOT / "build").exists() or not list((ROOT / "build").glob("lib*"))
