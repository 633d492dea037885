"""Bundles: what is in them for every target, and writing one to a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from policylang.ir import nodes as ir
from policylang.targets.target import Bundle

SOURCE_MAP = "sourcemap.json"


class NotABundleError(ValueError):
    """The folder holds something else than an earlier bundle."""


def json_bytes(value: object) -> bytes:
    """JSON as all targets write it: indented, keys in order, ending with a newline."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def yaml_bytes(value: object) -> bytes:
    """The same for what is read as YAML, which takes some characters only as escapes."""
    text = json_bytes(value).decode()
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def with_source_map(bundle: Bundle, policy_set: ir.PolicySet) -> Bundle:
    """The bundle with ``sourcemap.json``: for each generated clause the statement that it comes from."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for each in bundle.clauses:
        assert each.file in bundle.files, each.file
        found.setdefault(each.file, {}).setdefault(each.clause, {})[each.at] = None
    clauses = {file: {clause: list(ats) for clause, ats in of.items()} for file, of in found.items()}
    document = {"digest": policy_set.digest, "sources": list(policy_set.sources), "clauses": clauses}
    return msgspec.structs.replace(bundle, files={**bundle.files, SOURCE_MAP: json_bytes(document)})


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder so that it has all files or, after an error, what it had before.

    An earlier bundle is replaced as a whole. Raises `NotABundleError` for a folder with anything else in it, and
    OSError where something cannot be written.
    """
    folder = Path(os.path.realpath(folder))
    if folder.exists() and not _replaceable(folder):
        raise NotABundleError(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name[:100]}.", dir=folder.parent))
    old = made / "old"
    new = made / "new"
    try:
        new.mkdir()
        for name, content in files.items():
            target = new / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if folder.exists():
            os.replace(folder, old)
        try:
            os.replace(new, folder)
        except BaseException:
            if old.exists():
                os.replace(old, folder)
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _replaceable(folder: Path) -> bool:
    """Whether it is an empty folder or an earlier bundle."""
    return folder.is_dir() and ((folder / SOURCE_MAP).is_file() or not any(folder.iterdir()))
