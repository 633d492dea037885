"""The site of the documentation: made strictly, and asking no other host for anything."""

from __future__ import annotations

import re
from pathlib import Path

from click import Context

from policylang.check.catalogue import RULES
from policylang.cli.main import commands
from tools import playground, site

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(https?:)?//|<link\b[^>]*\bhref=["']?(https?:)?//"""
)


def test_the_site(tmp_path: Path) -> None:
    (tmp_path / "playground").mkdir()
    made = site.make(tmp_path / "site", tmp_path / "playground")
    pages = {path.relative_to(made).as_posix(): path.read_text(encoding="utf-8") for path in made.rglob("*.html")}
    assert {Path(name).stem for name in pages if name.startswith("rules/PL")} == {rule.code for rule in RULES}
    for name, text in pages.items():
        assert not _LOADED.search(text), name
    for style in made.rglob("*.css"):
        assert not re.search(r"""(@import|url\()\s*["']?(https?:)?//""", style.read_text(encoding="utf-8")), style
    for command in commands.list_commands(Context(commands)):
        assert f'id="{command}"' in pages["reference/commands.html"]
    for said in ("error[PL301] limit-lost", "witness: denied", "pictures/matrix.png"):
        assert said in pages["index.html"]
    # Policy code is highlighted by the lexer of the language itself.
    assert '<span class="k">performs</span>' in pages["language.html"]
    examples = {example["id"] for example in playground.examples()}
    for rule in RULES:
        linked = set(re.findall(r"index\.html#example=([\w-]+)", pages[f"rules/{rule.code}.html"]))
        assert linked == {f"{rule.code}-bad", *([f"{rule.code}-good"] if rule.good else [])}
        assert linked <= examples
    assert "limit-lost" in (made / "search.json").read_text(encoding="utf-8")
