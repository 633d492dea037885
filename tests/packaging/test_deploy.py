"""What a service is deployed with is accepted by the tools that read it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from policylang.settings.service import read_service_config
from tests.docs.blocks import ROOT

DEPLOY = ROOT / "deploy"
_BIN = Path(sys.executable).parent


def checked(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    return done.stdout + done.stderr if done.returncode or done.stderr else ""


def test_the_dockerfile() -> None:
    assert checked(str(_BIN / "hadolint"), "deploy/Dockerfile") == ""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = re.search(r"'\.\[(.*)\]'", text)
    assert named is not None
    assert {*named[1].split(",")} <= {*extras}
    assert re.search(r"^USER [1-9][0-9]*$", text, re.MULTILINE)


def test_the_compose_file() -> None:
    command = [str(_BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml"]
    assert checked(*command) == ""
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["policylang"]
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert service["ports"] == ["127.0.0.1:8181:8181"]


def test_the_settings_that_it_asks_for(tmp_path: Path) -> None:
    text = (ROOT / "docs/service.md").read_text(encoding="utf-8")
    example = text.split("## Deploying")[1].split("```yaml service\n")[1].split("```")[0]
    (tmp_path / "service.yaml").write_text(example)
    config = read_service_config(tmp_path / "service.yaml")
    assert config.unsafe() is None
    assert (config.host, config.port, config.tls_in_front) == ("0.0.0.0", 8181, True)
    assert config.tokens
    assert config.keys


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "policylang.service").read_text(encoding="utf-8")
    (tmp_path / "policylang.service").write_text(text.replace("/opt/policylang/bin/policylang", "/bin/true"))
    assert checked("systemd-analyze", "verify", str(tmp_path / "policylang.service")) == ""
