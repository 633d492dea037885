"""Output is there whole, or there is an error."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import NOW, Run


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["compile", "p"],
        ["schema", "ir"],
        ["check", "p", "--now", NOW, "--format", "sarif"],
        ["check", "p", "--now", NOW, "--format", "json"],
        ["explain", "PL301"],
        ["--help"],
        ["test", "p", "--format", "junit"],
        ["who-can", "view", "doc", "--policies", "p", "--now", NOW],
    ],
    ids=" ".join,
)
def test_output_that_does_not_fit_is_an_error(folder: Path, run: Run, unbuffered: str, arguments: list[str]) -> None:
    """The room is that of a full disk, and of one on which a part fits."""
    settings = {"env": {"PYTHONUNBUFFERED": unbuffered}}
    whole = run(*arguments, **settings).stdout

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) // 2, len(whole) // 2))

    for device, limit in (("/dev/full", None), ("cut", little_room)):
        with Path(device).open("wb") as output:
            done = run(*arguments, stdout=output, stderr=subprocess.PIPE, preexec_fn=limit, **settings)
        assert done.returncode == 2
        assert b"error: cannot write the output: " in done.stderr


def test_standard_error_that_takes_nothing(folder: Path, run: Run) -> None:
    with Path("/dev/full").open("wb") as nowhere:
        for arguments in (["check", "gone"], ["check", "--nonsense"], ["compile", "p", "-o", "gone/x"]):
            done = run(*arguments, stdout=nowhere, stderr=nowhere)
            assert done.returncode == 2
