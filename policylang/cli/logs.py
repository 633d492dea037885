"""What the commands that read usage logs share."""

from __future__ import annotations

from collections.abc import Sequence

import click

from policylang.cli.options import Command, text_option
from policylang.cli.terminal import stop
from policylang.project.discovery import UnreadableError
from policylang.usage.columns import LogMapping, read_log_mapping
from policylang.usage.logs import is_log


def log_options(command: Command) -> Command:
    """``--mapping`` and ``--backend``."""
    said = "YAML that says what is in the log. `policylang schema usage-mapping` describes it."
    mapping = text_option("--mapping", "FILE", said)
    backend = click.option(
        "--backend",
        type=click.Choice(["duckdb", "pyspark"]),
        default="duckdb",
        show_default=True,
        help="What reads and counts the log.",
    )
    return mapping(backend(command))


days_option = click.option(
    "--days",
    type=click.IntRange(1, 3660),
    metavar="N",
    help="What nobody has used for N days is unused.  [default: `usage` in policylang.yaml, or 90]",
)


def logs_and_paths(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The logs among the arguments, and the policies."""
    logs = tuple(each for each in arguments if is_log(each))
    if not logs:
        raise click.UsageError("name a log: a file that ends in .csv, .jsonl or .parquet, or an address of a database")
    return logs, tuple(each for each in arguments if each not in logs)


def given_mapping(path: str | None) -> LogMapping:
    """The mapping; ends the command where it cannot be read."""
    try:
        return LogMapping() if path is None else read_log_mapping(path)
    except UnreadableError as error:
        stop(error.problem)
