"""`policylang diff`"""

from __future__ import annotations

import sys

import click

from policylang.cli.options import TEXT, format_option, now_option, read_instant, text_option
from policylang.cli.terminal import CLEAN, FINDINGS, found_or_stop, progress, write_lines
from policylang.cli.versions import Sides, read_sides
from policylang.cli.writing import Rendered, report_option, write_output
from policylang.diff.allow import read_allowed, unused
from policylang.diff.report import Comparison, FailOn, SetReport, failing
from policylang.output import comparison as text
from policylang.output.text import render_problem
from policylang.project.discovery import Problem
from policylang.text.readable import json_bytes


@click.command("diff")
@click.argument("arguments", nargs=-1, required=True, type=TEXT, metavar="OLD [NEW] [PATHS]...")
@click.option(
    "--fail-on",
    type=click.Choice(["gained", "widened", "any"]),
    help="Exit with 1 if somebody can do something new (gained), also if on more records (widened), or if anything "
    "changed (any).",
)
@text_option(
    "--allow",
    "FILE",
    "YAML file of approved changes: they are shown but do not fail. `policylang schema allow` describes it.",
)
@now_option("the present one")
@format_option("text", "json", "markdown")
@report_option("the report")
def diff(
    arguments: tuple[str, ...],
    fail_on: FailOn | None,
    allow: str | None,
    now: str | None,
    format_: str,
    output: str,
) -> None:
    """Show who can do more or less in NEW than in OLD, by proof.

    OLD and NEW are folders, policy files or compiled policy sets (.json), or git revisions: two, or one argument such
    as main..HEAD, then PATHS, which stand for policy sets as in check. main...HEAD compares with the commit at which
    HEAD left main. One revision, such as main, is compared with the working tree.

    Exit codes: 0 nothing that --fail-on names, 1 something, 2 could not compare.
    """
    at = read_instant(now)
    entries = found_or_stop(read_allowed(allow)) if allow is not None else {}
    with progress() as step:
        sides = found_or_stop(read_sides(arguments, step))
        sets = tuple(pair.compared(at, entries, step) for pair in sides.pairs)
    failed = fail_on is not None and any(failing(each, fail_on) for each in sets)
    today = max((pair.day(at) for pair in sides.pairs), default=at.date())
    left = unused(entries, sets, today)
    found = Comparison(old=sides.old, new=sides.new, now=at, fail_on=fail_on, failed=failed, sets=sets, unused=left)
    content: Rendered
    match format_:
        case "json":
            content = json_bytes(found)
        case "markdown":
            from policylang.output import comparison_markdown

            content = comparison_markdown.render(found)
        case _:
            content = text.render(found, lambda set_, is_new: _path(sides, set_, is_new))
    write_output(content, output, (*arguments, allow))
    if fail_on is not None and failed:
        count = sum(len(failing(each, fail_on)) for each in sets)
        what = f"{count:,} {'change fails' if count == 1 else 'changes fail'} `--fail-on {fail_on}`"
        help = "revert what is not meant, or list what is approved in a file for `--allow`"
        write_lines(render_problem(Problem("diff", what, help)), err=True)
    sys.exit(FINDINGS if failed else CLEAN)


def _path(sides: Sides, set_: SetReport, is_new: bool) -> str | None:
    for pair in sides.pairs:
        version = pair.new if is_new else pair.old
        if pair.name == set_.name and version is not None:
            return version.path
    return None
