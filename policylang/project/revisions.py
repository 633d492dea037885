"""Policy sets as they are in a git revision, read through git: the work tree is neither looked at nor touched."""

from __future__ import annotations

import os
import posixpath
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from policylang.diagnostics import reason
from policylang.files.paths import real_path
from policylang.project.discovery import DEFAULT_ROOT, SUFFIX, Problem, SourceSet, UnreadableError, discover
from policylang.settings.config import FILE_NAME, FILE_NAMES, ConfigError, read_config
from policylang.source import Source

_LINK, _SUBMODULE, _FILES = b"120000", b"160000", (b"100644", b"100755")
_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_LONGEST_LINK = 4096
_DEEPEST = 20
"""How many submodules may be inside each other."""
_CHUNK = 1 << 20


class RevisionError(UnreadableError):
    """Why a revision cannot be read."""


class Revision(msgspec.Struct, frozen=True):
    """A commit of the repository around a folder. ``name``: as the user says it; ``prefix``: the folder in it;
    ``path``: what is meant of it, as in ``main:policies``, if that was said.
    """

    name: str
    commit: str
    folder: Path
    prefix: str
    path: str | None = None


class _Entry(msgspec.Struct, frozen=True):
    mode: bytes
    id: str
    path: str
    repository: Path


def resolve(name: str, folder: Path) -> Revision:
    """The commit that a name stands for. Raises `RevisionError`."""
    if name.startswith("-") or "\0" in name:
        raise RevisionError(Problem(name, "this is not a revision", "name a branch, a tag or a commit"))
    inside = _git(folder, "rev-parse", "--show-prefix")
    if inside is None:
        problem = Problem(name, "there is no such file or folder, and no git repository here", "check the path")
        raise RevisionError(problem)
    found = _commit(folder, name)
    if found is None and ":" in name:
        before, _, path = name.partition(":")
        whole = resolve(before or "HEAD", folder)
        # As git reads it: from the top of the repository, or from the folder if it begins with a dot.
        start = whole.prefix if path.startswith(("./", "../")) else ""
        return msgspec.structs.replace(whole, path=_normal(posixpath.join(start, path), path))
    if found is None:
        help = "name a branch, a tag or a commit; in a shallow clone, fetch it first"
        raise RevisionError(Problem(name, "there is no such revision, file or folder", help))
    if all(_git(folder, "show-ref", "--verify", f"refs/{kind}/{name}") is not None for kind in ("heads", "tags")):
        help = f"write `refs/heads/{name}` or `refs/tags/{name}`"
        raise RevisionError(Problem(name, "this names both a branch and a tag", help))
    return Revision(name, found, folder, os.fsdecode(inside).removesuffix("\n"))


