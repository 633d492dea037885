"""Reports in a browser: their size, how long they take to open, and the frames while the matrix scrolls.

python -m benchmarks.bench_web
"""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import environment, table
from benchmarks.organisation import organisation, organisation_text
from policylang.agenda.agenda import agenda
from policylang.ir.nodes import PolicySet
from policylang.output.page import application, report_page
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.settings.config import Config
from policylang.source import Source
from policylang.views.build import document
from tools import web

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
_SCRIPT = Path(__file__).with_name("web.mjs")
_LARGEST = 15_000_000  # bytes of a report on 1,000 groups


def wide(groups: int, resources: int) -> str:
    """Groups with a dozen grants each, and resources with four actions each."""
    lines = [
        f'resource res_{n} "Resource {n}" {{ owner : user  sensitive rate : money  '
        "actions view, create, modify, delete }"
        for n in range(resources)
    ]
    lines.append("policy own on any resource with owner { owner is assigned user }")
    for n in range(groups):
        grants = [f"grant {'view' if k % 3 else 'all'} on res_{(n * 37 + k * 41) % resources}" for k in range(12)]
        limit = f"policy own on res_{n * 37 % resources}" if n % 3 == 0 else ""
        lines.append(f'group g_{n} "Group {n}" {{ {"  ".join([*grants, limit])} }}')
    return "\n".join(lines) + "\n"


def compiled(text: str) -> PolicySet:
    made = Project(SourceSet(Path(), Config(), (Source("set.policy", text, "set.policy"),))).ir
    assert made is not None
    return made


def page(policy_set: PolicySet) -> bytes:
    """The report, but for findings, which take no part in the matrix."""
    made = document(Index(policy_set), NOW, agenda=agenda(policy_set, NOW, 365))
    return report_page(application(), [made])


def measured(reports: list[Path]) -> list[dict[str, float]]:
    modules = web.installed()
    web.built()
    node = shutil.which("node") or "node"
    executable, *carrier = [*web.browser(), ""]
    command = [node, str(_SCRIPT), str(modules), executable, carrier[0], *map(str, reports)]
    found: list[dict[str, float]] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def row(name: str, report: Path, seen: dict[str, Any]) -> list[str]:
    size = f"{report.stat().st_size / 1e6:.1f}"
    return [name, size, f"{seen['opened'] / 1000:.1f}", *(f"{seen[each]:.0f}" for each in ("median", "most", "worst"))]


def main() -> int:
    """Measure; 1 where the report on 1,000 groups is too large."""
    web.built()
    sets = {
        "1,000 groups, 5,000 users": organisation_text(organisation(1000)),
        "5,000 groups by 2,000 actions": wide(5000, 500),
    }
    with tempfile.TemporaryDirectory() as name:
        reports = [Path(name) / f"{number}.html" for number in range(len(sets))]
        for report, text in zip(reports, sets.values(), strict=True):
            report.write_bytes(page(compiled(text)))
        print(environment())
        header = ["report", "MB", "s until it is there", "ms a frame, median", "95%", "worst"]
        print(table(header, [row(*each) for each in zip(sets, reports, measured(reports), strict=True)]))
        return int(reports[0].stat().st_size > _LARGEST)


if __name__ == "__main__":
    sys.exit(main())
