"""Proofs in the background: what is typed ends what is under way, and the newest text is proved."""

from __future__ import annotations

import datetime
import threading
from pathlib import Path
from typing import Any

import pytest

from policylang.check.selection import EVERYTHING
from policylang.editor import checking
from policylang.editor.checking import LiveChecker
from policylang.editor.folders import Folders
from policylang.pipelines.check import CheckOptions, add_checked
from tests.editor.client import NOW
from tests.editor.test_edits import FOLDER, URI

TEXT = "resource doc { actions view }\nrole reader { grant view on doc }\n"


def test_a_keystroke_ends_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()
    proved: list[str] = []

    def endless(result: Any, project: Any, asked: CheckOptions) -> None:
        if asked.selection is not EVERYTHING:
            add_checked(result, project, asked)
            return
        text = project.sources.sources[0].text
        try:
            while text == TEXT:
                begun.set()
                asked.pulse()
        finally:
            ended.set()
        add_checked(result, project, asked)
        proved.append(text)

    monkeypatch.setattr(checking, "add_checked", endless)
    folders = Folders()
    failed: list[Exception] = []
    checker = LiveChecker(folders, lambda: None, failed.append)
    checker.now = datetime.datetime.fromisoformat(NOW)
    folders.open_files.open(URI, TEXT)
    folders.assign()
    try:
        checker.sources()
        checker.prove()
        assert begun.wait(20)
        checker.interrupt()
        assert ended.wait(20)
        folders.open_files.open(URI, TEXT + "# more\n")
        folders.assign()
        checker.sources()
        checker.prove()
        assert checker.wait(20)
    finally:
        checker.close()
    assert proved == [TEXT + "# more\n"]
    assert failed == []
    assert {each.code for each in checker.diagnostics()[FOLDER / "a.policy"]} >= {"PL701"}


def test_what_a_folder_names_outside_of_it_is_not_shown(folder: Path) -> None:
    (folder.parent / "secret.csv").write_text("id,role\nhunter2,hunter3\n")
    (folder / "policylang.yaml").write_text('roots: ["."]\ndirectory: [../secret.csv]\n')
    folders = Folders()
    checker = LiveChecker(folders, lambda: None, lambda _error: None)
    folders.add(folder)
    checker.sources()
    told = str(checker.diagnostics())
    assert "the file is outside" in told
    assert "hunter" not in told
