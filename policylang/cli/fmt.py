"""`policylang fmt`"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from policylang.cli.terminal import CLEAN, COULD_NOT_RUN, FINDINGS, progress, stop, write_lines
from policylang.cli.writing import write_output
from policylang.diagnostics import reason, visible
from policylang.files.writing import refuse_read_only, write_atomically
from policylang.output import diff as diffs
from policylang.output.text import counted, render
from policylang.pipelines.format import File, FormattedFiles
from policylang.project.discovery import Problem, SourceSet, UnreadableError, decoded, discover, nearest_settings
from policylang.source import Source

INPUT = "-"


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "--check", "check_only", is_flag=True, help="List the files that fmt would change, without changing them."
)
@click.option("--diff", "show_diff", is_flag=True, help="Show what fmt would change, without changing it.")
def fmt(paths: tuple[str, ...], check_only: bool, show_diff: bool) -> None:
    """Format policy files: one layout for all.

    PATHS are as for check, or - to format standard input to standard output. Words, comments and their order stay. A
    file with syntax errors is left as it is.

    Exit codes: 0 done, 1 something would change (--check, --diff), 2 something could not be formatted.
    """
    if INPUT in paths and len(paths) > 1:
        raise click.UsageError("standard input is formatted alone: remove the other paths")
    formatted = _standard_input() if paths == (INPUT,) else _files(paths)
    changed = [file for file in formatted.files if file.is_changed]
    if show_diff:
        write_lines(line for file in changed for line in _diff(file))
    if check_only or show_diff:
        code = FINDINGS if changed else CLEAN
    else:
        code = CLEAN
        _write(formatted, changed, to_output=paths == (INPUT,))
    if not formatted.is_complete:
        write_lines(render(formatted.result), err=True)
        code = COULD_NOT_RUN
    if paths != (INPUT,) and not show_diff:
        write_lines(_summary(formatted.files, changed, check_only))
    sys.exit(code)


def _files(paths: Sequence[str]) -> FormattedFiles:
    formatted = FormattedFiles()
    with progress() as step:
        step("reading")
        for together in _by_config(paths):
            for set_ in discover(together):
                step(f"formatting {set_.root}")
                formatted.add(set_)
    return formatted


def _by_config(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """Folders, and the files of each folder by themselves: whatever is named with it, a file has the width that the
    config nearest to it says.
    """
    folders = [path for path in paths if os.path.isdir(path)]
    files = [path for path in paths if not os.path.isdir(path)]
    if folders or not files:
        yield folders
    for _, beside in groupby(sorted(files, key=os.path.dirname), key=os.path.dirname):
        yield list(beside)


def _standard_input() -> FormattedFiles:
    """Standard input as a policy set of one file, with the config of this folder."""
    if sys.stdin is None:
        stop(Problem(INPUT, "standard input is closed", "pipe a policy file into it"))
    config, base, problems = nearest_settings(Path.cwd())
    if problems:
        stop(*problems)
    limit = config.limits.file_bytes
    data = sys.stdin.buffer.read(limit + 1)
    formatted = FormattedFiles()
    if len(data) > limit:
        formatted.add(SourceSet(Path(), config, (), (Source(INPUT, ""),)))
        return formatted
    try:
        source = Source(INPUT, decoded(data, INPUT))
    except UnreadableError as error:
        stop(error.problem)
    formatted.add_data(source, data, SourceSet(Path(), config, (source,), base=base))
    return formatted


def _write(formatted: FormattedFiles, changed: Sequence[File], *, to_output: bool) -> None:
    """Each file whole or not at all; to standard output whether it is changed or not."""
    if to_output:
        for file in formatted.files:
            write_output(file.after)
        return
    for file in changed:
        path = Path(file.source.display)
        if file.objection is not None:
            formatted.files.remove(file)
            formatted.result.problems.append(file.objection)
            continue
        try:
            refuse_read_only(path)
            write_atomically(path, file.after, before=file.before)
        except OSError as error:
            formatted.files.remove(file)
            message = f"cannot be written: {reason(error)}"
            formatted.result.problems.append(Problem(str(path), message, "it was not changed"))


def _diff(file: File) -> Iterator[str]:
    lines = list(diffs.render([file.as_sources()]))
    yield from lines or [f"{visible(file.source.display)}: the line breaks"]


def _summary(files: Sequence[File], changed: Sequence[File], check_only: bool) -> Iterator[str]:
    if check_only:
        yield from (f"would format {visible(file.source.display)}" for file in changed)
    written = sum(file.is_changed for file in files)
    verb = "would change" if check_only else "formatted"
    yield f"{counted(written, 'file')} {verb}, {len(files) - written} already formatted"
