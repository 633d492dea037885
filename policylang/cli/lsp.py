"""`policylang lsp`"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

import click

from policylang.cli.terminal import stop
from policylang.project.discovery import Problem

_LOOPBACK = "127.0.0.1"
_PORT = click.IntRange(0, 65535)


@click.command("lsp")
@click.option("--tcp", type=_PORT, metavar="PORT", help="Serve one editor over TCP at this port.")
@click.option("--websocket", type=_PORT, metavar="PORT", help="Serve one page of this machine over WebSocket.")
@click.option("--host", default=_LOOPBACK, show_default=True, metavar="ADDRESS", help="Loopback address to listen at.")
def lsp(tcp: int | None, websocket: int | None, host: str) -> None:
    """Serve an editor: the language server, over standard input and output unless a port is given.

    Exit codes: 0 the editor ended it, 2 could not run.
    """
    if tcp is not None and websocket is not None:
        raise click.UsageError("--tcp and --websocket are two ways: leave one out")
    if not _is_loopback(host):
        stop(Problem("--host", f"`{host}` is not a loopback address", "write `127.0.0.1` or `::1`"))
    try:
        from policylang.editor import serving
    except ImportError:
        help = "run `pip install 'policylang[editor]'`"
        stop(Problem("lsp", "the language server needs the library pygls, which is not installed", help))
    run: Any = serving
    if tcp is not None:
        run.over_tcp(host, tcp)
    elif websocket is not None:
        run.over_websocket(host, websocket)
    elif sys.stdin is None:
        stop(Problem("lsp", "standard input is closed", "the editor has to hold it open, or use `--tcp`"))
    else:
        run.over_standard_streams()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
