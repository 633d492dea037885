"""The tables of `docs/importing.md` and of the README, from what the formats say of themselves.

python -m tools.import_docs
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policylang.check.catalogue import BY_CODE
from policylang.importing import NAMES, find_format

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "importing.md"
README = ROOT / "README.md"


def page(text: str) -> str:
    """The page with the tables of all formats made anew."""
    return _between(text, "formats", "\n".join(_format(name) for name in NAMES))


def readme(text: str) -> str:
    """The README with its table made anew."""
    rows = [
        f"| `{of.name}` | {of.title} | {_cell(of.inputs)} | {'yes' if of.patch else ''} |"
        for of in map(find_format, NAMES)
    ]
    heads = ["| format | | from | written back |", "|---|---|---|---|"]
    return _between(text, "import formats", "\n".join([*heads, *rows]) + "\n")


def _between(text: str, name: str, made: str) -> str:
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, rest = text.split(start)
    return before + start + made + end + rest.split(end)[1]


def _format(name: str) -> str:
    format = find_format(name)
    lines = [f"### {format.title}", "", f"`policylang import {name}` reads {format.inputs}.", ""]
    lines += [
        "| there | here |",
        "|---|---|",
        *(f"| {_cell(theirs)} | {_cell(ours)} |" for theirs, ours in format.maps),
    ]
    lines += ["", *_codes("refused", format.refuses), "", *_codes("left out", format.leaves_out), ""]
    silent = "; ".join(f"`{code}` {BY_CODE[code].name}: {why}" for code, why in sorted(format.silent.items()))
    return "\n".join([*lines, f"Off in the `policylang.yaml` that is written: {silent}.", "", ""])


def _codes(word: str, codes: Mapping[str, str]) -> list[str]:
    return [
        f"| {word} | what, and why |",
        "|---|---|",
        *(f"| `{code}` | {_cell(why)} |" for code, why in codes.items()),
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
