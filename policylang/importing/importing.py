"""From inputs to the files of a policy set. Nothing is written here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from policylang.check.enclosing import Layout
from policylang.diagnostics import Diagnostic
from policylang.importing.format import ImportFormat
from policylang.importing.imported import Imported, Note, OfName, Policy
from policylang.importing.into import Into, use_existing
from policylang.importing.matching import first_of, rename_texts, same_names
from policylang.importing.names import NamesByKey, all_names
from policylang.importing.origins import FILE_NAME, Manifest, Noted, StatementPlace, by_kind, digest
from policylang.importing.reading import Inputs
from policylang.importing.texts import comment
from policylang.importing.writer import Declared, PolicySetWriter, written
from policylang.ir import nodes as ir
from policylang.project.discovery import SUFFIX, SourceSet
from policylang.project.project import Project
from policylang.settings.config import FILE_NAME as CONFIG
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax.format import format_source
from policylang.syntax.parser import Parsed, parse

_WIDTH = 120


class ParsedOnce:
    """Parses texts, each once: for the imports of one command, in most of which little differs."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, Limits], Parsed] = {}

    def __call__(self, source: Source, limits: Limits) -> Parsed:
        key = source.name, source.text, limits
        if key not in self._known:
            self._known[key] = parse(source, limits)
        return self._known[key]


class Import(msgspec.Struct, frozen=True):
    """What came of an import. ``refused``: without what was accepted. ``project``: the policy set, not yet written.
    ``names``: of this import, and those that an earlier one gave.
    """

    files: Mapping[str, bytes]
    imported: Imported
    project: Project
    refused: tuple[Note, ...]
    accepted: tuple[Note, ...]
    left_out: tuple[Note, ...]
    manifest: Manifest
    names: NamesByKey

    @property
    def unnamed(self) -> frozenset[str]:
        """Roles that have no name in the product: what somebody has there, put together."""
        return frozenset(name for (kind, key), name in self.names.items() if kind == "role" and "\n" in key)

    @property
    def errors(self) -> Sequence[Diagnostic]:
        """What keeps the policy set from compiling: a mistake in a format, or names that the policies around have."""
        return [each for each in self.project.diagnostics if each.severity == "error"]

    def origins(self, file: str, line: int) -> tuple[str, ...]:
        """The places in the inputs that a line of a file comes from."""
        before = [each for each in self.manifest.statements if each.file == file and each.line <= line]
        return max(before, key=lambda each: each.line).origins if before else ()


def import_set(
    format: ImportFormat,
    inputs: Inputs,
    mapping: Any = None,
    *,
    accepted: Iterable[str] = (),
    names: NamesByKey | None = None,
    config: bytes | None = None,
    into: Into | None = None,
    like: ir.PolicySet | None = None,
    parsed: ParsedOnce | None = None,
) -> Import:
    """Read the inputs and write them as policy text. ``accepted``: codes of what may be refused. ``names``: given by a
    mapping or an earlier import. ``config``: that of an earlier import, if it is to stay. ``into``: a policy set to add
    to, whose config is the one that counts; not if the product keeps a whole one. ``like``: one to compare with, whose
    names are taken for what has the same label or name; nobody reads the text then, and it is not laid out. ``parsed``:
    what earlier imports of the same command have parsed.
    Raises `reading.NotThisError`.
    """
    imported = format.read(inputs, mapping)
    texts_given = rename_texts(imported, names or {})
    _share_policies(imported)
    if like is not None:
        names = first_of(names or {}, same_names(imported, like))
    existing: NamesByKey = {}
    taken: Mapping[OfName, frozenset[str]] = {}
    if into is not None and into.project.ir is not None:
        existing, taken = use_existing(imported, into.project.ir)
    given = {**(names or {}), **existing}
    known: dict[Any, str] = {**existing, **all_names(imported, given, taken)}
    if imported.texts:
        into = None
    parsed = parsed or ParsedOnce()
    layout = formatted if like is None else _as_written
    texts: dict[str, str] = {}
    statements: list[StatementPlace] = []
    closing = {"unknown.policy": imported.closing} if imported.closing and like is None else {}
    for file, text in {**imported.texts, **closing}.items():
        path = inputs.files[0].path
        head = comment(f"{file.removesuffix(SUFFIX).capitalize()}, imported from {format.name}: {path}.")
        texts[file] = layout(file, f"{head}\n\n{text}")
        for header, line, _ in Layout(_tree(file, texts[file], parsed)).statements():
            statements.append(StatementPlace(file, line, header, "", (path,)))
    for file, (title, declared) in PolicySetWriter(imported, known).files().items():
        texts[file] = layout(file, written(title, format.name, declared))
        statements += _statements(_tree(file, texts[file], parsed), declared)
    accepted = sorted({*accepted})
    refused = sorted(set(imported.refused))
    left_out = tuple(sorted(set(imported.left_out)))
    files = {name: content.encode() for name, content in texts.items()}
    if into is None:
        files[CONFIG] = config_text(format, accepted, imported).encode()
    manifest = Manifest(
        "policylang import",
        format.name,
        {each.path: digest(each.data) for each in inputs.files},
        {name: digest(content) for name, content in sorted(files.items())},
        by_kind({**known, **texts_given}),
        tuple(statements),
        tuple(map(Noted.of, refused)),
        tuple(map(Noted.of, left_out)),
        tuple(accepted),
    )
    if config is not None:
        files[CONFIG] = config  # the digest is that of our own, so that it counts as changed the next time as well
    files[FILE_NAME] = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    return Import(
        files,
        imported,
        _project(texts, parsed) if into is None else into.with_files(texts, parsed),
        tuple(each for each in refused if each.code not in accepted),
        tuple(each for each in refused if each.code in accepted),
        left_out,
        manifest,
        {**given, **known},
    )


