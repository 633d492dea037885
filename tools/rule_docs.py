"""The pages of `docs/rules/`, from the records of the rules.

python -m tools.rule_docs
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from policylang.check.catalogue import RULES
from policylang.check.fix.fixes import fix_in_words
from policylang.diagnostics import Rule
from policylang.output.security import security_score

FOLDER = Path(__file__).parents[1] / "docs" / "rules"

_FAMILIES = {
    "source": "the source itself",
    "conflicts": "conflicts",
    "stacking": "several roles on one user",
    "privilege": "least privilege",
    "administration": "dependencies and administration",
    "statements": "invariants and reviews",
    "hygiene": "hygiene",
    "targets": "compile targets",
}
_PROVED = (
    "◆ decided by proof, over every record there can be, or over [complete ones](../checking.md#complete-records), and "
    "then it says so. A finding that says what can happen shows a request, which was tried on the reference decision "
    "before it was reported; one that says what can never happen says what was proved."
)


def pages() -> dict[str, str]:
    """File name and content of every page."""
    return {"index.md": _index(), **{f"{rule.code}.md": _page(rule) for rule in RULES}}


def _family(rule: Rule) -> str:
    return f"{rule.code[:3]}xx, {_FAMILIES.get(rule.family, rule.family)}"


def _index() -> str:
    lines = [
        "# Rules",
        "",
        "What `policylang check` finds. A code never changes its meaning and is never used again. The severity can be",
        "changed in [the configuration](../configuration.md#severities). Rules with ◆ are decided by proof: they claim",
        "nothing that a request could refute. `policylang explain CODE` shows a rule in the terminal.",
        "",
        "Security is the number that SARIF gives a rule, on the scale of CVSS. 8.0: somebody can do what must not be.",
        "5.5: more is open than anybody is likely to have meant. 3.0: access is as it should be today, and nobody",
        "would notice if it were not.",
    ]
    for family, rules in groupby(RULES, _family):
        lines += ["", f"## {family}", ""]
        lines += ["| code | name | severity | security | finds |", "|---|---|---|---|---|"]
        lines += [_row(rule) for rule in rules]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    link = f"[{rule.code}]({rule.code}.md){' ◆' if rule.proof else ''}"
    return f"| {link} | {rule.name} | {rule.severity} | {_score(rule)} | {_cell(rule.summary)} |"


def _score(rule: Rule) -> str:
    score = security_score(rule.code)
    return f"{score:.1f}" if score else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _page(rule: Rule) -> str:
    return "\n".join(_parts(rule)) + "\n"


def _parts(rule: Rule) -> Iterator[str]:
    yield f"# {rule.code} {rule.name}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| family | [{_family(rule)}](index.md#{_anchor(_family(rule))}) |"
    yield f"| severity | {rule.severity} |"
    if rule.security:
        yield f"| security | {_score(rule)} of 10 |"
    yield f"| since | {rule.since} |"
    if rule.proof:
        yield f"| proof | {_PROVED} |"
    yield from ("", "## What it finds", "", f"{rule.summary[0].upper()}{rule.summary[1:]}.")
    yield from ("", "## Why it matters", "", rule.why)
    if rule.log:
        yield from ("", "## The log", "", "The examples are checked on 2026-11-21 with this log.", "")
        yield from _block(rule.log, "text")
    yield from ("", "## Example", "", *_block(rule.bad, f"policy bad {rule.code}" if _of_source(rule) else "policy"))
    yield from ("", "## Use instead", "", *_block(rule.good, "policy"))
    if rule.near:
        yield from ("", "## Near miss", "", "This looks like it, is right, and gives nothing.")
        yield from ("", *_block(rule.near, "policy"))
    fix = fix_in_words(rule)
    if fix is not None:
        yield from ("", "## Fix", "", fix)
    yield from ("", "## Switching it off", "", *_switching_off(rule))


def _anchor(heading: str) -> str:
    return heading.lower().replace(",", "").replace(" ", "-")


def _of_source(rule: Rule) -> bool:
    return rule.code.startswith("PL1")


def _block(example: str, info: str) -> Iterator[str]:
    yield f"```{info}"
    yield from example.replace("#! ", "# ").strip("\n").split("\n")
    yield "```"


def _switching_off(rule: Rule) -> Iterator[str]:
    if _of_source(rule):
        yield "That is not possible: what cannot be read cannot be checked."
        return
    yield "One finding, with a comment above the statement or behind it; `until` may be left out:"
    yield from ("", "```policy", f'# policylang: ignore {rule.code} because "…" until 2027-01-31', "```", "")
    yield "All findings, or their severity, in `policylang.yaml`:"
    yield from ("", "```yaml config", "severities:", f"  {rule.code}: off", "```")


def main() -> None:
    """Write the pages, and take away those of rules that are no more."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
