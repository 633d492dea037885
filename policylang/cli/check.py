"""`policylang check`"""

from __future__ import annotations

import os
import sys

import click

from policylang.cli.terminal import CLEAN, COULD_NOT_RUN, FINDINGS, progress, projects, write_lines
from policylang.output import json, text
from policylang.output.findings import Result, add, add_compiled


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(paths: tuple[str, ...], format_: str) -> None:
    """Check policy sets and report what is wrong with them.

    PATHS are folders, each a policy set, or policy files, together one policy set, or compiled policy sets (.json),
    which are checked for being whole and unchanged. Without PATHS: the roots in policylang.yaml, else the folder
    policies.

    Exit codes: 0 clean, 1 findings, 2 something could not be read.
    """
    compiled = [path for path in paths if path.endswith(".json") and not os.path.isdir(path)]
    sources = [path for path in paths if path not in compiled]
    result = Result()
    with progress() as step:
        for path in compiled:
            step(f"loading {path}")
            add_compiled(result, path)
        for project in projects(sources, step) if sources or not compiled else ():
            add(result, project)
    if format_ == "json":
        click.echo(json.render(result), nl=False)
    else:
        write_lines(text.render(result))
    sys.exit(COULD_NOT_RUN if result.problems else FINDINGS if result.findings else CLEAN)
