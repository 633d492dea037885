"""What the commands share: exit codes, colours, progress, and saying why something could not be run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, TextIO

import click

from policylang.discovery import Problem, SourceSet, discover
from policylang.output.text import render_problem
from policylang.project import Project

CLEAN = 0
FINDINGS = 1
COULD_NOT_RUN = 2

_PROGRESS_AFTER = 1.0


def coloured(stream: TextIO) -> bool:
    """Colours are for terminals, unless `NO_COLOR` is set (no-color.org) or the terminal is dumb."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write_lines(lines: Iterable[str], err: bool = False) -> None:
    """Print lines, with colours where they belong."""
    colour = coloured(sys.stderr if err else sys.stdout)
    for line in lines:
        click.echo(line, err=err, color=colour)


def stop(problems: Iterable[Problem]) -> NoReturn:
    """Say why the command could not be run, and end with exit code 2."""
    for problem in problems:
        write_lines(render_problem(problem), err=True)
    sys.exit(COULD_NOT_RUN)


def projects(paths: Sequence[str]) -> list[Project]:
    """The policy sets that the paths stand for."""
    with progress("reading") as step:
        sets: list[SourceSet] = discover(paths)
        step(sum(len(each.sources) for each in sets))
    return [Project(each) for each in sets]


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """A line on a terminal's standard error about a run that takes longer than a second; gone when it ends."""
    begun = time.monotonic()
    shown = False
    terminal = sys.stderr.isatty()

    def step(count: int) -> None:
        nonlocal shown
        if terminal and time.monotonic() - begun > _PROGRESS_AFTER:
            shown = True
            click.echo(f"\r{what} … {count}", err=True, nl=False)

    try:
        yield step
    finally:
        if shown:
            click.echo(f"\r{' ' * (len(what) + 20)}\r", err=True, nl=False)
