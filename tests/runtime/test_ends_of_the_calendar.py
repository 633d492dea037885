"""Assignments that begin or end where the calendar does, as exports write for ever: no command stumbles over them."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path

import pytest

from policylang.check.catalogue import CHECKS
from policylang.check.engine import run_checks
from policylang.runtime.grants import profile
from policylang.runtime.index import Index
from policylang.runtime.periods import periods
from policylang.runtime.sources import sources
from policylang.targets.relations.validity import validity
from tests.commands import server
from tests.helpers import compiled

HEAD = """resource doc { title : text  actions view }
role r { grant view on doc }
role n { grant view on doc }
integration sync { role n  objects doc  from 0001-01-01 until 9999-12-31 }
"""
FROM = ("", "0001-01-01", "0001-01-01 00:00", "0001-01-01 00:30", "9999-12-31", "9999-12-31 00:00", "9999-12-31 23:58")
UNTIL = ("", "0001-01-01", "0001-01-01 00:30", "9999-12-30", "9999-12-31", "9999-12-31 00:00", "9999-12-31 23:59")
ROOT = Path(__file__).parents[2]
ZONES = ("UTC", "America/Denver", "Asia/Tokyo", "Etc/GMT+12", "Pacific/Kiritimati", "America/Juneau", "Asia/Manila")
NOW = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
INSTANTS = [datetime.datetime(*day, 12, tzinfo=datetime.UTC) for day in ((1, 1, 3), (2026, 1, 1), (9999, 12, 29))]


def dates() -> list[tuple[str, str]]:
    """Those that the language takes: what ends at a time ends after it begins."""

    def time(moment: str) -> str:
        return moment if " " in moment or not moment else f"{moment} 00:00"

    pairs = itertools.product(FROM, UNTIL)
    return [(a, b) for a, b in pairs if not (a and b) or (time(a) < time(b) if " " in b else a[:10] <= b)]


def text(zone: str) -> str:
    lines = [f'timezone "{zone}"\n', HEAD]
    for n, (a, b) in enumerate(dates()):
        lines.append(f'user "u{n}" {{ assign role r{a and f" from {a}"}{b and f" until {b}"} }}\n')
    return "".join(lines)


@pytest.mark.parametrize("zone", ZONES)
def test_periods_and_decisions(zone: str) -> None:
    index = Index(compiled(text(zone)))
    for user, (first, last) in zip([f"u{n}" for n in range(len(dates()))], dates(), strict=True):
        for now in INSTANTS:
            active = first[:4] != "9999" and last[:4] != "0001"
            assert [each.name for each in sources(index, user, now)] == ["r"] * active
        for period, had in periods(index, user):
            assert had == profile(index, user, period.instant(NOW, index.timezone))
    assert all(since is None or since <= now for now in INSTANTS for since, _ in [validity(index, now)])


@pytest.mark.parametrize("zone", ["America/Denver", "Asia/Tokyo", "Etc/GMT+12"])
def test_every_rule(zone: str) -> None:
    policy_set = compiled(text(zone))
    run_checks(policy_set, NOW, sorted(CHECKS))


@pytest.mark.parametrize("zone", ["UTC", "America/Denver", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "command",
    [
        ("access", "u0", "--policies", "."),
        ("agenda", "."),
        ("diff", ".", "."),
        ("test", "--generate", "."),
        ("compile", ".", "--target", "rego", "-o", "out"),
        ("compile", ".", "--target", "cerbos", "-o", "out"),
        ("compile", ".", "--target", "postgres", "-o", "out"),
    ],
    ids=lambda command: " ".join(command[:1] + command[3:4]),
)
def test_commands(zone: str, command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text(text(zone))
    result = server().run(command, tmp_path, {"PATH": "", "PYTHONPATH": str(ROOT)})
    assert (result.returncode, b"mistake" in result.stderr) == (0, False)


LIMITED = """timezone "{zone}"
resource doc {{ day : date  at : datetime  actions view, check, open }}
policy recent on doc for view {{ at within 1 month }}
policy soon on doc for check {{ day within next 30 days }}
policy by_night on doc for open {{ now is between 22:00 and 06:00 and now is on monday }}
role r {{ grant all on doc  policy recent  policy soon  policy by_night }}
user "u" {{ assign role r {dates} }}
invariant "i" {{ no user with role r can view, check, open doc }}
"""


@pytest.mark.parametrize("zone", ["UTC", "America/Denver", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "dates",
    [
        "until 0001-01-01",
        "until 0001-01-02",
        "from 9999-12-30",
        "from 9999-12-31",
        "from 9999-12-31 until 9999-12-31",
        "until 9999-12-31 23:59",
    ],
)
def test_proofs_and_examples(zone: str, dates: str, tmp_path: Path) -> None:
    for folder, *said in (("old", "Pacific/Kiritimati", ""), ("new", zone, dates)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.policy").write_text(LIMITED.format(zone=said[0], dates=said[1]))
    for command in (
        ("check", "new", "--exit-zero", "--now", "2026-01-01T12:00:00Z"),
        ("test", "--generate", "new", "-o", "new.test.yaml"),
        ("test", "new.test.yaml"),
        ("diff", "old", "new", "--now", "2026-01-01T12:00:00Z"),
        ("diff", "new", "old", "--now", "2026-01-01T12:00:00Z"),
    ):
        result = server().run(command, tmp_path, {"PATH": "", "PYTHONPATH": str(ROOT)})
        assert (result.returncode, b"mistake" in result.stderr) == (0, False), result.stderr
