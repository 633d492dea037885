"""`policylang import`"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from policylang.cli.product import ProductMapping, accept_option, check_codes, mapping_option, read_mapping
from policylang.cli.terminal import CLEAN, COULD_NOT_RUN, FINDINGS, progress, stop, write_lines
from policylang.cli.writing import check_output, folder_option, write_files, write_output
from policylang.diagnostics import quoted, visible
from policylang.importing import every_name, find_format
from policylang.importing.format import ImportFormat
from policylang.importing.importing import Import, import_set
from policylang.importing.into import Into
from policylang.importing.matching import first_of
from policylang.importing.origins import Manifest, changed_files, given_names, read_manifest
from policylang.importing.reading import Inputs, NotThisError
from policylang.output import imported, text
from policylang.pipelines.findings import collect
from policylang.project.discovery import SUFFIX, Problem, UnreadableError, discover, unreadable
from policylang.project.project import Project
from policylang.settings.config import FILE_NAME as CONFIG
from policylang.settings.config import ConfigError, read_config


class _Earlier(msgspec.Struct, frozen=True):
    """What an earlier import left where the output goes: its codes that were accepted, and its config if somebody has
    changed that since.
    """

    manifest: Manifest | None = None
    accepted: tuple[str, ...] = ()
    config: bytes | None = None


@click.command("import")
@click.argument("format_", metavar="FORMAT", type=click.Choice(every_name()))
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=str))
@folder_option("Folder to write the policy set to.")
@click.option(
    "--into",
    "policies",
    metavar="POLICIES",
    type=click.Path(),
    help="Add to this policy set, which contains DIR: what it declares is used, not declared again.",
)
@mapping_option("for some formats.")
@click.option(
    "--learn", is_flag=True, help="Ask what columns and words mean, and write the answers to the --mapping file."
)
@click.option("--strict", is_flag=True, help="Write nothing if anything is refused.")
@accept_option("and record that in policylang.yaml; repeatable.")
@click.option("--format", "report", type=click.Choice(["text", "json"]), default="text", show_default=True)
def import_(
    format_: str,
    inputs: tuple[str, ...],
    output: str,
    policies: str | None,
    mapping: str | None,
    learn: bool,
    strict: bool,
    accepted: tuple[str, ...],
    report: str,
) -> None:
    """Write a policy set from access that another system describes.

    INPUT are files, folders or ZIP archives of them. What cannot be expressed exactly is not imported but listed, with
    its place. DIR is new, empty, or an earlier import that nobody has changed, which is replaced.

    Exit codes: 0 all of it is imported, 1 something is refused, 2 nothing could be imported.
    """
    format = find_format(format_)
    check_codes(format, accepted)
    if learn and (mapping is None or format.learn is None):
        raise click.UsageError("--learn writes a mapping: name its file with --mapping")
    check_output(output)
    folder = Path(os.path.realpath(output))
    earlier = _earlier(folder, output)
    into = None if policies is None else _into(policies, folder, output)
    mapped = ProductMapping() if learn else read_mapping(format, mapping)
    try:
        with progress() as step:
            step("reading")
            given = format.given(inputs)
            made = import_set(
                format,
                given,
                _learnt(format, given, mapping or "", inputs) if learn else mapped.of_format,
                accepted={*accepted, *earlier.accepted},
                names=first_of(mapped.names, given_names(earlier.manifest)),
                config=_config(earlier, accepted, output),
                into=into,
            )
    except (UnreadableError, NotThisError) as error:
        stop(error.problem)
    _stop_for_errors(made, "" if into is None else f"{into.folder}/")
    if into is not None and made.imported.texts:
        help = "import it into a folder of its own, without --into"
        stop(Problem(format.shown(inputs), "it keeps a whole policy set, which cannot be added to another", help))
    is_written = any(name.endswith(SUFFIX) for name in made.files) and not (strict and made.refused)
    if is_written:
        write_files(output, made.files, replace=True)
    if report == "json":
        click.echo(imported.render_json(format, made, output if is_written else None), nl=False)
    else:
        write_lines(imported.render(format, made, output if is_written else None))
        if is_written:
            write_lines([f"now try: policylang check {visible(shlex.quote(policies or output))}"])
    if not is_written and not made.refused:
        stop(Problem(format.shown(inputs), "it holds nothing to import", f"expected {format.inputs}"))
    sys.exit(FINDINGS if made.refused else CLEAN)


def _earlier(folder: Path, output: str) -> _Earlier:
    """What is in the folder already; ends the command where it must not be replaced."""
    if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
        return _Earlier()
    manifest = read_manifest(folder) if folder.is_dir() else None
    if manifest is None:
        help = "name a new folder or an empty one"
        stop(Problem(output, "already exists and is not an import", help))
    try:
        changed = changed_files(folder, manifest)
        others = [name for name in changed if name != CONFIG]
        if others:
            help = "name a new folder, and compare the two with `policylang diff`"
            stop(Problem(output, f"{quoted(others[0])} in it has changed since it was imported", help))
        config = (folder / CONFIG).read_bytes() if CONFIG in changed else None
        imports = read_config(folder / CONFIG).imports if (folder / CONFIG).is_file() else None
    except ConfigError as error:
        stop(Problem.of(os.path.join(output, CONFIG), error.error))
    except OSError as error:
        stop(unreadable(output, error, "check the folder"))
    accepted = (*manifest.accepted, *(() if imports is None else imports.accepted))
    return _Earlier(manifest, accepted, config)


def _into(policies: str, folder: Path, output: str) -> Into:
    """The policy set to add to, which compiles without what an earlier import left in the folder."""
    root = Path(os.path.realpath(policies))
    if folder == root or not folder.is_relative_to(root):
        help = f"name a folder in it: `-o {os.path.join(policies, 'imported')}`"
        stop(Problem(output, f"is not inside {quoted(policies)}", help))
    inside = folder.relative_to(root).as_posix()
    sets = discover([policies])
    if len(sets) > 1 or Path(os.path.realpath(sets[0].root)) != root:
        stop(Problem(policies, "this is not a single policy set", "name the root of one policy set"))
    kept = tuple(each for each in sets[0].sources if not each.name.startswith(f"{inside}/"))
    project = Project(msgspec.structs.replace(sets[0], sources=kept))
    if project.ir is None:
        stop(project.why_not((policies,)))
    return Into(project, inside)


def _config(earlier: _Earlier, accepted: Sequence[str], output: str) -> bytes | None:
    """The config that stays, since somebody has changed it."""
    if earlier.config is None:
        return None
    new = sorted({*accepted} - {*earlier.accepted})
    if new:
        wanted = ", ".join(sorted({*accepted, *earlier.accepted}))
        help = f"add to it, under `imports`: `accepted: [{wanted}]`"
        stop(Problem(os.path.join(output, CONFIG), "this file was edited, so it was not replaced", help))
    return earlier.config


def _learnt(format: ImportFormat, given: Inputs, path: str, inputs: Sequence[str]) -> Any:
    """A mapping by questions, written down."""
    import yaml

    assert format.learn is not None
    found = format.learn(given, _ask)
    written = yaml.safe_dump(msgspec.to_builtins(found), sort_keys=False, allow_unicode=True, width=100)
    write_output(f"# What is in the tables, for `policylang import {format.name}`.\n{written}", path, inputs)
    return found


def _ask(question: str, default: str) -> str:
    """The answer from standard input, which must not have ended."""
    shown = "\n".join(map(visible, question.split("\n")))
    click.echo(f"{shown} [{visible(default)}]? ", err=True, nl=False)
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if not answer:
        click.echo(err=True)
        stop(Problem("--learn", "there was no answer", "run it on a terminal, or write the mapping yourself"))
    return answer.strip() or default


def _stop_for_errors(made: Import, folder: str) -> None:
    """What was made has to compile; names that are too long, for one, are found here. It is not written, so it is said
    where each place in it comes from. ``folder``: where it would be in the policy set around it.
    """
    if made.errors:
        result = collect([made.project])
        write_lines(text.render(result), err=True)
        places = (at for each in made.errors for at in (each.location, *(other.location for other in each.related)))
        for path, line in dict.fromkeys((at.path, at.line) for at in places):
            origins = made.origins(path.removeprefix(folder), line) if path.startswith(folder) else ()
            if origins:
                said = f"{path}:{line} would come from {', '.join(origins[:3])}"
                write_lines([visible(said)], err=True)
        sys.exit(COULD_NOT_RUN)
