"""The one door for inputs: files, folders and archives, bounded in number and size, as text with its origin."""

from __future__ import annotations

import codecs
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeVar

import msgspec

from policylang.diagnostics import reason, visible
from policylang.directory.csv_rows import CsvRow, rows
from policylang.directory.problems import UnreadableTextError
from policylang.importing.origins import FILE_NAME, read_manifest
from policylang.project.discovery import Problem, UnreadableError, read_regular
from policylang.source import Source
from policylang.text.characters import is_printable

Read = TypeVar("Read")

_ARCHIVE = ".zip"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Bounds(msgspec.Struct, frozen=True):
    """How much is read."""

    file_bytes: int = 64 * 1024 * 1024
    all_bytes: int = 256 * 1024 * 1024
    files: int = 20_000
    depth: int = 30


BOUNDS = Bounds()


class InputFile(msgspec.Struct, frozen=True, dict=True):
    """A file. ``path``: what origins call it, with forward slashes and the same on every machine. ``there``: where it
    lies; of a member of an archive, where that does.
    """

    path: str
    data: bytes
    there: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        return os.path.splitext(self.name)[1].lower()

    def text(self) -> str:
        """Unicode by its byte order mark, else UTF-8, else the Latin-1 of Windows; without the mark."""
        if self.data.startswith(_UTF_16):
            return self.data.decode("utf-16", "replace")
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
        try:
            return self.data.decode("cp1252")
        except UnicodeDecodeError:
            return self.data.decode("latin-1")

    def once(self, read: Callable[[str], Read]) -> Read:
        """What something reads of the text, which is read again only in a file with another text."""
        known: dict[Any, Any] = self.__dict__.setdefault("read", {})
        if read not in known:
            known[read] = read(self.text())
        found: Read = known[read]
        return found

    def source(self) -> Source:
        """The text with its places, for readers that tell them."""
        return Source(self.path, self.text())


class Inputs(msgspec.Struct, frozen=True):
    """The files of one import, by their paths."""

    files: tuple[InputFile, ...]


class NotThisError(ValueError):
    """The inputs, or one of them, are not of the format."""

    def __init__(self, path: str, message: str, help: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(path, message, help, line, column)


def csv_rows(source: Source, separator: str = ",") -> Iterator[CsvRow]:
    """The rows of a text as CSV. Raises `NotThisError`."""
    try:
        yield from rows(source, separator)
    except UnreadableTextError as error:
        line, column = source.position(error.start)
        raise NotThisError(source.name, error.message, error.help or "fix it", line, column) from None


def read_inputs(paths: Sequence[str], suffixes: Sequence[str], bounds: Bounds = BOUNDS) -> Inputs:
    """Read what is named. Of folders and archives the files whose names end in one of the suffixes; whatever else is
    named is read as it is. Raises `UnreadableError`.
    """
    names = _names(paths)
    found: dict[str, InputFile] = {}
    total = 0
    for path, name in zip(paths, names, strict=True):
        for each in _read(Path(path), name, suffixes, bounds):
            total += len(each.data)
            if len(found) >= bounds.files:
                _refuse(path, f"there are more than {bounds.files:,} files", "import parts of it")
            if total > bounds.all_bytes:
                _refuse(path, f"all files together have more than {bounds.all_bytes:,} bytes", "import parts of it")
            if not is_printable(each.path):
                _refuse(visible(each.path), "the name of the file cannot be shown", "rename it")
            if each.path in found:
                _refuse(path, f"there are two files called `{each.path}`", "rename one of the two")
            found[each.path] = each
    return Inputs(tuple(found[path] for path in sorted(found)))


def _names(paths: Sequence[str]) -> list[str]:
    """What origins begin with: the last part of each path, or as much as tells them apart."""
    parts = [Path(os.path.abspath(path)).parts for path in paths]
    found = []
    for own in parts:
        length = 1
        while length < len(own) and sum(other[-length:] == own[-length:] for other in set(parts)) > 1:
            length += 1
        found.append("/".join(own[-length:]))
    return found


def _read(path: Path, name: str, suffixes: Sequence[str], bounds: Bounds) -> Iterator[InputFile]:
    if path.is_dir():
        yield from _folder(path, suffixes, bounds)
        return
    data = _file(path, bounds)
    suffix = path.suffix.lower()
    if suffix == _ARCHIVE and suffix not in suffixes:
        yield from _archive(path, name, suffixes, bounds)
    else:
        yield InputFile(name, data, str(path))


def _file(path: Path, bounds: Bounds) -> bytes:
    try:
        data = read_regular(path, bounds.file_bytes + 1)
    except OSError as error:
        _refuse(str(path), f"cannot be read: {reason(error)}", "check the path")
    if len(data) > bounds.file_bytes:
        _refuse(str(path), f"the file is larger than {bounds.file_bytes:,} bytes", "split it")
    return data


def _folder(folder: Path, suffixes: Sequence[str], bounds: Bounds) -> Iterator[InputFile]:
    """Files in a folder and below, without hidden ones and what an import wrote; links to folders are not followed."""

    def unreadable(error: OSError) -> None:
        _refuse(str(error.filename), f"cannot be read: {reason(error)}", "check the path")

    for where, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(Path(where).relative_to(folder).parts) > bounds.depth:
            _refuse(where, "nested too deeply", "import the folder inside")
        if FILE_NAME in names and read_manifest(Path(where)) is not None:
            folders.clear()
            continue
        for name in sorted(names):
            path = Path(where, name)
            if name.startswith(".") or not name.lower().endswith(tuple(suffixes)):
                continue
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
                _refuse(str(path), "a link leads outside the folder", "name the file itself, or put a copy there")
            if not path.exists():
                _refuse(str(path), "a link leads to nothing", "delete it, or put the file there")
            yield InputFile(path.relative_to(folder).as_posix(), _file(path, bounds), str(path))


def _archive(path: Path, name: str, suffixes: Sequence[str], bounds: Bounds) -> Iterator[InputFile]:
    """Files of a ZIP archive. What its directory says of their sizes is not believed."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > bounds.files:
                _refuse(str(path), f"there are more than {bounds.files:,} files in it", "import parts of it")
            left = bounds.all_bytes
            for member in sorted(members, key=lambda each: each.filename):
                inner = PurePosixPath(member.filename)
                if inner.is_absolute() or ".." in inner.parts or "\\" in member.filename:
                    _refuse(str(path), f"the path `{visible(member.filename)}` in it leads outside", "create it again")
                if member.is_dir() or any(part.startswith(".") for part in inner.parts):
                    continue
                if not member.filename.lower().endswith(tuple(suffixes)):
                    continue
                if member.flag_bits & 1:
                    _refuse(str(path), f"`{visible(member.filename)}` in it is encrypted", "unpack it first")
                most = min(bounds.file_bytes, left)
                with archive.open(member) as opened:
                    data = opened.read(most + 1)
                if len(data) > most:
                    _refuse(str(path), f"`{visible(member.filename)}` in it is too large", "import parts of it")
                left -= len(data)
                yield InputFile(f"{name}/{inner.as_posix()}", data, str(path))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as error:
        _refuse(str(path), f"the archive cannot be read: {str(error).lower()}", "create it again")


def _refuse(path: str, message: str, help: str) -> NoReturn:
    raise UnreadableError(Problem(path, message, help))
