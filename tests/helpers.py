"""What several tests need: policy sets from text, and expectations from `#!` marks."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from policylang.diagnostics import Diagnostic
from policylang.explaining import explain as explaining
from policylang.explaining.tree import Explanation
from policylang.ir.nodes import PolicySet
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.settings.config import Config
from policylang.source import Source
from policylang.syntax import expressions

TESTS = Path(__file__).parent
ACCEPTANCE = TESTS / "acceptance"
POLICIES = TESTS.parent / "policies"

_MARK = re.compile(r"#! ((?:PL\d{3} ?)+)$")


def project(*texts: str, config: Config | None = None, **files: str) -> Project:
    """A policy set of texts; keyword arguments name the files, `a` becomes `a.policy`."""
    named = {f"{name}.policy": text for name, text in files.items()}
    named |= {f"{number}.policy": text for number, text in enumerate(texts)}
    sources = tuple(Source(name, text) for name, text in sorted(named.items()))
    return Project(SourceSet(Path(), config or Config(), sources))


def diagnostics(*texts: str, **files: str) -> tuple[Diagnostic, ...]:
    return project(*texts, **files).diagnostics


def codes(*texts: str, **files: str) -> list[str]:
    return [diagnostic.code for diagnostic in diagnostics(*texts, **files)]


def compiled(*texts: str, **files: str) -> PolicySet:
    """The IR of a policy set that must be free of errors."""
    made = project(*texts, **files)
    assert made.diagnostics == ()
    assert made.ir is not None
    return made.ir


def marked(text: str) -> list[tuple[int, str]]:
    """The findings that the `#!` marks of a policy set announce: line and code."""
    return [
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        if (match := _MARK.search(line))
        for code in match[1].split()
    ]


def found(text: str) -> list[tuple[int, str]]:
    """The findings of a policy set: line and code."""
    return [(diagnostic.location.line, diagnostic.code) for diagnostic in diagnostics(text)]


def explain(
    index: Index, user: Any, action: Any, resource: Any, record: Any = None, *, now: datetime.datetime, **rest: Any
) -> Explanation:
    """Why it says so."""
    return explaining.explain(index, Request(user, action, resource, record, now, **rest))


def kind_of(index: Index, request: Request) -> str | None:
    """What kind of action is asked about; ``None`` also for one that there is not."""
    declared = index.actions.get(request.resource, {}).get(request.action)
    return None if declared is None else declared.kind


def without_places(node: Any) -> Any:
    """The tree as plain tuples without offsets, to compare what two trees say."""
    if isinstance(node, tuple):
        return tuple(without_places(item) for item in node)
    if isinstance(node, expressions.Node):
        fields = (f for f in node.__struct_fields__ if f not in ("start_pos", "end_pos"))
        return (type(node).__name__, *(without_places(getattr(node, f)) for f in fields))
    return node
