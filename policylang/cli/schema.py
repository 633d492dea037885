"""`policylang schema`"""

from __future__ import annotations

import click

from policylang.schemas import SCHEMAS, schema_text


@click.command()
@click.argument("which", type=click.Choice(sorted(SCHEMAS)), default="ir")
def schema(which: str) -> None:
    """Print the JSON Schema (2020-12) of a file that policylang reads or writes.

    ir: compiled JSON. config: policylang.yaml. service: the settings of serve. scenario: test files. directory: people
    in YAML or JSON. mapping: how to read tables for import. import: what import records. agenda, diff, drift: what
    these commands print as JSON. allow: approved changes, for diff --allow.
    """
    click.echo(schema_text(which), nl=False)
