"""`policylang.yaml`: where policy sets are, how severe findings are, how much is allowed."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.directory.read import SUFFIXES, suffix_of
from policylang.files.json_schema import schema_of
from policylang.files.paths import real_path
from policylang.files.yaml_source import Steps, Yaml, YamlError, converted, read_text, read_yaml
from policylang.settings.limits import Limits
from policylang.settings.targets import TargetSettings
from policylang.settings.thresholds import Thresholds
from policylang.settings.usage import UsageSettings

FILE_NAME = "policylang.yaml"
FILE_NAMES = (FILE_NAME, "policylang.yml")
"""Both spellings; a folder has one of them."""

RuleCode = Annotated[
    str, msgspec.Meta(pattern="^PL[2-9][0-9]{2}$", description="the code of a rule", examples=["PL402"])
]
RuleCodeOrPrefix = Annotated[
    str,
    msgspec.Meta(
        pattern="^PL[2-9][0-9]{0,2}$", description="the code of a rule, or its beginning", examples=["PL4", "PL402"]
    ),
]
SeverityOrOff = Literal["error", "warning", "info", "off"]


class Format(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How policy files are laid out."""

    line_width: Annotated[int, msgspec.Meta(ge=40, le=400)] = 120
    """Characters of a line, comments behind it not counted."""


class Imports(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was decided about an import."""

    accepted: tuple[str, ...] = ()
    """Codes of what `policylang import` refuses and may therefore leave out."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `policylang.yaml` says. Every field may be left out."""

    roots: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = (".",)
    """Folders, relative to this file. Each is a policy set of its own."""
    directory: tuple[str, ...] = ()
    """Files with people, relative to this file: YAML, JSON, CSV or Parquet."""
    directory_outside: tuple[str, ...] = ()
    """Folders outside of this file's own, relative to it, in which files of `directory` may be."""
    severities: dict[RuleCode, SeverityOrOff] = {}
    """Severity by rule code. Errors in the source itself (PL1xx) cannot be changed."""
    ignores: dict[str, tuple[RuleCodeOrPrefix, ...]] = {}
    """By path, relative to this file: rules, or prefixes of codes, whose findings there are not reported."""
    thresholds: Thresholds = Thresholds()
    """Thresholds from which some rules report something."""
    limits: Limits = Limits()
    """How much a policy set may ask of the compiler."""
    format: Format = Format()
    """How `policylang fmt` lays out policy files."""
    targets: TargetSettings = TargetSettings()
    """What compile targets have to know."""
    usage: UsageSettings = UsageSettings()
    """When something counts as unused."""
    imports: Imports = Imports()
    """For sets that `policylang import` wrote."""

    def outside(self, base: Path) -> list[Path]:
        """The folders outside of its own, ``base``, in which files with people may be."""
        return [base / each for each in self.directory_outside]


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
        text = read_text(path)
    except YamlError as error:
        raise ConfigError(path, error) from None
    return config_of(path, text)


def config_of(path: Path, text: str) -> Config:
    """The config in a text that is, or will be, the file at a path. Raises `ConfigError`."""
    try:
        _refuse_second(path)
        document = read_yaml(text)
        if document.value is None:
            return Config()
        _refuse_source_rules(document)
        _read_numbers(document)
        config = converted(document, Config, config_schema)
        for number, file in enumerate(config.directory):
            if suffix_of(file) is None:
                help = f"its name ends in {listed([f'`{suffix}`' for suffix in SUFFIXES])}"
                raise document.error(("directory", number), f"{quoted(file)} is not a directory file", help)
        return config
    except YamlError as error:
        raise ConfigError(path, error) from None


def _refuse_second(path: Path) -> None:
    for name in FILE_NAMES:
        if name != path.name and os.path.lexists(path.with_name(name)):
            raise YamlError(f"{quoted(name)} is here too", 1, 1, "put all settings in one of the two files")


def _refuse_source_rules(document: Yaml) -> None:
    """A code of the source itself gets a sentence of its own instead of a pattern that does not match."""
    content = document.value if isinstance(document.value, dict) else {}
    severities, ignores = content.get("severities"), content.get("ignores")
    named: list[tuple[Steps, Any]] = []
    named += [(("severities", code), code) for code in severities] if isinstance(severities, dict) else []
    for path, codes in ignores.items() if isinstance(ignores, dict) else ():
        named += [(("ignores", path, n), code) for n, code in enumerate(codes)] if isinstance(codes, list) else []
    for steps, code in named:
        if str(code).startswith("PL1"):
            verb = "changed" if steps[0] == "severities" else "ignored"
            help = "PL1xx are errors in the source: fix the source"
            raise document.error(steps, f"{quoted(str(code))} cannot be {verb}", help)


def _read_numbers(document: Yaml) -> None:
    """Thresholds with a point: they are counted with, and how exactly makes no difference."""
    thresholds = document.value.get("thresholds") if isinstance(document.value, dict) else None
    if isinstance(thresholds, dict):
        for name, value in thresholds.items():
            if isinstance(value, Decimal):
                thresholds[name] = float(value)


def nearest_config(folder: Path) -> Path | None:
    """The config file in a folder or the nearest folder above it: as the folder is named first, since a config names
    its roots also by links; then, where a link leads.
    """
    named, real = Path(os.path.abspath(folder)), real_path(folder)
    for candidate in (named, *named.parents, real, *real.parents):
        for name in FILE_NAMES:
            if os.path.lexists(candidate / name):  # what cannot be read counts too: it is an error, not passed over
                return candidate / name
    return None
