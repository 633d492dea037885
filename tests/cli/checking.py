"""`policylang check` in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import CliRunner, Result

from policylang.cli.main import commands

NOW = "2026-11-21T12:00:00Z"
SET = """\
timezone "UTC"
resource doc "Document" { owner : user  created : datetime  actions view, delete }
group staff "Staff" {
  grant view on doc
  grant delete on doc
}
user "dana@x" in staff
"""
"""Dana may delete everything (PL402, a warning)."""

Check = Callable[..., Result]


def policylang(*arguments: str, input: str | None = None) -> Result:
    result = CliRunner().invoke(commands, arguments, input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def findings(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def codes(result: Result) -> list[str]:
    return [each["code"] for each in findings(result)]
