"""Policy sets as they are in a git revision, read through git: the work tree is neither looked at nor touched."""

from __future__ import annotations

import os
import posixpath
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from policylang.config import FILE_NAME, ConfigError, read_config
from policylang.discovery import DEFAULT_ROOT, SUFFIX, Problem, SourceSet, discover
from policylang.source import Source

_LINK, _FILES = b"120000", (b"100644", b"100755")
_CHUNK = 1 << 20


class RevisionError(Exception):
    """Why a revision cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Revision(msgspec.Struct, frozen=True):
    """A commit of the repository around a folder. ``name``: as the user says it; ``prefix``: the folder in it."""

    name: str
    commit: str
    folder: Path
    prefix: str


class _Entry(msgspec.Struct, frozen=True):
    mode: bytes
    id: str
    path: str


def resolve(name: str, folder: Path) -> Revision:
    """The commit that a name stands for. Raises `RevisionError`."""
    if name.startswith("-") or "\0" in name:
        raise RevisionError(Problem(name, "this is no name of a revision", "name a branch, a tag or a commit"))
    inside = _git(folder, "rev-parse", "--show-prefix")
    if inside is None:
        problem = Problem(name, "there is no such file or folder, and no git repository here", "check the path")
        raise RevisionError(problem)
    found = _git(folder, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
    if found is None:
        help = "name a branch, a tag or a commit; in a shallow clone, fetch it first"
        raise RevisionError(Problem(name, "there is no such revision, file or folder", help))
    return Revision(name, found.decode().strip(), folder, os.fsdecode(inside).rstrip("\n"))


def merge_base(one: Revision, other: Revision) -> Revision:
    """The commit at which two revisions parted. Raises `RevisionError`."""
    found = _git(one.folder, "merge-base", one.commit, other.commit)
    if found is None:
        help = "name two commits; in a shallow clone, fetch the history first, with `git fetch --unshallow`"
        problem = Problem(f"{one.name}...{other.name}", "these revisions have no common beginning", help)
        raise RevisionError(problem)
    commit = found.decode().split("\n")[0]
    return msgspec.structs.replace(one, name=commit[:12], commit=commit)


def read_revision(revision: Revision, paths: Sequence[str]) -> list[SourceSet] | None:
    """The policy sets that paths stand for in a revision, as `discover` finds them in folders; paths are relative to
    the folder, and stand for the same as in `policylang check`. ``None`` where there is none of the paths.

    Submodules are left out. Raises `RevisionError`.
    """
    wanted = [_inside(revision, path) for path in paths]
    with tempfile.TemporaryDirectory(prefix="policylang-") as name:
        above = Path(name).resolve()
        tree = above / "tree"
        tree.mkdir()
        (above / FILE_NAME).write_bytes(b"")  # so that no config around the temporary folder counts
        entries = list(_entries(revision))
        configs = [each for each in entries if posixpath.basename(each.path) == FILE_NAME]
        _write(revision, tree, configs)
        people = {posixpath.basename(each) for config in configs for each in _directory(tree / config.path)}
        files = [e for e in entries if e.path.endswith(SUFFIX) or posixpath.basename(e.path) in people]
        _refuse_links(revision, [*files, *configs], wanted)
        _write(revision, tree, [each for each in files if each not in configs])
        if not wanted:
            wanted = [_default(tree, revision.prefix)]
        there = [path for path in wanted if os.path.lexists(tree / path)]
        if not there:
            return None
        missing = [path for path in wanted if path not in there]
        if missing:
            problem = Problem(f"{revision.name}:{missing[0]}", "there is no such file or folder in this revision")
            raise RevisionError(problem)
        return [_shown(each, revision, tree, above) for each in discover([str(tree / path) for path in there])]


def _default(tree: Path, prefix: str) -> str:
    """What `policylang check` looks at in a folder without paths: the folder of the nearest config, or policies."""
    at = posixpath.normpath(prefix or ".")
    while True:
        if os.path.isfile(tree / at / FILE_NAME):
            return at
        if at == ".":
            return posixpath.normpath(posixpath.join(prefix, DEFAULT_ROOT))
        at = posixpath.dirname(at) or "."


def _inside(revision: Revision, path: str) -> str:
    """A path as one inside the repository. Raises `RevisionError` for one outside."""
    if os.path.isabs(path):
        top = _git(revision.folder, "rev-parse", "--show-toplevel")
        path = os.path.relpath(os.path.realpath(path), os.fsdecode(top).rstrip("\n")) if top is not None else path
        found = posixpath.normpath(Path(path).as_posix())
    else:
        found = posixpath.normpath(posixpath.join(revision.prefix, Path(path).as_posix()))
    if found.startswith(("../", "/")) or found == ".." or "\0" in found:
        raise RevisionError(Problem(path, "the path lies outside of the repository", "name one inside"))
    return found


def _directory(config: Path) -> tuple[str, ...]:
    """The files with people that a config names; none where the config cannot be read, which is reported later."""
    try:
        return read_config(config).directory
    except (ConfigError, OSError):
        return ()


def _refuse_links(revision: Revision, entries: Iterable[_Entry], wanted: Sequence[str]) -> None:
    """Links are not followed: what they stand for in a revision is not certain."""
    for entry in entries:
        if entry.mode == _LINK and (not wanted or any(_is_below(entry.path, path) for path in wanted)):
            help = "put the file itself there, or compare folders that are checked out"
            problem = Problem(
                f"{revision.name}:{entry.path}", "this is a link, which is not followed in a revision", help
            )
            raise RevisionError(problem)


def _is_below(path: str, folder: str) -> bool:
    return folder == "." or path == folder or path.startswith(f"{folder}/")


def _shown(found: SourceSet, revision: Revision, tree: Path, above: Path) -> SourceSet:
    """The set with paths as they are in the revision, `main:policies/a.policy`."""

    def shown(path: str) -> str:
        for folder in (str(tree), os.path.relpath(tree)):
            if path == folder or path.startswith(f"{folder}{os.sep}"):
                return f"{revision.name}:{path[len(folder) + 1 :]}"
        return path

    problems = [msgspec.structs.replace(each, path=shown(each.path)) for each in found.problems]
    for source in (*found.sources, *found.oversized, *found.directory):
        real = os.path.realpath(source.display)
        if not real.startswith(f"{tree}{os.sep}"):
            help = "name folders and files in the repository in `policylang.yaml`"
            problems.append(
                Problem(f"{revision.name}:{FILE_NAME}", "it names what lies outside of the repository", help)
            )
            break

    def again(sources: tuple[Source, ...]) -> tuple[Source, ...]:
        return tuple(Source(source.name, source.text, shown(source.display)) for source in sources)

    root = Path(os.path.relpath(os.path.realpath(found.root), tree))
    return msgspec.structs.replace(
        found,
        root=root,
        sources=again(found.sources),
        oversized=again(found.oversized),
        directory=again(found.directory),
        problems=tuple(problems),
        asked=(f"{revision.name}:{root.as_posix()}",),
        base=None,
    )


# --- git -----------------------------------------------------------------------------------------------------


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git answers; ``None`` where it fails. Raises `RevisionError` where there is no git."""
    try:
        done = subprocess.run(_command(folder, *arguments), capture_output=True, check=False, env=_environment())
    except OSError as error:
        raise RevisionError(
            Problem("git", f"cannot be run: {(error.strerror or str(error)).lower()}", "install git")
        ) from None
    return done.stdout if done.returncode == 0 else None


