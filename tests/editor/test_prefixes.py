"""Half-written files: whatever of an example is there, nothing raises."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types as lsp

from policylang.editor import actions, completion, describe, formatting, highlighting, hints, navigation, outline
from policylang.editor.checking import LiveChecker
from policylang.editor.folders import Folders
from policylang.editor.positions import position_at, whole_of
from policylang.source import Source
from tests.editor.test_edits import FOLDER, URI
from tests.helpers import POLICIES

UTF16 = lsp.PositionEncodingKind.Utf16
EXAMPLES = sorted(POLICIES.rglob("*.policy"))
STEPS = {"company.policy": 3}
"""Every third prefix of the smallest set; of the others fewer, since each takes milliseconds."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_feature(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    folders = Folders()
    checker = LiveChecker(folders, lambda: None, lambda _error: None)
    for length in range(0, len(text), STEPS.get(path.name, 97)):
        folders.open_files.open(URI, text[:length])
        folders.assign()
        (of,) = folders.sets
        source = Source("a.policy", text[:length])
        completion.complete(of, source, length, UTF16, snippets=True)
        hints.signature_help(of, source, length)
        if length % 5:
            continue
        checker.sources()
        parsed = of.parsed(FOLDER / "a.policy")
        assert parsed is not None
        found = navigation.name_at(of, parsed, length)
        if found is not None:
            describe.described(found.key, of.project, of.index)
            navigation.references(of, found.key, UTF16, declarations=True)
        outline.symbols(parsed, UTF16)
        outline.folds(parsed)
        outline.selections(parsed, length, UTF16)
        highlighting.semantic_tokens(parsed, of.project.model, UTF16)
        hints.inlay_hints(of, parsed, whole_of(source, UTF16), UTF16)
        hints.code_lenses(of, parsed, UTF16)
        formatting.format_typed(of, parsed, position_at(source, length, UTF16), UTF16)
        actions.code_actions(checker, of, parsed, whole_of(source, UTF16), UTF16)
