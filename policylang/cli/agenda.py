"""`policylang agenda`"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence

import click

from policylang.agenda.agenda import Agenda, Agendas, agenda
from policylang.cli.options import format_option, now_option, read_instant
from policylang.cli.terminal import Step, progress, projects, stop
from policylang.cli.writing import Rendered, report_option, write_output
from policylang.output import agenda as text
from policylang.output import ical
from policylang.pipelines.agenda import agenda_of
from policylang.project.discovery import Problem
from policylang.project.loading import compiled_among, read_compiled
from policylang.text.readable import json_bytes

_YEARS = (2, 9998)
"""Instants in them have a day in every timezone."""
_MOST_DAYS = (datetime.date.max - datetime.date.min).days


@click.command("agenda")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@now_option("the present one")
@click.option(
    "--days",
    type=click.IntRange(0, _MOST_DAYS),
    default=90,
    show_default=True,
    metavar="N",
    help="Look this many days ahead, counted from the day of --now, both ends included.",
)
@format_option("text", "json", "icalendar")
@report_option("the report")
def agenda_(paths: tuple[str, ...], now: str | None, days: int, format_: str, output: str) -> None:
    """List the reviews that are due, and the assignments and comments that begin or end.

    PATHS are as for check: folders, each a policy set, or policy files, together one policy set, or compiled policy
    sets (.json). What is overdue or over comes first, however long ago that was.

    Exit codes: 0 whatever there is, 2 something could not be read.
    """
    at = read_instant(now, _YEARS)
    with progress() as step:
        made = list(_agendas(paths, at, days, step))
    problems = [each for each in made if isinstance(each, Problem)]
    if problems:
        stop(*problems)
    found = Agendas(at, days, tuple(each for each in made if isinstance(each, Agenda)))
    content: Rendered
    match format_:
        case "json":
            content = json_bytes(found)
        case "icalendar":
            try:
                content = ical.render(found)
            except ImportError:
                help = "run `pip install 'policylang[calendar]'`"
                stop(Problem("--format", "iCalendar needs the library icalendar, which is not installed", help))
        case _:
            content = text.render(found)
    write_output(content, output, [path for path in paths if not os.path.isdir(path)])


def _agendas(paths: Sequence[str], at: datetime.datetime, days: int, step: Step) -> Iterator[Agenda | Problem]:
    compiled, sources = compiled_among(paths)
    for path in compiled:
        step(f"loading {path}")
        loaded = read_compiled(path)
        yield loaded if isinstance(loaded, Problem) else agenda(loaded, at, days, policies=(path,))
    for project in projects(sources, step) if sources or not compiled else ():
        yield agenda_of(project, at, days)
