"""`policylang compile`"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from policylang.cli.terminal import COULD_NOT_RUN, progress, projects, stop, write_lines
from policylang.discovery import Problem
from policylang.files import write_atomically
from policylang.ir import to_json
from policylang.output import text
from policylang.output.findings import collect


@click.command("compile")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "-o", "--output", default="-", show_default=True, type=click.Path(), help="File to write, - for standard output."
)
def compile_(paths: tuple[str, ...], output: str) -> None:
    """Compile a policy set to JSON.

    PATHS as for check; they must stand for one policy set. With errors in the sources nothing is written and the
    exit code is 2. The file is written whole or not at all.
    """
    with progress() as step:
        found = projects(paths, step)
        if len(found) > 1:
            roots = ", ".join(f"`{project.sources.root}`" for project in found)
            stop([Problem(", ".join(paths) or ".", f"these are {len(found)} policy sets", f"compile one of {roots}")])
        (project,) = found
        policy_set = project.ir
    if policy_set is None:
        write_lines(text.render(collect(found)), err=True)
        sys.exit(COULD_NOT_RUN)
    document = to_json(policy_set)
    if output == "-":
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
        return
    try:
        write_atomically(Path(output), document)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        stop([Problem(output, f"cannot be written: {reason}", "nothing was changed; check the folder and the disk")])
