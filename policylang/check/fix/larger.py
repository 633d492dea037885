"""Larger policy sets that checked files are a part of: what changes nothing in a part may change something there."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from policylang.check.fix.same_access import access_change
from policylang.project.discovery import Problem, SourceSet, discover, shown_path
from policylang.project.project import Project
from policylang.source import Source


def objections(project: Project, changed: Sequence[tuple[Source, Source]], now: datetime.datetime) -> Iterator[Problem]:
    """Why new texts of some sources must not be written although nothing changes in the policy set itself.

    The larger set is that of the config, else that of the folder around files that were named one by one. Files without
    a config that make no policy set together are taken to be sets of their own.
    """
    texts = {os.path.realpath(old.display): new.text for old, new in changed}
    own = _files(project.sources)
    for whole in discover([str(project.sources.base or project.sources.root)]):
        if not (own & _files(whole) and _files(whole) - own):
            continue
        before = Project(whole)
        if before.ir is None and project.sources.base is None:
            continue
        reason = _change(before, texts, now)
        if reason is not None:
            root = shown_path(whole.root)
            yield Problem(
                changed[0][0].display,
                f"not fixed: it is part of the policy set `{root}`, where {reason}",
                f"check all of it together: `policylang check {root}`",
            )


def _files(set_: SourceSet) -> frozenset[str]:
    return frozenset(os.path.realpath(source.display) for source in set_.sources)


def _change(before: Project, texts: Mapping[str, str], now: datetime.datetime) -> str | None:
    sources = tuple(
        Source(source.name, texts.get(os.path.realpath(source.display), source.text), source.display)
        for source in before.sources.sources
    )
    after = Project(msgspec.structs.replace(before.sources, sources=sources))
    if before.ir is None:
        return "there are errors"
    if after.ir is None:
        return "there would be errors"
    return access_change(before.ir, after.ir, now)
