"""`policylang init`"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from policylang.cli.terminal import stop, write_lines
from policylang.cli.writing import check_output, write_files
from policylang.diagnostics import visible
from policylang.project.discovery import DEFAULT_ROOT, Problem

# In a wheel the starter set lies inside the package, in a checkout it is one of the examples.
_PLACES = (Path(__file__).parents[1] / "starter", Path(__file__).parents[2] / "policies" / "quickstart")


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a first policy set into DIR/policies, ready to check and to change.

    Never overwrites anything.
    """
    target = folder / DEFAULT_ROOT
    if os.path.lexists(target) and (not target.is_dir() or target.is_symlink() or any(target.iterdir())):
        stop(Problem(str(target), "this folder is not empty", "choose another folder: `policylang init DIR`"))
    check_output(str(target))
    starter = next(path for path in _PLACES if path.is_dir())
    files = {file.name: file.read_bytes() for file in sorted(starter.iterdir())}
    write_files(str(target), files)
    write_lines(f"wrote {visible(str(target / name))}" for name in files)
    write_lines([f"now try: policylang check {visible(shlex.quote(str(target)))}"])
