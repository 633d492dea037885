"""`policylang usage`"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from policylang.cli.asking import load
from policylang.cli.given import files_of
from policylang.cli.logs import days_option, given_mapping, log_options, logs_and_paths
from policylang.cli.options import TEXT, format_option, now_option, read_instant
from policylang.cli.terminal import CLEAN, FINDINGS, progress, stop, terminal_width
from policylang.cli.writing import Rendered, report_option, write_output
from policylang.output import usage as text
from policylang.project.discovery import UnreadableError, nearest_settings
from policylang.settings.usage import UsageSettings
from policylang.text.readable import json_bytes
from policylang.usage.analyse import usage_report
from policylang.usage.logs import Backend
from policylang.usage.read import read_usage


@click.command()
@click.argument("arguments", nargs=-1, required=True, type=TEXT, metavar="LOG... [PATHS]...")
@log_options
@days_option
@now_option("the present one")
@format_option("text", "json", "csv")
@report_option("the report")
def usage(
    arguments: tuple[str, ...],
    mapping: str | None,
    backend: Backend,
    days: int | None,
    now: str | None,
    format_: str,
    output: str,
) -> None:
    """Say what people may do and never do, what they tried in vain, and who does what others like them do not.

    LOG are files (.csv, .jsonl, .parquet; also .gz and .zst, and patterns), or a table of a database by its address,
    such as postgres://host/db#events. PATHS are policies as for check. What is not known is counted and shown.

    Exit codes: 0 nothing is unused, 1 something is, 2 it could not be read.
    """
    logs, paths = logs_and_paths(arguments)
    at = read_instant(now)
    said = given_mapping(mapping)
    settings = _settings(paths)
    if days is not None:
        settings = msgspec.structs.replace(settings, days=days)
    index = load(paths).index
    try:
        with progress() as step:
            reading = read_usage(logs, index, said, settings, backend, step)
            step("comparing with what they may do")
            report = usage_report(index.policy_set, reading, at)
    except UnreadableError as error:
        stop(error.problem)
    content: Rendered
    match format_:
        case "json":
            content = json_bytes(report)
        case "csv":
            content = text.as_table(report)
        case _:
            content = text.render(report, terminal_width())
    write_output(content, output, (*files_of(logs), *paths, mapping))
    sys.exit(FINDINGS if report.unused else CLEAN)


def _settings(paths: tuple[str, ...]) -> UsageSettings:
    """What the config that holds for the policies says; ends the command where it has mistakes."""
    first = Path(paths[0]) if paths else Path()
    config, _, problems = nearest_settings(first if first.is_dir() else first.parent)
    if problems:
        stop(*problems)
    return config.usage
