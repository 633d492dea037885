"""Rules that the config leaves out for some paths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from policylang.settings.config import Config

_PART = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def ignorer(config: Config, base: Path | None) -> Callable[[str, str], bool]:
    """Whether the config, whose folder is ``base``, leaves findings of a code in a file out."""
    rules = [(_pattern_of(pattern), codes) for pattern, codes in config.ignores.items()]
    if not rules or base is None:
        return lambda _code, _path: False

    @cache
    def codes_of(path: str) -> tuple[str, ...]:
        names = _names(path, base)
        return tuple(code for pattern, codes in rules if any(map(pattern.fullmatch, names)) for code in codes)

    return lambda code, path: code.startswith(codes_of(path))


def idle(config: Config, base: Path, paths: Iterable[str]) -> list[str]:
    """The patterns of the config, whose folder is ``base``, that match none of the paths."""
    if not config.ignores:
        return []
    names = {name for path in paths for name in _names(path, base)}
    return [pattern for pattern in config.ignores if not any(map(_pattern_of(pattern).fullmatch, names))]


def _names(path: str, base: Path) -> set[str]:
    """A path as it is named from the folder, which may be by a link, and as it lies there."""
    named = os.path.relpath(os.path.abspath(path), os.path.abspath(base))
    real = os.path.relpath(os.path.realpath(path), os.path.realpath(base))
    return {Path(each).as_posix() for each in (named, real)}


def _pattern_of(pattern: str) -> re.Pattern[str]:
    """A path pattern: ``*`` and ``?`` stand for what is no slash, ``**`` for anything; one that ends in a slash means
    all that is in the folder.
    """
    whole = f"{pattern}**" if pattern.endswith("/") else pattern
    parts = _PART.findall(whole.removeprefix("./"))
    return re.compile("".join(_MEANING.get(part) or re.escape(part) for part in parts), re.DOTALL)
