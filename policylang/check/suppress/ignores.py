"""Rules that the config leaves out for some paths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from policylang.settings.config import Config

_PART = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def ignorer(config: Config, base: Path | None) -> Callable[[str, str], bool]:
    """Whether the config, whose folder is ``base``, leaves findings of a code in a file out."""
    rules = [(pattern_of(pattern), codes) for pattern, codes in config.ignores.items()]
    if not rules or base is None:
        return lambda _code, _path: False
    folder = os.path.realpath(base)

    @cache
    def codes_of(path: str) -> tuple[str, ...]:
        # As it is named from there, which may be by a link, or as it lies there.
        named, real = os.path.relpath(os.path.abspath(path), os.path.abspath(base)), os.path.realpath(path)
        names = {Path(each).as_posix() for each in (named, os.path.relpath(real, folder))}
        return tuple(code for pattern, codes in rules if any(map(pattern.fullmatch, names)) for code in codes)

    return lambda code, path: code.startswith(codes_of(path))


def pattern_of(pattern: str) -> re.Pattern[str]:
    """A path pattern: ``*`` and ``?`` stand for what is no slash, ``**`` for anything; one that ends in a slash means
    all that is in the folder.
    """
    whole = f"{pattern}**" if pattern.endswith("/") else pattern
    parts = _PART.findall(whole.removeprefix("./"))
    return re.compile("".join(_MEANING.get(part) or re.escape(part) for part in parts), re.DOTALL)