def _project(texts: Mapping[str, str], parsed: ParsedOnce) -> Project:
    sources = tuple(Source(name, texts[name]) for name in sorted(texts))
    return Project(SourceSet(Path(), Config(), sources), parser=parsed)


def _share_policies(imported: Imported) -> None:
    """One policy for all that say the same of one resource, under the first of their keys."""
    first: dict[tuple[object, ...], Policy] = {}
    instead: dict[str, str] = {}
    for key in sorted(imported.policies):
        each = imported.policies[key]
        kept = first.setdefault((each.resource, each.attributes, each.condition), each)
        if kept is not each:
            instead[key] = kept.key
            for origin in each.origins:
                kept.seen(origin)
            del imported.policies[key]
    if instead:
        for bundle in imported.bundles():
            bundle.limits = [
                msgspec.structs.replace(each, policy=instead.get(each.policy, each.policy)) for each in bundle.limits
            ]


def formatted(file: str, text: str) -> str:
    """In the one layout. What was written has no syntax errors; where it has, they are found with all others."""
    return format_source(Source(file, text), _WIDTH).text or text


def _as_written(_file: str, text: str) -> str:
    return text


def _tree(file: str, text: str, parsed: ParsedOnce) -> Parsed:
    return parsed(Source(file, text), Config().limits)


def _statements(tree: Parsed, declared: Sequence[Declared]) -> Iterable[StatementPlace]:
    layout, file = Layout(tree), tree.source.name
    of = ((each.origins, each.items or ()) for each in declared)
    for (origins, items), written_ in zip(of, layout.statements(), strict=True):
        header, line, inside = written_
        yield StatementPlace(file, line, header, "", tuple(map(str, origins)))
        for item, (words, number) in zip(items, inside, strict=True):
            yield StatementPlace(file, number, header, words, tuple(map(str, item.origins)))


def config_text(format: ImportFormat, accepted: Sequence[str], imported: Imported) -> str:
    """`policylang.yaml` of an imported set: what is accepted, and the rules that would find something in every one."""
    silent = dict(format.silent)
    if not imported.users and not imported.integrations and not imported.texts:
        silent = {**dict.fromkeys(("PL406", "PL702"), "the inputs name no people"), **silent}
    lines = [f"# Imported from {format.title}.", 'roots: ["."]']
    if accepted:
        lines += ["imports:", f"  accepted: {json.dumps(list(accepted))}"]
    if imported.targets:
        said = {"targets": imported.targets}
        lines += yaml.safe_dump(said, default_flow_style=None, allow_unicode=True, width=math.inf).splitlines()
    if silent:
        lines += ["severities:"]
        lines += [f"  {code}: off  # {reason}" for code, reason in sorted(silent.items())]
    return "\n".join(lines) + "\n"
