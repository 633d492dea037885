"""`policylang explore`"""

from __future__ import annotations

import socket
import webbrowser

import click

from policylang.check.processes import cores
from policylang.cli.options import now_option, read_instant
from policylang.cli.terminal import progress, stop, write_lines
from policylang.diagnostics import reason
from policylang.output.page import NOT_BUILT, NotBuiltError, application
from policylang.project.discovery import Problem

_HOST = "127.0.0.1"


@click.command("explore")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="Where to listen.  [default: any]"
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@now_option("the present one")
def explore(paths: tuple[str, ...], port: int, no_browser: bool, now: str | None) -> None:
    """Show in the browser who may do what, and why, while the policies are written: what `report` shows, live, and
    decisions on records.

    PATHS are folders, each a policy set, or policy files, together one policy set. The page is served to this machine
    only, at an address that nobody can guess. Control-C ends it.

    Exit codes: 0 ended, 2 something could not be read or served.
    """
    try:
        import uvicorn

        from policylang.explorer.app import make_explorer
        from policylang.explorer.gate import Gate, new_token
        from policylang.explorer.live import LiveSets
    except ImportError as error:
        help = "run `pip install 'policylang[explore]'`"
        stop(Problem("explore", f"needs a package that is not installed: {error.name}", help))
    at = None if now is None else read_instant(now)
    try:
        app = application()
    except NotBuiltError:
        stop(Problem("explore", *NOT_BUILT))
    live = LiveSets(paths, at, cores())
    with progress() as step:
        step("reading")
        live.refresh()
    if live.shown.problem is not None and not live.shown.sets:
        stop(live.shown.problem)
    listening = _listening(port)
    port = listening.getsockname()[1]
    token = new_token()
    address = f"http://{_HOST}:{port}/{token}/"
    write_lines([f"exploring at {address}", "Control-C ends it"])
    if not no_browser:
        webbrowser.open(address)
    gated = Gate(make_explorer(app, live), token, port)
    config = uvicorn.Config(
        gated,
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
        ws="websockets-sansio",
    )
    uvicorn.Server(config).run(sockets=[listening])


def _listening(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((_HOST, port))
    except OSError as error:
        help = "take another one with `--port`"
        stop(Problem(f"{_HOST}:{port}", f"cannot listen: {reason(error)}", help))
    return made
