"""`policylang check --fix` and `--diff`"""

from __future__ import annotations

from collections.abc import Sequence

import click

from policylang.check.fix.mend import write
from policylang.check.suppress.baseline import Baseline
from policylang.cli.terminal import CLEAN, COULD_NOT_RUN, FINDINGS, progress, stop, write_lines
from policylang.diagnostics import reason, visible
from policylang.output import diff, text
from policylang.pipelines.check import CheckOptions
from policylang.pipelines.findings import collect
from policylang.pipelines.fix import Fixed, mend_all
from policylang.project.discovery import Problem
from policylang.project.project import Project


def mended(
    made: Sequence[Project], compiled: Sequence[str], asked: CheckOptions, known: Baseline | None, baseline: str | None
) -> Fixed:
    """The policy sets after the fixes of what a run would report; ends the command where nothing may be written."""
    if compiled:
        help = "fix the policy files it was compiled from, and compile them again"
        stop(*[Problem(path, "a compiled policy set cannot be fixed", help) for path in compiled])
    with progress() as step:
        fixed = mend_all(made, CheckOptions(asked.now, asked.selection, step), known, baseline or "")
    for refused in fixed.refused:
        click.echo(f"note: {visible(refused.in_words())}", err=True)
    if fixed.problems:
        stop(*fixed.problems)
    return fixed


def show(made: Sequence[Project], fixed: Fixed, exit_zero: bool) -> int:
    """Print what would change, and say why where something could not be looked at. Returns the exit code."""
    result = collect(made)
    if result.problems or result.findings:
        write_lines(text.render(result), err=True)
    write_lines(diff.render(fixed.changed))
    _tell("would fix", fixed)
    if result.problems:
        return COULD_NOT_RUN
    return FINDINGS if (fixed.changed or result.findings) and not exit_zero else CLEAN


def write_all(fixed: Fixed) -> list[Project]:
    """Write the fixed files, all or none. Returns the policy sets as they are now."""
    try:
        write(fixed.changed)
    except OSError as error:
        help = "no file was changed; look at this one and try again"
        stop(Problem(str(error.filename), f"not fixed: {reason(error)}", help))
    _tell("fixed", fixed)
    return fixed.projects


def _tell(what: str, fixed: Fixed) -> None:
    if fixed.count:
        findings, files = text.counted(fixed.count, "finding"), text.counted(len(fixed.changed), "file")
        click.echo(f"{what} {findings} in {files}", err=True)
    else:
        click.echo(f"{what} nothing", err=True)
