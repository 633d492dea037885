"""`policylang diff` on git revisions: scratch repositories, whose work trees it leaves alone."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests import commands
from tests.ci.scratch import BEFORE, WIDER, WRONG, Repository, environment

NOW = ("--now", "2026-11-21T12:00:00Z")


class Scratch(Repository):
    """A repository in which `policylang diff` is run, from a folder of it."""

    def diff(self, *arguments: str, folder: str = ".", **settings: str) -> subprocess.CompletedProcess[str]:
        before = self.state()
        done = commands.run(("diff", *NOW, *arguments), self.folder / folder, environment(self.home, **settings))
        assert self.state() == before
        return done

    def state(self) -> dict[str, str]:
        """Everything in the folder, the repository's own files among it, but for what is in reading order."""
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def kinds(self, *arguments: str, folder: str = ".") -> dict[str, list[str]]:
        """By the names of policy sets."""
        done = self.diff(*arguments, "--format", "json", folder=folder)
        assert done.returncode == 0, done.stderr
        sets = json.loads(done.stdout)["sets"]
        return {each["name"]: list(dict.fromkeys(c["kind"] for c in each["changes"])) for each in sets}

    def refused(self, *arguments: str, folder: str = ".") -> str:
        done = self.diff(*arguments, folder=folder)
        assert (done.returncode, done.stdout) == (2, ""), done.stdout
        return done.stderr


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """The branch `main`, on which there is another role by now, and `feature`, which is wider and which is checked out
    with a policy that is wrong.
    """
    repository = Scratch(tmp_path / "scratch", tmp_path)
    repository.commit(a_policy=BEFORE)
    repository.git("switch", "--quiet", "--create", "feature")
    repository.commit(a_policy=WIDER)
    repository.git("switch", "--quiet", "main")
    repository.commit(b_policy='role late "Late" { grant modify on doc }\n')
    repository.git("switch", "--quiet", "feature")
    (repository.folder / "policies" / "a.policy").write_text(WRONG, encoding="utf-8")
    return repository


# --- which revisions -----------------------------------------------------------------------------------------


def test_two_dots_and_three(scratch: Scratch) -> None:
    assert scratch.kinds("main..feature") == {"policies": ["widened", "lost"]}
    assert scratch.kinds("main...feature") == {"policies": ["widened"]}
    assert scratch.kinds("feature...main") == {"policies": ["gained"]}


def test_an_end_that_is_left_out_is_the_present_commit(scratch: Scratch) -> None:
    for arguments in (("main...HEAD",), ("main...",), ("main~1", "HEAD"), ("main~1..",)):
        assert scratch.kinds(*arguments) == {"policies": ["widened"]}
    assert scratch.kinds("...main") == {"policies": ["gained"]}


def test_names_of_every_kind(scratch: Scratch) -> None:
    scratch.git("tag", "--annotate", "v1", "--message", "one", "main~1")
    commit = scratch.git("rev-parse", "HEAD")
    for arguments in (("v1..HEAD",), ("HEAD~1", commit), (f"HEAD~1..{commit[:10]}",), ("main~1", "feature")):
        assert scratch.kinds(*arguments) == {"policies": ["widened"]}


def test_a_branch_named_like_a_folder_needs_its_full_name(scratch: Scratch) -> None:
    """What exists as a path is the path."""
    scratch.git("branch", "policies", "main~1")
    assert "the old side cannot be compared" in scratch.refused("policies", "HEAD")  # the work tree is wrong
    assert scratch.kinds("refs/heads/policies", "HEAD") == {"policies": ["widened"]}


def test_a_revision_and_a_folder(scratch: Scratch) -> None:
    """The folder is that of the work tree; the revision is read at the same path."""
    (scratch.folder / "policies" / "a.policy").write_text(WIDER, encoding="utf-8")
    assert list(scratch.kinds("main~1", "policies").values()) == [["widened"]]
    assert list(scratch.kinds("policies", "main~1").values()) == [["narrowed"]]
    assert list(scratch.kinds("main~1", ".", folder="policies").values()) == [["widened"]]


# --- paths ---------------------------------------------------------------------------------------------------


@pytest.fixture
def several(tmp_path: Path) -> Scratch:
    """Two policy sets in a folder with a config, and one elsewhere."""
    repository = Scratch(tmp_path / "several", tmp_path)
    for text in (BEFORE, WIDER):
        for folder in ("access/crm", "access/guards", "more"):
            path = repository.folder / folder
            path.mkdir(parents=True, exist_ok=True)
            (path / "a.policy").write_text(BEFORE if folder == "access/guards" else text, encoding="utf-8")
        (repository.folder / "access" / "policylang.yaml").write_text("roots: [crm, guards]\n", encoding="utf-8")
        (repository.folder / "access" / "deep" / "er").mkdir(parents=True, exist_ok=True)
        repository.commit()
    return repository


