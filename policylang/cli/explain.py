"""`policylang explain`"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from policylang.check.catalogue import RULES, find_rule
from policylang.check.fix.fixes import fix_in_words
from policylang.cli.rules import codes
from policylang.cli.terminal import stop, write_lines
from policylang.diagnostics import Rule, visible
from policylang.project.discovery import Problem
from policylang.suggest import closest


@click.command()
@click.argument("code", shell_complete=codes)
def explain(code: str) -> None:
    """Explain a finding by its CODE, such as PL101, or its name."""
    rule = find_rule(code)
    if rule is None:
        known = [word for each in RULES for word in (each.code, each.name)]
        near = closest(code, known)
        help = f"did you mean `{near}`?" if near else "`policylang rules` lists the rules"
        stop(Problem(code, "unknown rule", help))
    write_lines(_page(rule))


def _page(rule: Rule) -> Iterator[str]:
    yield click.style(f"{rule.code} {rule.name}", bold=True) + f" ({rule.severity}, since {rule.since})"
    yield ""
    yield f"Finds {rule.summary}."
    yield ""
    yield from textwrap.wrap(rule.why, 88)
    if rule.log:
        yield from ("", click.style("With this log, on 2026-11-21:", bold=True), "")
        yield from (f"    {visible(line)}" for line in rule.log.splitlines())
    for title, example in rule.examples.items():
        yield from ("", click.style(f"{title}:", bold=True), "")
        yield from (f"    {visible(line)}" for line in example.split("\n"))
    fix = fix_in_words(rule)
    if fix is not None:
        yield ""
        yield from textwrap.wrap(f"Fix: {fix}", 88)
