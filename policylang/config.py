"""`policylang.yaml`: where policy sets are, how severe findings are, how much is allowed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.directory.read import SUFFIXES, suffix_of
from policylang.json_schema import schema_of
from policylang.limits import Limits
from policylang.yaml_source import YamlError, read_yaml, validate

FILE_NAME = "policylang.yaml"

RuleCode = Annotated[str, msgspec.Meta(pattern="^PL[2-9][0-9]{2}$")]
SeverityOrOff = Literal["error", "warning", "info", "off"]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `policylang.yaml` says. Every field may be left out."""

    roots: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = (".",)
    """Folders, relative to this file. Each is a policy set of its own."""
    directory: tuple[str, ...] = ()
    """Files with people, relative to the folder of the policy set: YAML, JSON, CSV or Parquet."""
    severities: dict[RuleCode, SeverityOrOff] = {}
    """Severity by rule code. Errors in the source itself (PL1xx) cannot be changed."""
    limits: Limits = Limits()
    """How much a policy set may ask of the compiler."""


class ConfigError(ValueError):
    """A config file that cannot be used, with its place (1-based)."""

    def __init__(self, path: Path, error: YamlError) -> None:
        super().__init__(error.message)
        self.path, self.error = path, error


def config_schema() -> dict[str, Any]:
    """The JSON Schema of `policylang.yaml`."""
    return schema_of(Config, "config", "policylang.yaml")


def read_config(path: Path) -> Config:
    """Read and validate a config file. Raises `ConfigError`, or OSError where the file cannot be read."""
    try:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise YamlError(f"not UTF-8: byte {error.start} cannot be read", 1, 1) from None
        document = read_yaml(text)
        if document.value is None:
            return Config()
        _check_severities(document)
        validate(document, config_schema())
        config = msgspec.convert(document.value, Config)
        for number, root in enumerate(config.roots):
            if "\0" in root:
                raise document.error(("roots", number), "the name of a folder holds no NUL character")
        for number, file in enumerate(config.directory):
            if suffix_of(file) is None:
                help = f"its name ends in {listed([f'`{suffix}`' for suffix in SUFFIXES])}"
                raise document.error(("directory", number), f"{quoted(file)} is no directory file", help)
        return config
    except YamlError as error:
        raise ConfigError(path, error) from None


def _check_severities(document: Any) -> None:
    """A code of the source itself gets a sentence of its own instead of a pattern that does not match."""
    severities = document.value.get("severities") if isinstance(document.value, dict) else None
    for code in severities if isinstance(severities, dict) else ():
        if code.startswith("PL1"):
            raise document.error(
                ("severities", code),
                f"`{code}` cannot be changed",
                "PL1xx are errors in the source: correct the source",
            )


def nearest_config(folder: Path) -> Path | None:
    """The config file in a folder or the nearest folder above it."""
    for candidate in (folder, *folder.parents):
        path = candidate / FILE_NAME
        if os.path.isfile(path):  # unlike Path.is_file, never raises
            return path
    return None
