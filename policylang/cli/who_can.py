"""`policylang who-can`"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from policylang.api.holders import bundles, holders
from policylang.cli.asking import (
    helped,
    know,
    know_action,
    load,
    name_of,
    policies_option,
    read_now,
)
from policylang.cli.given import read_objects, record_option, request_option, split_resource, strangers
from policylang.cli.options import TEXT, format_option, now_option, text_option
from policylang.cli.terminal import CLEAN, FINDINGS, terminal_width, write_lines
from policylang.diagnostics import visible
from policylang.model.instants import instant_text
from policylang.output.access import holders_csv, holders_table
from policylang.text.readable import json_bytes


@click.command("who-can")
@click.argument("action", type=TEXT)
@click.argument("resource", type=TEXT)
@record_option
@text_option("--field", "FIELD", "Ask about this attribute only.")
@request_option
@now_option("the present one")
@policies_option
@format_option("text", "json", "csv")
def who_can(
    action: str,
    resource: str,
    record: str | None,
    field: str | None,
    request: str | None,
    now: str | None,
    paths: tuple[str, ...],
    format_: str,
) -> None:
    """List who can do ACTION on RESOURCE: on the record given, or on any record.

    In a policy set without users, list the groups and roles that allow it.

    Exit codes: 0 somebody, 1 nobody, 2 could not run.
    """
    if request is not None and record is None:
        raise click.UsageError("--request needs --record: without a record, any request counts")
    given = read_objects(record=record, request=request)
    policy_set = load(paths)
    index = policy_set.index
    know_action(index, action, resource)
    if field is not None:
        know(f"attribute of `{resource}`", field, index.attributes[resource])
    target = given["record"]
    if target is not None:
        _, target = split_resource(index, target, resource)
    at = read_now(now, policy_set)
    instant = instant_text(at)
    asked = holders(policy_set, action, resource, target, now=at, request=given["request"], field=field)
    found = list(asked)
    alone = (
        []
        if index.requesters
        else list(bundles(index, action, resource, target, now=at, request=given["request"], field=field))
    )
    names = {holder.user: name_of(index, holder.user) for holder in found}
    hints = strangers(index, resource, target or {}, given["request"])
    match format_:
        case "text":
            write_lines(holders_table(index, found, names, terminal_width()) if found else ())
            what = _target(resource, field, target is not None)
            said = (
                _summary(len(found), action, what, instant) if index.requesters else _without_users(alone, action, what)
            )
            write_lines(said)
            write_lines(helped(hints))
        case "csv":
            click.echo(holders_csv(found, names, instant), nl=False)
        case "json":
            content = {
                "action": action,
                "resource": resource,
                "field": field,
                "record": target,
                "request": given["request"],
                "now": instant,
                "digest": policy_set.digest,
                "help": hints,
                "users": [
                    {"user": each.user, "name": names[each.user], "fields": each.fields, "ways": each.ways}
                    for each in found
                ],
                "groups": [name for kind, name in alone if kind == "group"],
                "roles": [name for kind, name in alone if kind == "role"],
            }
            click.echo(json_bytes(content), nl=False)
    sys.exit(CLEAN if found or alone else FINDINGS)


def _target(resource: str, field: str | None, record: bool) -> str:
    """What was asked about, in words."""
    if not record:
        return f"`{resource}{'' if field is None else f'.{field}'}`"
    return f"this `{resource}`" if field is None else f"`{field}` of this `{resource}`"


def _without_users(alone: list[tuple[str, str]], action: str, target: str) -> Iterator[str]:
    """What a policy set without users says in their place."""
    if not alone:
        yield f"no users in this policy set, and no group or role lets anybody {action} {target}"
        return
    yield f"no users in this policy set; groups and roles that let somebody {action} {target}:"
    yield from (f"  {kind} {visible(name)}" for kind, name in alone)


def _summary(count: int, action: str, target: str, instant: str) -> Iterator[str]:
    if count:
        yield ""
    yield f"{count or 'nobody'} can {action} {target} at {instant}"
