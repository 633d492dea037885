"""`policylang bundle`"""

from __future__ import annotations

import os

import click

from policylang.cli.compiled import only_project, policy_set_of
from policylang.cli.options import TEXT
from policylang.cli.terminal import progress, stop, write_lines
from policylang.cli.writing import STANDARD_OUTPUT, inputs_of, write_output
from policylang.diagnostics import visible
from policylang.files.paths import real_path
from policylang.project.bundle import pack, sources_digest
from policylang.project.discovery import Problem, SourceSet
from policylang.project.revisions import RevisionError, read_revision, resolve

_LONGEST = 1000


@click.command("bundle")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "-o", "--output", required=True, metavar="FILE", type=click.Path(), help="File to write, or - for standard output."
)
@click.option(
    "--revision",
    type=TEXT,
    help="What the sources are called in version control.  [default: the last commit of git, if it has these sources]",
)
def bundle(paths: tuple[str, ...], output: str, revision: str | None) -> None:
    """Pack a compiled policy set into one file, with the digest of its sources and their revision.

    PATHS are as for compile. The same sources of the same revision give the same bytes. `policylang sign` signs the
    file, `policylang serve` serves it.
    """
    if revision is not None and not 0 < len(revision) <= _LONGEST:
        stop(Problem("--revision", f"this is not 1 to {_LONGEST:,} characters", "name a commit or a version"))
    with progress() as step:
        project = only_project(paths, step, "pack")
        policy_set = policy_set_of(project)
        step("asking git for the revision")
        digest = sources_digest(project.sources)
        revision = revision or _committed(project.sources, digest)
    write_output(pack(policy_set, digest, revision), output, inputs_of([project]))
    if output != STANDARD_OUTPUT:
        of = (
            f"of revision {revision}" if revision else "without a revision: the last commit does not have these sources"
        )
        write_lines([f"wrote {visible(output)}, {visible(of)}"], err=True)


def _committed(sources: SourceSet, digest: str) -> str | None:
    """The last commit, where it has the very sources."""
    folder = real_path(sources.root)
    paths = [os.path.realpath(each) for each in sources.asked or (str(sources.root),)]
    try:
        last = resolve("HEAD", folder)
        there = read_revision(last, paths)
    except (RevisionError, OSError):
        return None
    is_same = there is not None and len(there) == 1 and not there[0].problems and sources_digest(there[0]) == digest
    return last.commit if is_same else None
