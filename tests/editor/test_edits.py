"""Edits in any order leave what opening the result would have given, however characters are counted."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp

from policylang.editor.checking import LiveChecker
from policylang.editor.folders import Folders
from policylang.editor.positions import offset_at, position_at
from policylang.source import Source
from tests.editor.client import NOW

SIZES = {
    lsp.PositionEncodingKind.Utf8: lambda text: len(text.encode()),
    lsp.PositionEncodingKind.Utf16: lambda text: len(text.encode("utf-16-le")) // 2,
    lsp.PositionEncodingKind.Utf32: len,
}
ENCODINGS = st.sampled_from(sorted(SIZES))
TEXTS = st.text(st.sampled_from('ab "{}é😀\u2028\x0b\n\r'), max_size=30)


def counted(text: str, offset: int, encoding: lsp.PositionEncodingKind) -> lsp.Position:
    """The position of an offset, found without what is tested."""
    lines = text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lsp.Position(len(lines) - 1, SIZES[encoding](lines[-1]))


def apart(text: str, offset: int) -> bool:
    """Whether an offset is between the two characters of a line break, where no position is."""
    return text[offset - 1 : offset + 1] == "\r\n"


@given(text=TEXTS, encoding=ENCODINGS, data=st.data())
def test_positions_and_offsets(text: str, encoding: lsp.PositionEncodingKind, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)).filter(lambda each: not apart(text, each)))
    source = Source("a", text)
    assert position_at(source, offset, encoding) == counted(text, offset, encoding)
    assert offset_at(source, counted(text, offset, encoding), encoding) == offset


@given(text=TEXTS, line=st.integers(0, 40), character=st.integers(0, 100), encoding=ENCODINGS)
def test_positions_outside_of_the_text(
    text: str, line: int, character: int, encoding: lsp.PositionEncodingKind
) -> None:
    assert 0 <= offset_at(Source("a", text), lsp.Position(line, character), encoding) <= len(text)


BEGIN = """\
resource note "Note 😀" { title : text  actions view, modify }\r
role reader "Lé" { grant view on note }\r
user "a" { assign role reader }
"""
WORDS = ['"', "{", "}", "\n", "\r\n", "role x", " grant view on note", "😀", "é", "#", "policy p on note { id is x }"]
PIECES = st.sampled_from(WORDS)
FOLDER = Path("/nowhere/set")
URI = (FOLDER / "a.policy").as_uri()


def looked_at(folders: Folders) -> object:
    checker = LiveChecker(folders, lambda: None, lambda _error: None)
    checker.now = datetime.datetime.fromisoformat(NOW)
    checker.sources()
    (only,) = folders.sets
    return checker.diagnostics(), only.project.ir, [each.file for each in only.project.files]


@settings(deadline=None, max_examples=60)
@given(
    encoding=ENCODINGS,
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 20), PIECES | st.just("")), max_size=8),
)
def test_edits_in_any_order(encoding: lsp.PositionEncodingKind, edits: list[tuple[int, int, str]]) -> None:
    folders = Folders()
    folders.open_files.encoding = encoding
    folders.open_files.open(URI, BEGIN)
    folders.assign()
    text = BEGIN
    for start, length, piece in edits:
        start = min(start, len(text))
        end = min(start + length, len(text))
        if apart(text, start) or apart(text, end):
            continue
        range = lsp.Range(counted(text, start, encoding), counted(text, end, encoding))
        folders.open_files.change(URI, [lsp.TextDocumentContentChangePartial(range, piece)])
        text = text[:start] + piece + text[end:]
        looked_at(folders)
    fresh = Folders()
    fresh.open_files.encoding = encoding
    fresh.open_files.open(URI, text)
    fresh.assign()
    opened = folders.open_files.get(FOLDER / "a.policy")
    assert opened is not None
    assert opened.text == text
    assert looked_at(folders) == looked_at(fresh)


@pytest.mark.parametrize("encoding", sorted(SIZES))
def test_a_mistake_behind_an_emoji(encoding: lsp.PositionEncodingKind) -> None:
    folders = Folders()
    folders.open_files.encoding = encoding
    text = 'role r "😀é" { grnt view on x }\r\n'
    folders.open_files.open(URI, text)
    folders.assign()
    checker = LiveChecker(folders, lambda: None, lambda _error: None)
    checker.sources()
    (found,) = checker.diagnostics()[FOLDER / "a.policy"]
    assert found.range.start == counted(text, text.index("grnt"), encoding)


def test_what_is_read_again_and_has_not_changed_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text(BEGIN, encoding="utf-8")
    folders = Folders()
    folders.add(tmp_path)
    project = folders.sets[0].project
    folders.read()
    assert folders.sets[0].project is project
    (tmp_path / "a.policy").write_text("role other\n")
    folders.read()
    assert [each.source.text for each in folders.sets[0].project.files] == ["role other\n"]
