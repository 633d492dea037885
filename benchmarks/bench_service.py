"""Load on the service beside Cerbos, both over HTTP on loopback: the groups and requests of the decision benchmark.

    python -m benchmarks.bench_service [GROUPS] [SECONDS]

Needs `wrk` on PATH and the Cerbos that `python -m tools.engines` brings. Both have to agree about the requests that are
compared first, or it fails. Clients and servers share the machine, so what counts is requests per CPU second of the
server's processes; what came through in a second is printed beside it.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.bench_decide import compile_groups
from benchmarks.engines.workload import requests
from benchmarks.generate import Group, groups
from benchmarks.measure import environment, table
from tools.engines import CERBOS, installed

COMPARED = 500
BODIES = 2_000
BATCH = 50
CONNECTIONS = 16
ROUNDS = 5
HEADER = ("server", "asks", "decisions a CPU second", "decisions a second", "p50 ms", "p99 ms")
_HERTZ = os.sysconf("SC_CLK_TCK")

_LUA = """
local bodies = {}
for line in io.lines("FILE") do bodies[#bodies + 1] = line end
local n, step = 0, 0
function init(args) n = math.random(#bodies) end
function request()
  n = n % #bodies + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, bodies[n])
end
DELAY
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Server(NamedTuple):
    """A server under load: where each kind of request goes, and how one is written."""

    name: str
    process: subprocess.Popen[bytes]
    one: str
    several: str
    write: Callable[[Asked], Any]
    write_several: Callable[[Sequence[Asked]], Any]
    read: Callable[[Any], bool]


class Asked(NamedTuple):
    """A request in JSON's terms."""

    user: str
    group: str
    action: str
    resource: str
    record: dict[str, Any]


def asked(of: Sequence[Group], count: int) -> list[Asked]:
    """The requests of the decision benchmark, as if they came now."""
    now = datetime.datetime.now(datetime.UTC)
    group_of = {group.user: group.name for group in of}
    found = []
    for each in requests(of, count):
        record = {
            name: (now + (value - each.now)).isoformat() if isinstance(value, datetime.datetime) else value
            for name, value in each.record.items()
        }
        found.append(Asked(each.user, group_of[each.user], each.action, each.resource, record))
    return found


def batches(of: Sequence[Asked]) -> list[list[Asked]]:
    """Requests of one user for one kind of record, as a page of a list asks."""
    return [
        [first, *(each for each in [*of[n + 1 :], *of[:n]] if each.resource == first.resource)][:BATCH]
        for n, first in enumerate(of[:200])
    ]


# --- policylang ------------------------------------------------------------------------------------------------------


@contextmanager
def ours(folder: Path, of: Sequence[Group]) -> Iterator[Server]:
    """``policylang serve``, as it comes."""
    (folder / "set.json").write_bytes(compile_groups(len(of)))
    port = free_port()
    command = [sys.executable, "-m", "policylang", "serve", str(folder / "set.json"), "--port", str(port)]
    with running(command, f"http://127.0.0.1:{port}/readyz") as process:
        base = f"http://127.0.0.1:{port}/access/v1/evaluation"
        yield Server(
            "policylang", process, base, f"{base}s", _evaluation, _evaluations, lambda answer: bool(answer["decision"])
        )


def _evaluation(each: Asked) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": each.user},
        "action": {"name": each.action},
        "resource": {"type": each.resource, "id": "1", "properties": each.record},
    }


def _evaluations(several: Sequence[Asked]) -> dict[str, Any]:
    first = several[0]
    return {
        "subject": {"type": "user", "id": first.user},
        "action": {"name": first.action},
        "evaluations": [
            {"resource": {"type": first.resource, "id": str(n), "properties": each.record}}
            for n, each in enumerate(several)
        ],
    }


# --- Cerbos ----------------------------------------------------------------------------------------------------------


@contextmanager
def cerbos(folder: Path, of: Sequence[Group]) -> Iterator[Server]:
    """Cerbos with the same permissions: a rule for each grant of a group, which is a role of the principal."""
    policies = folder / "policies"
    policies.mkdir()
    for name, text in cerbos_policies(of).items():
        (policies / f"{name}.json").write_text(text)
    port = free_port()
    config = {
        "server": {"httpListenAddr": f"127.0.0.1:{port}", "grpcListenAddr": f"127.0.0.1:{free_port()}"},
        "storage": {"driver": "disk", "disk": {"directory": str(policies), "watchForChanges": False}},
        "telemetry": {"disabled": True},
    }
    (folder / "cerbos.yaml").write_text(json.dumps(config))
    command = [str(installed(CERBOS)), "server", f"--config={folder / 'cerbos.yaml'}", "--log-level=error"]
    with running(command, f"http://127.0.0.1:{port}/_cerbos/health") as process:
        address = f"http://127.0.0.1:{port}/api/check/resources"
        yield Server("Cerbos", process, address, address, _check, _check_several, _answer)


def cerbos_policies(of: Sequence[Group]) -> dict[str, str]:
    """A policy for each resource, as JSON."""
    rules: dict[str, list[dict[str, Any]]] = {}
    for group in of:
        for grant in group.grants:
            rule: dict[str, Any] = {"actions": list(grant.actions), "effect": "EFFECT_ALLOW", "roles": [group.name]}
            if grant.limit is not None:
                rule["condition"] = {"match": {"expr": _expression(grant.limit)}}
            rules.setdefault(grant.resource, []).append(rule)
    denied = '!has(R.attr.status) || R.attr.status == "active"'
    rules["customer"].append(
        {"actions": ["delete"], "effect": "EFFECT_DENY", "roles": ["*"], "condition": {"match": {"expr": denied}}}
    )
    return {
        resource: json.dumps(
            {
                "apiVersion": "api.cerbos.dev/v1",
                "resourcePolicy": {"version": "default", "resource": resource, "rules": rules[resource]},
            }
        )
        for resource in rules
    }


def _expression(limit: str | int) -> str:
    if limit == "own":
        return "R.attr.sales_rep == P.id"
    created = "timestamp(R.attr.created)"
    return f'{created} <= now() && {created} >= now() - duration("{int(limit) * 24}h")'


def _check(each: Asked) -> dict[str, Any]:
    return _check_several([each])


def _check_several(several: Sequence[Asked]) -> dict[str, Any]:
    first = several[0]
    return {
        "requestId": "1",
        "principal": {"id": first.user, "roles": [first.group]},
        "resources": [
            {"actions": [first.action], "resource": {"kind": first.resource, "id": str(n), "attr": each.record}}
            for n, each in enumerate(several)
        ],
    }


def _answer(answer: Any) -> bool:
    return set(answer["results"][0]["actions"].values()) == {"EFFECT_ALLOW"}


# --- load ------------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(command: Sequence[str], ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from when it is ready until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(ready, timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, f"{command[0]} has ended"
                time.sleep(0.1)
        else:
            raise AssertionError(f"{command[0]} is not ready after a minute")
        yield process
    finally:
        process.terminate()
        process.wait(30)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """What a server has used so far, threads and all."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _HERTZ


def post(address: str, content: Any) -> Any:
    asked = urllib.request.Request(address, json.dumps(content).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


class Loaded(NamedTuple):
    """What a server did under load for some seconds."""

    decisions: int
    cpu_seconds: float
    seconds: float
    p50_ms: float
    p99_ms: float


def load(server: Server, bodies: Sequence[Any], each: int, folder: Path, seconds: int, delay_ms: int = 0) -> Loaded:
    """Some seconds of requests, ``each`` decisions in one. Fails if one of them was not answered with 200."""
    file = folder / "bodies"
    file.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    delay = f"function delay() return {delay_ms} end" if delay_ms else ""
    script = folder / "load.lua"
    script.write_text(_LUA.replace("FILE", str(file)).replace("DELAY", delay))
    address = server.one if each == 1 else server.several
    wrk = ["wrk", "--latency", "--timeout=30s", "-t1", f"-c{CONNECTIONS}", "-s", str(script)]
    subprocess.run([*wrk, "-d1s", address], check=True, capture_output=True)
    before = cpu_seconds(server.process)
    run = subprocess.run([*wrk, f"-d{seconds}s", address], check=True, capture_output=True, text=True)
    used = cpu_seconds(server.process) - before
    found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$", run.stdout, re.MULTILINE)
    assert found is not None, run.stdout
    count, microseconds, p50, p99, errors = map(int, found.groups())
    assert not errors, f"{errors} requests failed: {run.stdout}"
    return Loaded(count * each, used, microseconds / 1e6, p50 / 1000, p99 / 1000)


def in_turns(of: Sequence[Server], asks: Sequence[Asked], each: int, folder: Path, seconds: int) -> list[list[Loaded]]:
    """What each server did in each round, one after the other: what slows the machine slows them all."""
    pages = batches(asks)
    bodies = [[s.write(one) for one in asks] if each == 1 else [s.write_several(page) for page in pages] for s in of]
    rounds = [[load(server, bodies[n], each, folder, seconds) for n, server in enumerate(of)] for _ in range(ROUNDS)]
    return [list(one) for one in zip(*rounds, strict=True)]


def row(name: str, asks: str, of: Sequence[Loaded]) -> tuple[str, ...]:
    decisions = sum(each.decisions for each in of)
    return (
        name,
        asks,
        f"{decisions / sum(each.cpu_seconds for each in of):,.0f}",
        f"{decisions / sum(each.seconds for each in of):,.0f}",
        f"{median(each.p50_ms for each in of):.2f}",
        f"{median(each.p99_ms for each in of):.2f}",
    )


def times(of: Sequence[Sequence[Loaded]]) -> float:
    """How many times as many decisions a CPU second the first makes, in the median round."""
    rates = [[each.decisions / each.cpu_seconds for each in one] for one in of]
    return float(median(one / other for one, other in zip(*rates, strict=True)))


def run(count: int, seconds: int) -> None:
    """Print everything."""
    assert shutil.which("wrk"), "there is no `wrk`: install the package of that name"
    of = groups(count)
    singles = asked(of, BODIES)
    print(f"{environment()}; {count:,} groups; {CONNECTIONS} connections; {ROUNDS} rounds of {seconds} s in turns")
    rows: list[tuple[str, ...]] = []
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ours").mkdir()
        (folder / "theirs").mkdir()
        with ours(folder / "ours", of) as one, cerbos(folder / "theirs", of) as other:
            for each in singles[:COMPARED]:
                answers = [server.read(post(server.one, server.write(each))) for server in (one, other)]
                assert answers[0] == answers[1], f"they disagree: {each} {answers}"
            for at_once, asks in ((1, "single"), (BATCH, f"{BATCH} at once")):
                found = in_turns((one, other), singles, at_once, folder, seconds)
                rows += [
                    row(s.name, f"{asks}, as fast as it can", loaded)
                    for s, loaded in zip((one, other), found, strict=True)
                ]
                ratios.append(f"{asks}: {times(found):.2f}")
                if at_once == 1:
                    rate = sum(each.decisions for each in found[0]) / sum(each.seconds for each in found[0])
            delay = max(1, round(CONNECTIONS * 1000 * 2 / rate))
            bodies = [one.write(each) for each in singles]
            half = [load(one, bodies, 1, folder, seconds, delay) for _ in range(ROUNDS)]
            rows.append(row(one.name, f"single, one a {delay} ms", half))
    print(table(HEADER, rows))
    print(f"decisions a CPU second, times those of Cerbos, median round: {', '.join(ratios)}")


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    run(*(arguments or [5_000]), *([4] if len(arguments) < 2 else []))
