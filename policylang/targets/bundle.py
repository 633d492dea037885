"""Bundles: what is in them for every target, and writing one to a folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from policylang.files.writing import write_folder
from policylang.ir import nodes as ir
from policylang.targets.target import TargetBundle
from policylang.text.characters import is_printable
from policylang.text.readable import shown_json

SOURCE_MAP = "sourcemap.json"


class NotABundleError(ValueError):
    """The folder holds something else than an earlier bundle. The message says what."""


def json_bytes(value: object) -> bytes:
    """JSON as all targets write it: indented, keys in order, what does not show itself escaped, a newline last."""
    return shown_json(f"{_text(value)}\n".encode())


def yaml_bytes(value: object) -> bytes:
    """The same for what is read as YAML, where an escape is a whole character."""
    return re.sub("[^\n -~]", lambda found: _in_yaml(found[0]), f"{_text(value)}\n").encode()


def _in_yaml(character: str) -> str:
    if is_printable(character):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def pointer(*steps: str | int) -> str:
    """A JSON pointer, as clauses name parts of documents."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _text(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def with_source_map(bundle: TargetBundle, policy_set: ir.PolicySet) -> TargetBundle:
    """The bundle with ``sourcemap.json``: its files, and for each generated clause the statement that it comes from."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for each in bundle.clauses:
        assert each.file in bundle.files, each.file
        found.setdefault(each.file, {}).setdefault(each.clause, {})[each.at] = None
    clauses = {file: {clause: list(ats) for clause, ats in of.items()} for file, of in found.items()}
    document = {
        "format": "policylang bundle",
        "digest": policy_set.digest,
        "sources": list(policy_set.sources),
        "files": sorted({*bundle.files, SOURCE_MAP}),
        "clauses": clauses,
    }
    return msgspec.structs.replace(bundle, files={**bundle.files, SOURCE_MAP: json_bytes(document)})


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder so that it has all files or, after an error, what it had before.

    An earlier bundle is replaced as a whole. Raises `NotABundleError` for a folder with anything else in it, and
    OSError where something cannot be written.
    """
    folder = Path(os.path.realpath(folder))
    reason = _not_replaceable(folder) if os.path.lexists(folder) else None
    if reason is not None:
        raise NotABundleError(reason)
    write_folder(folder, files, replace=True)


def _not_replaceable(folder: Path) -> str | None:
    """Why something is neither an empty folder nor an earlier bundle alone, ``None`` if it is."""
    if not folder.is_dir():
        return "it is a file"
    found = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    }
    if not found:
        return None
    known = _files_of(folder / SOURCE_MAP)
    if known is None:
        return f"it has no `{SOURCE_MAP}` written by policylang"
    added = sorted(found - known)
    return f"`{added[0]}` in it is not one of its files" if added else None


def _files_of(manifest: Path) -> frozenset[str] | None:
    """The files of a bundle by its source map; ``None`` for what is none."""
    try:
        return frozenset(msgspec.json.decode(manifest.read_bytes(), type=_Manifest).files)
    except (OSError, ValueError, RecursionError):
        return None


class _Manifest(msgspec.Struct):
    format: Literal["policylang bundle"]
    digest: ir.Digest
    files: list[str]
