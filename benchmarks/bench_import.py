"""Importing 150,000 grants from each format: time, peak memory, and the size of what is written.

python -m benchmarks.bench_import [FORMAT...]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from policylang.importing import find_format
from policylang.importing.importing import import_set
from policylang.importing.reading import InputFile, Inputs

GRANTS = 150_000
_MOST_SECONDS, _MOST_MIB = 10, 1024


def csv() -> dict[str, str]:
    """1,000 roles by 500 permissions, of which each role has 150; and 20,000 people."""
    roles = [f"Role {number}" for number in range(1000)]
    rows = [",".join(["Screen", "Function", *roles])]
    verbs = ("View", "Create", "Modify", "Delete", "Export")
    for number in range(500):
        marks = ["x" if (number // 5 + role) % 10 < 3 else "" for role in range(1000)]
        rows.append(",".join([f"Screen {number // 5}", verbs[number % 5], *marks]))
    people = ["Employee ID,Name,Role,Site"]
    people += [f"e{number},Name {number},Role {number % 1000},Site {number % 50}" for number in range(20_000)]
    return {"matrix.csv": "\n".join(rows), "people.csv": "\n".join(people)}


def kubernetes() -> dict[str, str]:
    """3,000 cluster roles with ten resources and five verbs each, and as many bindings."""
    api = "rbac.authorization.k8s.io/v1"
    objects: list[object] = []
    for number in range(3000):
        resources = [f"thing{(number + each) % 300}" for each in range(10)]
        rule = {
            "apiGroups": ["acme.test"],
            "resources": resources,
            "verbs": ["get", "list", "watch", "update", "delete"],
        }
        name = {"name": f"role-{number}"}
        objects.append({"apiVersion": api, "kind": "ClusterRole", "metadata": name, "rules": [rule]})
        meta = {"name": f"b{number}", "namespace": f"space-{number % 100}"}
        subject = {"kind": "User", "name": f"user-{number % 700}"}
        ref = {"kind": "ClusterRole", **name}
        objects.append(
            {"apiVersion": api, "kind": "RoleBinding", "metadata": meta, "roleRef": ref, "subjects": [subject]}
        )
    return {"all.yaml": "\n---\n".join(json.dumps(each, indent=1) for each in objects)}


def casbin() -> dict[str, str]:
    """1,500 roles with a hundred grants each."""
    model = (
        "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = sub, obj, act\n[role_definition]\ng = _, _\n"
        "[policy_effect]\ne = some(where (p.eft == allow))\n"
        "[matchers]\nm = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act\n"
    )
    rows = [
        f"p, role{role}, object{(role + each // 4) % 400}, {('read', 'write', 'share', 'drop')[each % 4]}"
        for role in range(1500)
        for each in range(100)
    ]
    rows += [f"g, user{number}, role{number % 1500}" for number in range(10_000)]
    return {"model.conf": model, "policy.csv": "\n".join(rows)}


FORMATS: dict[str, Callable[[], dict[str, str]]] = {"csv": csv, "kubernetes": kubernetes, "casbin": casbin}


def measured(name: str) -> dict[str, float]:
    """One import, whole: from the bytes of the inputs to those of the files, with the check that the set compiles."""
    files = {path: text.encode() for path, text in FORMATS[name]().items()}
    begin = time.process_time()
    made = import_set(find_format(name), Inputs(tuple(InputFile(path, files[path]) for path in sorted(files))))
    seconds = time.process_time() - begin
    assert made.errors == []
    checked = time.process_time() - begin
    grants = sum(len(bundle.grants) for bundle in made.imported.bundles())
    assert grants >= GRANTS, grants
    lines = sum(content.count(b"\n") for path, content in made.files.items() if path.endswith(".policy"))
    size = sum(map(len, files.values())) / 2**20
    return {"mib": size, "grants": grants, "lines": lines, "made": seconds, "seconds": checked, "peak": peak_mib()}


def run(names: list[str]) -> str:
    rows = []
    for name in names:
        found = in_fresh_process("benchmarks.bench_import", "measured", name)
        rows.append(
            (
                name,
                f"{found['mib']:.1f}",
                f"{found['grants']:,.0f}",
                f"{found['lines']:,.0f}",
                f"{found['made']:.1f}",
                f"{found['seconds']:.1f}",
                f"{found['peak']:,.0f}",
            )
        )
        if found["seconds"] > _MOST_SECONDS or found["peak"] > _MOST_MIB:
            sys.exit(
                f"{name}: {found['seconds']:.1f} s and {found['peak']:.0f} MiB, of {_MOST_SECONDS} and {_MOST_MIB}"
            )
    return table(("format", "MiB", "grants", "lines", "written s", "and compiled s", "peak MiB"), rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["measured"]:
        print(json.dumps(measured(sys.argv[2])))
    else:
        print(f"Importing, CPU time; {environment()}\n")
        print(run(sys.argv[1:] or list(FORMATS)))
