"""`policylang eligible`"""

from __future__ import annotations

import sys

import click

from policylang.cli.asking import (
    did_you_mean,
    know,
    know_no_path,
    load,
    name_of,
    policies_option,
    read_now,
)
from policylang.cli.options import TEXT, format_option, now_option
from policylang.cli.terminal import CLEAN, FINDINGS, stop, terminal_width, write_lines
from policylang.model.instants import instant_text
from policylang.model.types import UserType, in_words
from policylang.output.tables import as_csv, table
from policylang.project.discovery import Problem
from policylang.runtime.index import Index
from policylang.text.readable import json_bytes


@click.command()
@click.argument("attribute", metavar="RESOURCE.ATTRIBUTE", type=TEXT)
@now_option("the present one")
@policies_option
@format_option("text", "json", "csv")
def eligible(attribute: str, now: str | None, paths: tuple[str, ...], format_: str) -> None:
    """List the users who may be chosen for an attribute, such as customer.sales_rep.

    Exit codes: 0 somebody, 1 nobody, 2 could not run.
    """
    policy_set = load(paths)
    index = policy_set.index
    _know_users(index, attribute)
    at = read_now(now, policy_set)
    instant = instant_text(at)
    users = [(user, name_of(index, user)) for user in policy_set.eligible(attribute, now=at)]
    match format_:
        case "text":
            lines = table(("user", "name"), [(user, name or "") for user, name in users], terminal_width())
            write_lines((*lines, "") if users else ())
            write_lines([f"{len(users) or 'nobody'} eligible for `{attribute}` at {instant}"])
        case "csv":
            click.echo(as_csv(("user", "name", "now"), [(user, name or "", instant) for user, name in users]), nl=False)
        case "json":
            content = {
                "attribute": attribute,
                "now": instant,
                "digest": policy_set.digest,
                "users": [{"user": user, "name": name} for user, name in users],
            }
            click.echo(json_bytes(content), nl=False)
    sys.exit(CLEAN if users else FINDINGS)


def _know_users(index: Index, attribute: str) -> None:
    """End the command unless the attribute is there and holds users."""
    resource, dot, name = attribute.partition(".")
    if not dot:
        know_no_path(attribute)
        near = did_you_mean(resource, index.resources) if resource not in index.resources else None
        help = near or "write it as `RESOURCE.ATTRIBUTE`, such as `customer.sales_rep`"
        stop(Problem(attribute, "this does not name an attribute", help))
    know("resource", resource, index.resources)
    know(f"attribute of `{resource}`", name, index.attributes[resource])
    type_ = index.attributes[resource][name].type
    if not isinstance(type_.item, UserType):
        stop(
            Problem(attribute, f"it does not hold a user, it is {in_words(type_)}", "name an attribute of type `user`")
        )
