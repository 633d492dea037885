"""What a command needs that works on one policy set, compiled from its sources."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from policylang.cli.terminal import COULD_NOT_RUN, Step, projects, stop, write_lines
from policylang.ir import nodes as ir
from policylang.output import text
from policylang.pipelines.findings import collect
from policylang.project.discovery import several
from policylang.project.project import Project


def only_project(paths: Sequence[str], step: Step, do: str = "name") -> Project:
    """The one policy set that the paths stand for, or end the command; ``do``: what to do with one of several."""
    found = projects(paths, step)
    if len(found) > 1:
        stop(several(paths, [project.sources for project in found], do))
    return found[0]


def policy_set_of(project: Project) -> ir.PolicySet:
    """The compiled policy set, or end the command with everything that is wrong with its sources."""
    if project.ir is None:
        write_lines(text.render(collect([project])), err=True)
        sys.exit(COULD_NOT_RUN)
    return project.ir
