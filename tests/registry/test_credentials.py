"""Where logins are looked for, and what is none."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from policylang.registry.credentials import credentials

LOGIN = base64.b64encode(b"ann:secret").decode()


def written(path: Path, host: str = "r.example", auth: object = LOGIN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": {host: {"auth": auth}}, "credsStore": "desktop"}))
    return path


def test_where(tmp_path: Path) -> None:
    given = written(tmp_path / "given.json")
    written(tmp_path / "run/containers/auth.json")
    written(tmp_path / "docker/config.json")
    written(tmp_path / "home/.docker/config.json")
    for name, value in {
        "REGISTRY_AUTH_FILE": given,
        "XDG_RUNTIME_DIR": tmp_path / "run",
        "DOCKER_CONFIG": tmp_path / "docker",
        "HOME": tmp_path / "home",
    }.items():
        assert credentials("r.example", {name: str(value)}) == LOGIN
        assert credentials("r.example:5000", {name: str(value)}) is None
    both = {"XDG_RUNTIME_DIR": str(tmp_path / "none"), "HOME": str(tmp_path / "home")}
    assert credentials("r.example", both) == LOGIN
    assert credentials("r.example", {}) is None


@pytest.mark.parametrize("auth", ["", "not base64", "YW5u", 5, None, "YW5uOnNlY3JldA==\n", "ä"])
def test_what_is_no_login(tmp_path: Path, auth: object) -> None:
    path = written(tmp_path / "auth.json", auth=auth)
    assert credentials("r.example", {"REGISTRY_AUTH_FILE": str(path)}) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"auths": []}', b"[" * 100_000])
def test_what_is_no_file_of_logins(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(content)
    assert credentials("r.example", {"REGISTRY_AUTH_FILE": str(path)}) is None