def _commit(folder: Path, name: str) -> str | None:
    found = _git(folder, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
    return None if found is None else found.decode().strip()


def merge_base(one: Revision, other: Revision) -> Revision:
    """The commit at which two revisions parted. Raises `RevisionError`."""
    found = _git(one.folder, "merge-base", one.commit, other.commit)
    if found is None:
        help = "name two commits; in a shallow clone, fetch the history first, with `git fetch --unshallow`"
        problem = Problem(f"{one.name}...{other.name}", "these revisions have no common ancestor", help)
        raise RevisionError(problem)
    commit = found.decode().split("\n")[0]
    return msgspec.structs.replace(one, name=commit[:12], commit=commit)


def read_revision(revision: Revision, paths: Sequence[str]) -> list[SourceSet] | None:
    """The policy sets that paths stand for in a revision, as `discover` finds them in folders; paths are relative to
    the folder, and stand for the same as in `policylang check`. ``None`` where there is none of the paths.

    Links are followed as on disk, submodules read at the commit that the revision has of them. Raises `RevisionError`.
    """
    wanted = [revision.path] if revision.path is not None else [_inside(revision, path) for path in paths]
    with tempfile.TemporaryDirectory(prefix="policylang-") as name:
        above = real_path(name)
        tree = above / "tree"
        tree.mkdir()
        (above / FILE_NAME).write_bytes(b"")  # so that no config around the temporary folder counts
        checkout = _Checkout(revision, tree)
        checkout.add(lambda path: posixpath.basename(path) in FILE_NAMES)
        checkout.link()
        people = {posixpath.basename(each) for config in checkout.configs() for each in _directory(config)}
        checkout.add(lambda path: path.endswith(SUFFIX) or posixpath.basename(path) in people)
        checkout.add_targets()
        if not wanted:
            wanted = [_default(tree, revision.prefix)]
        there = [path for path in wanted if os.path.lexists(tree / path)]
        if not there:
            return None
        missing = [path for path in wanted if path not in there]
        if missing:
            problem = Problem(f"{revision.name}:{missing[0]}", "there is no such file or folder in this revision")
            raise RevisionError(problem)
        return [_shown(each, revision, tree, checkout) for each in discover([str(tree / path) for path in there])]


def _default(tree: Path, prefix: str) -> str:
    """What `policylang check` looks at in a folder without paths: the folder of the nearest config, or policies."""
    here = PurePosixPath(prefix)
    for at in (here, *here.parents):
        if any(os.path.isfile(tree / at / each) for each in FILE_NAMES):
            return str(at)
    return str(here / DEFAULT_ROOT)


def _inside(revision: Revision, path: str) -> str:
    """A path as one inside the repository. Raises `RevisionError` for one outside."""
    if os.path.isabs(path):
        top = _git(revision.folder, "rev-parse", "--show-toplevel")
        path = os.path.relpath(os.path.realpath(path), os.fsdecode(top).rstrip("\n")) if top is not None else path
        found = posixpath.normpath(Path(path).as_posix())
    else:
        found = posixpath.normpath(posixpath.join(revision.prefix, Path(path).as_posix()))
    return _normal(found, path)


def _normal(path: str, said: str) -> str:
    """A path from the top of the repository. Raises `RevisionError` for one outside."""
    found = posixpath.normpath(path or ".")
    if found.startswith(("../", "/")) or found == ".." or "\0" in found:
        raise RevisionError(Problem(said, "the path is outside the repository", "name one inside"))
    return found


def _directory(config: Path) -> tuple[str, ...]:
    """The files with people that a config names; none where the config cannot be read, which is reported later."""
    try:
        return read_config(config).directory
    except (ConfigError, OSError):
        return ()


def _shown(found: SourceSet, revision: Revision, tree: Path, checkout: _Checkout) -> SourceSet:
    """The set with paths as they are in the revision, `main:policies/a.policy`."""

    def shown(path: str) -> str:
        for folder in (str(tree), os.path.relpath(tree)):
            if path == folder or path.startswith(f"{folder}{os.sep}"):
                return f"{revision.name}:{path[len(folder) + 1 :]}"
        return path

    problems = [msgspec.structs.replace(each, path=shown(each.path)) for each in found.problems]
    for source in found.files:
        problem = checkout.problem(source.display)
        if problem is not None:
            problems.append(problem)
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
        done = subprocess.run(_command(folder, *arguments), capture_output=True, check=False, env=_environment(folder))
    except OSError as error:
        raise RevisionError(Problem("git", f"cannot be run: {reason(error)}", "install git")) from None
    return done.stdout if done.returncode == 0 else None


def _command(folder: Path, *arguments: str) -> list[str]:
    return ["git", "-C", str(folder), "--literal-pathspecs", *arguments]


def _environment(folder: Path) -> dict[str, str]:
    # No protocol at all: a clone without the files would fetch them, one by one.
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "none"}
    # In a hook git names its own repository here, which a submodule is not.
    kept = {k: v for k, v in os.environ.items() if not (k in _REPOSITORY and os.path.isfile(folder / ".git"))}
    return {**kept, "LC_ALL": "C", **quiet}


def _entries(revision: Revision) -> Iterator[_Entry]:
    """The files, links and submodules of a revision, and of the submodules what can be had of theirs; those with a path
    that no file system takes left out.
    """
    top = _git(revision.folder, "rev-parse", "--show-toplevel")
    # A bare repository has no folder with submodules.
    at = revision.folder if top is None else Path(os.fsdecode(top).removesuffix("\n"))
    yield from _listed(revision.name, revision.commit, at, at if top is not None else None, "", 0)


def _listed(name: str, commit: str, repository: Path, top: Path | None, before: str, depth: int) -> Iterator[_Entry]:
    listing = _git(repository, "ls-tree", "-r", "-z", "--full-tree", commit)
    if listing is None:
        raise RevisionError(Problem(name, "git cannot list the files of this revision", "run `git fsck`"))
    for line in listing.split(b"\0"):
        head, tab, path = line.partition(b"\t")
        mode, _kind, id_ = head.split(b" ") if tab else (b"", b"", b"")
        steps = path.split(b"/")
        if any(step.lower() in (b"", b".", b"..", b".git") for step in steps):
            continue
        whole, hash_ = before + os.fsdecode(path), id_.decode("ascii")
        if mode in (*_FILES, _LINK):
            yield _Entry(mode, hash_, whole, repository)
        elif mode == _SUBMODULE:
            inner = None if top is None else _submodule(top / os.fsdecode(path), hash_)
            if inner is None or depth == _DEEPEST:
                yield _Entry(mode, hash_, whole, repository)
            else:
                yield from _listed(name, hash_, inner, inner, f"{whole}/", depth + 1)


def _submodule(folder: Path, commit: str) -> Path | None:
    """The folder of a submodule, if it is checked out and has the commit."""
    top = _git(folder, "rev-parse", "--show-toplevel") if os.path.isdir(folder) else None
    if top is None or os.path.realpath(os.fsdecode(top).removesuffix("\n")) != os.path.realpath(folder):
        return None
    return folder if _commit(folder, commit) == commit else None