def test_paths_stand_for_policy_sets(several: Scratch) -> None:
    both = {"access/crm": ["widened"], "access/guards": []}
    assert several.kinds("HEAD~1..HEAD", "access") == both
    assert several.kinds("HEAD~1", "HEAD", "access", "more") == {**both, "more": ["widened"]}
    assert several.kinds("HEAD~1..HEAD", "access/guards") == {"access/guards": []}
    assert several.kinds("HEAD~1..HEAD", "more/a.policy")["more"] == ["widened"]
    assert several.kinds("HEAD~1..HEAD", str(several.folder / "more")) == {"more": ["widened"]}


def test_paths_are_seen_from_the_folder(several: Scratch) -> None:
    both = {"access/crm": ["widened"], "access/guards": []}
    for folder in ("access", "access/crm", "access/deep/er"):
        assert several.kinds("HEAD~1..HEAD", folder=folder) == both
    assert several.kinds("HEAD~1..HEAD", "crm", folder="access") == {"access/crm": ["widened"]}
    assert several.kinds("HEAD~1..HEAD", "../more", folder="access") == {"more": ["widened"]}


def test_a_folder_that_is_new_or_gone(several: Scratch) -> None:
    several.git("rm", "--quiet", "-r", "access/crm")
    (several.folder / "access" / "policylang.yaml").write_text("roots: [guards]\n", encoding="utf-8")
    several.commit()
    assert several.kinds("HEAD~1..HEAD", "access") == {"access/crm": ["lost"], "access/guards": []}
    assert several.kinds("HEAD..HEAD~1", "access") == {"access/crm": ["gained"], "access/guards": []}
    assert several.kinds("HEAD~1..HEAD", "access/crm") == {"access/crm": ["lost"]}


def test_people_of_a_directory_are_those_of_the_revision(scratch: Scratch) -> None:
    scratch.git("checkout", "--quiet", "--", ".")
    (scratch.folder / "policylang.yaml").write_text("roots: [policies]\ndirectory: [people.csv]\n", encoding="utf-8")
    for people in ("id,role\nbo,\n", "id,role\nbo,clerk\n"):
        (scratch.folder / "people.csv").write_text(people, encoding="utf-8")
        scratch.commit()
    (scratch.folder / "people.csv").write_text("nonsense\n", encoding="utf-8")
    found = json.loads(scratch.diff("HEAD~1..HEAD", "--format", "json").stdout)["sets"][0]["changes"]
    assert [(change["kind"], change["users"]) for change in found] == [("gained", ["bo"])]


# --- kinds of checkouts --------------------------------------------------------------------------------------


def test_in_a_worktree(scratch: Scratch) -> None:
    scratch.git("worktree", "add", "--quiet", "--detach", str(scratch.home / "tree"), "feature")
    tree = Scratch.__new__(Scratch)
    tree.folder, tree.home = scratch.home / "tree", scratch.home
    assert tree.kinds("main...HEAD") == {"policies": ["widened"]}
    assert tree.kinds("main...HEAD", ".", folder="policies") == {"policies": ["widened"]}


def test_in_a_bare_repository(scratch: Scratch) -> None:
    scratch.git("clone", "--quiet", "--bare", ".", str(scratch.home / "bare"))
    bare = Scratch.__new__(Scratch)
    bare.folder, bare.home = scratch.home / "bare", scratch.home
    assert bare.kinds("main...feature", "policies") == {"policies": ["widened"]}


def test_in_a_shallow_clone(scratch: Scratch) -> None:
    """What git does not have is said with what to do, and never fetched."""
    url = scratch.folder.as_uri()
    scratch.git("clone", "--quiet", "--depth=1", "--no-single-branch", url, str(scratch.home / "shallow"))
    shallow = Scratch.__new__(Scratch)
    shallow.folder, shallow.home = scratch.home / "shallow", scratch.home
    assert shallow.kinds("origin/main..origin/feature") == {"policies": ["widened", "lost"]}
    assert "these revisions have no common ancestor" in shallow.refused("origin/main...origin/feature")
    assert "fetch" in shallow.refused("origin/main...origin/feature")
    assert "in a shallow clone, fetch it first" in shallow.refused("HEAD~1..HEAD")


