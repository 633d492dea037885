"""Runs many commands of policylang in one process of the Python at hand, and says what each wrote.

    python run.py FOLDER < commands.json > results.json

Every command runs in a process forked off, so none sees what another did, and nothing is imported twice. `reversed` in
the environment variable `FILE_ORDER` lists folders the other way round. Needs nothing but policylang.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from importlib import import_module


def main(folder: str) -> None:
    commands = json.load(sys.stdin)
    from policylang.cli import main as command_line

    for place in command_line._COMMANDS.values():
        import_module(f"policylang.cli.{place.split(':')[0]}")
    if os.environ.get("FILE_ORDER") == "reversed":
        _reverse_folders()
    os.chdir(folder)
    _warm(command_line.commands)
    gc.freeze()  # what is there already is not copied into each process
    json.dump({name: _run(command_line.main, *command) for name, command in commands.items()}, sys.stdout)


def _warm(commands) -> None:  # type: ignore[no-untyped-def]
    """What is imported and read when a command first needs it, for all that are forked off."""
    for module in ("z3", "jsonschema", "sqlglot.dialects.postgres", "sqlglot.dialects.sqlite"):
        import_module(module)
    from click.testing import CliRunner

    for arguments in (["check", "--select", "PL1", "one"], ["check", "config-wrong"]):
        CliRunner().invoke(commands, arguments)


def _run(command_line, arguments: list[str], given: str) -> list[str]:  # type: ignore[no-untyped-def]
    with tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        read.write(given.encode())
        read.seek(0)
        child = os.fork()
        if child == 0:
            for number, file in enumerate((read, out, error)):
                os.dup2(file.fileno(), number)
            _end_with(command_line, arguments)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = []
        for file in (out, error):
            file.seek(0)
            said.append(file.read().decode("utf-8", "backslashreplace"))
    return [str(code), *said]


def _end_with(command_line, arguments: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Never returns: the exit code is that of the command."""
    code: object = 1
    try:
        command_line(arguments)
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _reverse_folders() -> None:
    scandir, listdir = os.scandir, os.listdir

    class Reversed:
        def __init__(self, path: str = ".") -> None:
            with scandir(path) as entries:
                self.entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

        def __iter__(self):  # type: ignore[no-untyped-def]
            return self.entries

        def __next__(self) -> os.DirEntry[str]:
            return next(self.entries)

        def __enter__(self):  # type: ignore[no-untyped-def]
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def close(self) -> None:
            pass

    os.scandir = Reversed  # type: ignore[assignment,misc]
    os.listdir = lambda path=".": sorted(listdir(path), reverse=True)  # type: ignore[assignment]


if __name__ == "__main__":
    main(sys.argv[1])