def _command(folder: Path, *arguments: str) -> list[str]:
    return ["git", "-C", str(folder), "--literal-pathspecs", *arguments]


def _environment() -> dict[str, str]:
    # No protocol at all: a clone without the files would fetch them, one by one.
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "none"}
    return {**os.environ, "LC_ALL": "C", **quiet}


def _entries(revision: Revision) -> Iterator[_Entry]:
    """The files and links of a revision, those with a path that no file system takes left out."""
    listing = _git(revision.folder, "ls-tree", "-r", "-z", "--full-tree", revision.commit)
    if listing is None:
        raise RevisionError(Problem(revision.name, "git cannot list the files of this revision", "run `git fsck`"))
    for line in listing.split(b"\0"):
        head, tab, path = line.partition(b"\t")
        mode, _kind, id_ = head.split(b" ") if tab else (b"", b"", b"")
        steps = path.split(b"/")
        if mode in (*_FILES, _LINK) and not any(step.lower() in (b"", b".", b"..", b".git") for step in steps):
            yield _Entry(mode, id_.decode("ascii"), os.fsdecode(path))


def _write(revision: Revision, tree: Path, entries: Sequence[_Entry]) -> None:
    """Write the files among the entries below a folder that is ours alone."""
    files = [each for each in entries if each.mode != _LINK]
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{each.id}\n" for each in files).encode())
        asked.seek(0)
        command = _command(revision.folder, "cat-file", "--batch")
        with subprocess.Popen(command, stdin=asked, stdout=subprocess.PIPE, env=_environment()) as git:
            assert git.stdout is not None
            for entry in files:
                head = git.stdout.readline().split()
                if len(head) != 3 or head[1] != b"blob":
                    git.kill()
                    help = "run `git fsck`, or fetch what is missing"
                    problem = Problem(
                        f"{revision.name}:{entry.path}", "git does not have the content of this file", help
                    )
                    raise RevisionError(problem)
                target = tree / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    _copy(git.stdout, file, int(head[2]))
                git.stdout.read(1)


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    while size > 0:
        chunk = source.read(min(size, _CHUNK))
        if not chunk:
            return
        target.write(chunk)
        size -= len(chunk)
