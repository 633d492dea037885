"""The agenda of a policy file at one instant, in each format."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import click

from policylang.agenda.agenda import Agendas, agenda
from policylang.check.suppress.suppressions import read_suppressions
from policylang.output import agenda as text
from policylang.output import ical
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from policylang.text.readable import json_bytes

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
DAYS = 90


def agendas(path: Path, now: datetime.datetime = NOW, days: int = DAYS) -> Agendas:
    source = Source(path.name, path.read_bytes().decode())
    project = Project(SourceSet(Path(), Config(), (source,)))
    assert project.ir is not None, project.diagnostics
    suppressions, mistakes = read_suppressions(project.files)
    assert not mistakes
    found = agenda(project.ir, now, days, suppressions=suppressions, policies=(path.name,))
    return Agendas(now, days, (found,))


def _text(found: Agendas) -> bytes:
    return click.unstyle("".join(f"{line}\n" for line in text.render(found))).encode()


FORMATS: dict[str, Callable[[Agendas], bytes]] = {".txt": _text, ".json": json_bytes, ".ics": ical.render}


def rendered(ending: str) -> Callable[[Path], bytes]:
    return lambda path: FORMATS[ending](agendas(path))
