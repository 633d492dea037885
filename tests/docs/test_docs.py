"""Every example of the documentation does what the text says. The conventions are in `blocks.py`."""

from __future__ import annotations

import re
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

import pytest
import yaml

from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config, read_config
from policylang.settings.service import read_service_config
from policylang.source import Source
from tests.docs.blocks import DOCUMENTS, ROOT, Block, blocks, indented_code, prose
from tests.docs.run import ExampleError, Runner

BLOCKS = {document: blocks(document) for document in DOCUMENTS}
ALL = [block for found in BLOCKS.values() for block in found]
READ_BY_OTHERS = (".github/", "envoy/", ".gitlab-ci.yml", ".pre-commit-config.yaml")
"""Files for programs that do not run here; `tests/ci` looks at them."""
SH_LINE = re.compile(r"git clone .+|cd [\w./-]+|make(?: [\w-]+)*|\. \.venv/bin/activate")

by_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(document.relative_to(ROOT)) for document in DOCUMENTS]
)


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [block for block in ALL if block.kind == kind]
    return pytest.mark.parametrize("block", chosen, ids=[block.where for block in chosen])


@by_document
def test_every_fence_follows_a_convention(document: Path) -> None:
    wrong = [f"{b.where}: ```{b.info}" for b in BLOCKS[document] if b.kind is None]
    wrong += [f"{b.where}: never closed" for b in BLOCKS[document] if not b.closed]
    wrong += [f"{document.relative_to(ROOT)}:{line}: code without a fence" for line in indented_code(document)]
    assert not wrong, "\n".join(wrong)


@of_kind("policy")
def test_policy(block: Block) -> None:
    project = Project(SourceSet(Path(), Config(), tuple(_sources(block))))
    found = [f"{d.code} {d.message} at {d.location}" for d in project.diagnostics]
    bad = block.option("bad")
    if bad is None:
        assert not found, f"{block.where}: " + "\n".join(found)
        assert project.ir is not None
    else:
        assert [d.code for d in project.diagnostics] == [bad], f"{block.where}: expected {bad}, found {found}"


def _sources(block: Block) -> list[Source]:
    sources = [Source("example.policy", block.text)]
    name = block.option("with")
    if name is not None:
        preambles = [b for b in BLOCKS[block.document] if b.kind == "policy" and b.option("preamble") == name]
        assert len(preambles) == 1, f"{block.where}: {len(preambles)} preambles are called `{name}`"
        sources.append(Source("preamble.policy", preambles[0].text))
    return sources


@by_document
def test_commands_files_and_code_in_order(document: Path, tmp_path: Path) -> None:
    found = BLOCKS[document]
    with closing(Runner(tmp_path)) as runner:
        for block, following in zip_longest(found, found[1:]):
            try:
                runner.run(block, following)
            except ExampleError as error:
                pytest.fail(f"{block.where}: {error}", pytrace=False)
    unused = {file for file in runner.unused if not file.startswith(READ_BY_OTHERS)}
    assert not unused, f"{document.relative_to(ROOT)}: no command reads {', '.join(sorted(unused))}"


@of_kind("service")
def test_service(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "service.yaml"
    path.write_text(block.text, encoding="utf-8")
    assert read_service_config(path).unsafe() is None


@of_kind("config")
def test_config(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "policylang.yaml"
    path.write_text(block.text, encoding="utf-8")
    read_config(path)


@pytest.mark.parametrize("block", [b for b in ALL if b.info.startswith("yaml file=")], ids=lambda b: b.where)
def test_yaml_file(block: Block) -> None:
    assert yaml.safe_load(block.text) is not None, block.where


def sh_lines(block: Block) -> list[str]:
    """The lines without what a comment says of them."""
    return [line.split(" #")[0].rstrip() for line in block.text.splitlines()]


@of_kind("sh")
def test_shell_lines_are_those_of_an_installation(block: Block) -> None:
    installs = block.document.name == "tutorial.md" and "install" in block.section.lower()
    assert installs or block.document == ROOT / "README.md", f"{block.where}: not run"
    wrong = [line for line in sh_lines(block) if not SH_LINE.fullmatch(line)]
    assert not wrong, f"{block.where}: {wrong}"


@of_kind("sh")
def test_make_targets_exist(block: Block) -> None:
    makes = [line.split()[1:] for line in sh_lines(block) if line.split()[0] == "make"]
    if not makes:
        return
    makefile = ROOT / "Makefile"
    assert makefile.is_file(), f"{block.where} runs make, and there is no Makefile"
    targets = set(re.findall(r"^([\w-]+):", makefile.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert targets
    assert targets.issuperset(target for make in makes for target in make), block.where


@by_document
def test_links_lead_somewhere(document: Path) -> None:
    wrong = []
    for number, line in enumerate(prose(document).splitlines(), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (document.parent / path) if path else document
            if not file.exists() or (anchor and anchor not in _anchors(file)):
                wrong.append(f"{document.relative_to(ROOT)}:{number}: {target}")
    assert not wrong, "\n".join(wrong)


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
