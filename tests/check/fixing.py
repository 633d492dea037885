"""What tests of fixes need."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from pathlib import Path

from policylang.check.catalogue import RULES
from policylang.check.engine import run_checks
from policylang.check.finding import Finding
from policylang.check.fix.fixes import safety_of
from policylang.check.fix.mend import Mended, mend
from policylang.project.project import Project
from tests.helpers import project

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
SAFE = [rule.code for rule in RULES if safety_of(rule.code) == "safe"]


def check_for(*codes: str) -> Callable[[Project], Iterable[Finding]]:
    def check(made: Project) -> Iterable[Finding]:
        assert made.ir is not None
        return run_checks(made.ir, NOW, codes)

    return check


def mended(text: str, *codes: str) -> Mended:
    return mend(project(text), check_for(*(codes or SAFE)), NOW)


def text_of(made: Mended | Project) -> str:
    (source,) = (made.project if isinstance(made, Mended) else made).sources.sources
    return source.text


def fixed(path: Path) -> bytes:
    """The text after all safe fixes, and what was done as comments below it."""
    found = mended(path.read_bytes().decode("utf-8"))
    lines = [f"#= {fix.code} {fix.summary}\n" for fix in found.applied]
    lines += [f"#= not: {each.fix.summary}: {each.reason}\n" for each in found.refused]
    return (text_of(found) + "".join(lines)).encode()
