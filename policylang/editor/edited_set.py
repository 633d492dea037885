"""One policy set as it is while it is edited: its files on the disk, with what is open in the editor in their place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import msgspec
from lsprotocol import types as lsp

from policylang.api.policy_set import PolicySet
from policylang.directory.read import PARQUET, suffix_of
from policylang.editor.names import Occurrence, occurrences
from policylang.editor.open_files import OpenFiles
from policylang.editor.positions import Encoding, range_of
from policylang.model import Model
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax.parser import Parsed, parse
from policylang.syntax.trail import Trail

ReplacedText = tuple[Source, int, int, str]
"""A source, the offsets from which and up to which its text goes, and what is put in its place."""


class EditedSet:
    """A policy set. ``project`` is made anew when a text of it has changed, of trees that are kept."""

    def __init__(self, on_disk: SourceSet, open_files: OpenFiles, *, alone: bool = False) -> None:
        """``alone``: of files that were opened by themselves; what lies beside them is not looked at."""
        self.alone = alone
        self.on_disk = on_disk
        self.root = Path(os.path.abspath(on_disk.root))
        self.added: tuple[Path, ...] = ()
        """Open files of the set that are not on the disk yet."""
        self._open_files = open_files
        self._trees: dict[str, tuple[Limits, Parsed]] = {}
        self._version = -1
        self._project: Project | None = None
        self._names: dict[str, tuple[Parsed, Model, tuple[Occurrence, ...]]] = {}
        self._policy_set: PolicySet | None = None

    def reread(self, on_disk: SourceSet) -> EditedSet:
        """The same set with what is on the disk now; what has not changed stays known."""
        self.on_disk, self._version = on_disk, -1
        self.__dict__.pop("files", None)
        return self

    @cached_property
    def files(self) -> dict[Path, str]:
        """The policy files and directory files on the disk, and how the set calls them."""
        return {Path(os.path.abspath(source.display)): source.name for source in self.on_disk.files}

    def name_of(self, path: Path) -> str | None:
        """How the set calls a file; ``None`` for one that is not of it."""
        if path in self.files:
            return self.files[path]
        return Path(os.path.relpath(path, self.root)).as_posix() if path in self.added else None

    def path_of(self, name: str) -> Path:
        """Where the file is that the set calls so."""
        return Path(os.path.normpath(self.root / name))

    @property
    def project(self) -> Project:
        """The set as it is now."""
        if self._project is None or self._version != self._open_files.version:
            self._version = self._open_files.version
            sources = self._sources()
            if self._project is None or sources != self._project.sources:
                self._project = Project(sources, parser=self._parsed)
        return self._project

    @property
    def last(self) -> Project:
        """The set as it was looked at last: names in it are good enough to offer, and nothing is waited for."""
        return self._project or self.project

    def parsed(self, path: Path) -> Parsed | None:
        """The tree of one policy file as it is now; the others are not looked at."""
        source = self._open_files.get(path)
        name = self.name_of(path)
        if name is None or path.suffix != ".policy":
            return None
        if source is not None:
            return self._parsed(Source(name, source.text, str(path)), self.on_disk.config.limits)
        return next((each for each in self.project.files if each.source.name == name), None)

    def names_in(self, parsed: Parsed, model: Model) -> tuple[Occurrence, ...]:
        """What the names in a file refer to; worked out anew when the set has changed."""
        known = self._names.get(parsed.source.name)
        if known is None or known[0] is not parsed or known[1] is not model:
            known = self._names[parsed.source.name] = parsed, model, occurrences(parsed, model)
        return known[2]

    @property
    def policy_set(self) -> PolicySet | None:
        """What answers questions; ``None`` where the set does not compile."""
        compiled = self.project.ir
        if compiled is None:
            return None
        if self._policy_set is None or self._policy_set.index.policy_set is not compiled:
            self._policy_set = PolicySet(compiled)
        return self._policy_set

    @property
    def index(self) -> Index | None:
        """The declarations of the compiled set by name; ``None`` where it does not compile."""
        return None if self.policy_set is None else self.policy_set.index

    @property
    def last_index(self) -> Index | None:
        """The same of the set as it compiled last: good enough to explain names while something is being written."""
        return self.index or (None if self._policy_set is None else self._policy_set.index)

    def edited(self, project: Project, edits: Iterable[ReplacedText]) -> Project:
        """The set after edits. Nothing is kept of it."""
        texts: dict[str, str] = {}
        for source, first, last, text in sorted(edits, key=lambda each: (each[0].name, -each[1])):
            before = texts.get(source.name, source.text)
            texts[source.name] = before[:first] + text + before[last:]
        return project.edited(texts)

    def changes(self, edits: Iterable[ReplacedText]) -> dict[str, list[lsp.TextEdit]]:
        """Edits for the editor, by file."""
        found: dict[str, list[lsp.TextEdit]] = {}
        for source, first, last, text in edits:
            edit = lsp.TextEdit(self.range(source, first, last), text)
            found.setdefault(self.uri_of(source.name), []).append(edit)
        return found

    def uri(self, path: Path) -> str:
        """How the editor calls a file."""
        return self._open_files.uri(path)

    def uri_of(self, name: str) -> str:
        """How the editor calls the file that the set calls so."""
        return self.uri(self.path_of(name))

    @property
    def encoding(self) -> Encoding:
        """How the editor counts characters."""
        return self._open_files.encoding

    def range(self, source: Source, start: int, end: int) -> lsp.Range:
        """The text between two offsets, as the editor counts."""
        return range_of(source, start, end, self.encoding)

    def _sources(self) -> SourceSet:
        """The sources as they are now; the same objects where nothing has changed."""
        before = {} if self._project is None else _by_name(self._project.sources)
        added = (Source(self.name_of(path) or path.name, "", str(path)) for path in self.added)
        own = [self._now(source, before) for source in (*self.on_disk.sources, *added)]
        people = tuple(self._now(source, before) for source in self.on_disk.directory)
        in_order = tuple(sorted(own, key=lambda source: source.name))
        return msgspec.structs.replace(self.on_disk, sources=in_order, directory=people)

    def _now(self, source: Source, before: dict[str, Source]) -> Source:
        opened = self._open_files.get(Path(os.path.abspath(source.display)))
        if opened is None or suffix_of(source.name) == PARQUET:
            opened = source
        known = before.get(source.name)
        if known is not None and known.text == opened.text and known.foreign == source.foreign:
            return known
        if opened is source:
            return source
        made = Source(source.name, opened.text, source.display)
        made.line_starts = opened.line_starts
        made.foreign = source.foreign
        return made

    def _parsed(self, source: Source, limits: Limits) -> Parsed:
        """The tree of a source: parsed anew where its text has changed."""
        known = self._trees.get(source.name)
        if known is not None and known[0] == limits and known[1].source.text == source.text:
            return known[1]
        earlier = None if known is None or known[0] != limits else known[1].trail
        made = parse(source, limits, earlier or Trail())
        self._trees[source.name] = limits, made
        return made


def _by_name(sources: SourceSet) -> dict[str, Source]:
    found: Iterable[Source] = (*sources.sources, *sources.directory)
    return {source.name: source for source in found}
