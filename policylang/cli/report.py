"""`policylang report`"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

import click

from policylang.check.processes import ProcessError, cores
from policylang.cli.asking import know
from policylang.cli.given import files_of, given_usage, usage_options
from policylang.cli.options import now_option, read_instant, repeatable, text_option
from policylang.cli.terminal import Step, found_or_stop, progress, projects, stop, write_lines
from policylang.cli.versions import read_sides
from policylang.cli.writing import STANDARD_OUTPUT, inputs_of, write_output
from policylang.diagnostics import visible
from policylang.ir import nodes as ir
from policylang.output.page import NOT_BUILT, NotBuiltError, application, report_page
from policylang.output.reviews_csv import reviews_csv
from policylang.pipelines.check import CheckOptions
from policylang.pipelines.report import ReportOptions, of_compiled, of_project
from policylang.project.discovery import Problem, UnreadableError
from policylang.project.loading import compiled_among, read_compiled
from policylang.project.project import Project
from policylang.views.document import AccessDocument, ChangeView, Part

_PAGE, _TABLE = "access.html", "reviews.csv"


@click.command("report")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help=f"File to write.  [default: {_PAGE}]")
@repeatable("--user", "users", "USER", "Only about this user; repeatable.")
@repeatable("--role", "roles", "ROLE", "Only about this role and who has it; repeatable.")
@repeatable("--resource", "resources", "RESOURCE", "Only about this resource; repeatable.")
@now_option("the present one")
@text_option(
    "--against", "OLD", "Show who gained and lost access since OLD: a git revision, a folder or a compiled policy set."
)
@usage_options("say in reviews what was used, and find what is unused (PL407, PL415)")
@click.option("--csv", "table", is_flag=True, help=f"Write what is to be reviewed as CSV instead.  [to {_TABLE}]")
def report(
    paths: tuple[str, ...],
    output: str | None,
    users: tuple[str, ...],
    roles: tuple[str, ...],
    resources: tuple[str, ...],
    now: str | None,
    against: str | None,
    usage: tuple[str, ...],
    mapping: str | None,
    table: bool,
) -> None:
    """Write one web page that shows who may do what, and why: for auditors, reviewers and whoever installs nothing.

    PATHS are as for check. The page opens from disk, and loads nothing: everything is inside. It shows who may do what
    as a matrix, everything about one person, the findings of check, what the agenda brings, a page for each reviewer
    and, with --against, what changed.

    Exit codes: 0 written, 2 something could not be read or written.
    """
    at = read_instant(now)
    target = output or (_TABLE if table else _PAGE)
    compiled, sources = compiled_among(paths)
    used = given_usage(usage, mapping, at)
    try:
        app = None if table else application()
    except NotBuiltError:
        stop(Problem("report", *NOT_BUILT))
    with progress() as step:
        made = projects(sources, step) if sources or not compiled else []
        part = _part(users, roles, resources, made, compiled)
        change = None if against is None else _change(against, paths, made, compiled, at, step)
        asked = ReportOptions(CheckOptions(at, step=step, jobs=cores(), usage=used), part, change)
        try:
            documents = list(_documents(made, compiled, asked))
        except UnreadableError as error:
            stop(error.problem)
        except ProcessError as error:
            stop(Problem("report", str(error), "run it where there is more memory"))
    content = reviews_csv(documents) if app is None else report_page(app, documents)
    write_output(content, target, (*inputs_of(made), *compiled, against, *files_of(usage), mapping))
    if target != STANDARD_OUTPUT:
        write_lines([f"wrote {visible(target)}"])


def _documents(made: Iterable[Project], compiled: Iterable[str], asked: ReportOptions) -> Iterator[AccessDocument]:
    found = [of_compiled(path, asked) for path in compiled]
    found += [of_project(project, asked) for project in made]
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        stop(*problems)
    yield from (each for each in found if isinstance(each, AccessDocument))


def _part(
    users: tuple[str, ...],
    roles: tuple[str, ...],
    resources: tuple[str, ...],
    made: Sequence[Project],
    compiled: Sequence[str],
) -> Part:
    """The part that was asked for; ends the command for a name that there is not."""
    part = Part(users, roles, resources)
    if part.whole:
        return part
    policy_set = _only(made, compiled, "a part can be of one policy set only")
    known = (
        ("user", users, [*(each.id for each in policy_set.users), *(each.name for each in policy_set.integrations)]),
        ("role", roles, [each.name for each in policy_set.shared_roles]),
        ("resource", resources, [each.name for each in policy_set.resources]),
    )
    for what, names, there in known:
        for name in names:
            know(what, name, there)
    return part


def _only(made: Sequence[Project], compiled: Sequence[str], why: str) -> ir.PolicySet:
    """The one policy set that there is."""
    if len(made) + len(compiled) != 1:
        stop(
            Problem(", ".join(compiled) or ".", f"{why}, and here are {len(made) + len(compiled)}", "name one of them")
        )
    if compiled:
        return found_or_stop(read_compiled(compiled[0]))
    if made[0].ir is None:
        stop(made[0].why_not(made[0].sources.asked))
    return made[0].ir


def _change(
    against: str,
    paths: tuple[str, ...],
    made: Sequence[Project],
    compiled: Sequence[str],
    now: datetime.datetime,
    step: Step,
) -> ChangeView:
    """What differs between the one policy set and its older version."""
    _only(made, compiled, "one policy set can be compared")
    here = paths or tuple(str(project.sources.root) for project in made)
    if len(here) > 1:
        raise click.UsageError("--against compares one folder, file or compiled policy set: name one")
    sides = found_or_stop(read_sides((against, *here), step))
    if len(sides.pairs) != 1:
        stop(Problem(against, f"there are {len(sides.pairs)} policy sets to compare", "name the folder of one"))
    return ChangeView(against, sides.pairs[0].compared(now, {}, step))
