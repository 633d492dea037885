"""Directory files and, in a file beside each, what comes of them: the report, or the compiled people.

python -m tests.directory.pairs    rewrites the expected files; read the difference before committing
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from policylang.output import text
from policylang.pipelines.findings import collect
from tests.directory.helpers import HERE, with_people


def inputs() -> Iterator[Path]:
    for folder in ("errors", "people"):
        yield from (path for path in sorted((HERE / folder).iterdir()) if path.suffix != ".expected")


def expected_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.expected")


def actual(path: Path) -> str:
    """The report for a file in `errors`, else the users who come from the file."""
    project = with_people({path.name: path.read_bytes().decode("utf-8")})
    if path.parent.name == "errors":
        assert project.ir is None
        return click.unstyle("\n".join(text.render(collect([project])))) + "\n"
    assert project.diagnostics == ()
    assert project.ir is not None
    users = [msgspec.to_builtins(user) for user in project.ir.users if user.at.startswith(path.name)]
    return json.dumps(users, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for each in inputs():
        expected_path(each).write_text(actual(each), encoding="utf-8")
