"""The lines that the documentation gives for editors, in the editors that are installed here, without a screen."""

from __future__ import annotations

import json
import os
import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.editor.client import ROOT

DOCUMENT = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
BROKEN = "role broken { grnt view on customer }\n"

NEOVIM = """
vim.api.nvim_create_autocmd("VimEnter", { callback = function()
  vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 50)
  for _, each in ipairs(vim.diagnostic.get(0)) do io.stdout:write(each.lnum .. " " .. each.message .. "\\n") end
  vim.cmd("qall!")
end })
"""
EMACS = """
(require 'eglot)
(find-file "company.policy")
(apply #'eglot (eglot--guess-contact))
(let ((end (+ (float-time) 60)))
  (while (and (not (flymake-diagnostics)) (< (float-time) end))
    (accept-process-output nil 0.1)
    (flymake-start))
  (dolist (each (flymake-diagnostics))
    (princ (format "%d %s\\n" (1- (line-number-at-pos (flymake-diagnostic-beg each))) (flymake-diagnostic-text each)))))
"""


def block(info: str) -> str:
    """The first block of a kind."""
    found = re.search(rf"^```{info}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def shown(folder: Path, command: list[str]) -> str:
    """What an editor says of a file with a mistake in its last line."""
    with (folder / "company.policy").open("a") as file:
        file.write(BROKEN)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(folder.parent)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return run.stdout + run.stderr


def line_of_mistake(folder: Path) -> int:
    return (folder / "company.policy").read_text(encoding="utf-8").count("\n")


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_neovim(folder: Path) -> None:
    line = line_of_mistake(folder)
    (folder.parent / "init.lua").write_text(block("lua editor") + NEOVIM)
    found = shown(folder, ["nvim", "--headless", "-n", "-i", "NONE", "-u", "../init.lua", "company.policy"])
    assert f"{line} expected" in found
    assert "did you mean `grant`?" in found


@pytest.mark.skipif(shutil.which("emacs") is None, reason="Emacs is not installed")
def test_emacs(folder: Path) -> None:
    if subprocess.run(["emacs", "--batch", "--eval", "(require 'eglot)"], capture_output=True).returncode:
        pytest.skip("Eglot is not installed")
    line = line_of_mistake(folder)
    (folder.parent / "init.el").write_text(block("lisp editor") + EMACS)
    found = shown(folder, ["emacs", "--batch", "-l", "../init.el"])
    assert f"{line} policylang [PL100]: expected" in found


def test_the_grammar_for_sublime_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = Path("editors/vscode/syntaxes/policylang.tmLanguage.json")
    (tmp_path / name).parent.mkdir(parents=True)
    shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    exec(block("python editor"), {})
    made = plistlib.loads((tmp_path / "policylang.tmLanguage").read_bytes())
    assert made == json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert made["fileTypes"] == ["policy"]
