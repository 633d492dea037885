"""`policylang compile`"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from policylang.cli.compiled import only_project, policy_set_of
from policylang.cli.options import now_option, read_instant
from policylang.cli.terminal import COULD_NOT_RUN, progress, stop, write_lines
from policylang.cli.writing import STANDARD_OUTPUT, cannot_write, check_output, inputs_of, write_output
from policylang.diagnostics import visible
from policylang.ir import nodes as ir
from policylang.ir import to_json
from policylang.output import text
from policylang.pipelines.findings import Result
from policylang.project.discovery import Problem
from policylang.project.project import Project
from policylang.targets import NAMES, find_target

_YEARS = (1000, 8999)
"""Of ``--now``: in these no test of time leaves the calendar, in whatever timezone."""


@click.command("compile")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--target", type=click.Choice(NAMES), help="Write a bundle for this engine, not JSON.")
@click.option(
    "-o",
    "--output",
    default="-",
    show_default=True,
    type=click.Path(),
    help="File to write, or - for standard output; with --target, the bundle's folder.",
)
@now_option("none; only for targets that cannot evaluate dates")
def compile_(paths: tuple[str, ...], target: str | None, output: str, now: str | None) -> None:
    """Compile a policy set to JSON, or to a bundle for a policy engine or database.

    PATHS are as for check, but of one policy set. If the sources have errors, or the target cannot express something
    exactly, nothing is written and the exit code is 2. Output is written whole or not at all.
    """
    with progress() as step:
        project = only_project(paths, step, "compile")
    policy_set = policy_set_of(project)
    if target is not None:
        _compile_for(target, project, policy_set, output, now)
        return
    if now is not None:
        stop(
            Problem(
                "--now",
                "compiled JSON keeps all dates as they are",
                "use it together with `--target`, or remove it",
            )
        )
    write_output(to_json(policy_set), output, inputs_of([project]))
    if output != STANDARD_OUTPUT:
        write_lines([f"wrote {visible(output)}"], err=True)


def _compile_for(name: str, project: Project, policy_set: ir.PolicySet, output: str, now: str | None) -> None:
    from policylang.pipelines.compile import compile_for
    from policylang.targets.bundle import NotABundleError, write_bundle
    from policylang.targets.examples import example_scenarios
    from policylang.targets.scenarios import scenarios_of
    from policylang.targets.target import Input, TargetBundle

    if output == STANDARD_OUTPUT:
        stop(Problem("--output", "a bundle is a folder of several files", f"name a folder: `-o build/{name}`"))
    instant = None if now is None else read_instant(now, _YEARS)
    scenarios = scenarios_of(project) or example_scenarios(policy_set, instant)
    bundle = compile_for(find_target(name), Input(policy_set, instant, scenarios, project.sources.config.targets))
    if not isinstance(bundle, TargetBundle):
        result = Result()
        result.findings += result.add_sources(project.sources).findings(bundle)
        write_lines(text.render(result), err=True)
        sys.exit(COULD_NOT_RUN)
    check_output(output)
    try:
        write_bundle(Path(output), bundle.files)
    except NotABundleError as error:
        help = "name a new folder, an empty one or an earlier bundle: a bundle is replaced as a whole"
        stop(Problem(output, f"already exists and is not a bundle: {error}", help))
    except OSError as error:
        cannot_write(output, error)
    write_lines([f"wrote {text.counted(len(bundle.files), 'file')} to {visible(output)}"], err=True)