class _Checkout:
    """Files, links and submodules of a revision below a folder that is ours alone. What cannot be read is a folder
    there as well, with one policy file: whoever comes by it knows.
    """

    def __init__(self, revision: Revision, tree: Path) -> None:
        self.revision, self.tree = revision, tree
        self.entries = {each.path: each for each in _entries(revision)}
        self._written: set[str] = set()
        self._barred: list[tuple[Path, Problem]] = []

    def add(self, wanted: Callable[[str], bool]) -> None:
        """Write the files whose paths are wanted."""
        self._write([each for path, each in self.entries.items() if each.mode in _FILES and wanted(path)])

    def configs(self) -> list[Path]:
        """The config files, those that are links among them."""
        paths = [path for path in self.entries if posixpath.basename(path) in FILE_NAMES]
        self._write(self._targets(paths))
        return [self.tree / path for path in paths]

    def link(self) -> None:
        """Make the links, and what stands for submodules that are not there."""
        links = [each for each in self.entries.values() if each.mode == _LINK]
        for entry, target in zip(links, self._contents(links), strict=True):
            place = self._place(entry.path)
            if len(target) > _LONGEST_LINK or b"\0" in target or target.startswith(b"/"):
                self._bar(entry)
            else:
                place.symlink_to(os.fsdecode(target))
        while True:  # a link may lead out by another one
            out = [e for e in links if self._leads_out(self.tree / e.path)]
            if not out:
                break
            for entry in out:
                (self.tree / entry.path).unlink()
                self._bar(entry)
        for entry in self.entries.values():
            if entry.mode == _SUBMODULE:
                self._bar(entry)

    def add_targets(self) -> None:
        """Write what links to policy files, and to files with people, lead to."""
        self._write(self._targets([path for path, each in self.entries.items() if each.mode == _LINK]))

    def _targets(self, paths: Iterable[str]) -> list[_Entry]:
        found: dict[str, _Entry] = {}
        for path in paths:
            real = os.path.relpath(os.path.realpath(self.tree / path), self.tree)
            entry = self.entries.get(Path(real).as_posix())
            if entry is not None and entry.mode in _FILES:
                found[entry.path] = entry
        return list(found.values())

    def _leads_out(self, path: Path) -> bool:
        real = Path(os.path.realpath(path))
        return not real.is_relative_to(self.tree) and not any(real.is_relative_to(each) for each, _ in self._barred)

    def _bar(self, entry: _Entry) -> None:
        if entry.mode == _SUBMODULE:
            message = "this submodule does not have the commit that the revision uses"
            help = "run `git submodule update --init`, or `git fetch` in it"
        else:
            message = "this link leads outside the repository"
            help = "put the target into the repository, or compare folders that are checked out"
        folder = self.tree.parent / f"barred-{len(self._barred)}"
        folder.mkdir()
        name = posixpath.basename(entry.path)
        marker = folder / (name if name.endswith(SUFFIX) else f"barred{SUFFIX}")
        marker.write_bytes(b"")
        if name in FILE_NAMES:
            raise RevisionError(Problem(f"{self.revision.name}:{entry.path}", message, help))
        self._barred.append((folder, Problem(f"{self.revision.name}:{entry.path}", message, help)))
        self._place(entry.path).symlink_to(marker if name.endswith(SUFFIX) else folder)

    def _place(self, path: str) -> Path:
        """Where something is written that is no file. Raises `RevisionError` where something is there already."""
        place = self.tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(place):
            raise RevisionError(Problem(f"{self.revision.name}:{path}", "this appears twice", "run `git fsck`"))
        return place

    def problem(self, path: str) -> Problem | None:
        """Why something that was come by cannot be read, or is none of the revision."""
        real = Path(os.path.realpath(path))
        for folder, problem in self._barred:
            if real.is_relative_to(folder):
                return problem
        if real.is_relative_to(self.tree):
            return None
        help = "in `policylang.yaml`, name only folders and files in the repository"
        config = next((each for each in FILE_NAMES if each in self.entries), FILE_NAME)
        return Problem(f"{self.revision.name}:{config}", "it names something outside the repository", help)

    # --- content ---------------------------------------------------------------------------------------------

    def _write(self, entries: Iterable[_Entry]) -> None:
        files = [each for each in entries if each.path not in self._written]
        self._written |= {each.path for each in files}
        for repository in dict.fromkeys(each.repository for each in files):
            _write(self.revision, self.tree, [each for each in files if each.repository == repository], repository)

    def _contents(self, entries: Sequence[_Entry]) -> list[bytes]:
        with tempfile.TemporaryDirectory(prefix="policylang-") as name:
            folder = Path(name)
            asked = [msgspec.structs.replace(each, path=str(n)) for n, each in enumerate(entries)]
            for repository in dict.fromkeys(each.repository for each in asked):
                _write(self.revision, folder, [each for each in asked if each.repository == repository], repository)
            return [(folder / each.path).read_bytes() for each in asked]


def _write(revision: Revision, tree: Path, files: Sequence[_Entry], repository: Path) -> None:
    """Write files of one repository below a folder that is ours alone."""
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{each.id}\n" for each in files).encode())
        asked.seek(0)
        command = _command(repository, "cat-file", "--batch")
        with subprocess.Popen(command, stdin=asked, stdout=subprocess.PIPE, env=_environment(repository)) as git:
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
