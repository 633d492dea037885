"""Time and memory stay in proportion to the file, whatever is in it. The time limit only ends what would not end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GIB = 1 << 30
HEAD = "id,name,group,role,at\n"

CASES = {
    "many people.csv": HEAD + "".join(f"user{n}@acme.test,User {n},sales,guard,HQ\n" for n in range(50_000)),
    "many people.yaml": "people:\n" + "".join(f"- {{id: u{n}, group: sales, roles: [guard]}}\n" for n in range(50_000)),
    "many rows of one person.csv": HEAD + "dana,Dana,sales,guard,HQ\n" * 50_000,
    "many roles of one person.yaml": "people: [{id: dana, roles: [" + "guard, " * 100_000 + "]}]",
    "one wrong name often.csv": HEAD + "".join(f"u{n},,sale,gaurd,hq\n" for n in range(30_000)),
    "many wrong names.csv": HEAD + "".join(f"u{n},,g{n},r{n},p{n}\n" for n in range(10_000)),
    "rows without an id.csv": HEAD + ",,,,x\n" * 50_000,
    "rows of two names.csv": HEAD + "".join(f"dana,{n},,,\n" for n in range(50_000)),
    "entries that are none.yaml": "people: [" + "{x: y}, " * 50_000 + "]",
    "one id often.yaml": "people: [" + "{id: a}, " * 10_000 + "]",
    "lines that begin a text.csv": HEAD + '"\n' * 200_001,
    "quotes.csv": HEAD + '"' * 100_001,
    "many columns.csv": "id," + ",".join(f"attribute.a{n}" for n in range(50_000)) + "\n",
    "many letters of other alphabets.csv": HEAD + "".join(f"é{n},д{n},,,\n" for n in range(30_000)),
    "invisible characters.csv": HEAD + "\u200b\n" * 30_000,
    "one long line.json": '{"people": [' + ",".join(f'{{"id": "u{n}"}}' for n in range(50_000)) + "]}",
    "brackets.json": '{"people": ' + "[" * 500_000,
    "long keys.yaml": "people: [{" + "x" * 2_000_000 + ": 1}]",
    "many keys.yaml": "people: [{id: a, attributes: {" + ", ".join(f"a{n}: 1" for n in range(50_000)) + "}}]",
}


@pytest.mark.parametrize("name", CASES)
def test_bounded(name: str, tmp_path: Path) -> None:
    policy = 'scope site\nplace site "HQ"\nrole guard\ngroup sales { role guard }\n'
    (tmp_path / "a.policy").write_text(policy, encoding="utf-8")
    (tmp_path / "policylang.yaml").write_text(f'directory: ["{name}"]\n', encoding="utf-8")
    (tmp_path / name).write_text(CASES[name], encoding="utf-8")
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({GIB}, {GIB}))\n"
        "from policylang.cli.main import main\n"
        f"main(['compile', {str(tmp_path)!r}, '-o', {str(tmp_path / 'out.json')!r}])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, timeout=120)
    assert result.returncode in (0, 2), result.stderr.decode()[-1000:]
    assert b"Traceback" not in result.stderr, result.stderr.decode()[-1000:]
