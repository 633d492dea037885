"""The tables of `docs/importing.md` and of the README, from what the formats say of themselves.

python -m tools.import_docs
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policylang.check.catalogue import BY_CODE
from policylang.importing import NAMES, find_format
from policylang.importing.edits import EditKind
from policylang.importing.format import ImportFormat

CHANGES: dict[EditKind, str] = {
    "grant": "a grant added or taken away, of a role or group that is there",
    "fields": "the attributes of a grant",
    "deny": "a deny of a role or group",
    "everyone": "a deny for everyone",
    "limit": "a policy that limits a role or group",
    "condition": "the condition of a policy",
    "role": "a role that is new or gone",
    "inside": "a role inside a role",
    "assignment": "a role of a user, or not any more",
    "dates": "the dates of an assignment",
    "member": "the group of a user",
    "person": "what else is said of a user",
    "job": "the roles of a job",
    "integration": "the roles of an integration",
    "own": "grants, denies and policies of a single user",
}

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "importing.md"
README = ROOT / "README.md"


def page(text: str) -> str:
    """The page with the tables of all formats made anew."""
    text = _between(text, "changes", _changes())
    return _between(text, "formats", "\n".join(_format(name) for name in NAMES))


def _changes() -> str:
    """What is written back to which format."""
    formats = [of for of in map(find_format, NAMES) if of.patch]
    lines = [
        f"| change | {' | '.join(f'`{of.name}`' for of in formats)} |",
        f"|---|{'---|' * len(formats)}",
        *(
            f"| {words} | {' | '.join('yes' if kind in of.writes else 'by hand' for of in formats)} |"
            for kind, words in CHANGES.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _written(of: ImportFormat) -> list[str]:
    """How each change is written back, or what to do in its place."""
    if of.patch is None:
        return []
    rows = [
        f"| {CHANGES[kind]} | {_cell(of.writes[kind]) if kind in of.writes else ''} "
        f"| {'' if kind in of.writes else _cell('; '.join(of.by_hand[kind]))} |"
        for kind in CHANGES
    ]
    return ["", "| change | written back as | or by hand |", "|---|---|---|", *rows]


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
        *(f"| {_cell(theirs)} | {_cell(ours)} |" for theirs, ours in format.maps.items()),
    ]
    lines += ["", *_codes("refused", format.refuses), "", *_codes("left out", format.leaves_out), *_written(format), ""]
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
