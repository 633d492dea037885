"""`policylang`, the command that holds the others."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

import click

from policylang import __version__
from policylang.cli.terminal import COULD_NOT_RUN
from policylang.diagnostics import quoted, reason, visible
from policylang.suggest import closest

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed import ReadableBuffer as Buffer

COLLECTIONS = 1_000_000, 50, 100
"""How seldom to look for cycles (see `gc.set_threshold`): hardly anything here is in one, and each look goes over every
object there is.
"""
_LONGEST = 300


_COMMANDS = {
    "bundle": "bundle:bundle",
    "check": "check:check",
    "compile": "compile:compile_",
    "test": "test:test_",
    "decide": "decide:decide",
    "who-can": "who_can:who_can",
    "access": "access:access_",
    "eligible": "eligible:eligible",
    "sql": "sql:sql",
    "agenda": "agenda:agenda_",
    "diff": "diff:diff",
    "drift": "drift:drift",
    "export": "export:export",
    "report": "report:report",
    "explore": "explore:explore",
    "fmt": "fmt:fmt",
    "explain": "explain:explain",
    "import": "import_:import_",
    "init": "init:init",
    "mine": "mine:mine",
    "pull": "registry:pull",
    "push": "registry:push",
    "replay": "replay:replay",
    "usage": "usage:usage",
    "rightsize": "rightsize:rightsize",
    "rules": "rules:rules",
    "serve": "serve:serve",
    "sign": "signing:sign",
    "verify": "signing:verify",
    "lsp": "lsp:lsp",
    "schema": "schema:schema",
    "completion": "completion:completion",
}
"""Name, module and function. A module is imported when its command is run: most need much that others do not."""


class _Commands(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, function = _COMMANDS[name].split(":")
        command: click.Command = getattr(import_module(f"policylang.cli.{module}"), function)
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click's own, with the name that was probably meant where there is no such command."""
        name = arguments[0]
        if name not in _COMMANDS and not name.startswith("-"):
            near = closest(name, _COMMANDS)
            question = f" Did you mean {near}?" if near else ""
            context.fail(f"No such command {quoted(name)}.{question}")
        return super().resolve_command(context, arguments)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Click's own cuts summaries to a line; here they are whole."""
        rows = []
        for name in self.list_commands(context):
            command = self.get_command(context, name)
            assert command is not None
            rows.append((name, command.get_short_help_str(_LONGEST)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="policylang")
def commands() -> None:
    """Access policies as code: write who may do what, check it, compile it.

    Exit codes: 0 clean, 1 findings, 2 could not run.
    """


class _Closed(io.RawIOBase):
    """Standard output that is closed: an error at the first thing written, silence when Python flushes at its end."""

    told = False

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        if not self.told:
            self.told = True
            raise OSError(errno.EBADF, "standard output is closed")
        return memoryview(data).nbytes


def _tell(line: str) -> None:
    """A line on standard error, if that can be written to: what there is to say is in the exit code as well."""
    try:
        click.echo(line, err=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Nothing more can be written to it: Python would complain once more when it flushes at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _tell_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python does at its end with an error that nobody expected: say what and where, and fail as what could not be
    run. Its own exit code would be that of findings.
    """
    if not issubclass(kind, Exception):
        return sys.__excepthook__(kind, error, trace)
    import traceback

    said = " ".join([str(error)[:_LONGEST], *getattr(error, "__notes__", ())])
    frame = traceback.extract_tb(trace)[-1]
    where = f"{os.path.basename(os.path.dirname(frame.filename))}/{os.path.basename(frame.filename)}:{frame.lineno}"
    _tell(f"error: a mistake in policylang: {kind.__name__} at {where}: {visible(said)}")
    _tell("  help: this is not about your policies; please report this line and the command you ran")
    sys.exit(COULD_NOT_RUN)


def _whole(stream: Any) -> Any:
    """A standard stream to which everything is written, or an error is raised: where Python runs unbuffered, it takes
    what the system takes at once, which may be a part.
    """
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    # Policy files may hold any character; a terminal that cannot show one gets its number.
    stream.reconfigure(errors="backslashreplace")
    if not isinstance(stream.buffer, io.RawIOBase):
        return stream
    encoding = stream.encoding
    return io.TextIOWrapper(io.BufferedWriter(stream.detach()), encoding, "backslashreplace", write_through=True)


def _shown(error: click.ClickException) -> click.ClickException:
    """The error with its message on one line and nothing invisible in it: it repeats arguments. The help of a command
    without arguments stays as it is.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error
    message = visible(error.format_message().replace("\n\t", " "))
    return (
        click.UsageError(message, error.ctx) if isinstance(error, click.UsageError) else click.ClickException(message)
    )


def _leave() -> None:
    """At its end a process need not look through everything once more; but DuckDB would say that what is left leaks."""
    if "duckdb" not in sys.modules:
        gc.freeze()


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; the entry point of the package."""
    sys.excepthook = _tell_bug
    gc.set_threshold(*COLLECTIONS)
    atexit.register(_leave)
    if sys.stdout is None:
        # The caller closed it: an error as soon as something is to be written, and only then.
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed()), write_through=True)
    sys.stdout, sys.stderr = _whole(sys.stdout), _whole(sys.stderr)
    stdout = sys.stdout
    try:
        code = commands.main(arguments, prog_name="policylang", standalone_mode=False)
        sys.stdout.flush()
        return sys.exit(code)
    except SystemExit:
        if sys.stdout is not stdout:
            # Click replaces it when the reader stops reading, and exits with the code that means findings here.
            sys.exit(COULD_NOT_RUN)
        raise
    except click.exceptions.Abort:
        _tell("interrupted")
        sys.exit(130)
    except click.ClickException as error:
        try:
            _shown(error).show()
        except OSError:
            _discard(sys.stderr)
        sys.exit(COULD_NOT_RUN)
    except OSError as error:
        _discard(sys.stdout)
        what = f"{visible(str(error.filename))}: " if error.filename else "cannot write the output: "
        if not isinstance(error, BrokenPipeError):
            _tell(f"error: {what}{reason(error)}")
        sys.exit(COULD_NOT_RUN)
