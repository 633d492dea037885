"""Coverage of scenario tests where one user holds all roles.

    python -m benchmarks.bench_coverage

Every role says something of one kind of record that all of them share, under a limit of its own, and of one that no
other role speaks of. The tests ask about each, once to be allowed and once to be denied. Time is only reported.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.bench_check import compiled, exponent
from benchmarks.measure import environment, in_fresh_process, table
from policylang.runtime.index import Index
from policylang.testing.coverage.recorder import Recorder
from policylang.testing.coverage.report import coverage
from policylang.testing.run import read_scenarios, run_scenarios

SIZES = (800, 3_200)


def policies(roles: int) -> str:
    """One user with so many roles."""
    text = ["resource doc { level : int  actions view, modify }\n"]
    for n in range(roles):
        text.append(f"resource doc_{n} {{ owner : user  actions view, modify }}\n")
        text.append(f"policy over_{n} on doc {{ level > {n} }}\n")
        text.append(f"policy own_{n} on doc_{n} {{ owner is assigned user }}\n")
        text.append(
            f"role role_{n} {{ grant view on doc  policy over_{n}  grant view, modify on doc_{n}  policy own_{n} }}\n"
        )
    given = "".join(f"  assign role role_{n}\n" for n in range(roles))
    return "".join((*text, f'user "u@x.test" {{\n{given}}}\n'))


def scenarios(roles: int) -> str:
    """A case allowed and a case denied for each role, and two about what all of them say."""
    records = [f"  mine_{n}: {{resource: doc_{n}, owner: u@x.test}}\n" for n in range(roles)]
    records += [f"  theirs_{n}: {{resource: doc_{n}, owner: v@x.test}}\n" for n in range(roles)]
    records += [f"  high: {{resource: doc, level: {roles}}}\n", "  low: {resource: doc, level: 0}\n"]
    allowed = ", ".join(("high", *(f"mine_{n}" for n in range(roles))))
    denied = ", ".join(("low", *(f"theirs_{n}" for n in range(roles))))
    test = f"- {{name: all, user: u@x.test, allow: {{view: [{allowed}]}}, deny: {{view: [{denied}]}}}}\n"
    return f"policies: .\nnow: 2026-11-21T12:00:00Z\nrecords:\n{''.join(records)}tests:\n{test}"


def measure(roles: int) -> dict[str, float]:
    """CPU seconds to run the cases, alone and with coverage, and how many statements decided one of them."""
    index = Index(compiled(policies(roles)))
    read = read_scenarios(scenarios(roles))
    begin = time.process_time()
    cases = list(run_scenarios(*read, index))
    alone = time.process_time()
    recorder = Recorder(index, set(index.policy_set.sources))
    list(run_scenarios(*read, index, recorder))
    count = coverage([(recorder, {name: name for name in index.policy_set.sources})]).count()
    end = time.process_time()
    assert not any(case.failure for case in cases), "a case fails"
    return {"cases": len(cases), "decisive": count.decisive, "alone": alone - begin, "covered": end - alone}


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(measure(int(sys.argv[1]))))
        return
    print(f"Scenario tests where one user holds all roles, one process each; {environment()}\n")
    runs = [in_fresh_process("benchmarks.bench_coverage", size) for size in SIZES]
    rows = [
        (f"{size:,} roles", f"{run['cases']:,}", f"{run['decisive']:,}", f"{run['alone']:.2f}", f"{run['covered']:.2f}")
        for size, run in zip(SIZES, runs, strict=True)
    ]
    growth = (f"{exponent(SIZES, [run[each] for run in runs]):.2f}" for each in ("alone", "covered"))
    print(
        table(("policy set", "cases", "decisive", "run s", "with coverage s"), [*rows, ("exponent", "", "", *growth)])
    )


if __name__ == "__main__":
    main()
