"""`policylang mine`"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from policylang.cli.compiled import only_project
from policylang.cli.options import BoundedNumber, format_option, now_option, read_instant, repeatable
from policylang.cli.terminal import CLEAN, Step, progress, stop, terminal_width, write_lines
from policylang.cli.writing import check_folder, folder_option, write_files
from policylang.diagnostics import quoted, visible
from policylang.importing.reading import NotThisError
from policylang.mining.cheapest import Prices
from policylang.mining.pairs import Pairs, read_kept, read_pairs
from policylang.mining.plain import PlainRoles
from policylang.mining.propose import Wish, propose
from policylang.output import mining as text
from policylang.project.discovery import Problem, UnreadableError
from policylang.text.readable import json_bytes

_COLUMNS = ("user", "permission", "resource", "action")
_REPORT = "report.json"


class _Weights(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    name = "weights"

    def convert(self, value: object, parameter: click.Parameter | None, context: click.Context | None) -> Prices:
        if isinstance(value, Prices):
            return value
        parts = str(value).split(",")
        if len(parts) != 3 or not all(each.isascii() and each.isdecimal() and len(each) < 7 for each in parts):
            self.fail(f"{quoted(str(value))} is not three whole numbers, such as 10,1,1", parameter, context)
        return Prices(*map(int, parts))


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=str))
@folder_option("New or empty folder to write to.")
@click.option(
    "--objective",
    type=click.Choice(["roles", "edges", "weighted"]),
    default="roles",
    show_default=True,
    help="What is to be few: roles; roles, user-role and role-permission edges together; or these as --weights say.",
)
@click.option(
    "--weights", type=_Weights(), metavar="R,U,P", help="What a role, a user-role and a role-permission edge cost."
)
@repeatable("--column", "columns", "KEY=NAME", "Which column is the user, permission, resource or action; repeatable.")
@repeatable(
    "--explain-by",
    "attributes",
    "COLUMN",
    "Name and group roles by this column of users, such as department; repeatable.",
)
@click.option("--keep", metavar="FILE", type=click.Path(), help="Table of roles and permissions that stay as they are.")
@click.option(
    "--tolerance",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Let people have up to N permissions more, where that saves roles; each is named.",
)
@click.option(
    "--time-limit",
    type=BoundedNumber(0.1),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="Take the best that is found by then.",
)
@now_option("the present one")
@format_option("text", "json")
def mine(
    inputs: tuple[str, ...],
    output: str,
    objective: str,
    weights: Prices | None,
    columns: tuple[str, ...],
    attributes: tuple[str, ...],
    keep: str | None,
    tolerance: int,
    time_limit: float,
    now: str | None,
    format_: str,
) -> None:
    """Find roles that give people exactly the permissions they have.

    INPUT are tables (CSV, TSV, XLSX, Parquet) with a row for each user and permission, and tables about the users, or
    folders of them; or a policy set, of which the roles that only grant are mined. DIR gets the policy set and
    report.json. Ctrl-C ends the search with the best so far. That nobody's access changes is proved by comparing the
    policy sets.

    Exit codes: 0 written, 2 it could not be done.
    """
    if (weights is not None) != (objective == "weighted"):
        raise click.UsageError("--weights and --objective weighted go together")
    at = read_instant(now)
    check_folder(output)
    if find_spec("highspy") is None:
        stop(
            Problem(
                "mine", "exact search needs HiGHS, which is not installed", "run `pip install 'policylang[mining]'`"
            )
        )
    with progress() as step:
        step("reading")
        plain = _policy_set(inputs, columns, step)
        pairs, kept = _read(inputs, _columns(columns), attributes, keep, plain)
        wish = Wish(objective, weights, kept, tolerance, time_limit)  # type: ignore[arg-type]
        made = propose(pairs, wish, at, step, plain)
    report, patches = text.with_patches(made)
    files = {**made.files, **patches, _REPORT: json_bytes(report)}
    write_files(output, files)
    if format_ == "json":
        click.echo(files[_REPORT], nl=False)
    else:
        wrote = f"wrote {len(files)} files to {visible(output)}"
        write_lines([*text.render(report, terminal_width()), wrote])
    sys.exit(CLEAN)


def _read(
    inputs: tuple[str, ...],
    columns: dict[str, str],
    attributes: tuple[str, ...],
    keep: str | None,
    plain: PlainRoles | None,
) -> tuple[Pairs, dict[str, int]]:
    wanted = tuple(dict.fromkeys(attributes))
    try:
        pairs = read_pairs(inputs, columns, wanted) if plain is None else plain.pairs(wanted)
        return pairs, {} if keep is None else read_kept(keep, pairs, columns)
    except (NotThisError, UnreadableError) as error:
        stop(error.problem)


def _policy_set(inputs: tuple[str, ...], columns: tuple[str, ...], step: Step) -> PlainRoles | None:
    """The policy set, if the inputs are one; ends the command where it cannot be mined."""
    if not any(_is_of_policies(Path(each)) for each in inputs):
        return None
    if columns or not all(_is_of_policies(Path(each)) for each in inputs):
        help = "name the policy set alone; what it says of users is there for `--explain-by`"
        stop(Problem(inputs[0], "a policy set is not mined together with tables", help))
    project = only_project(inputs, step)
    if project.ir is None:
        stop(project.why_not(inputs))
    if project.sources.directory:
        help = "roles are changed in policy files: take the people out of the directory file"
        stop(Problem(project.sources.directory[0].display, "a policy set with people of a directory", help))
    return PlainRoles(project)


def _is_of_policies(path: Path) -> bool:
    return path.suffix == ".policy" or (path.is_dir() and next(path.rglob("*.policy"), None) is not None)


def _columns(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        key, sign, name = each.partition("=")
        if not sign or key not in _COLUMNS or not name:
            raise click.UsageError(f"--column {quoted(each)}: write one of {', '.join(_COLUMNS)}, then = and the name")
        if key in found:
            raise click.UsageError(f"--column names the {key} twice")
        if name in found.values():
            raise click.UsageError(f"--column names {quoted(name)} twice")
        found[key] = name
    return found
