"""Pairs of policy files compared at one instant, in each format."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from pathlib import Path

import click

from policylang.diff.compare import compare
from policylang.diff.report import Comparison, Report, SetReport
from policylang.ir.nodes import PolicySet
from policylang.output import comparison as text
from policylang.output import comparison_markdown
from policylang.text.readable import json_bytes
from tests.helpers import TESTS, compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
CASES = TESTS / "diff" / "cases"


def old_of(new: Path) -> Path:
    """The old side of a case."""
    return new.with_name(new.name.replace(".new.", ".old."))


def is_same(old: PolicySet, new: PolicySet, now: datetime.datetime) -> bool:
    """Whether it is proved that nothing differs from ``now`` on: for any record and request, complete or not, and for
    whoever is, or may be, a user, in a group or given a role. What `compare` only notes counts as well.
    """
    found = compare(old, new, now)
    return found.same_access and not found.notes


def as_set(report: Report, name: str = "", old: str | None = "old.policy", new: str | None = "new.policy") -> SetReport:
    parts = {field: getattr(report, field) for field in Report.__struct_fields__}
    return SetReport(name=name, old=old, new=new, same_access=report.same_access, **parts)


def comparison(*sets: SetReport) -> Comparison:
    return Comparison(old="old", new="new", now=NOW, fail_on=None, failed=False, sets=sets, unused=())


@functools.cache
def compared(new: Path) -> Comparison:
    """What the command finds for a case."""
    old = old_of(new)
    report = compare(compiled(old.read_text(encoding="utf-8")), compiled(new.read_text(encoding="utf-8")), NOW)
    return comparison(as_set(report, "", old.name, new.name))


def _text(found: Comparison) -> bytes:
    def path(set_: SetReport, is_new: bool) -> str | None:
        return set_.new if is_new else set_.old

    return click.unstyle("".join(f"{line}\n" for line in text.render(found, path))).encode()


FORMATS: dict[str, Callable[[Comparison], bytes]] = {
    ".txt": _text,
    ".json": json_bytes,
    ".md": lambda found: comparison_markdown.render(found).encode(),
}


def rendered(ending: str) -> Callable[[Path], bytes]:
    return lambda path: FORMATS[ending](compared(path))
