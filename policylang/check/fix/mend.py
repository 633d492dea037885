"""Applying fixes that change nothing of what anybody may do, and writing the files."""

from __future__ import annotations

import codecs
import datetime
import errno
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from policylang.check.finding import Finding
from policylang.check.fix.edits import apply
from policylang.check.fix.fixes import Fix, SourceTrees, fix_of, safety_of
from policylang.check.fix.same_access import access_change
from policylang.check.suppress.ignores import ignorer
from policylang.check.world import World
from policylang.files.writing import StaleFileError, refuse_read_only, write_atomically
from policylang.ir import nodes as ir
from policylang.project.discovery import read_regular
from policylang.project.project import Project
from policylang.source import Source

_ROUNDS = 20
"""One fix may make another one possible; so often at most."""


class Refused(msgspec.Struct, frozen=True):
    """A fix that was not applied, and why not."""

    fix: Fix
    reason: str


class Mended(msgspec.Struct, frozen=True):
    """A policy set after fixes. Nothing is written yet."""

    project: Project
    applied: tuple[Fix, ...] = ()
    refused: tuple[Refused, ...] = ()


Differs = Callable[[ir.PolicySet, ir.PolicySet], str | None]
"""What differs between two policy sets, in words."""


def mend(
    project: Project,
    check: Callable[[Project], Iterable[Finding]],
    now: datetime.datetime,
    differs: Differs = lambda _before, _after: None,
) -> Mended:
    """Apply the safe fixes of what ``check`` finds, and check again, until there is none left.

    After each round the policy set is compiled again and compared: a fix after which anybody could do more or less, or
    after which a comment is lost, is refused, and so is one after which it ``differs`` in another way. ``check`` gives
    the findings that are to be fixed, without those that are suppressed; it is not asked about a policy set that does
    not compile.
    """
    applied: list[Fix] = []
    refused: list[Refused] = []
    for _ in range(_ROUNDS):
        if project.ir is None:
            break
        found = fixes(project, check(project), now)
        kept, refused = _keep(project, [fix for fix in found if fix.safety == "safe"], now, differs)
        if not kept:
            break
        applied += kept
        project = edited(project, kept)
    return Mended(project, tuple(applied), tuple(refused))


def fixes(project: Project, findings: Iterable[Finding], now: datetime.datetime) -> tuple[Fix, ...]:
    """The fixes of findings in a policy set that compiles, safe ones and others, in the order of the findings: those
    that edit no file in which the config leaves their rule out.
    """
    assert project.ir is not None
    found = tuple(findings)
    if not any(safety_of(finding.code) for finding in found):
        return ()
    set_ = project.sources
    written = SourceTrees(World(project.ir, now), project.files)
    ignored = ignorer(set_.config, set_.base)
    return tuple(
        fix
        for fix in (fix_of(finding, written) for finding in found)
        if fix is not None and not any(ignored(fix.code, str(set_.root / edit.path)) for edit in fix.edits)
    )


def edited(project: Project, chosen: Iterable[Fix]) -> Project:
    """The policy set with fixes applied to its sources. Raises ValueError where they contradict each other."""
    sources = {source.name: source for source in project.sources.sources}
    return project.edited(apply((edit for fix in chosen for edit in fix.edits), sources))


def _keep(
    project: Project, wanted: Sequence[Fix], now: datetime.datetime, differs: Differs
) -> tuple[list[Fix], list[Refused]]:
    """As many of the fixes as change nothing together, and the others: halves are tried until one fix is left."""
    kept: list[Fix] = []
    rejected: list[Refused] = []

    def attempt(some: Sequence[Fix]) -> None:
        reason = _objection(project, [*kept, *some], now, differs) if some else None
        if reason is None:
            kept.extend(some)
        elif len(some) == 1:
            rejected.append(Refused(some[0], reason))
        else:
            attempt(some[: len(some) // 2])
            attempt(some[len(some) // 2 :])

    attempt(wanted)
    return kept, rejected


def _objection(project: Project, chosen: Sequence[Fix], now: datetime.datetime, differs: Differs) -> str | None:
    """Why the fixes must not be applied together."""
    try:
        after = edited(project, chosen)
    except ValueError as error:
        return str(error)
    if _comments(after) != _comments(project):
        return "a comment would be lost"
    if after.ir is None:
        return "the policy set would no longer compile"
    assert project.ir is not None
    return access_change(project.ir, after.ir, now) or differs(project.ir, after.ir)


def _comments(project: Project) -> list[str]:
    return [comment.text for file in project.files for comment in file.file.comments]


# --- files ---------------------------------------------------------------------------------------------------


def changes(before: Project, after: Project) -> tuple[tuple[Source, Source], ...]:
    """The sources whose text differs, as they were and as they are."""
    later = {source.name: source for source in after.sources.sources}
    pairs = ((source, later[source.name]) for source in before.sources.sources)
    return tuple((old, new) for old, new in pairs if old.text != new.text)


def as_read(source: Source) -> bytes:
    """The bytes of a source's file. Raises `StaleFileError` where it has changed since it was read, and OSError."""
    path = Path(source.display)
    data = read_regular(path)
    if data.removeprefix(codecs.BOM_UTF8) != source.text.encode():
        raise StaleFileError(errno.ESTALE, "has changed since it was read", str(path))
    return data


def write(changed: Sequence[tuple[Source, Source]]) -> None:
    """Write the new texts, each file whole or not at all, and all files or none.

    Raises `StaleFileError` before anything is written if a file has changed meanwhile, and OSError where one must not
    or cannot be written; then those written before are as they were. The errors name the file.
    """
    originals = []
    for old, _new in changed:
        path, data = Path(old.display), as_read(old)
        refuse_read_only(path)
        originals.append((path, data))
    written: list[tuple[Path, bytes, bytes]] = []
    for (path, data), (_old, new) in zip(originals, changed, strict=True):
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        try:
            write_atomically(path, mark + new.text.encode(), before=data)
        except OSError as error:
            for earlier, content, ours in written:
                with suppress(StaleFileError):  # somebody has edited it since: that stays
                    write_atomically(earlier, content, before=ours)
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        written.append((path, data, mark + new.text.encode()))
