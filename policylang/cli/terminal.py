"""What the commands share: exit codes, colours, progress, and saying why something could not be run."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TextIO, TypeVar

import click

from policylang.diagnostics import visible

if TYPE_CHECKING:
    from policylang.project.discovery import Problem
    from policylang.project.project import Project

CLEAN = 0
FINDINGS = 1
COULD_NOT_RUN = 2

_PROGRESS_AFTER = 1.0  # seconds

_COMMAND = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*)([:#])(?=:|#\[)")
"""How commands of GitHub and Azure begin, behind blanks and styles."""

Step = Callable[[str], None]

Found = TypeVar("Found")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads it; a stream that the caller closed is ``None``."""
    return stream is not None and stream.isatty()


def _coloured(stream: TextIO | None) -> bool:
    """Colours are for terminals that are not dumb, and for everything with `FORCE_COLOR` (force-color.org); for nothing
    with `NO_COLOR` (no-color.org).
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (is_terminal(stream) and os.environ.get("TERM") != "dumb")


def terminal_width() -> int | None:
    """How wide tables may be: as the terminal, or as COLUMNS says; anything goes where a program reads."""
    if is_terminal(sys.stdout) or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return None


def write_lines(lines: Iterable[str], err: bool = False) -> None:
    """Print lines, with colours where they belong."""
    colour = _coloured(sys.stderr if err else sys.stdout)
    for line in lines:
        click.echo(no_command(line), err=err, color=colour)


def no_command(line: str) -> str:
    """The line, so that no CI system takes it for a command: an id may begin like one."""
    return _COMMAND.sub(lambda match: f"{match[1]}\\u{{{ord(match[2]):X}}}", line, count=1)


def stop(*problems: Problem) -> NoReturn:
    """Say why the command could not be run, and end with exit code 2."""
    from policylang.output.text import render_problem

    for problem in problems:
        write_lines(render_problem(problem), err=True)
    sys.exit(COULD_NOT_RUN)


def found_or_stop(found: Found | Problem) -> Found:
    """What was found; ends the command where it is why there is nothing."""
    from policylang.project.discovery import Problem

    if isinstance(found, Problem):
        stop(found)
    return found


def projects(paths: Sequence[str], step: Step) -> list[Project]:
    """The policy sets that the paths stand for; each tells of its progress."""
    from policylang.project.discovery import discover
    from policylang.project.project import Project

    step("reading")
    return [Project(sources, step) for sources in discover(paths)]


@contextmanager
def progress() -> Iterator[Step]:
    """A line on a terminal's standard error about what a run that takes longer than a second is at; gone at its end."""
    begun = time.monotonic()
    terminal = is_terminal(sys.stderr)
    width = 0
    latest = ""

    def step(what: str) -> None:
        nonlocal width, latest
        latest = what
        if terminal and time.monotonic() - begun > _PROGRESS_AFTER:
            line = visible(what)[:70]
            click.echo(f"\r{line.ljust(width)}", err=True, nl=False)
            width = len(line)

    try:
        yield step
    except BaseException as error:
        error.add_note(f"while {latest or 'starting'}")
        raise
    finally:
        if width:
            click.echo(f"\r{' ' * width}\r", err=True, nl=False)
