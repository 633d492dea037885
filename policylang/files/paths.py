"""Where paths lead."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: str | os.PathLike[str]) -> Path:
    """Where a path leads. Links in circles lead to themselves: `Path.resolve` raises an error of its own for them, but
    whoever opens such a path gets one that says what is wrong.
    """
    return Path(os.path.realpath(path))
