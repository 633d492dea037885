"""`policylang test`"""

from __future__ import annotations

import sys

import click

from policylang.cli.terminal import CLEAN, COULD_NOT_RUN, FINDINGS, progress, stop, write_lines
from policylang.discovery import DEFAULT_ROOT, Problem
from policylang.output import scenarios
from policylang.testing.suite import SUFFIX, run_suite


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--format", "format_", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
def test_(paths: tuple[str, ...], format_: str) -> None:
    """Run scenario tests: decisions about records, and what they must be.

    PATHS are files (*.test.yaml) or folders with such files; without PATHS the folder policies.

    Exit codes: 0 all passed, 1 some failed, 2 something could not be run.
    """
    with progress() as step:
        results = list(run_suite(paths or [DEFAULT_ROOT], step))
    if not results:
        where = ", ".join(paths) or DEFAULT_ROOT
        stop([Problem(where, f"no `*{SUFFIX}` files here", "`policylang schema scenario` describes them")])
    match format_:
        case "text":
            write_lines(scenarios.text(results))
        case "json":
            click.echo(scenarios.json(results), nl=False)
        case "junit":
            click.echo(scenarios.junit(results), nl=False)
    _passed, failed = scenarios.passed_and_failed(results)
    could_not_run = any(result.problem is not None for result in results)
    sys.exit(COULD_NOT_RUN if could_not_run else FINDINGS if failed else CLEAN)
