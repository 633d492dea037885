"""The language server as an editor meets it: a session of 500 keystrokes, a large set, and memory over many edits.

python -m benchmarks.bench_editor [EDITS]   # as many edits for the memory, 10,000 unless said
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.generate import access, groups
from benchmarks.measure import environment, table
from tests.editor.client import Client

POLICIES = Path(__file__).parents[1] / "policies"
GROUPS = 7_500
"""About 70,000 lines."""
KEYSTROKES = 500

SESSION = """
# Covers the night shift until somebody is hired.
role night_guard "Night guard" {
  portal staff
  role guard
  grant view on site
  grant view, create on report because "writes the log"
}
policy this_month "This month" on report { site is present and not (site is missing) }
user "night@patrol.test" "Nina" {
  assign role night_guard from 2026-01-01 until 2026-12-31 because "covers the night shift"
}
deny delete on report { site is missing }
"""
"""What is typed, a character at a time, at the end of a file."""


def typed(count: int) -> str:
    return (SESSION * (count // len(SESSION) + 1))[:count]


def nearly(sorted_times: list[float]) -> float:
    """What 95 of 100 stay below, in milliseconds."""
    return sorted_times[int(len(sorted_times) * 0.95)] * 1000


def timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def row(what: str, times: list[float], wanted: str) -> tuple[str, ...]:
    times = sorted(times)
    return what, f"{times[len(times) // 2] * 1000:,.1f}", f"{nearly(times):,.1f}", f"{times[-1] * 1000:,.1f}", wanted


def session(client: Client, name: str, text: str, keys: str, proofs_every: int) -> list[list[float]]:
    """Times to the mistakes in the sources, to all findings, and of completions. Findings are waited for each so many
    keystrokes, or never.
    """
    sources, proofs, completions = [], [], []
    line = text.count("\n")
    character = len(text) - (text.rfind("\n") + 1)
    for number, key in enumerate(keys):
        where = {"line": line, "character": character}
        begin = time.perf_counter()
        client.change(name, key, {"start": where, "end": where})
        client.request("policylang/settled", sources=True)
        sources.append(time.perf_counter() - begin)
        line, character = (line + 1, 0) if key == "\n" else (line, character + 1)
        if number % 3 == 0:
            at = {"line": line, "character": character}
            completions.append(timed(lambda at=at: client.ask("completion", name, position=at)))
        if proofs_every and number % proofs_every == 0:
            client.request("policylang/settled")
            if number % 3:
                proofs.append(time.perf_counter() - begin)
    return [sources, proofs, completions]


def first_diagnostics(folder: Path, name: str) -> float:
    """From starting the program to the first diagnostics of a file with a mistake in it."""
    begin = time.perf_counter()
    with Client(folder) as client:
        client.open(name, "role broken {\n")
        client.wait_for(lambda: client.diagnostics)
        return time.perf_counter() - begin


def cpu(client: Client) -> float:
    """The CPU time that the server has taken, in seconds."""
    fields = Path(f"/proc/{client.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(client: Client) -> float:
    """What the server has resident, in MiB."""
    status = Path(f"/proc/{client.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def small(folder: Path) -> str:
    shutil.copytree(POLICIES / "tracktik", folder / "tracktik")
    root = folder / "tracktik"
    starts = [first_diagnostics(root, "roles.policy") for _ in range(5)]
    text = (root / "roles.policy").read_text(encoding="utf-8")
    with Client(root) as client:
        client.open("roles.policy")
        client.request("policylang/settled")
        before = cpu(client)
        sources, proofs, completions = session(client, "roles.policy", text, typed(KEYSTROKES), 5)
        each = (cpu(client) - before) / KEYSTROKES
    rows = table(
        (f"policies/tracktik, {KEYSTROKES} keystrokes", "median ms", "p95 ms", "most ms", "target p95"),
        [
            row("keystroke to mistakes in the sources", sources, "50"),
            row("keystroke to all findings", proofs, "300"),
            row("completion", completions, "20"),
            row("start to first diagnostics", starts, "1,000"),
        ],
    )
    return f"{rows}\n\n{each * 1000:.0f} ms of CPU for a keystroke, with what was proved between them"


def large(folder: Path) -> str:
    root = folder / "large"
    root.mkdir()
    (root / "policylang.yaml").write_text('roots: ["."]\nlimits: {words: 10000000, file_bytes: 100000000}\n')
    text = access(groups(GROUPS))
    (root / "all.policy").write_text(text, encoding="utf-8")
    with Client(root) as client:
        client.open("all.policy")
        client.request("policylang/settled", sources=True)
        before = cpu(client)
        sources, _, completions = session(client, "all.policy", text, typed(12), 0)
        each = (cpu(client) - before) / len(sources)
    lines = text.count("\n")
    return (
        table(
            (f"{GROUPS:,} groups, {lines:,} lines in one file", "median ms", "p95 ms", "most ms", "target p95"),
            [row("keystroke to mistakes in the sources", sources, "1,500"), row("completion", completions, "100")],
        )
        + f"\n\n{each:.2f} s of CPU for a keystroke, with what was proved between them"
    )


def many(folder: Path, edits: int) -> str:
    shutil.copytree(POLICIES / "quickstart", folder / "quickstart")
    root = folder / "quickstart"
    text = (root / "company.policy").read_text(encoding="utf-8")
    rows = []
    with Client(root) as client:
        client.open("company.policy")
        line = text.count("\n")
        for number in range(1, edits + 1):
            start, end = {"line": line, "character": 0}, {"line": line, "character": number % 2}
            client.change(
                "company.policy", "" if number % 2 == 0 else "r", {"start": start, "end": start if number % 2 else end}
            )
            client.request("policylang/settled", sources=True)
            if number in (edits // 10, edits // 2, edits):
                client.request("policylang/settled")
                rows.append((f"{number:,}", f"{memory(client):,.0f}"))
    return table(("edits", "resident MiB"), rows)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) == 2 else 10_000
    print(f"The language server over standard streams; {environment()}\n")
    with tempfile.TemporaryDirectory() as name:
        print(f"{small(Path(name))}\n", flush=True)
        print(f"{large(Path(name))}\n", flush=True)
        print(f"{many(Path(name), count)}\n", flush=True)
