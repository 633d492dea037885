"""`policylang replay`"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import click

from policylang.api.policy_set import PolicySet
from policylang.cli.options import TEXT, format_option, text_option
from policylang.cli.terminal import CLEAN, FINDINGS, found_or_stop, progress, stop, write_lines
from policylang.cli.versions import read_version
from policylang.decisionlog.replay import read_log
from policylang.decisionlog.replay import replay as run
from policylang.output.replayed import in_a_line, text
from policylang.project.discovery import Problem, unreadable
from policylang.text.readable import json_bytes


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="LOG...", type=TEXT)
@text_option("--against", "PATH|REV", "The policies to decide by: a path or a revision.", required=True)
@format_option("text", "json", "line")
def replay(logs: tuple[str, ...], against: str, format_: str) -> None:
    """Decide logged decisions again, by other policies: who would be denied or allowed what, and why.

    LOG is what `policylang serve` writes with `log`.

    Exit codes: 0 all the same, 1 some would come out otherwise, 2 could not run, or no decision could be made again.
    """
    for log in logs:
        try:
            with Path(log).open("rb"):
                pass
        except OSError as error:
            stop(unreadable(log, error))
    with progress() as step:
        policies = found_or_stop(read_version(against, step))
        step("deciding again")
        found = run(itertools.chain.from_iterable(read_log(Path(log)) for log in logs), PolicySet(policies))
    if not found.decisions:
        why = f"lines that cannot be read: {found.unreadable}; decisions that depend on what is masked: {found.masked}"
        stop(Problem(logs[0], "there is no decision that can be made again", why))
    match format_:
        case "json":
            click.echo(json_bytes(found), nl=False)
        case "line":
            write_lines([in_a_line(found)])
        case _:
            write_lines(text(found))
    sys.exit(FINDINGS if found.turned else CLEAN)
