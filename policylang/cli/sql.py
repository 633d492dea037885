"""`policylang sql`"""

from __future__ import annotations

import re
import sys

import click

from policylang.cli.asking import know_action, know_user, load, policies_option, read_now
from policylang.cli.given import read_objects, request_option
from policylang.cli.options import TEXT, format_option, now_option, text_option
from policylang.cli.terminal import CLEAN, FINDINGS, stop
from policylang.diagnostics import quoted
from policylang.model.instants import instant_text
from policylang.project.discovery import Problem
from policylang.runtime.dialects import UnsupportedError
from policylang.text.readable import json_bytes

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@click.command()
@click.argument("user", type=TEXT)
@click.argument("action", type=TEXT)
@click.argument("resource", type=TEXT)
@text_option("--dialect", "NAME", "A SQL dialect that sqlglot supports.", default="postgres", show_default=True)
@request_option
@now_option("the present one")
@policies_option
@format_option("text", "json")
def sql(
    user: str,
    action: str,
    resource: str,
    dialect: str,
    request: str | None,
    now: str | None,
    paths: tuple[str, ...],
    format_: str,
) -> None:
    """Print the WHERE condition for the rows of RESOURCE on which USER can do ACTION.

    As text, with all values in it; as JSON, with parameters, for programs. docs/python.md says what the tables must
    hold.

    Exit codes: 0 some rows may match, 1 no row can, 2 could not run.
    """
    given = read_objects(request=request)
    policy_set = load(paths)
    index = policy_set.index
    know_user(index, user)
    know_action(index, action, resource)
    at = read_now(now, policy_set)
    found = policy_set.filter(user, action, resource, now=at, request=given["request"])
    try:
        if format_ == "text":
            text = found.to_sql_text(dialect)
            if _CONTROL.search(text):
                message = "a text in the condition holds line breaks or other control characters"
                stop(Problem("--format", message, "`--format json` gives it as a parameter"))
            click.echo(text)
        else:
            condition, parameters = found.to_sql(dialect)
            shown = {name: value if isinstance(value, bool | int) else str(value) for name, value in parameters.items()}
            content = {"dialect": dialect, "now": instant_text(at), "sql": condition, "parameters": shown}
            click.echo(json_bytes(content), nl=False)
    except UnsupportedError as error:
        stop(Problem("--dialect", str(error), "another dialect may support it"))
    except ValueError:
        help = "for instance `postgres`, `sqlite`, `duckdb`, `mysql`, `tsql`, `snowflake`"
        stop(Problem("--dialect", f"sqlglot has no dialect {quoted(dialect)}", help))
    sys.exit(FINDINGS if found.nothing else CLEAN)
