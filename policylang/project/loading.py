"""A policy set from wherever it is: sources that are compiled first, or compiled JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from policylang.ir import LoadError
from policylang.ir import nodes as ir
from policylang.project.bundle import MOST_BYTES, from_compiled, is_bundle
from policylang.project.discovery import Problem, SourceSet, discover, read_regular, several, unreadable
from policylang.project.project import Project


def read_policy_set(paths: Sequence[str], step: Callable[[str], None] = lambda _what: None) -> ir.PolicySet | Problem:
    """The one policy set that the paths stand for, or why there is none.

    A path is a folder, policy files, or one compiled document or bundle; without paths as for ``policylang check``.
    """
    if len(paths) == 1 and not os.path.isdir(paths[0]) and not paths[0].endswith(".policy"):
        return read_compiled(paths[0])
    return policy_set_of(discover(paths), paths, step)


def policy_set_of(
    sets: Sequence[SourceSet], paths: Sequence[str], step: Callable[[str], None] = lambda _what: None
) -> ir.PolicySet | Problem:
    """The one policy set among the sources of some paths, or why there is none."""
    if len(sets) > 1:
        return several(paths, sets)
    project = Project(sets[0], step)
    return project.ir or project.why_not(paths)


def compiled_among(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those of some paths that are compiled policy sets, documents by their name and bundles by how they begin; and the
    others.
    """
    compiled = [path for path in paths if not os.path.isdir(path) and (path.endswith(".json") or _holds_bundle(path))]
    return compiled, [path for path in paths if path not in compiled]


def _holds_bundle(path: str) -> bool:
    try:
        return not path.endswith(".policy") and is_bundle(read_regular(Path(path), 512))
    except OSError:
        return False  # reported by what reads it


def read_compiled(path: str) -> ir.PolicySet | Problem:
    """The policy set of a compiled document or a bundle, or why it cannot be loaded."""
    try:
        return from_compiled(read_regular(Path(path), MOST_BYTES + 1))
    except OSError as error:
        return unreadable(path, error)
    except LoadError as error:
        return Problem(path, str(error), "compiled policy sets are what `policylang compile` writes")
