"""What a format is: data about what it can bring, and a function that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from policylang.importing.edits import EditKind, SourceEdit, Wanted
from policylang.importing.imported import Imported
from policylang.importing.reading import Inputs, read_inputs

_Patch = Callable[[Inputs, Any, Sequence[Wanted]], Iterable[SourceEdit]]
_Read = Callable[[Inputs, Any], Imported]
Ask = Callable[[str, str], str]
"""A question, and the answer that is taken if there is none."""


class ImportFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One format that can be imported.

    ``suffixes``: of files that are read where a folder or an archive is given; others there are passed over. ``maps``:
    what the foreign system has, and what it becomes. ``refuses``, ``leaves_out``: by code, what it is, and why there
    is nothing for it. ``silent``: by rule, what would be found in every imported set. ``mapping``: the type of the YAML
    behind ``--mapping``, if the format takes one; ``read`` gets a value of it, or ``None``. Raises `NotThisError` where
    the inputs are no such thing at all. ``tells``: codes of what is left out that a comparison with policy files tells,
    since it reaches past them. ``learn``: makes a mapping by asking. ``patch``: proposes edits of the inputs
    for what policy files say otherwise, of the kinds in ``writes``, which says how it is written; of all other kinds
    ``by_hand`` says why it is not, and what to do. ``fetch``: reads something else than files.
    """

    name: str
    title: str
    inputs: str
    suffixes: tuple[str, ...]
    maps: Mapping[str, str]
    refuses: Mapping[str, str]
    leaves_out: Mapping[str, str]
    silent: Mapping[str, str]
    read: _Read
    tells: frozenset[str] = frozenset()
    mapping: type[msgspec.Struct] | None = None
    learn: Callable[[Inputs, Ask], msgspec.Struct] | None = None
    patch: _Patch | None = None
    writes: Mapping[EditKind, str] = {}
    by_hand: Mapping[EditKind, tuple[str, str]] = {}
    fetch: Callable[[Sequence[str]], Inputs] | None = None

    def given(self, inputs: Sequence[str]) -> Inputs:
        """What is named on a command line. Raises `UnreadableError` and `NotThisError`."""
        return read_inputs(inputs, self.suffixes) if self.fetch is None else self.fetch(inputs)

    def shown(self, inputs: Sequence[str]) -> str:
        """The same in messages; where no files are read it may hold secrets."""
        return ", ".join(inputs) if self.fetch is None else self.title
