"""`policylang init`"""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from policylang.cli.terminal import stop
from policylang.discovery import DEFAULT_ROOT, Problem

# In a wheel the starter set lies inside the package, in a checkout it is one of the examples.
_PLACES = (Path(__file__).parents[1] / "starter", Path(__file__).parents[2] / "policies" / "quickstart")


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a first policy set into DIR/policies, ready to check and to change.

    Never overwrites anything.
    """
    target = folder / DEFAULT_ROOT
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        stop([Problem(str(target), "there is something here already", "choose another folder: `policylang init DIR`")])
    starter = next(path for path in _PLACES if path.is_dir())
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(starter.iterdir()):
            shutil.copyfile(file, target / file.name)
            click.echo(f"wrote {target / file.name}")
    except OSError as error:
        stop([Problem(str(target), f"cannot be written: {(error.strerror or str(error)).lower()}")])
    click.echo(f"now try: policylang check {target}")
