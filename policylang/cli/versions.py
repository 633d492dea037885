"""The two versions that are compared, from arguments: folders, files, compiled JSON or revisions; and what differs."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from policylang.cli.terminal import Step
from policylang.diff.allow import Approved, allowed
from policylang.diff.compare import compare
from policylang.diff.report import SetReport
from policylang.ir import nodes as ir
from policylang.ir.nodes import FORMAT_VERSION
from policylang.model.instants import zone
from policylang.project.discovery import Problem, SourceSet, discover
from policylang.project.loading import read_compiled
from policylang.project.project import Project
from policylang.project.revisions import Revision, RevisionError, merge_base, read_revision, resolve
from policylang.settings.config import nearest_config


class _Version(msgspec.Struct, frozen=True):
    """One version of a policy set. ``path``: what `policylang decide` can read it from, if there is that."""

    policy_set: ir.PolicySet
    said: str
    path: str | None


class _VersionPair(msgspec.Struct, frozen=True):
    """A policy set in both versions; ``None`` where it is not there."""

    name: str
    old: _Version | None
    new: _Version | None

    @property
    def _policy_set(self) -> ir.PolicySet:
        """That of the new version, or of the old one where there is no other."""
        found = self.new or self.old
        assert found is not None
        return found.policy_set

    def day(self, now: datetime.datetime) -> datetime.date:
        """The day in the timezone of the policy set."""
        return now.astimezone(zone(self._policy_set.timezone)).date()

    def compared(self, now: datetime.datetime, entries: dict[str, Approved], step: Step) -> SetReport:
        """What differs between the versions, with the changes that are approved."""
        old, new = self.old, self.new
        empty = _empty_like(self._policy_set)
        report = compare(old.policy_set if old else empty, new.policy_set if new else empty, now, step)
        return SetReport(
            name=self.name,
            old=old.said if old else None,
            new=new.said if new else None,
            same_access=report.same_access,
            changes=allowed(report.changes, entries, self.day(now)),
            statements=allowed(report.statements, entries, self.day(now)),
            notes=report.notes,
        )


class Sides(msgspec.Struct, frozen=True):
    """What OLD and NEW stand for, and the policy sets in both."""

    old: str
    new: str
    pairs: tuple[_VersionPair, ...]


_Named = dict[str, _Version]


def read_sides(arguments: Sequence[str], step: Step) -> Sides | Problem:
    """The two sides, or why one cannot be read. Raises `click.UsageError`."""
    old, new, paths = _split(arguments)
    try:
        here = Path.cwd()
        first, second = _side(old, here), _side(new, here)
        if "..." in arguments[0] and isinstance(first, Revision) and isinstance(second, Revision):
            first = merge_base(first, second)
        if paths and not (isinstance(first, Revision) or isinstance(second, Revision)):
            raise click.UsageError("PATHS need revisions: give only OLD and NEW")
        sides: list[_Named | None] = []
        for side, other, word in ((first, second, "old"), (second, first, "new")):
            step(f"reading the {word} side")
            found = _read(side, other, paths, word, step)
            if isinstance(found, Problem):
                return found
            sides.append(found)
    except RevisionError as error:
        return error.problem
    if sides[0] is None and sides[1] is None:
        help = "name the folder with the policy files"
        return Problem(f"{old}, {new}", "neither side has such a file or folder", help)
    return Sides(old, new, tuple(_paired(sides[0] or {}, sides[1] or {})))


def read_version(name: str, step: Step) -> ir.PolicySet | Problem:
    """The one policy set that a path or a revision stands for, or why there is none."""
    try:
        side = _side(name, Path.cwd())
        found = _read(side, side, (), "proposed", step)
    except RevisionError as error:
        return error.problem
    if isinstance(found, Problem):
        return found
    if not found:
        return Problem(name, "there are no policies", "name the folder with the policy files")
    if len(found) > 1:
        return Problem(name, f"these are {len(found)} policy sets", f"name one of {', '.join(sorted(found))}")
    (version,) = found.values()
    return version.policy_set


def _split(arguments: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
    """OLD, NEW and PATHS: two arguments, or one such as ``main..HEAD``, then paths; or one revision, which is compared
    with the working tree.
    """
    first, *rest = arguments
    for dots in ("...", ".."):
        old, found, new = first.partition(dots)
        if found and not os.path.lexists(first) and not new.startswith((".", "/")) and not old.endswith("/"):
            return old or "HEAD", new or "HEAD", tuple(rest)
    if not rest and os.path.lexists(first):
        raise click.UsageError(f"name what to compare {first} with: a folder, a file or a revision, such as main")
    if not rest:
        return first, _working_tree(), ()
    return first, rest[0], tuple(rest[1:])


def _working_tree() -> str:
    """What `policylang check` looks at without paths: the folder of the nearest config, or policies."""
    config = nearest_config(Path.cwd())
    return "policies" if config is None else os.path.relpath(config.parent)


def _side(name: str, folder: Path) -> Revision | str:
    """A path that exists, or a revision. Raises `RevisionError`."""
    return name if os.path.lexists(name) else resolve(name, folder)


def _read(
    side: Revision | str, other: Revision | str, paths: tuple[str, ...], word: str, step: Step
) -> _Named | Problem | None:
    """The policy sets of a side by name; ``None`` where the revision does not have the paths."""
    if isinstance(side, str):
        if not os.path.isdir(side) and not side.endswith(".policy"):
            loaded = read_compiled(side)
            if isinstance(loaded, Problem):
                return _of(word, loaded)
            return {"": _Version(loaded, side, side)}
        return _compiled(discover([side]), Path(side), word, step)
    wanted = paths if paths or not isinstance(other, str) else (other,)
    sets = read_revision(side, wanted)
    return None if sets is None else _compiled(sets, side, word, step)


def _compiled(sets: Sequence[SourceSet], of: Path | Revision, word: str, step: Step) -> _Named | Problem:
    """The policy sets compiled, named as they are seen from the folder or from the top of the repository."""
    found: _Named = {}
    for sources in sets:
        project = Project(sources, step)
        if project.ir is None:
            problem = _of(word, project.why_not(sources.asked))
            if isinstance(of, Revision) and not sources.problems:
                help = f"check out `{of.name}` and run `policylang check` to see all errors"
                problem = msgspec.structs.replace(problem, help=help)
            return problem
        name = str(sources.root) if isinstance(of, Revision) else os.path.relpath(sources.root, of)
        said = ", ".join(sources.asked)
        found[Path(name).as_posix()] = _Version(project.ir, said, None if isinstance(of, Revision) else said)
    return found


def _of(word: str, problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, message=f"the {word} side cannot be compared: {problem.message}")


def _paired(old: _Named, new: _Named) -> list[_VersionPair]:
    if len(old) == len(new) == 1:
        return [_VersionPair(next(iter(new)), next(iter(old.values())), next(iter(new.values())))]
    return [_VersionPair(name, old.get(name), new.get(name)) for name in sorted({*old, *new})]


def _empty_like(policy_set: ir.PolicySet) -> ir.PolicySet:
    """The policy set that says nothing, in the same timezone."""
    changes = {name: () for name in ir.PolicySet.__struct_fields__ if isinstance(getattr(policy_set, name), tuple)}
    assert policy_set.version == FORMAT_VERSION
    return msgspec.structs.replace(policy_set, **changes)
