"""The extension for VS Code: its logic without the editor, its grammar, its package."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tools import vscode


@pytest.fixture(scope="module", autouse=True)
def folder() -> Path:
    return vscode.prepared()


def test_types_and_logic() -> None:
    """`findServer` starts nothing from a workspace that is not trusted; and the Lezer grammar knows every token."""
    vscode.run("types")
    vscode.run("bundle-tests")
    assert "# fail 0" in vscode.run("test")


def test_the_grammar_as_the_editor_reads_it() -> None:
    vscode.run("test-grammar")


def test_the_package() -> None:
    with zipfile.ZipFile(vscode.packaged()) as package:
        names = set(package.namelist())
        manifest = json.loads(package.read("extension/package.json"))
    assert {"extension/dist/extension.js", "extension/syntaxes/policylang.tmLanguage.json"} <= names
    assert not [name for name in names if "node_modules" in name or "/src/" in name or "/test/" in name]
    for grammar in manifest["contributes"]["grammars"]:
        assert f"extension/{grammar['path'].removeprefix('./')}" in names
    assert manifest["capabilities"]["untrustedWorkspaces"]["supported"] == "limited"


def test_the_lock_file_names_no_registry() -> None:
    text = (vscode.SOURCES / "package-lock.json").read_text(encoding="utf-8")
    assert "http://" not in text.replace("https://", "")
    assert '"resolved"' not in text
