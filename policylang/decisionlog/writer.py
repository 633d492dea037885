"""Writes decisions down without ever making one wait."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

log = logging.getLogger("policylang.decisionlog")

_MOST_WAITING = 10_000


class DecisionSink(Protocol):
    """Where lines go: a file, or anything that takes them, such as a queue."""

    def write(self, lines: bytes) -> None:
        """Take whole lines. Raises OSError where they cannot be taken."""
        ...

    def close(self) -> None: ...


class FileSink:
    """Lines at the end of a file, which may be moved away meanwhile: then there is a new one."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where it cannot be written to."""
        self._path = path
        self._cut = False
        self._file = self._opened()

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o640)

    def write(self, lines: bytes) -> None:
        self._follow()
        if self._cut:
            lines = b"\n" + lines  # what a full disk cut short stays a line of its own
        written = os.write(self._file, lines)
        self._cut = written < len(lines) and not lines[:written].endswith(b"\n")
        if written < len(lines):
            raise OSError(0, "not all of it could be written", str(self._path))

    def _follow(self) -> None:
        try:
            same = os.path.samestat(os.stat(self._path), os.fstat(self._file))
        except FileNotFoundError:
            same = False
        if not same:
            opened = self._opened()
            os.close(self._file)
            self._file, self._cut = opened, False

    def close(self) -> None:
        os.close(self._file)


class DecisionWriter:
    """A thread that writes what is handed over. What it cannot take or write in time is dropped, and counted."""

    def __init__(self, sink: DecisionSink, most: int = _MOST_WAITING) -> None:
        self._sink = sink
        self._waiting: queue.Queue[Callable[[], bytes | None] | None] = queue.Queue(most)
        self.dropped = 0
        self.written = 0
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="decision log", daemon=True)

    def start(self) -> Self:
        """Write from now on."""
        self._thread.start()
        return self

    def add(self, line: Callable[[], bytes | None]) -> None:
        """Hand over a decision, as what makes a line of it, or nothing. Never waits."""
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def close(self, seconds: float = 5) -> None:
        """Write what is waiting, for a while, and end."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=seconds)
        self._thread.join(seconds)
        if not self._thread.is_alive():
            self._sink.close()

    def _run(self) -> None:
        while (make := self._waiting.get()) is not None:
            try:
                line = make()
                if line is not None:
                    self._sink.write(line + b"\n")
                    self.written += 1
                    self._failing = False
            except Exception as error:  # whatever it is, the next decision is written down
                self.dropped += 1
                if not self._failing:
                    log.error("a decision could not be written down: %s", error)
                self._failing = True
