"""Credentials for registries, from the files that ``docker login`` and its like write. No helper program is run."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

_MOST_BYTES = 1 << 20


class _Login(msgspec.Struct):
    auth: str = ""


class _File(msgspec.Struct):
    auths: dict[str, _Login] = {}


def credentials(host: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """``user:password`` in Base64 for a registry; ``None`` where nobody has logged in, or a helper keeps it."""
    for path in _files(environment):
        try:
            with path.open("rb") as file:
                found = msgspec.json.decode(file.read(_MOST_BYTES), type=_File).auths.get(host)
        except (OSError, ValueError, RecursionError):
            continue
        if found is not None and _is_login(found.auth):
            return found.auth
    return None


def _files(environment: Mapping[str, str]) -> list[Path]:
    """As skopeo and oras look for them: the first that has the registry counts."""
    given = environment.get("REGISTRY_AUTH_FILE")
    if given:
        return [Path(given)]
    runtime = environment.get("XDG_RUNTIME_DIR")
    folder = environment.get("DOCKER_CONFIG")
    home = environment.get("HOME")
    return [
        *([Path(runtime) / "containers" / "auth.json"] if runtime else []),
        *([Path(folder) / "config.json"] if folder else [Path(home) / ".docker" / "config.json"] if home else []),
    ]


def _is_login(auth: str) -> bool:
    try:
        return b":" in base64.b64decode(auth.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return False
