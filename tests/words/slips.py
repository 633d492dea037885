"""Slips: lines that people write, what they are told, and the line that comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from policylang.diagnostics import Diagnostic
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from tests.helpers import TESTS

FILE = TESTS / "words" / "slips.txt"

AROUND = """\
subject { department : text  manager : user  folder : doc }
resource doc "Document" {
  optional up : doc as tree
  owner : user  created : datetime  day : date  amount : money  title : text  status : one of draft, done
  actions view, create, edit
}
resource shift { attendance : one of missing, late  presence : one of missing, present  actions view }
scope region contains site
place region "North"
place site "HQ" in "North"
role clerk "Clerk" { grant view on doc }
group sales "Sales" { grant view on doc }
policy newer_than(age: duration) "Newer" on doc { created within age }
"""


class Slip(NamedTuple):
    """A line, the help for it, and the line with the help followed, where the help is an edit."""

    written: str
    help: str
    mended: str | None


def slips() -> list[Slip]:
    """The table of the file: a line, below it ``?`` and the help, and ``+`` and the mended line where there is one."""
    found = []
    for block in FILE.read_text("utf-8").split("\n\n"):
        written, help, *mended = block.strip("\n").splitlines()
        assert help.startswith("? "), block
        found.append(Slip(written, help.removeprefix("? "), mended[0].removeprefix("+ ") if mended else None))
    return found


def diagnose(line: str) -> tuple[Source, list[Diagnostic]]:
    """What is said of a line among the declarations that it may speak of."""
    source = Source("slip.policy", f"{AROUND}{line}\n")
    return source, list(Project(SourceSet(Path(), Config(), (source,))).diagnostics)


def edited(source: Source, diagnostic: Diagnostic) -> str:
    """The last line with the diagnostic's edit made."""
    assert diagnostic.edit is not None
    start, end = source.span(diagnostic.edit.location)
    text = source.text[:start] + diagnostic.edit.text + source.text[end:]
    return text.removeprefix(AROUND).removesuffix("\n")
