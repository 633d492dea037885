"""Writing files and folders whole or not at all: what every command writes with."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_NOT_EMPTY = (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES)  # the last on Windows, for empty ones too
_UNFINISHED = ".policylang-new"
_LINUX_HERE, _LINUX_EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)
_MACOS_SWAP = 2  # RENAME_SWAP of renamex_np(2)


class StaleFileError(OSError):
    """A file is not as it was read: somebody has changed it since."""


class LinkError(OSError):
    """The place to write to lies outside of the folder that it is named in: a link leads there."""


def refuse_read_only(path: Path) -> None:
    """Raises PermissionError for a file that is not to be written: replacing it would need no more than a folder that
    can be.
    """
    if not (path.stat().st_mode & _WRITABLE and os.access(path, os.W_OK)):
        raise PermissionError(errno.EACCES, "is read-only", str(path))


def write_atomically(path: Path, data: bytes, *, before: bytes | None = None) -> None:
    """Write a file so that at every moment it has its old content or all of the new one.

    Follows links, and keeps owner, permissions and extended attributes of a file that is replaced, as far as the system
    lets it; writes straight to what is no regular file, such as a pipe or ``/dev/null``. ``before``: the content that
    is to be replaced; raises `StaleFileError` where the file has another one by now. Raises OSError, and leaves nothing
    behind then.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a directory", str(path))
    if _is_device(path):
        with path.open("wb") as device:
            device.write(data)
        return
    target = Path(os.path.realpath(path))
    with _made_beside(target) as new:
        _write(new, data)
        if target.exists():
            _take_over(target, new)
        if before is not None and target.read_bytes() != before:
            raise StaleFileError(errno.ESTALE, "has changed since it was read", str(path))
        os.replace(new, target)


def write_folder(folder: Path, files: Mapping[str, bytes], *, replace: bool = False) -> None:
    """Write a folder so that it has all files or, after an error, what it had before. It must be new or empty.

    With ``replace`` it may be there, and what was in it is gone afterwards. At every moment the old folder or the new
    one is there, where the system can exchange two folders in one step (Linux and macOS, on most file systems);
    elsewhere there is none for an instant.
    """
    folder = Path(os.path.realpath(folder))
    if folder.exists():
        refuse_read_only(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _made_beside(folder) as new:
        new.mkdir()
        for name, content in files.items():
            target = new / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, content)
        if folder.exists():
            _take_over(folder, new)
        try:
            os.replace(new, folder)  # takes the place of an empty one
            return
        except OSError as error:
            if not replace or error.errno not in _NOT_EMPTY:
                raise
        if not _exchange(new, folder):
            old = new.with_name("old")
            os.replace(folder, old)
            try:
                os.replace(new, folder)
            except BaseException:
                os.replace(old, folder)
                raise


def refuse_link_out(path: Path) -> None:
    """Raises `LinkError` where a link on the way to a file leads out of the folder that the file is named in: the
    checkout around it, the current folder, or the folder that it lies in. Links come with a checkout, from whoever
    proposes a change.
    """
    named = Path(os.path.abspath(path))
    if _is_device(path) or named.is_relative_to("/dev") or named.is_relative_to("/proc"):
        return
    around = _checkout(named) or (Path.cwd() if named.is_relative_to(Path.cwd()) else named.parent)
    if not _real(named).is_relative_to(_real(around)):
        raise LinkError(errno.ELOOP, f"a link leads outside `{around}`", str(path))


def _checkout(named: Path) -> Path | None:
    """The innermost checkout around a path, without those that only a link of another one leads to."""
    found: Path | None = None
    for folder in reversed(named.parents):
        if os.path.lexists(folder / ".git") and (found is None or _real(folder).is_relative_to(_real(found))):
            found = folder
    return found


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _take_over(old: Path, new: Path) -> None:
    """Give the new file or folder what the old one has beside its content. Some of it takes root."""
    there = old.stat()
    try:
        os.chown(new, there.st_uid, there.st_gid)
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.chown(new, -1, there.st_gid)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(old):
                os.setxattr(new, name, os.getxattr(old, name))
    os.chmod(new, stat.S_IMODE(there.st_mode))


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two files or folders in one step; ``False`` where the system cannot."""
    names = os.fsencode(one), os.fsencode(other)
    system: str = sys.platform
    with contextlib.suppress(AttributeError):  # an old system library
        if system == "linux":
            renamed = ctypes.CDLL(None).renameat2(_LINUX_HERE, names[0], _LINUX_HERE, names[1], _LINUX_EXCHANGE)
            return bool(renamed == 0)
        if system == "darwin":
            return bool(ctypes.CDLL(None).renamex_np(*names, _MACOS_SWAP) == 0)
    return False


@contextlib.contextmanager
def _made_beside(target: Path) -> Iterator[Path]:
    """A path on the same file system at which new content can be made. It is gone at the end, and so is what an
    earlier run for the same target left behind when it was killed.
    """
    prefix = f".{target.name[:100]}."
    with _at_work(target.parent, prefix):
        made = Path(tempfile.mkdtemp(prefix=prefix, suffix=_UNFINISHED, dir=target.parent))
        try:
            yield made / "new"
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def _at_work(folder: Path, prefix: str) -> Iterator[None]:
    """Keeps others from cleaning up in a folder, and cleans up first where nobody is at work in it. A lock goes with
    the process that holds it.
    """
    if sys.platform == "win32":
        yield
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody holds it, or the file system has no locks
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for left in folder.iterdir():
                    if left.name.startswith(prefix) and left.name.endswith(_UNFINISHED):
                        shutil.rmtree(left, ignore_errors=True)
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