def test_a_clone_without_the_files(scratch: Scratch) -> None:
    scratch.git("config", "uploadpack.allowFilter", "true")
    url = scratch.folder.as_uri()
    scratch.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", url, str(scratch.home / "partial"))
    partial = Scratch.__new__(Scratch)
    partial.folder, partial.home = scratch.home / "partial", scratch.home
    said = partial.refused("origin/main..origin/feature")
    assert "main:policies/a.policy: git does not have the content of this file" in said
    assert "fetch what is missing" in said


# --- what cannot be read -------------------------------------------------------------------------------------


def test_names_that_are_none(scratch: Scratch) -> None:
    assert "nowhere: there is no such revision, file or folder" in scratch.refused("nowhere..HEAD")
    assert "nowhere: there is no such revision, file or folder" in scratch.refused("HEAD", "nowhere")
    assert "there is no such revision" in scratch.refused("nowhere:policies", "HEAD")
    assert "neither side has such a file or folder" in scratch.refused("HEAD:nowhere", "HEAD:nowhere")
    assert "the path is outside the repository" in scratch.refused("HEAD:../elsewhere", "HEAD")
    for name in ("--upload-pack=touch hacked..HEAD", "--output=hacked..HEAD"):
        assert "this is not a revision" in scratch.refused("--", name)
    assert not list(scratch.folder.rglob("hacked"))


def test_paths_that_are_none(scratch: Scratch) -> None:
    assert "the path is outside the repository" in scratch.refused("main..HEAD", "../elsewhere")
    assert "the path is outside the repository" in scratch.refused("main..HEAD", "/etc")
    assert "neither side has such a file or folder" in scratch.refused("main..HEAD", "nowhere")
    assert "main:nowhere: there is no such file or folder in this revision" in scratch.refused(
        "main..HEAD", "policies", "nowhere"
    )


def test_sources_that_are_wrong_on_one_side(scratch: Scratch) -> None:
    commit = scratch.commit(a_policy=WRONG)
    for arguments, word in ((("main..HEAD",), "new"), (("HEAD..main",), "old")):
        said = scratch.refused(*arguments)
        assert "HEAD:policies/a.policy:4:" in said
        assert f"the {word} side cannot be compared: PL101" in said
        assert "help: check out `HEAD` and run `policylang check` to see all errors" in said
    assert f"{commit}:policies/a.policy:4:" in scratch.refused("main", commit)


def test_links_do_not_lead_out_of_the_repository(scratch: Scratch) -> None:
    (scratch.folder / "policies" / "c.policy").symlink_to("/etc/passwd")
    scratch.commit(a_policy=WIDER)
    said = scratch.refused("main..HEAD")
    assert "HEAD:policies/c.policy: the new side cannot be compared: this link leads outside the repository" in said


def test_a_path_of_a_revision(scratch: Scratch) -> None:
    assert list(scratch.kinds("main~1:policies", "feature:policies").values()) == [["widened"]]
    assert list(scratch.kinds("main~1:./a.policy", "feature:policies/a.policy", folder="policies").values()) == [
        ["widened"]
    ]


def test_a_branch_and_a_tag_of_one_name(scratch: Scratch) -> None:
    scratch.git("tag", "feature", "main")
    said = scratch.refused("main~1", "feature")
    assert "feature: this names both a branch and a tag" in said
    assert scratch.kinds("main~1", "refs/heads/feature") == {"policies": ["widened"]}


def test_a_config_cannot_lead_out_of_the_repository(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("id\nbo\n", encoding="utf-8")
    for name in ("../secret.csv", str(tmp_path / "secret.csv")):
        (scratch.folder / "policylang.yaml").write_text(f"roots: [policies]\ndirectory: [{name}]\n", encoding="utf-8")
        scratch.commit(a_policy=WIDER)
        assert "the new side cannot be compared" in scratch.refused("main..HEAD", ".")


def test_without_git(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = scratch.diff("main..HEAD", PATH=str(tmp_path / "bin"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "git: cannot be run: " in done.stderr
    assert "install git" in done.stderr


def test_settings_of_git_do_not_matter(scratch: Scratch) -> None:
    """A hook runs with these, and users have aliases, pagers and colours."""
    scratch.git("config", "core.quotePath", "true")
    scratch.git("config", "color.ui", "always")
    scratch.git("config", "core.pager", "false")
    (scratch.folder / "policies" / "ä b.policy").write_text("role ae\n", encoding="utf-8")
    scratch.commit(a_policy=WIDER)
    assert scratch.kinds("main~1..HEAD") == {"policies": ["widened"]}
    scratch.git("config", "core.autocrlf", "true")
    assert scratch.kinds("main~1..HEAD") == {"policies": ["widened"]}
