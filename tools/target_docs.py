"""The tables of `docs/targets.md`, from what the targets say of themselves.

python -m tools.target_docs
"""

from __future__ import annotations

from pathlib import Path

from policylang.targets import NAMES, find_target
from policylang.targets.constructs import CONSTRUCTS

PAGE = Path(__file__).parents[1] / "docs" / "targets.md"
_SIGNS = {"exact": "yes", "input": "input", "frozen": "`--now`", "refused": "no"}


def page(text: str) -> str:
    """The page with its tables made anew."""
    for name, made in (("table", table()), ("refusals", refusals())):
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, rest = text.split(start)
        text = before + start + made + end + rest.split(end)[1]
    return text


def table() -> str:
    """A row for each construct, a column for each target."""
    targets = [find_target(name) for name in NAMES]
    lines = ["| construct | " + " | ".join(f"[{t.title}](targets/{t.name}.md)" for t in targets) + " |"]
    lines.append("|---|" + "---|" * len(targets))
    for construct, words in CONSTRUCTS.items():
        lines.append(f"| {words} | " + " | ".join(_SIGNS[t.expresses(construct)] for t in targets) + " |")
    return "\n".join(lines) + "\n"


def refusals() -> str:
    """For each target the constructs that it refuses, and the way out."""
    lines = []
    for name in NAMES:
        target = find_target(name)
        for construct, help in target.ways_out.items():
            lines.append(f"| {target.title} | {CONSTRUCTS[construct]} | {help} |")
    return "\n".join(["| target | cannot express | instead |", "|---|---|---|", *lines]) + "\n"


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
