"""The examples of a document, and what each kind of block promises.

A block is opened by three backticks and an info string. Its kinds:

``policy``
    A policy set that compiles without findings.
``policy preamble=NAME``
    The same, and other blocks of the document can build on it.
``policy with=NAME``
    Compiles without findings together with that preamble.
``policy bad CODE``, ``policy bad CODE with=NAME``
    Gives exactly one finding, of that code.
``LANGUAGE file=PATH``
    A file that is written into the document's folder.
``console``
    Lines that begin with ``$`` are run in the document's folder; what they print stands below them, exactly.
    The present instant, if they print it, stands there as 2026-11-21T12:00:00Z.
    ``policies/tracktik`` in a command is the policy set of the project.
    ``registry.example.com`` in a command is a registry that runs meanwhile; digests in it are ``DIGEST``.
    Where the last one shows nothing and a block ``json in=output`` follows, that block shows a part of the output.
``json``
    Is JSON.
``json in=PATH``, ``json in=output``
    Occurs in that file, or in what the last command printed: the fields shown are there, with these values.
``python``
    Is run, in the document's folder; with ``>>>`` as a doctest. Names live on in the next block of the document.
``javascript``
    A part of one module, which `tests/consumers` runs in the document's folder, with the package ``policylang``.
``sql``
    Statements for PostgreSQL; `tests/targets/test_postgres.py` runs them on the document's policy files.
``yaml config``
    Is a valid policylang.yaml.
``yaml service``
    Is a valid file of settings for ``policylang serve``, which may be served.
``text``
    A drawing.
``lua editor``, ``lisp editor``, ``toml editor``, ``python editor``
    Lines for the configuration of an editor; `tests/editor` runs some of them.
``sh``
    Installation, not run: only `git clone`, `cd`, `make` and `. .venv/bin/activate`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = (*sorted((ROOT / "docs").glob("**/*.md")), ROOT / "README.md")

_FENCE = re.compile(r"^(?P<indent> *)(?P<mark>`{3,}|~{3,})(?P<info>.*)$")
_NAME = r"[a-z][a-z0-9_]*"
_PATH = r"(?P<file>[\w.-]+(?:/[\w.-]+)*)"
KINDS = {
    "policy": re.compile(
        rf"policy(?: bad (?P<bad>PL\d{{3}}))?(?: (?:preamble=(?P<preamble>{_NAME})|with=(?P<with>{_NAME})))?"
    ),
    "file": re.compile(rf"(?:policy|yaml|python|json|csv) file={_PATH}"),
    "console": re.compile("console"),
    "json": re.compile(rf"json(?: in=(?:(?P<output>output)|{_PATH}))?"),
    "python": re.compile("python"),
    "config": re.compile("yaml config"),
    "service": re.compile("yaml service"),
    "javascript": re.compile("javascript"),
    "sql": re.compile("sql"),
    "text": re.compile("text"),
    "editor": re.compile("(?:lua|lisp|toml|python) editor"),
    "sh": re.compile("sh"),
}


class Block(NamedTuple):
    document: Path
    line: int
    """Of the opening fence, 1-based."""
    section: str
    """The heading above."""
    info: str
    text: str
    closed: bool

    @property
    def where(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    @property
    def kind(self) -> str | None:
        """The kind of block, or ``None`` where the info string follows no convention."""
        return next((kind for kind, pattern in KINDS.items() if pattern.fullmatch(self.info)), None)

    def option(self, name: str) -> str | None:
        assert self.kind is not None
        match = KINDS[self.kind].fullmatch(self.info)
        return match[name] if match and name in match.re.groupindex else None


def blocks(document: Path) -> list[Block]:
    """All fenced blocks of a document, in order."""
    found: list[Block] = []
    section = ""
    opened: re.Match[str] | None = None
    start = 0
    lines: list[str] = []
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence:
                opened, start, lines = fence, number, []
            elif line.startswith("#"):
                section = line.lstrip("#").strip()
        elif fence and fence["mark"] == opened["mark"] and not fence["info"].strip():
            found.append(_block(document, start, section, opened, lines, closed=True))
            opened = None
        else:
            lines.append(line.removeprefix(opened["indent"]))
    if opened is not None:
        found.append(_block(document, start, section, opened, lines, closed=False))
    return found


def _block(document: Path, start: int, section: str, opened: re.Match[str], lines: list[str], *, closed: bool) -> Block:
    info = opened["info"].strip() if opened["mark"] == "```" else f"{opened['mark']}{opened['info']}"
    return Block(document, start, section, info, "".join(f"{line}\n" for line in lines), closed)


def prose(document: Path) -> str:
    """The document without its blocks, with as many lines."""
    kept = []
    inside = False
    for line in document.read_text(encoding="utf-8").splitlines():
        fence = _FENCE.match(line)
        if fence:
            inside = not inside
        kept.append("" if inside or fence else line)
    return "\n".join(kept)


def indented_code(document: Path) -> list[int]:
    """Lines (1-based) that Markdown shows as code without a fence: no convention covers them."""
    lines = prose(document).splitlines()
    found = []
    in_list = False
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*([-*+]|\d+[.)])\s", line):
            in_list = True
        elif line and not line.startswith(" "):
            in_list = False
        if re.match(r" {4}|\t", line) and not in_list and (number == 1 or not lines[number - 2].strip()):
            found.append(number)
    return found
