"""Roles mined from who has which permission: how few, and how long it takes.

python -m benchmarks.bench_mining           # sets made up here, whose fewest roles are known
python -m benchmarks.bench_mining FOLDER    # files `NAME.txt` of lines `USER PERMISSION`, such as the HP Labs sets
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from benchmarks.measure import environment, peak_mib, table
from policylang.mining.bits import set_of
from policylang.mining.matrix import Matrix
from policylang.mining.mine import Objective, mine

_LIMIT = 60.0


def planted(users: int, permissions: int, roles: int) -> Matrix:
    """People with up to four of some roles, each role with a permission that no other has and a user who has only it:
    fewer roles cannot do.
    """
    draw = random.Random(users)
    bundles = [set_of([n, *draw.sample(range(roles, permissions), 12)]) for n in range(roles)]
    rows = list(bundles)
    while len(rows) < users:
        row = 0
        for bundle in draw.sample(bundles, draw.randint(1, 4)):
            row |= bundle
        rows.append(row)
    return Matrix.of(rows, permissions)


def read(path: Path) -> Matrix:
    """A file of pairs."""
    pairs = sorted({tuple(line.split()[:2]) for line in path.read_text().splitlines() if len(line.split()) >= 2})
    columns = {each: number for number, each in enumerate(sorted({permission for _, permission in pairs}))}
    held: dict[str, list[int]] = {}
    for user, permission in pairs:
        held.setdefault(user, []).append(columns[permission])
    return Matrix.of([set_of(each) for each in held.values()], len(columns))


def _line(name: str, matrix: Matrix) -> list[str]:
    cells = [name, f"{len(matrix.rows):,}", f"{len(matrix.columns):,}", f"{matrix.pairs:,}"]
    objectives: tuple[Objective, ...] = ("roles", "edges")
    for objective in objectives:
        begun = time.process_time()
        found = mine(matrix, objective, seconds=_LIMIT)
        told = f"{found.cost:,}{' (optimal)' if found.is_optimal else f' (at least {found.least:,})'}"
        cells += [told, f"{time.process_time() - begun:.1f}"]
    return cells


def main() -> None:
    """Print a table; fails where the planted roles are not found."""
    if len(sys.argv) > 1:
        sets = {path.stem: read(path) for path in sorted(Path(sys.argv[1]).glob("*.txt"))}
    else:
        sets = {f"{roles} planted": planted(users, 10 * roles, roles) for users, roles in ((1000, 50), (10_000, 200))}
    rows = [_line(*each) for each in sets.items()]
    print(f"Role mining, {environment()}\n")
    header = ("set", "users", "permissions", "pairs", "fewest roles", "CPU s", "roles and edges", "CPU s")
    print(table(header, rows))
    print(f"\npeak {peak_mib():.0f} MiB")
    for (
        name,
        *_,
    ) in rows if len(sys.argv) < 2 else ():
        found = next(row[4] for row in rows if row[0] == name)
        if found != f"{name.split()[0]} (optimal)":
            sys.exit(f"{name}: {found}")


if __name__ == "__main__":
    main()
