"""`policylang export`"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import click

from policylang.cli.options import now_option, read_instant
from policylang.cli.product import (
    NamedPolicies,
    accept_option,
    check_codes,
    import_again,
    mapping_option,
    read_mapping,
    read_policies,
    read_product,
)
from policylang.cli.terminal import CLEAN, FINDINGS, progress, stop, write_lines
from policylang.cli.writing import cannot_write, check_output
from policylang.diagnostics import visible
from policylang.files.writing import write_atomically
from policylang.importing import every_name, find_format
from policylang.importing.drift import find_drift
from policylang.importing.importing import Import, ParsedOnce
from policylang.importing.patching import NoPatch, Proved, write_back
from policylang.importing.reading import InputFile, Inputs
from policylang.output.drift import place
from policylang.output.text import counted
from policylang.project.discovery import Problem

_MOST = 100


@click.command("export")
@click.option("--from", "format_", required=True, type=click.Choice(every_name()), help="The format of the product.")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, type=click.Path(path_type=str))
@click.option("--policies", required=True, metavar="PATH", type=click.Path(), help="The policy set to write back.")
@click.option(
    "--onto",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Folder to write changed files to, laid out as in INPUT.",
)
@mapping_option("as for drift.")
@accept_option("as for import.")
@click.option("--diff", is_flag=True, help="Show what would change without changing it; exit code 1 if anything would.")
@now_option("the present one")
def export(
    format_: str,
    inputs: tuple[str, ...],
    policies: str,
    onto: str,
    mapping: str | None,
    accepted: tuple[str, ...],
    diff: bool,
    now: str | None,
) -> None:
    """Write changes of policy files back into the files of a product.

    INPUT is what `policylang import` reads, by default DIR. Only what has to change is changed, so that the product
    says what the policy files say; importing the result proves that. If something cannot be expressed there, nothing
    is written.

    Exit codes: 0 written or nothing to write, 1 something cannot be expressed, 2 could not run.
    """
    at = read_instant(now)
    format = find_format(format_)
    if format.patch is None:
        help = "changes can be written back to csv, odoo, frappe, salesforce and kubernetes"
        stop(Problem("--from", f"changes are not written back to {format.title}", help))
    check_codes(format, accepted)
    mapped = read_mapping(format, mapping)
    parsed = ParsedOnce()
    with progress() as step:
        files = read_policies(policies, format, step)
        read, product = read_product(format, inputs or (onto,), mapped, files, accepted, step, parsed)
        made = write_back(
            format,
            read,
            mapped.of_format,
            files.policy_set,
            product,
            lambda given: import_again(format, given, mapped, files, accepted, parsed),
            lambda of: find_drift(files.policy_set, of, files.folder if files.around else "", at, step),
        )
    if isinstance(made, NoPatch):
        _stop(["\n".join(map(visible, each.split("\n"))) for each in _why(made, files)])
    changed = [new for old, new in zip(read.files, made.after.files, strict=True) if old.data != new.data]
    if diff:
        write_lines(line for each in changed for line in _difference(read, each))
        sys.exit(FINDINGS if changed else CLEAN)
    _write(changed, onto)
    write_lines(_report(made, onto, len(changed), product))


def _why(of: NoPatch, files: NamedPolicies) -> Iterator[str]:
    """What cannot be expressed, each on a line."""
    for each in of.unwritable:
        at = f"{place(each.wanted.at, files.root)}: " if each.wanted.at else ""
        yield f"{at}{'' if each.wanted.give else 'removing '}`{each.wanted.words}`: {each.why}\n  help: {each.help}"
    if of.unwritable:
        return
    if of.left is not None:
        for left in of.left.found:
            where = ", ".join([place(at, files.root) for at in left.files] or left.product)
            yield f"{where}: would remain: {left.said}"
    else:
        yield from of.reasons


def _stop(reasons: Sequence[str]) -> NoReturn:
    lines = [f"{click.style('cannot be expressed', fg='red', bold=True)}: {each}" for each in reasons[:_MOST]]
    lines += [f"and {len(reasons) - _MOST:,} more"] if len(reasons) > _MOST else []
    write_lines([*lines, "", "nothing was written: change the product itself, or the policy files"])
    sys.exit(FINDINGS)


def _write(changed: Sequence[InputFile], onto: str) -> None:
    targets = [(Path(onto, each.path), each.data) for each in changed]
    for (path, _), each in zip(targets, changed, strict=True):
        if each.there.lower().endswith(".zip"):
            stop(Problem(each.there, "files in an archive cannot be changed", "unpack it, and name the folder"))
        check_output(str(path))
    for path, data in targets:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
        except OSError as error:
            cannot_write(str(path), error)


def _difference(before: Inputs, after: InputFile) -> Iterator[str]:
    """A change as patches write it."""
    (old,) = (each for each in before.files if each.path == after.path)
    one, other = old.text().splitlines(), after.text().splitlines()
    for line in difflib.unified_diff(one, other, after.path, after.path, n=1, lineterm=""):
        colour = {"+": "green", "-": "red"}.get(line[:1])
        yield click.style(visible(line), fg=colour)


def _report(made: Proved, onto: str, files: int, before: Import) -> Iterator[str]:
    for edit in made.edits[:_MOST]:
        yield f"{visible(edit.path)}: {visible(edit.why)}"
    if len(made.edits) > _MOST:
        yield f"and {len(made.edits) - _MOST:,} more"
    missing = len(before.refused) + len(before.accepted)
    rest = f"; {missing} refused, left as they are" if missing else ""
    if not files:
        yield f"nothing to write: the product says what the policy files say{rest}"
    else:
        yield f"wrote {counted(files, 'file')} to {visible(onto)}: the product now says what the policy files say{rest}"
