"""`policylang check --jobs`"""

from __future__ import annotations

from policylang.check.processes import LARGE

USERS = "".join(f'user "u{number:05}" in staff {{ assign role auditor }}\n' for number in range(LARGE))
TEXT = f"""\
resource doc {{ owner : user  actions view, modify }}
policy own on doc {{ owner is assigned user }}
group staff {{ grant view, modify on doc  policy own }}
role auditor {{ grant view on doc }}
role unused {{ grant all on doc }}
{USERS}"""


def test_a_large_set_has_the_same_findings_whatever_the_processes(run, write) -> None:
    write("policies/a.policy", TEXT)
    now = ("--now", "2026-11-21T12:00:00Z")
    for format_ in ("text", "json"):
        shown = [run("check", *now, "--format", format_, "--jobs", jobs) for jobs in ("1", "2")]
        assert shown[0].returncode == shown[1].returncode == 1
        assert shown[0].stdout == shown[1].stdout
        assert b"PL301" in shown[0].stdout
        assert b"PL401" in shown[0].stdout


def test_there_is_at_least_one_process(run, write) -> None:
    write("policies/a.policy", TEXT[:300].rpartition("\n")[0] + "\n")
    assert run("check", "--jobs", "0").returncode == 2
