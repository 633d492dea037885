"""Whether the files copied into the tests still equal those they were copied from.

    python tools/compare_copies.py FOLDER

FOLDER holds `acceptance/`, `beyond/`, `design/language.md` and `data/`. Not part of the tests: the project stands
without it.
"""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
COPIES = TESTS / "acceptance"
SCHEMAS = {"sarif-2.1.0-rtm.5.schema.json": TESTS / "output"}
"""Files of `data/`, and where their copies are."""


def _files(folder: Path) -> dict[str, str]:
    """The texts of the files in a folder, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def main(folder: Path) -> int:
    originals = _files(folder / "acceptance")
    originals |= {f"beyond/{name}": text for name, text in _files(folder / "beyond").items()}
    listing = (folder / "design" / "language.md").read_text(encoding="utf-8").split("```")[1].lstrip("\n")
    originals["listing.policy"] = listing
    copies = _files(COPIES)
    for name, place in SCHEMAS.items():
        originals[f"data/{name}"] = (folder / "data" / name).read_text(encoding="utf-8")
        copies[f"data/{name}"] = (place / name).read_text(encoding="utf-8")
    differing = sorted(name for name in originals.keys() | copies.keys() if originals.get(name) != copies.get(name))
    for name in differing:
        print(f"differs: {name}")
    print(f"{len(originals) - len(differing)} of {len(originals)} files are equal")
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
