"""Half-written files: whatever of an example is there, nothing raises."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp

from policylang.editor import actions, completion, describe, formatting, highlighting, hints, navigation, outline
from policylang.editor.checking import LiveChecker
from policylang.editor.edited_set import EditedSet
from policylang.editor.folders import Folders
from policylang.editor.opened import OpenedFile
from policylang.editor.positions import range_of
from policylang.source import Source
from tests.editor.test_edits import FOLDER, URI
from tests.helpers import POLICIES

UTF16 = lsp.PositionEncodingKind.Utf16
PATH = FOLDER / "a.policy"
EXAMPLES = sorted(POLICIES.rglob("*.policy"))


class Typing:
    """A file that is being written."""

    def __init__(self, text: str = "") -> None:
        self.folders = Folders()
        self.checker = LiveChecker(self.folders, lambda: None, lambda _error: None)
        self.folders.open_files.open(URI, text)
        self.folders.assign()

    @property
    def of(self) -> EditedSet:
        return self.folders.sets[0]

    @property
    def source(self) -> Source:
        found = self.folders.open_files.get(PATH)
        assert found is not None
        return found

    def write(self, more: str) -> None:
        end = range_of(self.source, len(self.source.text), len(self.source.text), UTF16)
        self.folders.open_files.change(URI, [lsp.TextDocumentContentChangePartial(end, more)])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_completion_while_it_is_written(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    typing = Typing()
    typing.checker.sources()
    for start, character in enumerate(text):
        typing.write(character)
        assert typing.of.parsed(PATH) is not None
        completion.complete(typing.of, typing.source, len(typing.source.text), snippets=True)
        hints.signature_help(typing.of, typing.source, len(typing.source.text))
        if path.parent.name == "quickstart" or start % 611 == 0:
            typing.checker.sources()
    assert typing.source.text == text


@given(path=st.sampled_from(EXAMPLES), share=st.floats(0, 1), back=st.integers(0, 200))
def test_every_feature_of_any_beginning(path: Path, share: float, back: int) -> None:
    whole = path.read_text(encoding="utf-8")
    text = whole[: int(share * len(whole))]
    typing = Typing(text)
    of, source, at = typing.of, typing.source, max(0, len(text) - back)
    typing.checker.sources()
    parsed = of.parsed(PATH)
    assert parsed is not None
    completion.complete(of, source, at, snippets=True)
    hints.signature_help(of, source, at)
    file = OpenedFile(typing.checker, of, parsed)
    found = file.name_at(file.position(at))
    if found is not None:
        describe.described(found.key, of.project, of.index)
        navigation.locations(of, found.key)
    outline.symbols(file)
    outline.folds(file)
    outline.selections(file, file.position(at))
    highlighting.semantic_tokens(file)
    all_of_it = file.range(0, len(source.text))
    hints.inlay_hints(file, all_of_it)
    hints.code_lenses(file)
    formatting.format_typed(file, file.position(at))
    actions.code_actions(file, all_of_it)
