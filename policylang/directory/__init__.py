"""People and their assignments from files: YAML, JSON, CSV, Parquet."""

from policylang.directory.people import Person
from policylang.directory.read import SUFFIXES, read_people
from policylang.directory.resolve import resolve

__all__ = ["SUFFIXES", "Person", "read_people", "resolve"]
