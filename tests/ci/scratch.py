"""A scratch repository with a policy set, and a branch on which a grant is wider."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

BEFORE = """\
resource doc "Document" { author : user  actions view, modify }
policy own "Written by oneself" on doc { author is assigned user }
role clerk "Clerk" {
  grant view, modify on doc
  policy own
}
user "amy@acme.test" { assign role clerk }
"""
WIDER = BEFORE.replace("policy own\n", "policy own for modify\n")
WRONG = BEFORE.replace("grant view, modify", "grant veiw, modify")
TEST = """\
policies: a.policy
now: 2026-11-21T12:00:00Z
records:
  hers: {resource: doc, author: amy@acme.test}
tests:
  - name: clerks see what they wrote
    user: amy@acme.test
    allow: {view: [hers]}
"""


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which git and policylang behave the same on every machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "PRE_COMMIT"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "somebody",
        "GIT_AUTHOR_EMAIL": "somebody@acme.test",
        "GIT_COMMITTER_NAME": "somebody",
        "GIT_COMMITTER_EMAIL": "somebody@acme.test",
        **more,
    }


class Repository:
    def __init__(self, folder: Path, home: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.home = folder, home
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment(self.home), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        """Write files under ``policies``, by name with ``_`` for the point, and commit everything."""
        for name, text in files.items():
            path = self.folder / "policies" / name.replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")
