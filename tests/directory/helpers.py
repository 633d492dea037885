"""Policy sets with people from texts of directory files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.ir.nodes import PolicySet, User
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from policylang.source import Source

HERE = Path(__file__).parent
BASE = (HERE / "base.policy").read_text(encoding="utf-8")


def with_people(files: dict[str, str], policy: str = BASE, limits: Limits | None = None) -> Project:
    """The base policy set, or another one, with directory files by name."""
    policies = (Source("base.policy", policy),)
    people = tuple(Source(name, text) for name, text in files.items())
    return Project(SourceSet(Path(), Config(limits=limits or Limits()), policies, directory=people))


def compiled(files: dict[str, str], policy: str = BASE) -> PolicySet:
    made = with_people(files, policy)
    assert made.diagnostics == ()
    assert made.ir is not None
    return made.ir


def wrong(name: str, text: str, **options: Any) -> list[str]:
    """What is wrong with one directory file: `line:column CODE`."""
    made = with_people({name: text}, **options)
    assert made.ir is None or not made.diagnostics
    return [shown(diagnostic) for diagnostic in made.diagnostics]


def shown(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.location.line}:{diagnostic.location.column} {diagnostic.code}"


def without_places(user: User) -> Any:
    """A user as plain data, without where it stands."""
    return _stripped(msgspec.to_builtins(user))


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items() if key != "at"}
    return [_stripped(item) for item in value] if isinstance(value, list | tuple) else value
