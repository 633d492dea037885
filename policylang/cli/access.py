"""`policylang access`"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from policylang.cli.asking import (
    AskedSubject,
    as_options,
    find_subject,
    know,
    know_user,
    load,
    policies_option,
    read_now,
    split_words,
)
from policylang.cli.options import TEXT, format_option, now_option, text_option
from policylang.cli.terminal import CLEAN, FINDINGS, terminal_width, write_lines
from policylang.diagnostics import quoted
from policylang.model.instants import instant_text
from policylang.output.access import access_csv, access_table
from policylang.runtime.access import Access
from policylang.text.readable import json_bytes


@click.command("access")
@click.argument("words", nargs=-1, metavar="[USER]", type=TEXT)
@text_option("--resource", "RESOURCE", "Show this resource only.")
@as_options
@now_option("at any time, with the dates of assignments")
@policies_option
@format_option("text", "json", "csv")
def access_(
    words: tuple[str, ...],
    resource: str | None,
    roles: tuple[str, ...],
    groups: tuple[str, ...],
    now: str | None,
    paths: tuple[str, ...],
    format_: str,
) -> None:
    """List everything USER may do: actions, fields, records, and where each right comes from.

    Exit codes: 0 something, 1 nothing, 2 could not run.
    """
    given = split_words(words, ("USER",), bool(roles or groups))
    subject = find_subject(load(paths), given[0] if given else None, roles, groups)
    index = subject.policy_set.index
    know_user(index, subject.user)
    if resource is not None:
        know("resource", resource, index.resources)
    at = None if now is None else read_now(now, subject.policy_set)
    instant = None if at is None else instant_text(at)
    found = [each for each in subject.policy_set.access(subject.user, now=at) if resource in (None, each.resource)]
    match format_:
        case "text":
            write_lines(_text(subject, found, instant))
        case "csv":
            click.echo(access_csv(found, instant), nl=False)
        case "json":
            content = {
                "user": subject.user,
                "name": subject.name,
                "somebody": subject.somebody,
                "now": instant,
                "digest": subject.policy_set.digest,
                "access": found,
            }
            click.echo(json_bytes(content), nl=False)
    sys.exit(CLEAN if found else FINDINGS)


def _text(subject: AskedSubject, found: list[Access], instant: str | None) -> Iterator[str]:
    when = f"at {instant}" if instant else "at any time"
    if not found:
        yield f"{quoted(subject.user)} has no access {when}"
        return
    yield from access_table(subject.policy_set.index, found, terminal_width())
    yield ""
    resources = len({each.resource for each in found})
    yield f"{quoted(subject.user)} has access to {resources} resource{'' if resources == 1 else 's'} {when}"
