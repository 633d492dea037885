"""`policylang schema`"""

from __future__ import annotations

import click
import msgspec

from policylang.schemas import SCHEMAS


@click.command()
@click.argument("which", type=click.Choice(sorted(SCHEMAS)), default="ir")
def schema(which: str) -> None:
    """Print a JSON Schema (2020-12): of compiled JSON (ir), of policylang.yaml (config), of test files (scenario)."""
    click.echo(msgspec.json.format(msgspec.json.encode(SCHEMAS[which]()), indent=2))
