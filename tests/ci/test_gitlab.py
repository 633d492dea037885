"""The scripts of the GitLab template's jobs, run in a scratch repository."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.ci.runner import gitlab_job
from tests.ci.scratch import BEFORE, TEST, WIDER, WRONG, Repository

CREATED = {"CI_PIPELINE_CREATED_AT": "2026-11-21T12:00:00Z"}


@pytest.fixture
def scratch(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "scratch", tmp_path)
    repository.commit(a_policy=BEFORE)
    repository.git("switch", "--quiet", "--create", "feature")
    repository.commit(a_policy=WIDER)
    return repository


def test_check(scratch: Repository, tmp_path: Path) -> None:
    done = gitlab_job("policylang-check", scratch.folder, tmp_path, **CREATED)
    assert done.returncode == 0, done.stderr
    scratch.commit(b_policy=WRONG)
    done = gitlab_job("policylang-check", scratch.folder, tmp_path, **CREATED, POLICYLANG_PATHS="nowhere policies")
    assert done.returncode == 2
    done = gitlab_job("policylang-check", scratch.folder, tmp_path, **CREATED, POLICYLANG_PATHS="policies/b.policy")
    assert done.returncode == 1
    assert "error[PL101]" in done.stdout
    report = json.loads((scratch.folder / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    assert [entry["check_name"] for entry in report] == ["unknown-name"]


def test_scenarios(scratch: Repository, tmp_path: Path) -> None:
    (scratch.folder / "policies" / "a.test.yaml").write_text(TEST, encoding="utf-8")
    done = gitlab_job("policylang-test", scratch.folder, tmp_path)
    assert done.returncode == 0, done.stderr
    suite = ElementTree.parse(scratch.folder / "policylang-tests.xml").getroot()
    assert suite.get("tests") == "1"
    (scratch.folder / "policies" / "a.test.yaml").write_text(TEST.replace("allow:", "deny:"), encoding="utf-8")
    assert gitlab_job("policylang-test", scratch.folder, tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("job", "file"), [("policylang-check", "gl-code-quality-report.json"), ("policylang-test", "policylang-tests.xml")]
)
def test_no_job_follows_a_link_of_the_change(scratch: Repository, tmp_path: Path, job: str, file: str) -> None:
    (tmp_path / "keys").write_text("precious", encoding="utf-8")
    (scratch.folder / "policies" / "a.test.yaml").write_text(TEST, encoding="utf-8")
    (scratch.folder / file).symlink_to("../keys")
    done = gitlab_job(job, scratch.folder, tmp_path, **CREATED)
    assert done.returncode == 2
    assert (tmp_path / "keys").read_text(encoding="utf-8") == "precious"


def test_diff(scratch: Repository, tmp_path: Path) -> None:
    """As it is installed: the gate, the file, and the change approved."""
    settings = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": scratch.git("rev-parse", "main"),
        "CI_COMMIT_SHA": scratch.git("rev-parse", "HEAD"),
        "POLICYLANG_FAIL_ON": "widened",
    }
    done = gitlab_job("policylang-diff", scratch.folder, tmp_path, **settings)
    assert done.returncode == 1
    assert done.stderr.startswith("error: diff: 1 change fails `--fail-on widened`\n")
    said = (scratch.folder / "policylang-diff.md").read_text(encoding="utf-8")
    assert "- **role <code>clerk</code>**: view on <code>doc</code><br>\n" in said
    (id_,) = re.findall(r"id <code>(\w+)</code>", said)
    (scratch.folder / "with blank.yaml").write_text(f"allow: [{{id: {id_}, because: seen}}]\n", encoding="utf-8")
    done = gitlab_job("policylang-diff", scratch.folder, tmp_path, **settings, POLICYLANG_ALLOW="with blank.yaml")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("fail_on", "options"), [("", []), ("widened", ["--fail-on", "widened"])])
def test_diff_is_called_like_this(scratch: Repository, tmp_path: Path, fail_on: str, options: list[str]) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "policylang"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 1\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    settings = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "a1", "CI_COMMIT_SHA": "b2", "PATH": f"{folder}:/usr/bin:/bin"}
    settings |= {"POLICYLANG_FAIL_ON": fail_on, "POLICYLANG_PATHS": "policies more*"}
    done = gitlab_job("policylang-diff", scratch.folder, tmp_path, **settings)
    assert done.returncode == 1
    called = done.stdout.splitlines()
    written = ["--output", "policylang-diff.md"]
    assert called == ["diff", "--format", "markdown", *written, *options, "--", "a1..b2", "policies", "more*"]
