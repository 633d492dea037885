"""Policy sets in the one layout."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import msgspec

from policylang.pipelines.findings import Result, View
from policylang.project.discovery import Problem, SourceSet, nearest_settings, read_regular, unreadable
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax.format import FormatError, format_source

_STALE = "has changed since it was read"


class File(msgspec.Struct, frozen=True):
    """One file as it is, byte order mark included, and in its layout."""

    source: Source
    before: bytes
    after: bytes
    objection: Problem | None = None
    """Why it must not be written."""

    @property
    def is_changed(self) -> bool:
        return self.before != self.after

    def as_sources(self) -> tuple[Source, Source]:
        """Both, to compare."""
        name, shown = self.source.name, self.source.display
        return Source(name, self.before.decode(), shown), Source(name, self.after.decode(), shown)


class FormattedFiles:
    """The files that could be formatted. ``result``: all that were read, and what is wrong with the others."""

    def __init__(self) -> None:
        self.files: list[File] = []
        self.result = Result()
        self._seen: set[str] = set()

    @property
    def is_complete(self) -> bool:
        return not self.result.problems and not self.result.findings

    def add(self, set_: SourceSet) -> None:
        """Format the policy files of a set, each once. Writes nothing."""
        view = self._sources(set_)
        if nearest_settings(set_.root)[2]:
            return  # nobody knows which width is meant
        for source in set_.sources:
            real = os.path.realpath(source.display)
            if real in self._seen:
                continue
            self._seen.add(real)
            try:
                data = read_regular(Path(source.display))
            except OSError as error:
                self.result.problems.append(unreadable(source.display, error, "run it again"))
                continue
            if data.removeprefix(codecs.BOM_UTF8) == source.text.encode():
                self._add(source, data, set_, view)
            else:
                self._problem(source, _STALE, "run it again")

    def add_data(self, source: Source, data: bytes, set_: SourceSet) -> None:
        """Format a source that is no file; ``data``: what its text was read from."""
        self._add(source, data, set_, self._sources(set_))

    def _sources(self, set_: SourceSet) -> View:
        for source in set_.oversized:
            self._too_large(source, set_.config.limits)
        return self.result.add_sources(set_)

    def _add(self, source: Source, data: bytes, set_: SourceSet, view: View) -> None:
        limits = set_.config.limits
        try:
            made = format_source(source, set_.config.format.line_width, limits)
        except FormatError:
            help = "this is a mistake in policylang, please report it; the file stays as it is"
            self._problem(source, "formatting would change what the file says", help)
            return
        if made.text is None:
            self.result.findings += view.findings(made.diagnostics)
        elif len(after := made.text.encode()) > limits.file_bytes:
            self._too_large(source, limits)
        else:
            self.files.append(File(source, data, after, set_.leads_out(source, "formatted")))

    def _too_large(self, source: Source, limits: Limits) -> None:
        help = "split it, or raise `limits: file_bytes` in `policylang.yaml`"
        self._problem(source, f"larger than {limits.file_bytes:,} bytes", help)

    def _problem(self, source: Source, message: str, help: str) -> None:
        self.result.problems.append(Problem(source.display, message, help))
