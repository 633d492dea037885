"""The example policy sets check clean, at the size of the products they are modelled on."""

from __future__ import annotations

import pytest

from policylang.ir import from_json, to_json
from policylang.project.discovery import discover
from policylang.project.project import Project
from tests.docs.blocks import ROOT, blocks
from tests.helpers import POLICIES


@pytest.mark.parametrize(
    ("folder", "resources", "roles"), [("quickstart", 2, 1), ("securitytrax", 45, 12), ("tracktik", 35, 12)]
)
def test_example_is_clean_and_compiles(folder: str, resources: int, roles: int) -> None:
    (sources,) = discover([str(POLICIES / folder)])
    project = Project(sources)
    assert project.sources.problems == ()
    assert project.diagnostics == ()
    assert project.ir is not None
    assert from_json(to_json(project.ir)) == project.ir
    assert len(project.ir.resources) >= resources
    assert len(project.ir.roles) >= roles


def test_all_examples_are_sets_of_their_own() -> None:
    folders = sorted(path.name for path in POLICIES.iterdir() if path.is_dir())
    assert [each.root.name for each in discover([str(POLICIES)])] == folders


def test_the_files_of_the_tutorial_on_usage_are_shipped() -> None:
    written = {
        block.option("file"): block.text
        for block in blocks(ROOT / "docs" / "usage-tutorial.md")
        if block.kind == "file" and block.option("file") != "policies/policylang.yaml"
    }
    assert sorted(written) == ["log.csv", "policies/desk.policy"]
    for name, text in written.items():
        assert (ROOT / "examples" / "desk" / str(name)).read_text(encoding="utf-8") == text
