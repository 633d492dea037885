"""Baselines that commands are given."""

from __future__ import annotations

from pathlib import Path

from policylang.check.suppress.baseline import Baseline, BaselineError, read_baseline
from policylang.cli.terminal import stop
from policylang.project.discovery import Problem, read_regular, unreadable


def given_baseline(path: str) -> Baseline:
    """The baseline in a file; ends the command where there is none."""
    try:
        return read_baseline(read_regular(Path(path)))
    except OSError as error:
        help = "write it with `--write-baseline`"
        stop(unreadable(path, error, help))
    except BaselineError as error:
        stop(Problem(path, f"this is not a baseline: {error}", "write it again with `--write-baseline`"))
