"""`policylang bundle`, `sign` and `verify`: what they write, and what they refuse."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from policylang.project.bundle import unpack
from tests import commands
from tests.ci.scratch import Repository, environment
from tests.cli.checking import policylang

VECTORS = Path(__file__).parents[1] / "bundles/minisign"
CLEAN = "resource doc { actions view }\nrole r { grant view on doc }\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "scratch", tmp_path)
    made.commit(a_policy=CLEAN, b_policy="role s\n")
    return made


def packed(repository: Repository, *arguments: str, folder: str = ".") -> str | None:
    """The revision in the bundle that is packed."""
    env = environment(repository.home)
    done = commands.run(("bundle", *arguments, "-o", "../set.bundle"), repository.folder / folder, env)
    assert done.returncode == 0, done.stderr
    path = repository.folder / folder / "../set.bundle"
    revision = unpack(path.read_bytes()).manifest.revision
    said = f"of revision {revision}" if revision else "without a revision: the last commit does not have these sources"
    assert done.stderr == f"wrote ../set.bundle, {said}\n"
    return revision


def test_the_revision_is_the_commit_that_has_the_sources(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    assert packed(repository, "policies") == head
    assert packed(repository, ".", folder="policies") == head
    assert packed(repository, "policies/a.policy", "policies/b.policy") == head
    (repository.folder / "policies/b.policy").write_text("role t\n")
    assert packed(repository, "policies") is None
    assert packed(repository, "policies/a.policy") == head
    assert packed(repository, "policies", "--revision", "v1") == "v1"
    repository.git("checkout", "policies")
    (repository.folder / "policies/new.policy").write_text("role new\n")
    assert packed(repository, "policies") is None
    (repository.folder / "policies/new.policy").unlink()
    (repository.folder / "notes.txt").write_text("not a source")
    assert packed(repository, "policies") == head


def test_the_same_bytes_anywhere(run, write, tmp_path) -> None:
    for folder in ("one", "two/deeper"):
        write(f"{folder}/a.policy", CLEAN)
        write(f"{folder}/b.policy", "role s\n")
    for number, folder in enumerate(("one", "two/deeper")):
        env = {"PYTHONHASHSEED": str(number), "TZ": ("UTC", "Asia/Tokyo")[number]}
        assert run("bundle", folder, "-o", f"{number}.bundle", env=env).returncode == 0
    first, second = ((tmp_path / f"{number}.bundle").read_bytes() for number in (0, 1))
    assert first == second
    assert run("bundle", "one", "-o", "-").stdout == first
    sums = "".join(
        f"{hashlib.sha256((tmp_path / 'one' / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("a.policy", "b.policy")
    )
    manifest = unpack(first).manifest
    assert manifest.sources == f"sha256:{hashlib.sha256(sums.encode()).hexdigest()}"
    assert manifest.digest == json.loads(run("compile", "one").stdout)["digest"]


def test_commands_take_bundles(run, write) -> None:
    write("p/a.policy", CLEAN + 'user "u" { assign role r }\n')
    assert run("bundle", "p", "-o", "set.bundle").returncode == 0
    asked = ("decide", "u", "view", "--resource", "doc", "--now", "2026-11-21T12:00:00Z", "--policies")
    assert run(*asked, "set.bundle").stdout == run(*asked, "p").stdout
    assert run("diff", "p", "set.bundle", "--now", "2026-11-21T12:00:00Z").returncode == 0
    assert run("compile", "p", "-o", "set.json").returncode == 0
    for asked_for in ("check", "agenda"):
        of_json, of_bundle = (
            run(asked_for, f"set.{each}", "--now", "2026-11-21T12:00:00Z") for each in ("json", "bundle")
        )
        assert (of_bundle.returncode, of_bundle.stderr) == (0, b"")
        assert of_bundle.stdout == of_json.stdout.replace(b"set.json", b"set.bundle")
    write("cut.bundle", (Path("set.bundle")).read_bytes()[:-1])
    result = run(*asked, "cut.bundle")
    assert (result.returncode, b"the bundle ends too early, pack it again" in result.stderr) == (2, True)
    result = run("check", "cut.bundle")
    assert (result.returncode, b"the bundle ends too early, pack it again" in result.stdout) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bundle", "wrong", "-o", "x"], "PL101"),
        (["bundle", "p", "other", "-o", "x"], "these are 2 policy sets"),
        (["bundle", "nowhere", "-o", "x"], "error: nowhere: cannot be read"),
        (["bundle", "p", "-o", "x", "--revision", ""], "this is not 1 to 1,000 characters"),
        (["bundle", "p", "-o", "p/a.policy"], "not written: this is a policy file"),
        (["bundle", "p"], "Missing option"),
        (["sign"], "name the file to sign"),
        (["sign", "message", "--new-key", "k"], "--new-key stands alone"),
        (["sign", "nothing", "--key", "plain.key"], "error: nothing: cannot be read"),
        (["sign", "p", "--key", "plain.key"], "error: p: cannot be read: not a regular file"),
        (["sign", "message", "--key", "plain.pub"], "error: plain.pub: not a secret key of minisign: 42 bytes"),
        (["sign", "message", "--key", "message"], "error: message: not a secret key of minisign"),
        (["sign", "message", "--key", "plain.key", "--comment", "a\nb"], "a comment is one line"),
        (["sign", "message", "--key", "plain.key", "-o", "plain.key"], "not written: the command reads this file"),
        (["sign", "message", "--key", "plain.key", "-o", "plain.pub"], "not written: the command reads this file"),
        (["sign", "message", "--key", "plain.key", "-o", "p/a.policy"], "not written: this is a policy file"),
        (["sign", "--new-key", "plain.key"], "error: plain.key: not written: there is such a file"),
        (["sign", "--new-key", "locked.key"], "error: locked.pub: not written: there is such a file"),
        (["sign", "--new-key", "new.pub"], "this would be the name of the public key"),
        (["sign", "--new-key", "none/new.key"], "error: none/new.key: cannot be written: no such file or directory"),
        (["verify", "message", "--key", "plain.key"], "error: plain.key: not a public key of minisign"),
        (["verify", "plain.key", "--key", "plain.pub"], "error: plain.key.minisig: cannot be read"),
        (["verify", "message", "--key", "plain.pub", "--signature", "legacy.minisig"], "sign it again"),
        (["verify", "message", "--key", "plain.pub", "--signature", "message"], "not a signature of minisign"),
    ],
)
def test_what_is_refused(write, tmp_path, monkeypatch, arguments: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    write("p/a.policy", CLEAN)
    write("other/a.policy", CLEAN)
    write("wrong/a.policy", CLEAN.replace("grant view", "grant veiw"))
    for each in VECTORS.iterdir():
        write(each.name, each.read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = policylang(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_signing(run, write, tmp_path) -> None:
    write("message", b"may read\n")
    assert run("sign", "--new-key", "team.key").stderr == (
        b"wrote team.key, the secret key, and team.pub, the public one\n"
    )
    assert (tmp_path / "team.key").stat().st_mode & 0o777 == 0o600
    assert run("sign", "message", "--key", "team.key").returncode == 0
    signature = (tmp_path / "message.minisig").read_bytes()
    result = run("verify", "message", "--key", "team.pub")
    assert (result.returncode, result.stdout) == (
        0,
        b"message is signed with the key team.pub; comment: file:message\n",
    )
    run("sign", "message", "--key", "team.key", "-o", "again")
    assert (tmp_path / "again").read_bytes() == signature
    write("message", b"may write\n")
    result = run("verify", "message", "--key", "team.pub")
    assert result.returncode == 1
    assert b"message is not to be trusted: the content is not what key" in result.stdout


def test_files_of_minisign(run, write) -> None:
    for each in VECTORS.iterdir():
        write(each.name, each.read_bytes())
    result = run("verify", "message", "--key", "plain.pub")
    assert (result.returncode, result.stdout) == (
        0,
        b"message is signed with the key plain.pub; comment: policies of the quarter\n",
    )
    result = run("verify", "message", "--key", "locked.pub")
    assert (result.returncode, result.stdout) == (
        1,
        b"message is not to be trusted: signed with another key, E73C7FC253B27B38, not 2C21F795C328EAF1\n",
    )
    result = run("sign", "message", "--key", "plain.key", "--comment", "policies of the quarter", "-o", "-")
    assert result.stdout.split(b"\n")[1:] == (VECTORS / "message.minisig").read_bytes().split(b"\n")[1:]


def test_a_password_comes_from_standard_input(run, write) -> None:
    from tests.bundles.test_minisign import SECRET, locked

    write("message", b"may read\n")
    write("locked.key", locked(SECRET, b"pass word"))
    assert run("sign", "message", "--key", "locked.key", input=b"pass word\n").returncode == 0
    result = run("sign", "message", "--key", "locked.key", input=b"other\n")
    assert (result.returncode, b"the password is wrong" in result.stderr) == (2, True)
    result = run("sign", "message", "--key", "locked.key", stdin=subprocess.DEVNULL)
    assert (result.returncode, b"the password is wrong" in result.stderr) == (2, True)


def test_a_secret_key_is_never_written_through_a_link(run, tmp_path) -> None:
    (tmp_path / "team.key").symlink_to(tmp_path / "elsewhere")
    result = run("sign", "--new-key", "team.key")
    assert (result.returncode, os.path.lexists(tmp_path / "elsewhere")) == (2, False)


def test_what_others_sign_is_shown_harmless(run, write) -> None:
    from policylang.signing import minisign
    from tests.bundles.test_minisign import SECRET

    comment = "\x1b[2Jall is well"
    signature = SECRET.sign(hashlib.blake2b(b"x").digest())
    whole = SECRET.sign(signature + comment.encode())
    write("x", b"x")
    write("x.pub", SECRET.public.file())
    lines = ("untrusted comment: x", minisign._base64(b"ED" + SECRET.id + signature), f"trusted comment: {comment}")
    write("x.minisig", "\n".join((*lines, minisign._base64(whole), "")))
    result = run("verify", "x", "--key", "x.pub")
    assert (result.returncode, b"\x1b" in result.stdout, b"all is well" in result.stdout) == (0, False, True)
