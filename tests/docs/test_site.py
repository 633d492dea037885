"""The site of the documentation: made strictly, and asking no other host for anything."""

from __future__ import annotations

import re
from pathlib import Path

from click import Context

from policylang.check.catalogue import RULES
from policylang.cli.main import commands
from tools import site

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(https?:)?//|<link\b[^>]*\bhref=["']?(https?:)?//"""
)


def test_the_site(tmp_path: Path) -> None:
    made = site.make(tmp_path)
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
    assert "limit-lost" in (made / "search.json").read_text(encoding="utf-8")
