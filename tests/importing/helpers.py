"""Importing texts without files, and asking what came of it."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from policylang.api.policy_set import PolicySet
from policylang.importing import find_format
from policylang.importing.importing import Import, import_set
from policylang.importing.reading import InputFile, Inputs
from policylang.syntax.format import format_source

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


def imported(format: str, files: dict[str, str | bytes], mapping: Any = None, **options: Any) -> Import:
    """What a format makes of some files, which has no errors and is in the one layout."""
    given = Inputs(tuple(InputFile(path, _data(content)) for path, content in sorted(files.items())))
    of = find_format(format)
    if mapping is not None:
        mapping = msgspec.convert(mapping, of.mapping)
    made = import_set(of, given, mapping, **options)
    assert made.errors == []
    for source in made.project.sources.sources:
        assert format_source(source, 120).text == source.text, source.text
        assert all(len(line) <= 120 for line in source.text.splitlines()), source.text
    return made


def _data(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def asked(made: Import) -> PolicySet:
    assert made.project.ir is not None
    return PolicySet(made.project.ir)


def names_of(made: Import) -> dict[tuple[str, str], str]:
    """The identifier of each foreign name, by kind and key."""
    found = msgspec.json.decode(made.files["import.json"])["names"]
    return {(kind, key): name for kind, of in found.items() for key, name in of.items()}


def codes(made: Import) -> list[str]:
    return [note.code for note in made.refused]


def text(made: Import, file: str) -> str:
    return made.files[file].decode()
