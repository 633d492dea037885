"""Inputs and, in a file beside each, the output they must give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from policylang.ir import to_json
from policylang.output import text
from policylang.pipelines.findings import collect
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from policylang.syntax.format import format_source
from tests.agenda import rendering as agenda
from tests.check.fixing import fixed
from tests.diff import rendering as comparisons
from tests.helpers import TESTS
from tests.importing import exporting, fixing
from tests.importing import rendering as importing
from tests.output.helpers import FORMATS, rendered


@dataclass(frozen=True)
class Pair:
    """A folder of inputs, policy files if nothing else is said, the ending of the expected files, and what makes the
    actual output.
    """

    folder: str
    ending: str
    actual: Callable[[Path], bytes]
    pattern: str = "*.policy"

    def inputs(self) -> Iterator[Path]:
        yield from sorted((TESTS / self.folder).glob(self.pattern))

    def expected_path(self, source: Path) -> Path:
        return source.with_suffix(self.ending)


def _project(path: Path) -> Project:
    source = Source(path.name, path.read_bytes().decode())
    return Project(SourceSet(Path(), Config(), (source,)))


def _report(path: Path) -> bytes:
    return click.unstyle("\n".join(text.render(collect([_project(path)])))).encode() + b"\n"


def _compiled(path: Path) -> bytes:
    policy_set = _project(path).ir
    assert policy_set is not None
    return to_json(policy_set)


def _formatted(path: Path) -> bytes:
    """A number at the end of the name is the width."""
    width = re.search(r"\d+$", path.stem)
    source = Source(path.name, path.read_bytes().decode())
    made = format_source(source, int(width[0]) if width else Config().format.line_width)
    assert made.text is not None
    return made.text.encode()


PAIRS = (
    Pair("syntax/errors", ".txt", _report),
    Pair("ir/cases", ".json", _compiled),
    Pair("syntax/format", ".formatted", _formatted),
    Pair("check/fixes", ".fixed", fixed),
    *(Pair("agenda/cases", ending, agenda.rendered(ending)) for ending in agenda.FORMATS),
    *(Pair("diff/cases", ending, comparisons.rendered(ending), "*.new.policy") for ending in comparisons.FORMATS),
    *(Pair(folder, ".expected", importing.rendered, "*.case") for folder in importing.FOLDERS),
    Pair(exporting.FOLDER, ".expected", exporting.rendered, "*.case"),
    Pair(fixing.FOLDER, ".expected", fixing.rendered, "*.case"),
    *(Pair("output/cases", ending, rendered(ending), "*.json") for ending in FORMATS),
)
