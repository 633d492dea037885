"""`policylang check`"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import msgspec

from policylang.check.processes import ProcessError, cores
from policylang.check.selection import SOURCE, Selection, SelectionError, select
from policylang.check.suppress.baseline import write_baseline
from policylang.cli.given import files_of, given_baseline, given_usage, usage_options
from policylang.cli.options import format_option, now_option, read_instant
from policylang.cli.rules import codes
from policylang.cli.terminal import (
    CLEAN,
    COULD_NOT_RUN,
    FINDINGS,
    is_terminal,
    progress,
    projects,
    stop,
    terminal_width,
    write_lines,
)
from policylang.cli.writing import STANDARD_OUTPUT, Rendered, inputs_of, report_option, write_output
from policylang.diagnostics import Severity, visible
from policylang.output import json, text
from policylang.output.order import RANKS, Order, first_screen, in_order
from policylang.pipelines.check import CheckOptions, add_checked, add_compiled, apply_baseline, entries, idle_ignores
from policylang.pipelines.findings import Result
from policylang.project.discovery import Problem, UnreadableError
from policylang.project.loading import compiled_among
from policylang.project.project import Project


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "--select",
    "selected",
    multiple=True,
    metavar="RULES",
    shell_complete=codes,
    help="Run only these rules: codes, prefixes of codes (PL2) or names, with commas; repeatable.  [default: all]",
)
@click.option(
    "--ignore", "ignored", multiple=True, metavar="RULES", shell_complete=codes, help="Do not run these rules."
)
@click.option(
    "--fail-level",
    type=click.Choice(["error", "warning", "info"]),
    default="warning",
    show_default=True,
    help="The lowest severity that gives exit code 1.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@now_option("the present one")
@usage_options("also find what is unused (PL407, PL415)")
@click.option("--baseline", metavar="FILE", type=click.Path(), help="Report only findings that are not in this file.")
@click.option(
    "--write-baseline", "written", metavar="FILE", type=click.Path(), help="Write the findings to this file instead."
)
@click.option("--fix", is_flag=True, help="Remove statements that do nothing, if nobody's access changes.")
@click.option("--diff", is_flag=True, help="Show what --fix would change without changing it; exit code 1 if it would.")
@format_option("text", "concise", "json", "sarif", "github", "gitlab", "junit")
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Show the N most serious findings and count the rest."
)
@click.option("--all", "whole", is_flag=True, help="Show all findings; a terminal shows one screenful otherwise.")
@click.option("--statistics", is_flag=True, help="Count the findings by rule instead.")
@click.option(
    "--sort",
    "order",
    type=click.Choice(["weight", "place"]),
    default="weight",
    show_default=True,
    help="Order of findings in text: most serious first, or as in the files.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Run rules in N processes.  [default: number of cores; 1 for small sets]",
)
@report_option("the report")
def check(
    paths: tuple[str, ...],
    selected: tuple[str, ...],
    ignored: tuple[str, ...],
    fail_level: Severity,
    exit_zero: bool,
    now: str | None,
    usage: tuple[str, ...],
    mapping: str | None,
    baseline: str | None,
    written: str | None,
    fix: bool,
    diff: bool,
    format_: str,
    limit: int | None,
    whole: bool,
    statistics: bool,
    order: Order,
    jobs: int | None,
    output: str,
) -> None:
    """Check policy sets and report what is wrong with them.

    PATHS are folders, each a policy set, or policy files, together one policy set, or compiled policy sets (.json);
    by default the roots in policylang.yaml, else the folder policies. The rules run on policy sets without errors in
    their sources.

    Exit codes: 0 clean, 1 findings, 2 something could not be read.
    """
    if diff and (fix or format_ != "text" or output != STANDARD_OUTPUT):
        raise click.UsageError("--diff shows only changes: remove --fix, --format and --output")
    if written is not None:
        _refuse_beside_writing(baseline, changing=fix or diff, reporting=output != STANDARD_OUTPUT)
    if limit is not None and (whole or statistics or format_ != "text"):
        raise click.UsageError("--limit is for findings in text: remove --all, --statistics and --format")
    if statistics and format_ not in ("text", "json"):
        raise click.UsageError("--statistics is text or JSON: remove --format, or use --format json")
    begun = time.monotonic()
    at = read_instant(now)
    asked = CheckOptions(
        at,
        _selection(selected, ignored),
        jobs=jobs or cores(),
        usage=given_usage(usage, mapping, at),
    )
    known = None if baseline is None else given_baseline(baseline)
    compiled, sources = compiled_among(paths)
    made: Sequence[Project] = ()
    if sources or not compiled:
        with progress() as step:
            made = projects(sources, step)
    if fix or diff:
        from policylang.cli import fixing

        fixed = fixing.mended(made, compiled, asked, known, baseline)
        if diff:
            sys.exit(fixing.show(made, fixed, exit_zero))
        made = fixing.write_all(fixed)
    try:
        result = _run(made, compiled, asked)
    except UnreadableError as error:
        stop(error.problem)
    except ProcessError as error:
        stop(Problem("--jobs", str(error), "run it with `--jobs 1`, or with more memory"))
    if not paths:
        write_lines(_idle_ignores(made), err=True)
    inputs = (*inputs_of(made), *compiled, *files_of(usage), mapping, baseline)
    if written is not None:
        return _write_baseline(result, written, inputs)
    if known is not None and baseline is not None:
        apply_baseline(result, known, baseline)
    code = _exit_code(result, fail_level, exit_zero)
    if output == STANDARD_OUTPUT and is_terminal(sys.stdout):
        result.seconds = time.monotonic() - begun
        limit = None if whole else limit or _SCREEN
    content = _statistics(result, format_) if statistics else _rendered(result, format_, code, order, limit, asked)
    write_output(content, output, inputs)
    if format_ == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        from policylang.output import github

        github.append_summary(result, Path(summary))
    sys.exit(code)


def _selection(selected: Sequence[str], ignored: Sequence[str]) -> Selection:
    try:
        return select(*([word.strip() for given in each for word in given.split(",")] for each in (selected, ignored)))
    except SelectionError as error:
        stop(Problem(error.word, error.message, error.help))


def _refuse_beside_writing(baseline: str | None, *, changing: bool, reporting: bool) -> None:
    if baseline is not None:
        raise click.UsageError("--write-baseline writes every finding: remove --baseline")
    if changing:
        raise click.UsageError("--write-baseline changes no policies: remove --fix and --diff")
    if reporting:
        raise click.UsageError("--write-baseline writes no report: remove --output")


def _run(made: Iterable[Project], compiled: Iterable[str], asked: CheckOptions) -> Result:
    result = Result()
    with progress() as step:
        asked = msgspec.structs.replace(asked, step=step)
        for path in compiled:
            step(f"loading {path}")
            add_compiled(result, path, asked)
        for project in made:
            add_checked(result, project, asked)
    return result


def _idle_ignores(made: Iterable[Project]) -> Iterator[str]:
    for config, pattern in idle_ignores(made):
        note = click.style("note", bold=True)
        yield f"{note}: {visible(config)}: the pattern `{visible(pattern)}` of `ignores` matches no policy file"


def _exit_code(result: Result, fail_level: Severity, exit_zero: bool) -> int:
    if result.problems:
        return COULD_NOT_RUN
    failed = any(RANKS[finding.severity] <= RANKS[fail_level] for finding in result.findings)
    return FINDINGS if failed and not exit_zero else CLEAN


_SCREEN = 10
"""Findings that a terminal shows unless more are asked for."""


def _statistics(result: Result, format_: str) -> Rendered:
    from policylang.output import statistics

    return statistics.as_json(result) if format_ == "json" else statistics.render(result, terminal_width())


def _rendered(
    result: Result, format_: str, code: int, order: Order, limit: int | None, asked: CheckOptions
) -> Rendered:
    if format_ == "json":
        return json.render(result)
    if format_ == "text":
        result.findings = in_order(result.findings, order)
        if limit is None:
            return text.render(result)
        return text.render_screen(result, first_screen(result.findings, limit, asked.selection.named))
    from policylang.output import concise, github, gitlab, junit, sarif

    match format_:
        case "concise":
            return concise.render(result, order)
        case "sarif":
            return sarif.render(result, exit_code=code)
        case "gitlab":
            return gitlab.render(result)
        case "junit":
            return junit.render(result)
        case _:
            return "".join(f"{line}\n" for line in github.render(result))


# --- baselines -----------------------------------------------------------------------------------------------


def _write_baseline(result: Result, path: str, inputs: Iterable[str | None]) -> None:
    """Only of policy sets that could be read and have no errors in the source: on others no rules ran."""
    in_source = [finding for finding in result.findings if finding.code.startswith(SOURCE)]
    if result.problems or in_source:
        result.findings = in_source
        write_lines(text.render(result), err=True)
        stop(Problem(path, "nothing was written: the sources have errors", "fix them first"))
    kept = entries(result, Path(path).parent)
    write_output(write_baseline(kept), path, inputs)
    write_lines([f"wrote {text.counted(len(kept), 'finding')} to {visible(path)}"], err=True)
