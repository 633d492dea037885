"""The policy sets of the folders that are open, and which of them a file belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from policylang.editor.edited_set import EditedSet
from policylang.editor.open_files import OpenFiles, path_of
from policylang.project.discovery import (
    SUFFIX,
    SourceSet,
    UnreadableError,
    decoded,
    discover,
    nearest_settings,
    read_regular,
)
from policylang.settings.config import Config, ConfigError, config_of, nearest_config, read_config
from policylang.source import Source
from policylang.testing.scenario import SUFFIXES

_MOST_BYTES = 16 * 1024 * 1024


class Folders:
    """Everything that is looked at. Nothing in a folder is run, only read."""

    def __init__(self) -> None:
        self.open_files = OpenFiles()
        self.sets: list[EditedSet] = []
        self._folders: list[Path] = []
        self._closed = False
        self._scenarios: dict[Path, list[Path]] = {}
        self._configs: dict[Path, Config] = {}
        """Configs that are open in the editor, as they were when they could be read last."""

    def add(self, folder: Path) -> None:
        """Take the policy sets of a folder in."""
        if not self._closed and folder not in self._folders:
            self._folders.append(folder)
            self.read()

    def look_at(self, paths: Iterable[Path]) -> None:
        """Take in the policy sets that these folders or files are, and nothing else."""
        self._folders = list(paths)
        self._closed = True
        self.read()

    def remove(self, folder: Path) -> None:
        """Look at a folder no longer."""
        if not self._closed and folder in self._folders:
            self._folders.remove(folder)
            self.read()

    def read(self) -> None:
        """Look again which files there are, and read those that are not open."""
        folders = [str(folder) for folder in self._folders if folder.exists()]
        found = discover(folders, self._config) if folders else []
        known = {each.root: each for each in self.sets if not each.alone}
        self.sets = []
        for each in found:
            if each.sources or each.oversized or each.base is not None:
                old = known.get(Path(os.path.abspath(each.root)))
                self.sets.append(EditedSet(each, self.open_files) if old is None else old.reread(each))
        self.assign()

    def configure(self, path: Path) -> bool:
        """Have a config count as it is in the editor, or on the disk once it is closed; true where that changes
        something. One that cannot be read counts as it did when it could.
        """
        before = self._configs.pop(path, None)
        opened = self.open_files.get(path)
        if opened is None:
            return before is not None
        try:
            now: Config | None = config_of(path, opened.text)
        except ConfigError:
            now = before
        if now is not None:
            self._configs[path] = now
        return now != before

    def _config(self, path: Path) -> Config:
        known = self._configs.get(Path(os.path.abspath(path)))
        return read_config(path) if known is None else known

    def assign(self) -> None:
        """Give open files that no set has on the disk to the set in whose folder they are. Those that are in no folder
        that was opened, nor in one with a config, are sets of their own.
        """
        self._scenarios = {}
        self.sets = [each for each in self.sets if not each.alone]
        lone = [path for path in self.open_files.paths if path.suffix == SUFFIX and not self._on_disk(path)]
        for path in lone:
            if self._closed or self._innermost(path) is not None:
                continue
            folder = _configured(path)
            if folder is not None and folder not in self._folders:
                self.add(folder)
                return
            own = SourceSet(path.parent, nearest_settings(path.parent, self._config)[0] if folder else Config(), ())
            self.sets.append(EditedSet(own, self.open_files, alone=True))
        for each in self.sets:
            each.added = tuple(path for path in lone if self._innermost(path) is each)

    def set_of(self, path: Path) -> EditedSet | None:
        """The policy set that a file belongs to: as a source, or by the folder in which it is."""
        return next((each for each in self.sets if each.name_of(path) is not None), None) or self._innermost(path)

    def scenario_files(self, of: EditedSet) -> list[Path]:
        """The scenario files in the folder of a set and below, in order, without those of sets inside it."""
        if of.root not in self._scenarios:
            on_disk = () if of.alone or not of.root.is_dir() else self._scenarios_on_disk(of)
            opened = (path for path in self.open_files.paths if is_scenario_file(path) and self.set_of(path) is of)
            self._scenarios[of.root] = sorted({*on_disk, *opened})
        return self._scenarios[of.root]

    def _scenarios_on_disk(self, of: EditedSet) -> Iterator[Path]:
        for where, folders, names in os.walk(of.root):
            here = Path(where)
            inner = any(each.root == here for each in self.sets if each is not of)
            folders[:] = [] if inner else sorted(name for name in folders if not name.startswith("."))
            if not inner:
                yield from (here / name for name in sorted(names) if name.endswith(SUFFIXES))

    def scenario_sources(self, of: EditedSet) -> dict[Path, Source]:
        """The scenario files of a set as they are now; without those that cannot be read."""
        found = {}
        for path in self.scenario_files(of):
            with suppress(OSError, UnreadableError):
                found[path] = self.open_files.get(path) or _read(path)
        return found

    def _on_disk(self, path: Path) -> bool:
        return any(path in each.files for each in self.sets)

    def _innermost(self, path: Path) -> EditedSet | None:
        around = [each for each in self.sets if path.is_relative_to(each.root)]
        return max(around, key=lambda each: len(each.root.parts), default=None)


def _configured(path: Path) -> Path | None:
    """The folder of the nearest config at or above a file."""
    config = nearest_config(path.parent) if path.parent.is_dir() else None
    return None if config is None else config.parent


def _read(path: Path) -> Source:
    return Source(path.name, decoded(read_regular(path, _MOST_BYTES), str(path)), str(path))


def is_scenario_file(path: Path) -> bool:
    """Whether a file has scenario tests, going by its name."""
    return path.name.endswith(SUFFIXES)


def folders_of(uris: Iterable[str | None]) -> list[Path]:
    """The folders of URIs that are some."""
    found = (path_of(uri) for uri in uris if uri)
    return [path for path in found if path is not None]
