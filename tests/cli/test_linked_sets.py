"""Links and submodules in policy sets, on disk and in revisions, and configs that name roots by links."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylang.project.discovery import discover
from tests.ci.scratch import BEFORE, WIDER
from tests.cli.test_revisions import Scratch

WORLD, ROLES = BEFORE.split("role clerk", 1)
ROLES = f"role clerk{ROLES}"
WIDER_ROLES = f"role clerk{WIDER.split('role clerk', 1)[1]}"


def commit(repository: Scratch, **files: str) -> None:
    for name, text in files.items():
        path = repository.folder / name.replace("__", "/").replace("_policy", ".policy")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "some")


@pytest.fixture
def repository(tmp_path: Path) -> Scratch:
    made = Scratch(tmp_path / "app", tmp_path)
    commit(made, policies__doc_policy=WORLD)
    return made


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("policies/shared", "../shared"),  # a folder
        ("policies/roles.policy", "../shared/roles.policy"),  # a file
        ("policies/roles.policy", "../shared/roles.txt"),  # one with another name
        ("policies/shared", "../by/way/shared"),  # by another link
    ],
)
def test_links_are_followed_as_on_disk(repository: Scratch, link: str, target: str) -> None:
    (repository.folder / "by").mkdir()
    (repository.folder / "by" / "way").symlink_to("..")
    (repository.folder / link).symlink_to(target)
    name = "shared__roles.txt" if target.endswith(".txt") else "shared__roles_policy"
    commit(repository, **{name: ROLES})
    commit(repository, **{name: WIDER_ROLES})
    assert list(repository.kinds("HEAD~1..HEAD").values()) == [["widened"]]
    assert list(repository.kinds("HEAD~1", "policies").values()) == [["widened"]]


@pytest.mark.parametrize("target", ["../../elsewhere", "/etc", "../out/../../elsewhere", "../way/../../elsewhere"])
def test_links_that_lead_out_are_refused(repository: Scratch, tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repository.folder / "deep" / "er").mkdir(parents=True)
    (repository.folder / "way").symlink_to("policies")
    (repository.folder / "policies" / "more").symlink_to(target)
    commit(repository, policies__roles_policy=ROLES)
    assert "HEAD:policies/more: " in repository.refused("HEAD~1..HEAD")
    assert "this link leads outside the repository" in repository.refused("HEAD~1..HEAD")


def test_links_that_lead_to_themselves_end(repository: Scratch) -> None:
    (repository.folder / "policies" / "loop").symlink_to(".")
    (repository.folder / "policies" / "self").symlink_to("self")
    commit(repository, policies__roles_policy=ROLES)
    commit(repository, policies__roles_policy=WIDER_ROLES)
    assert list(repository.kinds("HEAD~1..HEAD").values()) == [["widened"]]


def test_a_config_that_is_a_link(repository: Scratch) -> None:
    (repository.folder / "policies" / "policylang.yaml").symlink_to("../settings.yaml")
    commit(repository, **{"settings.yaml": "directory: [people.csv]\n", "policies__people.csv": "id,role\nbo,clerk\n"})
    commit(repository, policies__roles_policy=ROLES)
    commit(repository, policies__roles_policy=WIDER_ROLES, **{"policies__people.csv": "id,role\ncy,clerk\n"})
    assert set(next(iter(repository.kinds("HEAD~1..HEAD", "policies").values()))) == {"gained", "widened", "lost"}


# --- submodules ----------------------------------------------------------------------------------------------


@pytest.fixture
def with_submodule(repository: Scratch, tmp_path: Path) -> Scratch:
    """The roles are in a submodule, first as they were, then wider."""
    library = Scratch(tmp_path / "lib", tmp_path)
    commit(library, roles_policy=ROLES)
    commit(library, roles_policy=WIDER_ROLES)
    allow = ("-c", "protocol.file.allow=always")
    repository.git(*allow, "submodule", "--quiet", "add", str(library.folder), "policies/lib")
    repository.git("-C", "policies/lib", "checkout", "--quiet", "HEAD~1")
    commit(repository)
    repository.git("-C", "policies/lib", "checkout", "--quiet", "main")
    commit(repository)
    return repository


def test_submodules_are_read_at_their_commits(with_submodule: Scratch) -> None:
    assert list(with_submodule.kinds("HEAD~1..HEAD").values()) == [["widened"]]
    assert list(with_submodule.kinds("HEAD~1", "policies").values()) == [["widened"]]
    assert list(with_submodule.kinds("HEAD:policies", "policies").values()) == [[]]


def test_submodules_that_are_not_there_are_refused(with_submodule: Scratch) -> None:
    with_submodule.git("submodule", "--quiet", "deinit", "--force", "policies/lib")
    said = with_submodule.refused("HEAD~1..HEAD")
    assert "policies/lib: the old side cannot be compared: this submodule does not have the commit" in said
    assert "git submodule update --init" in said


# --- on disk -------------------------------------------------------------------------------------------------


def test_the_config_that_names_a_link_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shared" / "crm").mkdir(parents=True)
    (tmp_path / "shared" / "crm" / "a.policy").write_text(BEFORE, encoding="utf-8")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "crm").symlink_to("../shared/crm")
    (tmp_path / "app" / "people.csv").write_text("id,role\nbo,clerk\n", encoding="utf-8")
    config = "roots: [crm]\ndirectory: [people.csv]\n"
    (tmp_path / "app" / "policylang.yaml").write_text(config, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "app")
    for paths in ([], ["crm"], ["."], [str(tmp_path / "app" / "crm")]):
        (found,) = discover(paths)
        assert [source.name for source in found.sources] == ["a.policy"]
        assert [Path(source.display).name for source in found.directory] == ["people.csv"], paths
        assert found.problems == ()


OUTSIDE = ["../out/people.csv", "link/people.csv", "people.csv"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_people_from_outside_are_refused(tmp_path: Path, name: str) -> None:
    _with_people_outside(tmp_path, "id,role\nSECRET,clerk\n")
    config = f"directory: [{name}]\n"
    (tmp_path / "set" / "policylang.yaml").write_text(config, encoding="utf-8")
    (found,) = discover([str(tmp_path / "set")])
    assert [problem.path for problem in found.problems] == [str(tmp_path / "set" / name)]
    assert "is outside" in found.problems[0].message
    assert not found.directory
    (tmp_path / "set" / "policylang.yaml").write_text(f"{config}directory_outside: [../out]\n", encoding="utf-8")
    (found,) = discover([str(tmp_path / "set")])
    assert (found.problems, [source.foreign for source in found.directory]) == ((), [True])


def _with_people_outside(folder: Path, text: str) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "people.csv").write_text(text, encoding="utf-8")
    (folder / "set").mkdir()
    (folder / "set" / "a.policy").write_text(BEFORE, encoding="utf-8")
    (folder / "set" / "link").symlink_to("../out")
    (folder / "set" / "people.csv").symlink_to("../out/people.csv")


@pytest.mark.parametrize("text", ["id,role\nSECRET,SECRET\n", "id,role\nSECRET,clerk,SECRET\n", "SECRET\n"])
def test_nothing_of_what_is_outside_is_shown(tmp_path: Path, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    from click.testing import CliRunner

    from policylang.cli.main import commands

    _with_people_outside(tmp_path, text)
    config = "directory: [../out/people.csv]\ndirectory_outside: [../out]\n"
    (tmp_path / "set" / "policylang.yaml").write_text(config, encoding="utf-8")
    for arguments in (["check"], ["check", "--format", "json"], ["compile"]):
        done = CliRunner().invoke(commands, [*arguments, str(tmp_path / "set")])
        assert done.exit_code != 0
        assert "SECRET" not in done.output + done.stderr
        assert "people.csv" in done.output + done.stderr
