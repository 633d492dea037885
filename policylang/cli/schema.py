"""`policylang schema`"""

from __future__ import annotations

import click

from policylang.schemas import SCHEMAS, schema_text


@click.command()
@click.argument("which", type=click.Choice(sorted(SCHEMAS)), default="ir")
def schema(which: str) -> None:
    """Print a JSON Schema (2020-12): of compiled JSON (ir), of policylang.yaml (config), of the settings of serve
    (service), of test files (scenario), of people in YAML or JSON (directory), of what agenda, diff and drift print as
    JSON (agenda, diff, drift), of the changes that diff --allow reads (allow).
    """
    click.echo(schema_text(which), nl=False)
