"""Outputs of commands: to standard output or to a file, which is never one that policies are made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from pathlib import Path

import click

from policylang.cli.options import Command
from policylang.cli.terminal import no_command, stop, write_lines
from policylang.diagnostics import quoted, reason
from policylang.files.writing import LinkError, refuse_link_out, write_atomically, write_folder
from policylang.project.discovery import SUFFIX, Problem, nearest_settings
from policylang.project.project import Project
from policylang.settings.config import FILE_NAMES
from policylang.testing.scenario import SUFFIXES as SCENARIO_SUFFIXES

STANDARD_OUTPUT = "-"

Rendered = bytes | str | Iterable[str]
"""A document, or the lines of a report, with their styles."""


def report_option(what: str) -> Callable[[Command], Command]:
    """``-o``, where a command writes its report, or what it makes instead."""
    help = f"File to write {what} to, or - for standard output."
    default = STANDARD_OUTPUT
    return click.option(
        "-o", "--output", default=default, show_default=True, metavar="FILE", type=click.Path(), help=help
    )


def folder_option(help: str) -> Callable[[Command], Command]:
    """``-o``, where a command writes a folder."""
    return click.option("-o", "--output", metavar="DIR", required=True, type=click.Path(), help=help)


def write_output(content: Rendered, output: str = STANDARD_OUTPUT, inputs: Iterable[str | None] = ()) -> None:
    """Write what a command makes, whole or not at all, or end the command. ``inputs``: files that it reads, which must
    not be replaced.
    """
    if output == STANDARD_OUTPUT:
        if isinstance(content, bytes | str):
            click.echo(content, nl=False)
        else:
            write_lines(content)
        return
    check_output(output, inputs)
    if not isinstance(content, bytes | str):
        content = "".join(f"{no_command(click.unstyle(line))}\n" for line in content)
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        write_atomically(Path(output), data)
    except OSError as error:
        cannot_write(output, error)


def write_files(folder: str, files: Mapping[str, bytes], *, replace: bool = False) -> None:
    """Write a folder, whole or not at all, or end the command; see `write_folder`."""
    try:
        write_folder(Path(folder), files, replace=replace)
    except OSError as error:
        cannot_write(folder, error)


def inputs_of(projects: Iterable[Project]) -> list[str]:
    """The files that policy sets were read from."""
    return [source.display for project in projects for source in project.sources.files]


def check_output(output: str, inputs: Iterable[str | None] = ()) -> None:
    """End the command where nothing may be written at a path: where that would replace something that policies are made
    of or that the command reads, or where a link leads elsewhere.
    """
    path = Path(output)
    try:
        refuse_link_out(path)
    except LinkError as error:
        help = "name the file you mean; the link may have come with somebody else's change"
        stop(Problem(output, f"not written: {error.strerror}", help))
    check_not_read(output, inputs)


def check_not_read(output: str, inputs: Iterable[str | None] = ()) -> None:
    """End the command where writing to a path would change something that policies are made of or that it reads."""
    path = Path(output)
    for each in {path, Path(os.path.realpath(path))}:
        what = _belongs_to_policies(each)
        if what is not None:
            stop(Problem(output, f"not written: this is {what}", "name another file"))
    for given in inputs:
        if given is not None and _same(path, Path(given)):
            stop(Problem(output, "not written: the command reads this file", "name another file"))


def check_folder(output: str) -> None:
    """End the command where there is something already."""
    check_output(output)
    if os.path.lexists(output) and not (os.path.isdir(output) and not any(Path(output).iterdir())):
        stop(Problem(output, "not written: the folder is not empty", "name a new or empty folder"))


def cannot_write(output: str, error: OSError) -> None:
    """End the command because of what the system says."""
    stop(Problem(output, f"cannot be written: {reason(error)}", "nothing was changed; check the folder and the disk"))


def refuse_same(**outputs: str | None) -> None:
    """Raises UsageError where two outputs, by option, are one file."""
    given = [(option, path) for option, path in outputs.items() if path not in (None, STANDARD_OUTPUT)]
    for (other, earlier), (option, path) in combinations(given, 2):
        if _same(Path(str(path)), Path(str(earlier))):
            names = " and ".join(f"--{each.replace('_', '-')}" for each in (other, option))
            raise click.UsageError(f"{names} name the same file, {quoted(str(path))}: name two")


def _belongs_to_policies(path: Path) -> str | None:
    """What a file is to a policy set, if it is anything; of files that are not there, what their name makes of them."""
    if path.name.endswith(SUFFIX):
        return "a policy file"
    if path.name in FILE_NAMES:
        return "the config of policy sets"
    if path.name.endswith(SCENARIO_SUFFIXES) and path.is_file() and not _is_generated(path):
        return "a scenario file that somebody wrote"
    config, base, _problems = nearest_settings(path.parent)
    if base is not None and any(_same(path, base / each) for each in config.directory):
        return "a directory file of a policy set"
    return None


def _is_generated(path: Path) -> bool:
    from policylang.testing.generate.write import HEAD

    with path.open("rb") as file:
        return file.read(len(HEAD)) in (HEAD.encode(), b"")


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there
        return os.path.realpath(one) == os.path.realpath(other)
