"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def refuse_read_only(path: Path) -> None:
    """Raises PermissionError for a file that is not to be written: replacing it would need no more than a folder that
    can be.
    """
    if not (path.stat().st_mode & _WRITABLE and os.access(path, os.W_OK)):
        raise PermissionError(errno.EACCES, "is read-only", str(path))


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that at every moment it has its old content or all of the new one.

    Follows links; keeps the permissions of a file that is replaced; writes straight to what is no regular file, such
    as a pipe or ``/dev/null``. Raises OSError, and leaves nothing behind then.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(21, "is a directory", str(path))
    if target.exists() and not target.is_file():
        with target.open("wb") as device:
            device.write(data)
        return
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        if target.exists():
            with contextlib.suppress(PermissionError):  # only root may give files to others
                os.chown(temporary, target.stat().st_uid, target.stat().st_gid)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
