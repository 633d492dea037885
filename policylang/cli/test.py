"""`policylang test`"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from policylang.api.policy_set import PolicySet
from policylang.cli.asking import helped, read_now
from policylang.cli.compiled import policy_set_of
from policylang.cli.options import BoundedNumber, format_option, now_option
from policylang.cli.terminal import CLEAN, COULD_NOT_RUN, FINDINGS, found_or_stop, progress, stop, write_lines
from policylang.cli.writing import STANDARD_OUTPUT, check_output, inputs_of, refuse_same, report_option, write_output
from policylang.diagnostics import listed
from policylang.output import coverage as shown
from policylang.output import lcov, scenarios
from policylang.pipelines.test import run_suite
from policylang.project.discovery import DEFAULT_ROOT, Problem
from policylang.testing.coverage.collect import Collector
from policylang.testing.coverage.report import Coverage
from policylang.testing.generate.generate import generate, one_project
from policylang.testing.scenario import SUFFIXES


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@format_option("text", "json", "junit")
@click.option("--junit", metavar="FILE", help="Also write the results as JUnit XML.")
@click.option("--coverage", is_flag=True, help="Show which statements some case depends on, and which none does.")
@click.option("--coverage-json", metavar="FILE", help="Write the coverage as JSON.")
@click.option("--coverage-lcov", metavar="FILE", help="Write the coverage as lcov, for genhtml and editors.")
@click.option(
    "--fail-under",
    metavar="PERCENT",
    type=BoundedNumber(0, 100),
    help="Exit with 1 if fewer percent of statements and outcomes are covered.",
)
@click.option(
    "--generate", "generates", is_flag=True, help="Write scenarios at the boundaries of the policy set PATHS instead."
)
@report_option("the scenarios of --generate")
@now_option("with --generate, a fixed instant")
def test_(
    paths: tuple[str, ...],
    format_: str,
    junit: str | None,
    coverage: bool,
    coverage_json: str | None,
    coverage_lcov: str | None,
    fail_under: float | None,
    generates: bool,
    output: str,
    now: str | None,
) -> None:
    """Run scenario tests: what must be allowed, and what denied.

    PATHS are files (*.test.yaml, *.test.yml) or folders with such files; by default the folder policies.

    With --generate, PATHS is a policy set, as for check, and no test is run: a scenario file is written, with records
    just inside and just outside each limit and what is decided about them now.

    Exit codes: 0 all passed, 1 some failed or too little is covered, 2 could not run.
    """
    wanted = coverage or coverage_json is not None or coverage_lcov is not None or fail_under is not None
    if generates:
        if wanted or junit is not None or format_ != "text":
            raise click.UsageError("--generate runs no tests: use it only with -o and --now")
        return _generate(paths, output, now)
    if output != STANDARD_OUTPUT or now is not None:
        raise click.UsageError("-o and --now need --generate; scenario files have their own `now`")
    refuse_same(junit=junit, coverage_json=coverage_json, coverage_lcov=coverage_lcov)
    for file in (junit, coverage_json, coverage_lcov):
        if file is not None:
            check_output(file)  # before anything is run or written
    collector = Collector() if wanted else None
    with progress() as step:
        results = list(run_suite(paths or [DEFAULT_ROOT], step, collector))
    if not results:
        _nothing_to_run(paths)
    covered = collector.result() if collector else None
    match format_:
        case "text":
            write_output(scenarios.text(results))
        case "json":
            write_output(scenarios.json(results, covered if coverage else None))
        case "junit":
            write_output(scenarios.junit(results))
    read = [result.path for result in results]
    if junit is not None:
        write_output(scenarios.junit(results), junit, read)
    if covered is not None and coverage and format_ != "json":
        # JUnit has no place for it, and what reads that must not find anything else.
        write_lines(("", *shown.text(covered)), err=format_ == "junit")
    for file, render in ((coverage_json, shown.json), (coverage_lcov, lcov.render)):
        if file is not None and covered is not None:
            write_output(render(covered), file, read)
    _passed, failed = scenarios.passed_and_failed(results)
    too_little = fail_under is not None and covered is not None and _falls_short(covered, fail_under)
    could_not_run = any(result.problem is not None for result in results)
    sys.exit(COULD_NOT_RUN if could_not_run else FINDINGS if failed or too_little else CLEAN)


def _nothing_to_run(paths: tuple[str, ...]) -> NoReturn:
    """Say that there are no scenario files: a mistake where some are named, and where none are a notice, so that a hook
    does not fail before somebody has written one.
    """
    help = "`policylang test --generate` writes a first one"
    none = f"no {listed([f'`*{each}`' for each in SUFFIXES])} files"
    if paths or not os.path.isdir(DEFAULT_ROOT):
        stop(Problem(", ".join(paths) or DEFAULT_ROOT, f"{none} here", help))
    write_lines([f"{none} in {DEFAULT_ROOT}: nothing was run", *helped([help])], err=True)
    sys.exit(CLEAN)


def _generate(paths: tuple[str, ...], output: str, given: str | None) -> None:
    with progress() as step:
        step("reading")
        project = found_or_stop(one_project(paths))
        policy_set = policy_set_of(project)
        now = None if given is None else read_now(given, PolicySet(policy_set))
        step("looking for records at the boundaries of limits")
        content = generate(project, now, os.path.dirname(output) or ".").encode()
    write_output(content, output, inputs_of([project]))


def _falls_short(covered: Coverage, fail_under: float) -> bool:
    count = covered.count()
    if count.reaches(fail_under):
        return False
    write_lines([f"{count.percent:g} % is covered, less than {fail_under:g} %"], err=True)
    return True
