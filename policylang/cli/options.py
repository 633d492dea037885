"""Options that several commands have."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click

from policylang.analysis.months import FIRST_YEAR, LAST_YEAR
from policylang.cli.terminal import stop
from policylang.diagnostics import quoted
from policylang.model.types import DateTimeType
from policylang.project.discovery import Problem
from policylang.runtime.values import BadValueError, read

Command = TypeVar("Command", bound=Callable[..., Any])

CALENDAR = (datetime.MINYEAR, datetime.MAXYEAR)
"""The years that there are, where nothing is proved."""


class _Text(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """An argument that is text: names and ids are, whatever bytes a shell can pass."""

    name = "text"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail(f"{quoted(text)} is not UTF-8", parameter, context)
        return text


TEXT = _Text()


class BoundedNumber(click.FloatRange):
    """A number within bounds. NaN lies within none, though click takes it."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        number: float = super().convert(value, parameter, context)
        if math.isnan(number):
            self.fail(f"{quoted(str(value))} is not a number", parameter, context)
        return number


def text_option(option: str, metavar: str, help: str, **more: Any) -> Callable[[Command], Command]:
    """An option that is a text."""
    return click.option(option, type=TEXT, metavar=metavar, help=help, **more)


def repeatable(option: str, name: str, metavar: str, help: str, **more: Any) -> Callable[[Command], Command]:
    """An option that may be given several times, each a text; ``name``: that of the parameter with all of them."""
    return click.option(option, name, type=TEXT, multiple=True, metavar=metavar, help=help, **more)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """``--format``; the first is the default."""
    return click.option("--format", "format_", type=click.Choice(formats), default=formats[0], show_default=True)


def now_option(default: str) -> Callable[[Command], Command]:
    """``--now``, and what it is taken for when it is not given."""
    help = f"Instant with its offset, such as 2026-11-21T12:00:00-07:00.  [default: {default}]"
    return text_option("--now", "INSTANT", help)


def read_instant(given: str | None, years: tuple[int, int] = (FIRST_YEAR, LAST_YEAR)) -> datetime.datetime:
    """The instant given, in one of the years from the first to the last, or the present one, to the second; both in
    UTC. Ends the command where it is none.
    """
    if given is None:
        return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    help = "write date, time and offset: `2026-11-21T12:00:00-07:00`, or `Z` after the time for UTC"
    try:
        now: datetime.datetime = read(DateTimeType(), given, "--now")
    except BadValueError:
        stop(Problem("--now", f"{quoted(given)} is not an instant", help))
    if not years[0] <= now.year <= years[1]:
        outside(given, years)
    return now


def outside(given: str | None, years: tuple[int, int] = (2, 9998)) -> NoReturn:
    """End the command because of an instant that cannot be counted with."""
    help = f"use a year from {years[0]} to {years[1]}"
    stop(Problem("--now", f"{quoted(given or '')} is outside the calendar", help))
