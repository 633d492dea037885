"""`policylang decide`"""

from __future__ import annotations

import sys

import click

from policylang.cli.asking import (
    as_options,
    find_subject,
    helped,
    load,
    policies_option,
    read_now,
    split_words,
    with_users,
)
from policylang.cli.given import read_objects, record_option, request_option, split_resource, strangers
from policylang.cli.options import TEXT, format_option, now_option, text_option
from policylang.cli.terminal import CLEAN, FINDINGS, write_lines
from policylang.diagnostics import quoted
from policylang.model.instants import instant_text
from policylang.output.explanation import text
from policylang.text.readable import json_bytes


@click.command()
@click.argument("words", nargs=-1, metavar="[USER] ACTION [RESOURCE]", type=TEXT)
@record_option
@text_option("--resource", "RESOURCE", "The record's resource, instead of the third argument.")
@text_option("--field", "FIELD", "Ask about this attribute of the record.")
@text_option("--changes", "FILE|JSON", "The attributes modify would write, given like the record.")
@request_option
@as_options
@text_option("--as-attributes", "FILE|JSON", "Attributes of this made-up user, given like the record.")
@text_option("--as-id", "ID", "The id of this made-up user, for conditions that name it.")
@text_option("--users", "FILE|JSON", "More made-up users, by id, each with attributes.")
@now_option("the present one")
@policies_option
@format_option("text", "json")
def decide(
    words: tuple[str, ...],
    record: str | None,
    resource: str | None,
    field: str | None,
    changes: str | None,
    request: str | None,
    roles: tuple[str, ...],
    groups: tuple[str, ...],
    as_attributes: str | None,
    as_id: str | None,
    users: str | None,
    now: str | None,
    paths: tuple[str, ...],
    format_: str,
) -> None:
    """Decide whether USER may do ACTION to a record of RESOURCE, and explain why.

    Leave RESOURCE out if the record itself names it, as `resource`. Without --record the record is empty. Leave USER
    out with --as-role or --as-group.

    Exit codes: 0 allowed, 1 denied, 2 could not run.
    """
    somebody = bool(roles or groups)
    names = split_words(words, ("USER", "ACTION"), somebody, "RESOURCE")
    user, (action, *named) = ([], names) if somebody else (names[:1], names[1:])
    if named and resource not in (None, named[0]):
        raise click.UsageError(f"two resources: {quoted(named[0])}, and {quoted(str(resource))} with --resource")
    resource = named[0] if named else resource
    if as_attributes is not None and user:
        raise click.UsageError("--as-attributes needs --as-role or --as-group: a user already has attributes")
    if as_id is not None and user:
        raise click.UsageError("--as-id needs --as-role or --as-group: a user already has an id")
    given = read_objects(
        **{"record": record, "changes": changes, "request": request, "users": users, "as-attributes": as_attributes}
    )
    policy_set = with_users(load(paths), given["users"])
    if somebody and named and action in policy_set.index.users:
        raise click.UsageError("leave USER out with --as-role or --as-group")
    resource, target = split_resource(policy_set.index, given["record"] or {}, resource)
    subject = find_subject(policy_set, user[0] if user else None, roles, groups, given["as-attributes"], as_id)
    at = read_now(now, policy_set)
    explanation = subject.policy_set.explain(
        subject.user,
        action,
        resource,
        target,
        now=at,
        request=given["request"],
        field=field,
        changes=given["changes"],
    )
    decision = explanation.decision
    hints = strangers(policy_set.index, resource, target, given["request"])
    if format_ == "text":
        write_lines(text(explanation))
        write_lines([*helped(hints), "", f"decided at {instant_text(at)}"])
    else:
        content = {
            "allowed": decision.allowed,
            "fields": decision.fields,
            "reasons": decision.reasons,
            "missing": decision.missing,
            "user": subject.user,
            "somebody": subject.somebody,
            "action": action,
            "resource": resource,
            "field": field,
            "record": target,
            "changes": given["changes"],
            "request": given["request"],
            "now": instant_text(at),
            "digest": policy_set.digest,
            "help": hints,
            "explanation": explanation,
        }
        click.echo(json_bytes(content), nl=False)
    sys.exit(CLEAN if decision.allowed else FINDINGS)
