"""`policylang rules`"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from policylang.check.catalogue import RULES
from policylang.cli.options import format_option
from policylang.cli.terminal import terminal_width, write_lines
from policylang.output.tables import table
from policylang.text.readable import json_bytes


def codes(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes that a shell completes."""
    return [CompletionItem(rule.code, help=rule.name) for rule in RULES if rule.code.startswith(incomplete.upper())]


@click.command()
@format_option("text", "json")
def rules(format_: str) -> None:
    """List the rules: default severity, whether they prove what they find, and whether `check --fix` mends it.

    `policylang explain CODE` describes one of them.
    """
    if format_ == "json":
        names = ("code", "name", "family", "severity", "proof", "fix", "summary")
        click.echo(json_bytes([{name: getattr(rule, name) for name in names} for rule in RULES]), nl=False)
        return
    rows = []
    for each in RULES:
        by, fix = "proof" if each.proof else "", "" if each.fix == "none" else each.fix
        rows.append((each.code, each.name, each.severity, by, fix, each.summary))
    write_lines(table(("rule", "name", "severity", "by", "fix", "finds"), rows, terminal_width()))
