"""A server that ends when the process that started it does, however that ends."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The end of the standard input is the end of who holds its other side.
_GUARD = """
stop=$1 folder=$2
shift 2
exec 3<&0
"$@" 3<&- &
server=$!
(cat <&3 >/dev/null; kill -s "$stop" "$server") &
guard=$!
wait "$server"
kill "$guard"
cd / && rm -rf "$folder"
"""


class Server:
    """``stop``: the name of the signal that ends it. ``folder`` is removed in the end. ``user``: see `subprocess`."""

    def __init__(self, command: Sequence[str], stop: str, folder: Path, **user: Any) -> None:
        self._log, name = tempfile.mkstemp()
        Path(name).unlink()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", stop, str(folder), *command],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            **user,
        )

    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    def log(self, begin: int = 0) -> str:
        """What it wrote, from a byte on."""
        return os.pread(self._log, max(self.written() - begin, 0), begin).decode(errors="replace")

    def written(self) -> int:
        """How many bytes it wrote."""
        return os.fstat(self._log).st_size

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        os.close(self._log)
