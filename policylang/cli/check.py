"""`policylang check`"""

from __future__ import annotations

import sys

import click

from policylang.cli.terminal import CLEAN, COULD_NOT_RUN, FINDINGS, progress, projects, write_lines
from policylang.output import json, text
from policylang.output.findings import Result, add


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(paths: tuple[str, ...], format_: str) -> None:
    """Check policy sets and report what is wrong with them.

    PATHS are folders, each a policy set, or policy files, together one policy set. Without PATHS: the roots in
    policylang.yaml, else the folder policies.

    Exit codes: 0 clean, 1 findings, 2 something could not be read.
    """
    result = Result([], [], {})
    found = projects(paths)
    with progress("checking") as step:
        for project in found:
            add(result, project)
            step(result.files)
    if format_ == "json":
        click.echo(json.render(result), nl=False)
    else:
        write_lines(text.render(result))
    sys.exit(COULD_NOT_RUN if result.problems else FINDINGS if result.findings else CLEAN)
