"""What options give: records, changes and requests as JSON objects or files with one, logs of what people did, and
baselines.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from policylang.check.suppress.baseline import Baseline, BaselineError, read_baseline
from policylang.check.usage import Usage
from policylang.cli.asking import did_you_mean
from policylang.cli.options import Command, repeatable, text_option
from policylang.cli.terminal import stop, write_lines
from policylang.diagnostics import quoted
from policylang.files.json_source import JsonError, read_json
from policylang.files.yaml_source import YamlError, read_yaml
from policylang.project.discovery import Problem, read_regular, unreadable
from policylang.runtime.index import Index
from policylang.settings.usage import UsageSettings

_MAX_BYTES = 4 * 1024 * 1024
_YAML = (".yaml", ".yml")
_INPUT = "-"
_MOST_SHOWN = 8
_HOW = "give a JSON object, a file that holds one (.json, .yaml), or - for standard input"

record_option = text_option(
    "--record",
    "FILE|JSON",
    "The record: a JSON object, a file that holds one (.json, .yaml), or - for standard input.",
)
request_option = text_option("--request", "FILE|JSON", "Attributes of the request, given like the record.")


def read_objects(**given: str | None) -> dict[str, dict[str, Any] | None]:
    """The objects of options by name, ``None`` for those that are not there; ends the command for what is no object."""
    if sum(value == _INPUT for value in given.values()) > 1:
        stop(Problem(_INPUT, "standard input can only be read once", "give the others as files or JSON"))
    return {name: None if value is None else _read(f"--{name}", value) for name, value in given.items()}


def _read(option: str, given: str) -> dict[str, Any]:
    if not given.strip():
        stop(Problem(option, "nothing is given", _HOW))
    inline = given.lstrip().startswith("{")
    where = option if inline else "standard input" if given == _INPUT else given
    try:
        text = given if inline else _content(given)
        value = read_yaml(text).value if not inline and os.path.splitext(given)[1].lower() in _YAML else read_json(text)
    except OSError as error:
        stop(unreadable(where, error, f"{option}: {_HOW}"))
    except UnicodeDecodeError as error:
        stop(Problem(where, f"not UTF-8: byte {error.start} cannot be read", "save it as UTF-8"))
    except (JsonError, YamlError) as error:
        stop(Problem.of(where, error))
    if not isinstance(value, dict):
        stop(Problem(where, "this is not an object with attributes", f"{option}: {_HOW}"))
    return value


def _content(given: str) -> str:
    """The text of a file or of standard input. Raises OSError, and UnicodeDecodeError."""
    if given == _INPUT:
        if sys.stdin is None:
            raise OSError(0, "standard input is closed")
        data = sys.stdin.buffer.read(_MAX_BYTES + 1)
    else:
        data = read_regular(Path(given), _MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise OSError(0, f"larger than {_MAX_BYTES:,} bytes")
    return data.decode("utf-8-sig")


def split_resource(index: Index, record: dict[str, Any], given: str | None) -> tuple[str, dict[str, Any]]:
    """The resource of a record, by option or by the record itself, and the record without it."""
    own = record.get("resource")
    if given is not None:
        if "resource" not in record or "resource" in index.attributes.get(given, {}):
            return given, record
        if own != given:
            shown = quoted(own if isinstance(own, str) else type(own).__name__)
            help = "remove one of the two"
            stop(Problem("RESOURCE", f"it says {quoted(given)}, the record says {shown}", help))
    elif own is None:
        help = 'name it after the action, or in the record: {"resource": …}'
        stop(Problem("--record", "nothing says which resource the record is of", help))
    elif not isinstance(own, str):
        stop(Problem("--record", "the `resource` of a record is a name", "name it with `--resource`"))
    elif "resource" in index.attributes.get(own, {}):
        help = f"name the record's resource with `--resource {own}`"
        stop(Problem("--record", f"{quoted(own)} has an attribute named `resource`", help))
    return str(own), {name: value for name, value in record.items() if name != "resource"}


def strangers(index: Index, resource: str, record: dict[str, Any], request: dict[str, Any] | None) -> list[str]:
    """Hints about attributes that were given and that nothing declares: they are not read."""
    declared = index.attributes.get(resource)
    found = [] if declared is None else _strangers(f"`{resource}`", record, {*declared, "id"})
    return found + _strangers("a request", request or {}, set(index.request))


def _strangers(what: str, given: dict[str, Any], declared: set[str]) -> list[str]:
    """One hint for each that looks like a slip, one for all the others."""
    near = {name: did_you_mean(name, declared) for name in given if name not in declared}
    slips = [f"{what} has no attribute {quoted(name)}: {question}" for name, question in near.items() if question]
    others = [quoted(name) for name, question in near.items() if not question]
    slips = slips[:_MOST_SHOWN]
    if not others:
        return slips
    shown = ", ".join(others[:_MOST_SHOWN]) + (", …" if len(others) > _MOST_SHOWN else "")
    return [*slips, f"{what} has no attribute{'' if len(others) == 1 else 's'} {shown}: ignored"]


def usage_options(what: str) -> Callable[[Command], Command]:
    """``--usage`` and ``--mapping``, and for what the log is read."""
    log = repeatable("--usage", "usage", "LOG", f"Log of what people did, as for usage: {what}; repeatable.")
    mapping = text_option("--mapping", "FILE", "YAML that says what is in the log of --usage.")
    return lambda command: log(mapping(command))


def given_usage(
    logs: tuple[str, ...], mapping: str | None, now: datetime.datetime
) -> Callable[[Index, UsageSettings], Usage] | None:
    """What reads the logs; ``None`` without any. It needs an extra, which is asked for only then."""
    if not logs:
        if mapping is not None:
            raise click.UsageError("--mapping says what is in the log of --usage: name one")
        return None
    from policylang.cli.logs import given_mapping
    from policylang.output.usage import notes
    from policylang.usage.read import read_usage

    said = given_mapping(mapping)

    def read(index: Index, settings: UsageSettings) -> Usage:
        reading = read_usage(logs, index, said, settings)
        write_lines(notes(reading, now), err=True)
        return reading.usage

    return read


def given_baseline(path: str) -> Baseline:
    """The baseline in a file; ends the command where there is none."""
    try:
        return read_baseline(read_regular(Path(path)))
    except OSError as error:
        stop(unreadable(path, error, "write it with `--write-baseline`"))
    except BaselineError as error:
        stop(Problem(path, f"this is not a baseline: {error}", "write it again with `--write-baseline`"))


def files_of(logs: Iterable[str]) -> Iterator[str]:
    """The files that logs are, of a pattern all that it stands for: none of them is to be replaced by what is said of
    them.
    """
    for each in logs:
        from policylang.usage.logs import matching

        yield each
        yield from matching(each)
