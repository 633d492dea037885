"""`policylang rightsize`"""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

import click
import msgspec

from policylang.check.fix.mend import as_read, changes, write
from policylang.cli.compiled import only_project
from policylang.cli.logs import days_option, given_mapping, log_options, logs_and_paths
from policylang.cli.options import TEXT, format_option, now_option, read_instant, repeatable
from policylang.cli.terminal import CLEAN, FINDINGS, Step, progress, stop, write_lines
from policylang.cli.writing import check_folder, folder_option, write_files
from policylang.diagnostics import quoted, reason, visible
from policylang.output import rightsize as text
from policylang.output.text import counted
from policylang.project.discovery import Problem, UnreadableError
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.text.readable import json_bytes
from policylang.usage.logs import Backend
from policylang.usage.proposals import Keep, KeepRuleError, read_keep
from policylang.usage.read import LogReading, read_usage
from policylang.usage.rightsize import Rightsized
from policylang.usage.rightsize import rightsize as run
from policylang.usage.rightsized import RightsizeReport

_REPORT = "report.json"


@click.command()
@click.argument("arguments", nargs=-1, required=True, type=TEXT, metavar="LOG... [PATHS]...")
@folder_option("New or empty folder for the patches.")
@repeatable(
    "--keep",
    "keep",
    "RULE",
    "Leave alone: 'role NAME', 'group NAME', 'user ID', 'resource NAME' or 'ACTION on RESOURCE'; repeatable.",
)
@click.option(
    "--doubled", is_flag=True, help="Also take out what was used, if everybody who did has it from elsewhere as well."
)
@click.option("--write", "writing", is_flag=True, help="Also change the policy files.")
@log_options
@days_option
@now_option("the present one")
@format_option("text", "json")
def rightsize(
    arguments: tuple[str, ...],
    output: str,
    keep: tuple[str, ...],
    doubled: bool,
    writing: bool,
    mapping: str | None,
    backend: Backend,
    days: int | None,
    now: str | None,
    format_: str,
) -> None:
    """Propose what to take out of roles, groups and users because nobody has used it, and how to limit what they grant.

    LOG and PATHS are as for usage. DIR gets report.json and a patch for each change, to be applied in their order.
    A change is proposed only if it is proved that all that was done is still allowed and that nobody can do more. What
    roles and groups grant is limited to the records that were asked about, where the log says what these were.

    Exit codes: 0 nothing to take out, 1 there are changes or some are not proved, 2 it could not be done.
    """
    logs, paths = logs_and_paths(arguments)
    at = read_instant(now)
    said = given_mapping(mapping)
    check_folder(output)
    with progress() as step:
        project = _project(paths, step)
        assert project.ir is not None
        index = Index(project.ir)
        kept = _keep(keep, index)
        settings = project.sources.config.usage
        if days is not None:
            settings = msgspec.structs.replace(settings, days=days)
        try:
            reading = read_usage(logs, index, said, settings, backend, step)
        except UnreadableError as error:
            stop(error.problem)
        made = run(project, reading, at, kept, with_doubled=doubled, step=step)
    report = text.report_of(made, reading.usage, at)
    _write(made, report, output, writing)
    if format_ == "json":
        click.echo(json_bytes(report), nl=False)
    else:
        write_lines([*_of_log(reading), *text.render(report), _written(made, output, writing)])
    sys.exit(FINDINGS if report.proposals or report.not_made else CLEAN)


def _project(paths: tuple[str, ...], step: Step) -> Project:
    """The one policy set, from its sources; ends the command where there is none."""
    if len(paths) == 1 and paths[0].endswith(".json"):
        help = "name the policy files it was compiled from"
        stop(Problem(paths[0], "a compiled policy set cannot be changed", help))
    project = only_project(paths, step)
    if project.ir is None:
        stop(project.why_not(paths))
    return project


def _keep(rules: tuple[str, ...], index: Index) -> Keep:
    try:
        return read_keep(rules, index)
    except KeepRuleError as error:
        forms = "write role NAME, group NAME, user ID, resource NAME or ACTION on RESOURCE, of the policy set"
        raise click.UsageError(f"--keep {quoted(str(error))} names nothing: {forms}") from None


def _of_log(reading: LogReading) -> list[str]:
    lines = [f"guessed: {visible(each)}" for each in reading.reasons]
    lines += [f"{click.style('note', bold=True)}: {visible(each)}" for each in reading.unnamed]
    if reading.known < reading.rows:
        left = reading.rows - reading.known
        lines.append(f"{left:,} of {reading.rows:,} rows cannot be used: `policylang usage` says why")
    return lines


def _write(made: Rightsized, report: RightsizeReport, output: str, writing: bool) -> None:
    """The folder, then the sources if that is wanted; nothing at all where a source has changed meanwhile."""
    changed = changes(made.project, made.after)
    try:
        data = {old.name: as_read(old) for old, _ in changed}
    except OSError as error:
        stop(Problem(str(error.filename), f"nothing was written: {reason(error)}", "run the command again"))
    marked = frozenset(name for name, content in data.items() if content.startswith(codecs.BOM_UTF8))
    files = {
        report.proposals[number - 1].patch: text.patch(number, each, report, marked, _root(made) or Path())
        for number, each in enumerate(made.certified, 1)
    }
    write_files(output, {**files, _REPORT: json_bytes(report)})
    if writing:
        try:
            write(changed)
        except OSError as error:
            help = f"no policy file was changed; the patches are in {visible(output)}"
            stop(Problem(str(error.filename), f"not changed: {reason(error)}", help))


def _root(made: Rightsized) -> Path | None:
    """The root of the policy set, seen from here; ``None`` where it is not in here, so that patches apply there."""
    root = Path(os.path.relpath(made.project.sources.root))
    return None if root.parts[:1] == ("..",) else root


def _written(made: Rightsized, output: str, writing: bool) -> str:
    line = f"wrote {counted(len(made.certified) + 1, 'file')} to {visible(output)}"
    if made.certified and _root(made) is None:
        line += f", to be applied in {visible(str(made.project.sources.root))}"
    if writing:
        return f"{line}, changed {counted(len(changes(made.project, made.after)), 'policy file')}"
    return line
