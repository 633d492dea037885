"""Which files make up which policy set.

A folder is one policy set: all `.policy` files in it and below. A folder below with a `policylang.yaml` of its own is
a set of its own. A config may name other folders as its `roots`. Files named one by one are one set together.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Self

import msgspec

from policylang.diagnostics import listed, reason
from policylang.directory.parquet import ParquetError, as_csv
from policylang.directory.read import PARQUET, SUFFIXES, suffix_of
from policylang.files.json_source import JsonError
from policylang.files.paths import real_path
from policylang.files.yaml_source import YamlError
from policylang.settings.config import FILE_NAME, FILE_NAMES, Config, ConfigError, nearest_config, read_config
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.text.characters import is_printable

SUFFIX = ".policy"
DEFAULT_ROOT = "policies"


class Problem(msgspec.Struct, frozen=True):
    """Why something could not be run: no finding about policies, but about files."""

    path: str
    message: str
    help: str | None = None
    line: int | None = None
    column: int | None = None

    @classmethod
    def of(cls, path: str, error: YamlError | JsonError) -> Self:
        """What is wrong with the content of a file."""
        return cls(path, error.message, error.help, error.line, error.column)

    def place(self) -> str:
        """The path with as much of the line and column as is known."""
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number is not None)])

    def in_words(self) -> str:
        """One line: place, what is wrong, what to do."""
        return f"{self.place()}: {self.message}{f'; {self.help}' if self.help else ''}"


def unreadable(path: str, error: OSError, help: str | None = "check the path") -> Problem:
    """That a file cannot be read, and what the system says of it."""
    return Problem(path, f"cannot be read: {reason(error)}", help)


class SourceSet(msgspec.Struct):
    """The sources of one policy set with its config, and what of it could not be read."""

    root: Path
    config: Config
    sources: tuple[Source, ...]
    oversized: tuple[Source, ...] = ()
    """Files beyond the size limit; their text was not read."""
    problems: tuple[Problem, ...] = ()
    directory: tuple[Source, ...] = ()
    """Files with people."""
    asked: tuple[str, ...] = ()
    """The paths that stand for this set alone."""
    base: Path | None = None
    """The folder of its config, if it has one."""

    @property
    def files(self) -> tuple[Source, ...]:
        """All files that it is made of."""
        return (*self.sources, *self.oversized, *self.directory)

    @property
    def shown(self) -> dict[str, str]:
        """The paths of its files as the user would type them, by their names."""
        return {source.name: source.display for source in self.files}

    def leads_out(self, source: Source, done: str) -> Problem | None:
        """Why a source must not be changed: it is a link to a file outside of the policy set, which may be a part of
        others. ``done``: what would be done with it, as in ``fixed``.
        """
        real = real_path(source.display)
        if real.is_relative_to(real_path(self.root)):
            return None
        help = f"check the policy set it is in, `{shown_path(real.parent)}`, or put a copy here"
        return Problem(source.display, f"not {done}: it is a link to a file outside of the policy set", help)


ConfigReader = Callable[[Path], Config]
"""Reads the config at a path. Raises `ConfigError` and OSError."""


def mark_of(sets: Iterable[SourceSet]) -> str:
    """What tells the files of policy sets, and what of them cannot be read, from what is there later."""
    seen = hashlib.sha256()
    for sources in sets:
        for each in sources.files:
            seen.update(repr((each.display, each.text)).encode("utf-8", "surrogatepass"))
        seen.update(repr((sources.config, [problem.in_words() for problem in sources.problems])).encode())
    return seen.hexdigest()


def several(paths: Sequence[str], sets: Sequence[SourceSet], do: str = "name") -> Problem:
    """Why paths that stand for several policy sets are not enough for one; ``do``: what to do with one of them."""
    roots = ", ".join(f"`{sources.root}`" for sources in sets)
    return Problem(", ".join(paths) or ".", f"these are {len(sets)} policy sets", f"{do} one of {roots}")


def discover(paths: Sequence[str], reader: ConfigReader = read_config) -> list[SourceSet]:
    """The policy sets that command line paths stand for, in the order of the paths.

    Without paths: the roots of the nearest config, else the folder `policies`.
    """
    named = [Path(path) for path in paths]
    if not named:
        config = nearest_config(Path.cwd())
        named = [config.parent if config else Path(DEFAULT_ROOT)]
        if config and config.parent == Path.cwd():
            named = [Path()]
    # `os.path` rather than `Path` where a place that cannot be reached must not raise but count as no folder.
    folders = [path for path in named if os.path.isdir(path)]
    files = [path for path in named if not os.path.isdir(path)]
    sets: list[SourceSet] = []
    seen: set[Path] = set()
    for folder in folders:
        for root in _roots(folder, bool(paths), reader):
            if real_path(root) not in seen:
                seen.add(real_path(root))
                sets += _folder_sets(root, seen, reader)
    if files:
        own = _read(_common_parent(files), files, reader)
        own.asked = tuple(map(str, files))
        sets.append(own)
    found = [each for each in sets if each.sources or each.oversized or each.problems]
    if found:
        return found
    where = ", ".join(str(folder) for folder in folders)
    help = f"a policy file's name ends in `{SUFFIX}`; `policylang init` writes a first one"
    return [SourceSet(Path(), Config(), (), problems=(Problem(where, f"no `{SUFFIX}` files here", help),))]


def _roots(folder: Path, asked_for: bool, reader: ConfigReader) -> list[Path]:
    """The roots that the nearest config declares at or below a folder, else the folder itself."""
    config = nearest_config(folder)
    if config is None:
        return [folder]
    try:
        declared = reader(config).roots
    except (ConfigError, OSError):
        return [folder]  # reported when the set is read
    whole = real_path(folder)
    roots = [config.parent / root for root in declared]
    is_here = whole == real_path(config.parent)
    inside = [root for root in roots if is_here or real_path(root).is_relative_to(whole)]
    if asked_for and not inside:
        return [folder]
    return [_named_root(folder, root) for root in inside] or [folder]


def _named_root(folder: Path, root: Path) -> Path:
    """A root as seen from the folder: by the name that the config gives it, also where that is a link."""
    named = os.path.relpath(root, os.path.abspath(folder))
    if os.path.realpath(folder / named) != os.path.realpath(root):  # `..` behind a link
        named = os.path.relpath(real_path(root), real_path(folder))
    return folder / named


def _folder_sets(root: Path, seen: set[Path], reader: ConfigReader) -> list[SourceSet]:
    """The set of a folder, and the sets of the folders inside it that have a config of their own."""
    files: list[Path] = []
    inner: list[Path] = []
    problems: list[Problem] = []

    def closed(error: OSError) -> None:
        problems.append(_problem(Path(str(error.filename)), error))

    visited: set[str] = set()
    for where, folders, names in os.walk(root, onerror=closed, followlinks=True):
        here = Path(where)
        real = os.path.realpath(where)
        if real in visited:  # a link leads back
            folders.clear()
            continue
        visited.add(real)
        if here != root and not set(FILE_NAMES).isdisjoint((*names, *folders)):
            folders.clear()
            inner.append(here)
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [here / name for name in names if name.endswith(SUFFIX) and not name.startswith(".")]
    sets = []
    if files or problems or not inner:
        own = _read(root, sorted(files), reader)
        own.problems = (*own.problems, *problems)
        sets.append(own)
    for folder in inner:
        for nested in _roots(folder, True, reader):
            if real_path(nested) not in seen:
                seen.add(real_path(nested))
                sets += _folder_sets(nested, seen, reader)
    return sets


def _common_parent(files: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([os.path.abspath(path.parent) for path in files]))


def _read(root: Path, files: Sequence[Path], reader: ConfigReader) -> SourceSet:
    config, base, problems = nearest_settings(root, reader)
    policies = _sources(root, files, config.limits, _text)
    beside = root if base is None or base == Path(os.path.abspath(root)) else Path(shown_path(base))
    people = directory_sources(
        root,
        [beside / file for file in config.directory],
        config.limits,
        [beside],
        config.outside(beside),
    )
    in_order = tuple(sorted(policies.sources, key=lambda source: source.name))
    oversized = (*policies.oversized, *people.oversized)
    problems += (*policies.problems, *people.problems)
    return SourceSet(root, config, in_order, oversized, tuple(problems), people.sources, (str(root),), base)


def nearest_settings(folder: Path, reader: ConfigReader = read_config) -> tuple[Config, Path | None, list[Problem]]:
    """The config in a folder or the nearest one above it, the folder where it is, and why it cannot be read."""
    path = nearest_config(folder)
    if path is None:
        return Config(), None, []
    try:
        return reader(path), path.parent, []
    except ConfigError as error:
        problem = Problem.of(shown_path(path), error.error)
    except OSError as error:
        problem = _problem(Path(shown_path(path)), error)
    return Config(), path.parent, [problem]


class _Sources(msgspec.Struct, frozen=True):
    """Files that were read, those beyond the size limit, and why others could not be read."""

    sources: tuple[Source, ...]
    oversized: tuple[Source, ...]
    problems: tuple[Problem, ...]


def directory_sources(
    root: Path, files: Iterable[Path], limits: Limits, inside: Sequence[Path], outside: Sequence[Path]
) -> _Sources:
    """Files with people, named as seen from the root of their policy set; of Parquet files the table as CSV. They lie
    ``inside`` one of some folders, or in one of those ``outside``, also where links lead: then they are foreign.
    """
    files = list(files)
    foreign = [file for file in files if not any(_lies_in(file, folder) for folder in inside)]
    refused = {file for file in foreign if not any(_lies_in(file, folder) for folder in outside)}

    def text(file: Path) -> str:
        if file in refused:
            help = f"move it there, or list its folder under `directory_outside` in `{FILE_NAME}`"
            raise UnreadableError(Problem(str(file), f"the file is outside {_folder_in_words(inside[0])}", help))
        suffix = suffix_of(file.name)
        if suffix is None:
            help = f"its name ends in {listed([f'`{each}`' for each in SUFFIXES])}"
            raise UnreadableError(Problem(str(file), "not a directory file", help))
        if suffix != PARQUET:
            return _text(file)
        read_regular(file, 0)
        try:
            return as_csv(file, limits.file_bytes)
        except ParquetError as error:
            raise UnreadableError(Problem(str(file), error.message, error.help)) from None

    found = _sources(root, files, limits, text, refused)
    for source in found.sources:
        source.foreign = Path(source.display) in foreign
    return found


def _lies_in(file: Path, folder: Path) -> bool:
    if "\0" in str(file) or "\0" in str(folder):
        return False
    return Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder))


def _folder_in_words(folder: Path) -> str:
    return "this folder" if folder == Path() else f"`{folder}`"


def _sources(
    root: Path,
    files: Iterable[Path],
    limits: Limits,
    text: Callable[[Path], str],
    refused: Collection[Path] = (),
) -> _Sources:
    sources: dict[str, Source] = {}
    oversized: list[Source] = []
    problems: list[Problem] = []
    for file in files:
        name = Path(os.path.relpath(file, root)).as_posix()
        if name in sources:
            continue
        if not is_printable(name):
            # Not UTF-8, or with line breaks: compiled JSON and messages name the file.
            shown = str(file).encode("utf-8", "backslashreplace").decode()
            problems.append(Problem(shown, "the name of the file cannot be shown", "rename it"))
            continue
        try:
            if file not in refused and file.is_file() and file.stat().st_size > limits.file_bytes:
                oversized.append(Source(name, "", str(file)))
                continue
            sources[name] = Source(name, text(file), str(file))
        except OSError as error:
            problems.append(_problem(file, error))
        except UnreadableError as error:
            problems.append(error.problem)
    return _Sources(tuple(sources.values()), tuple(oversized), tuple(problems))


class UnreadableError(Exception):
    """What is there and cannot be used."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_regular(file: Path, size: int = -1) -> bytes:
    """The content of a file, or its first ``size`` bytes. Raises OSError, also for pipes and devices, which may never
    end.
    """
    if file.exists() and not file.is_file():
        raise OSError(0, "not a regular file", str(file))
    with file.open("rb") as opened:
        return opened.read(size)


def _text(file: Path) -> str:
    return decoded(read_regular(file), str(file))


def decoded(data: bytes, shown: str) -> str:
    """The text of a policy file, without its byte order mark. Raises `UnreadableError`, which names the file as
    ``shown``, where it is not UTF-8.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"not UTF-8: the byte 0x{data[error.start]:02x} cannot be read"
        help = "save the file as UTF-8"
        raise UnreadableError(Problem(shown, message, help, line, column)) from None


def _problem(path: Path, error: OSError) -> Problem:
    if os.path.islink(path) and not os.path.exists(path):
        return Problem(str(path), "this link is broken", "correct or delete it")
    help = "check the path and its permissions"
    if isinstance(error, FileNotFoundError) and path == Path(DEFAULT_ROOT):
        help = "name the folder with the policy files, or start a policy set with `policylang init`"
    return unreadable(str(path), error, help)


def shown_path(path: Path) -> str:
    """A path as short as the user would type it."""
    shown = os.path.relpath(path)
    return str(path) if shown.startswith("..") else shown
