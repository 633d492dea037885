"""From the text of a directory file to people."""

from __future__ import annotations

from itertools import islice

from policylang.directory.csv_people import read_csv_people
from policylang.directory.people import PeopleRead
from policylang.directory.problems import AT_MOST
from policylang.directory.unsafe import unsafe_source
from policylang.directory.yaml_people import read_yaml_people
from policylang.directory.yaml_values import NOT_YAML
from policylang.settings.limits import Limits
from policylang.source import Source

PARQUET = ".parquet"
_READERS = {
    ".yaml": read_yaml_people,
    ".yml": read_yaml_people,
    ".json": read_yaml_people,
    ".csv": read_csv_people,
    PARQUET: read_csv_people,
}
SUFFIXES = tuple(_READERS)


def suffix_of(name: str) -> str | None:
    """The one of `SUFFIXES` that a file's name ends in, whatever the case."""
    return next((suffix for suffix in SUFFIXES if name.casefold().endswith(suffix)), None)


def read_people(source: Source, limits: Limits | None = None) -> PeopleRead:
    """The people of a file, and everything wrong with its form (PL100, PL101, PL102, PL103, PL106, PL108, PL110).

    The file's name says how it is read; of a Parquet file the text is what `parquet.as_csv` made of it. Names of
    groups, roles and so on are not looked up: `resolve` does that.
    """
    unsafe = tuple(islice(unsafe_source(source), AT_MOST))
    suffix = suffix_of(source.name)
    if suffix is None:
        raise ValueError(f"not a directory file: {source.name}")
    found = _READERS[suffix](source, limits or Limits())
    if unsafe:
        # YAML itself refuses some of these characters, which is the same mistake.
        kept = tuple(d for d in found.diagnostics if not d.message.startswith(NOT_YAML))
        return PeopleRead(found.people, (*unsafe, *kept))
    return found
