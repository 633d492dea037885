"""`policylang completion`"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and codes in SHELL.

    \b
    bash:  eval "$(policylang completion bash)"
    zsh:   eval "$(policylang completion zsh)"
    fish:  policylang completion fish | source
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "policylang", "_POLICYLANG_COMPLETE").source())
