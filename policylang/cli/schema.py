"""`policylang schema`"""

from __future__ import annotations

import click

from policylang.schemas import SCHEMAS, schema_text


@click.command()
@click.argument("which", metavar="[NAME]", type=click.Choice(sorted(SCHEMAS)), default="ir")
def schema(which: str) -> None:
    """Print the JSON Schema (2020-12) of a file that policylang reads or writes.

    NAME is one of these. ir, the default: compiled JSON. config: policylang.yaml. service: the settings of serve.
    scenario: test files. directory: people in YAML or JSON. mapping: how to read tables for import. usage-mapping: how
    to read logs. import: what import records. agenda, diff, drift, mining, rightsize, usage: what these commands report
    as JSON. allow: approved changes, for diff --allow.
    """
    click.echo(schema_text(which), nl=False)
