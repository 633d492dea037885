"""Cases of findings in what was imported, their fixes, and what becomes of a product's files then.

The product is written as in `exporting`; a file that ends in `.policy` is one beside what was imported. `--- CODE` is a
finding that `check --fix` mends; with lines below, it is mended by these, as its help says.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from policylang.check.finding import Finding
from policylang.check.fix.mend import mend
from policylang.importing import find_format
from policylang.importing.importing import Import, import_set
from policylang.importing.origins import given_names
from policylang.importing.patching import Proved
from policylang.ir import nodes as ir
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from tests.check.fixing import check_for
from tests.importing.exporting import Case, changed_set, export, patch_of, read_case, texts_of
from tests.importing.helpers import NOW

FOLDER = "importing/fixes"


class Mended(NamedTuple):
    """``code``: of the findings ``before``; ``patch``: of the product's files; ``after``: those once it is applied."""

    code: str
    before: tuple[Finding, ...]
    patch: str
    after: tuple[Finding, ...]


@cache
def mended(path: Path) -> tuple[Mended, ...]:
    case = read_case(path)
    return tuple(_mended(case, code, change) for code, change in case.changes)


def _mended(case: Case, code: str, change: str) -> Mended:
    before = _project(case, case.first)
    found = export(case.format, case.files, _fixed(before, code, change), case.first)
    assert isinstance(found, Proved), found
    again = import_set(find_format(case.format), found.after, names=given_names(case.first.manifest))
    check = check_for(code)
    return Mended(code, tuple(check(before)), patch_of(case, found), tuple(check(_project(case, again))))


def _project(case: Case, made: Import) -> Project:
    texts = {**texts_of(made), **case.beside}
    return Project(SourceSet(Path(), Config(), tuple(Source(name, texts[name]) for name in sorted(texts))))


def _fixed(of: Project, code: str, change: str) -> ir.PolicySet:
    if change.strip():
        return changed_set({each.name: each.text for each in of.sources.sources}, change)
    found = mend(of, check_for(code), NOW)
    assert found.applied
    assert not found.refused
    assert found.project.ir is not None
    return found.project.ir


def rendered(path: Path) -> bytes:
    """The findings, and what becomes of the product's files."""
    out = []
    for each in mended(path):
        out.append(f"--- {each.code}")
        for finding in each.before:
            out += [finding.message, f"  help: {finding.help}"]
        out.append(each.patch)
    return "\n".join(out).encode()
