"""Scenario files and policy sets in a folder, and the command in this process."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from policylang.cli.test import test_ as command
from policylang.pipelines.test import FileResult, run_suite
from policylang.testing.asked import Case
from policylang.testing.coverage.collect import Collector
from policylang.testing.coverage.report import Coverage

HEAD = "policies: .\nnow: 2026-11-21T12:00:00Z\n"


class Result(NamedTuple):
    code: int
    out: str
    err: str


def policylang_test(folder: Path, *arguments: str) -> Result:
    """Run the command in a folder."""
    with contextlib.chdir(folder):
        result = CliRunner().invoke(command, list(arguments), color=False)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return Result(result.exit_code, result.stdout, result.stderr)


def write(folder: Path, **files: str) -> Path:
    """`a_policy="…"` becomes `a.policy`, `a_test_yaml` becomes `a.test.yaml`."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def covered(*paths: Path | str) -> tuple[Coverage, list[FileResult]]:
    collector = Collector()
    results = list(run_suite([os.fspath(path) for path in paths], collector=collector))
    assert [result.problem for result in results if result.problem] == []
    return collector.result(), results


def generated(folder: Path, *options: str) -> str:
    result = policylang_test(folder, "--generate", ".", *options)
    assert (result.code, result.err) == (0, "")
    return result.out


def passing(folder: Path, text: str) -> list[Case]:
    """Run a generated file in its folder."""
    write(folder, g_test_yaml=text)
    _, (result,) = covered(folder / "g.test.yaml")
    assert [case for case in result.cases if case.failure] == []
    return result.cases
