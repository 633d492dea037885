"""The documentation site: the pages of `docs/`, the commands and the Python interface, made strictly into `build/site`.

    python -m tools.site

A broken link fails. The site asks no other host for anything, and its search works offline.
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import policylang
from policylang.check.catalogue import RULES
from policylang.cli.main import commands
from tools import playground
from tools.engines import MissingError

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WORK = ROOT / "build" / "site-source"

_FENCE = re.compile(r"^( *)(`{3,}|~{3,})([a-z]+)( [^\n]*)?$", re.MULTILINE)
_FILE = re.compile(r" file=(\S+)")
_BAD = re.compile(r" bad (PL\d{3})")
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)

_SHOWN = ("tests/web/changed/new", "--select", "PL301", "--now", "2026-11-21T12:00:00Z")
"""What the first screen runs."""

NAV: list[tuple[str, list[str]]] = [
    ("Start", ["index.md", "tutorial.md", "importing-tutorial.md", "usage-tutorial.md"]),
    ("Write", ["language.md", "formatting.md", "editors.md", "directory.md", "configuration.md"]),
    ("Check", ["checking.md", "testing.md", "diff.md", "ci.md", "agenda.md", "usage.md"]),
    ("See and ask", ["report.md", "exploring.md", "playground.md", "asking.md"]),
    ("Use", ["python.md", "service.md", "integrations.md", "bundles.md", "consumers.md"]),
    ("Compile", ["targets.md", "targets/*", "json-format.md"]),
    ("Bring in", ["importing.md", "mining.md"]),
    ("Rules", ["rules/index.md", "rules/*"]),
    ("Reference", ["reference/commands.md", "reference/python.md"]),
    ("Inside", ["internals/index.md", "internals/*"]),
]


def make(work: Path, with_playground: Path | None = None) -> Path:
    """Make the site in a folder, and say where; with the playground in it, if that is given. Raises CalledProcessError
    where something is wrong with a page.
    """
    shutil.rmtree(work, ignore_errors=True)
    target = work / "docs"
    shutil.copytree(DOCS, target)
    for path in sorted(target.rglob("*.md")):
        path.write_text(_plain(path.read_text(encoding="utf-8")), encoding="utf-8")
    if with_playground is not None:
        _link(target)
    (target / "reference").mkdir()
    (target / "reference" / "commands.md").write_text("\n".join(_commands()), encoding="utf-8")
    (target / "reference" / "python.md").write_text("\n".join(_python()), encoding="utf-8")
    first = target / "index.md"
    first.write_text(_landing() + first.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    config = (ROOT / "tools" / "site.toml").read_text(encoding="utf-8")
    nav = json.dumps(list(_nav(target)), ensure_ascii=False)
    (work / "zensical.toml").write_text(config.replace('"NAV"', _toml(json.loads(nav))), encoding="utf-8")
    tool = Path(sys.executable).with_name("zensical")
    subprocess.run([str(tool), "build", "--strict", "--clean"], cwd=work, check=True)
    if with_playground is not None:
        shutil.copytree(with_playground, work / "site" / "playground")
    return work / "site"


def _link(target: Path) -> None:
    """Each rule has its examples one click away. Zensical does not know these files, so the links are no Markdown."""
    for rule in RULES:
        path = target / "rules" / f"{rule.code}.md"
        kinds = [("bad", "what it finds"), *([("good", "how it is right")] if rule.good else [])]
        links = [f'<a href="../playground/index.html#example={rule.code}-{kind}">{text}</a>' for kind, text in kinds]
        path.write_text(
            f"{path.read_text(encoding='utf-8')}\nIn the playground: {', '.join(links)}\n", encoding="utf-8"
        )
    path = target / "playground.md"
    path.write_text(
        f'{path.read_text(encoding="utf-8")}\n<a href="playground/index.html">Open it</a>\n', encoding="utf-8"
    )


def _plain(text: str) -> str:
    """A page with fences as every renderer takes them: what our tests read there becomes a title."""

    def fence(match: re.Match[str]) -> str:
        indent, mark, language, more = match.groups()
        file, bad = _FILE.search(more or ""), _BAD.search(more or "")
        title = file[1] if file else f"gives {bad[1]}" if bad else ""
        return f"{indent}{mark}{language}{f' title={json.dumps(title)}' if title else ''}"

    return _FENCE.sub(fence, text)


def _nav(target: Path) -> Iterator[dict[str, Any]]:
    listed: set[str] = set()
    for title, patterns in NAV:
        pages: list[dict[str, str]] = []
        for pattern in patterns:
            for path in sorted(target.glob(pattern)):
                name = path.relative_to(target).as_posix()
                if path.suffix == ".md" and name not in listed:
                    listed.add(name)
                    pages.append({_title(path): name})
        yield {title: pages}
    others = sorted({path.relative_to(target).as_posix() for path in target.rglob("*.md")} - listed)
    if others:
        yield {"More": [{_title(target / name): name} for name in others]}


def _title(path: Path) -> str:
    found = _TITLE.search(path.read_text(encoding="utf-8"))
    return found[1].replace("`", "") if found else path.stem


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_toml(each)}' for key, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def _landing() -> str:
    """The first screen: what is found that no other tool finds, and what it looks like."""
    command = [sys.executable, "-m", "policylang", "check", *_SHOWN]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in run.stdout.partition("\n\n")[0].splitlines() if not line.startswith("    $ ")]
    found = "\n".join(lines).replace(f"{_SHOWN[0]}/", "")
    return (ROOT / "tools" / "landing.md").read_text(encoding="utf-8").replace("FOUND", found)


# --- the commands --------------------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "What `--help` says of each command.\n"
    context = click.Context(commands, info_name="policylang")
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        assert command is not None
        own = click.Context(command, info_name=f"policylang {name}")
        yield f"## {name}\n"
        yield f"```text\n{' '.join([own.command_path, *command.collect_usage_pieces(own)])}\n```\n"
        yield f"{_escaped(inspect.cleandoc(command.help or ''))}\n"
        rows = [row for each in command.get_params(own) if (row := each.get_help_record(own)) is not None]
        yield "| option | |\n|---|---|"
        yield from (f"| {_code(option)} | {_escaped(help).replace('|', chr(92) + '|')} |" for option, help in rows)
        yield ""


def _code(option: str) -> str:
    return f"`{option}`".replace("|", "\\|")


def _escaped(text: str) -> str:
    return re.sub(r"([<\[*_])", r"\\\1", text)


# --- the Python interface ------------------------------------------------------------------------------------


def _python() -> Iterator[str]:
    yield "# Python interface\n"
    yield "What `import policylang` has, by its docstrings. [Decisions in Python](../python.md) shows how it is used.\n"
    for name in sorted(policylang.__all__):
        value = getattr(policylang, name)
        if inspect.isclass(value):
            yield from _class(name, value)
        elif callable(value):
            yield from _function(name, value, 2)


def _class(name: str, value: type) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{_docstring(value)}\n"
    for member, found in vars(value).items():
        if member.startswith("_"):
            continue
        if inspect.isfunction(found):
            yield from _function(member, found, 3)
        elif isinstance(found, property):
            yield f"### {member}\n"
            yield f"{_docstring(found)}\n"


def _function(name: str, value: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    yield f"```python\n{name}{inspect.signature(value)}\n```\n"
    yield f"{_docstring(value)}\n"


def _docstring(value: Any) -> str:
    """As Markdown: definition lists become paragraphs, ``names`` code."""
    text = inspect.getdoc(value) or ""
    text = re.sub(r"^    (?=\S)", "", text, flags=re.MULTILINE)
    return text.replace("``", "`")


def main() -> int:
    """Make the site; the exit code."""
    try:
        made = make(WORK, playground.built())
    except subprocess.CalledProcessError as error:
        return error.returncode
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    site = ROOT / "build" / "site"
    shutil.rmtree(site, ignore_errors=True)
    made.rename(site)
    print(site / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
