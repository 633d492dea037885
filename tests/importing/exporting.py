"""Cases of writing back: a product, and of each change of its policy files what becomes of the product's files.

A line `=== PATH` begins a file of the product; `--- KIND` or `--- KIND: WORDS` a change of the policy set that was
imported: lines that begin with `-` give way to those that begin with `+`.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from policylang.importing import find_format
from policylang.importing.drift import find_drift
from policylang.importing.importing import Import, import_set
from policylang.importing.origins import given_names
from policylang.importing.patching import NoPatch, Proved, write_back
from policylang.importing.reading import InputFile, Inputs
from policylang.ir import nodes as ir
from tests.helpers import project
from tests.importing.helpers import NOW

FOLDER = "importing/changes"
_HEAD = re.compile(r"(?m)^=== (.+)\n")
_CHANGE = re.compile(r"(?m)^--- (.+)\n")
Files = dict[str, bytes]


def inputs(files: Files) -> Inputs:
    return Inputs(tuple(InputFile(path, data) for path, data in sorted(files.items())))


def export(format: str, files: Files, wanted: ir.PolicySet, first: Import | None = None) -> Proved | NoPatch:
    """Write a policy set back. ``first``: the import that its names come from."""
    of = find_format(format)
    names = {} if first is None else given_names(first.manifest)

    def again(given: Inputs) -> Import:
        return import_set(of, given, names=names, like=wanted)

    def drift(made: Import):
        return find_drift(wanted, made, "", NOW, lambda _what: None)

    return write_back(of, inputs(files), None, wanted, again(inputs(files)), again, drift)


class Case(NamedTuple):
    """A product, what it is imported as, and changes of that by name. ``beside``: policy files beside the import."""

    format: str
    files: Files
    first: Import
    changes: tuple[tuple[str, str], ...]
    beside: dict[str, str]


def read_case(path: Path) -> Case:
    said, *changes = _CHANGE.split(path.read_bytes().decode())
    _, *parts = _HEAD.split(said)
    files = {name: text.encode() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    beside = {name: files.pop(name).decode() for name in [*files] if name.endswith(".policy")}
    format = path.stem.partition("-")[0]
    first = import_set(find_format(format), inputs(files))
    assert first.errors == []
    return Case(format, files, first, tuple(zip(changes[::2], changes[1::2], strict=True)), beside)


@cache
def outcomes(path: Path) -> tuple[tuple[str, str], ...]:
    """By name of the change, a patch or why there is none."""
    case = read_case(path)
    return tuple((name, _outcome(case, changed_set(texts_of(case.first), change))) for name, change in case.changes)


def texts_of(of: Import) -> dict[str, str]:
    return {source.name: source.text for source in of.project.sources.sources}


def rendered(path: Path) -> bytes:
    """The policy files, and what becomes of each change."""
    out = [f"=== {name}\n{text}" for name, text in texts_of(read_case(path).first).items()]
    out += [f"--- {name}\n{outcome}" for name, outcome in outcomes(path)]
    return "\n".join(out).encode()


def changed_set(texts: dict[str, str], change: str) -> ir.PolicySet:
    """The policy set with other lines in place of some."""
    together = "\n".join(texts.values())
    for block in re.findall(r"(?:^-.*\n)*(?:^\+.*(?:\n|\Z))*", change, re.MULTILINE):
        lines = block.splitlines()
        old = "\n".join(line[1:] for line in lines if line.startswith("-"))
        new = "\n".join(line[1:] for line in lines if line.startswith("+"))
        assert not old or together.count(old) == 1, (old, together)
        together = together.replace(old, new) if old else f"{together}\n{new}\n"
    made = project(together)
    assert made.ir is not None, made.diagnostics
    return made.ir


def _outcome(case: Case, wanted: ir.PolicySet) -> str:
    found = export(case.format, case.files, wanted, case.first)
    if isinstance(found, Proved):
        return patch_of(case, found)
    lines = []
    for each in found.unwritable:
        lines += [f"{'' if each.wanted.give else 'removing '}{each.wanted.words}: {each.why}", f"  help: {each.help}"]
    if not lines and found.left is not None:
        lines = [f"would remain: {each.said}" for each in found.left.found]
    return "\n".join(lines or found.reasons) + "\n"


def patch_of(case: Case, found: Proved) -> str:
    """What changes in the product's files."""
    lines = []
    for file in found.after.files:
        before, after = case.files[file.path].decode().splitlines(), file.text().splitlines()
        lines += list(difflib.unified_diff(before, after, file.path, file.path, n=0, lineterm=""))[1:]
    return "\n".join(lines) + "\n" if lines else "nothing to write\n"
