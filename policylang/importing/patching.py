"""What policy files say that a product does not, as the smallest edits of the product's own files.

A format only proposes edits; whether they come to exactly what is wanted is proved by importing the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from policylang.importing.drift import Drift
from policylang.importing.edits import CannotExpressError, SourceEdit, patched
from policylang.importing.format import ImportFormat
from policylang.importing.importing import Import
from policylang.importing.reading import Inputs, NotThisError
from policylang.importing.wanted import all_wanted
from policylang.ir import nodes as ir


class Proved(msgspec.Struct, frozen=True):
    """Edits, and the files that come of them, which say what the policy files say."""

    after: Inputs
    edits: tuple[SourceEdit, ...]


class NoPatch(msgspec.Struct, frozen=True):
    """Why there are no such edits: statements that cannot be written, else what would be left of the drift, or why the
    result would be no input.
    """

    unwritable: tuple[CannotExpressError, ...] = ()
    left: Drift | None = None
    reasons: tuple[str, ...] = ()


def write_back(
    format: ImportFormat,
    inputs: Inputs,
    mapping: Any,
    files: ir.PolicySet,
    made: Import,
    again: Callable[[Inputs], Import],
    drift: Callable[[Import], Drift],
) -> Proved | NoPatch:
    """Edits after which the product says what the files say, and nothing else. ``made``: what it says now. ``again``:
    imports other inputs in the same way; ``drift``: compares that with the files.
    """
    assert format.patch is not None
    if not drift(made).found:
        return Proved(inputs, ())
    wanted = all_wanted(files, made)
    writable = [each for each in wanted if each.kind in format.writes]
    unwritable = tuple(
        CannotExpressError(each, *format.by_hand[each.kind]) for each in wanted if each.kind not in format.writes
    )
    try:
        edits = tuple(sorted(set(format.patch(inputs, mapping, writable))))
        after = patched(inputs, edits)
        result = again(after)
    except CannotExpressError as error:
        holder = "role", error.wanted.of, error.wanted.holder
        missing = [each for each in unwritable if (each.wanted.kind, each.wanted.of, each.wanted.holder) == holder]
        return NoPatch(tuple(missing) or (error,))
    except NotThisError as error:
        return NoPatch(unwritable, reasons=(f"what would be written cannot be read: {error.problem.message}",))
    except ValueError as error:
        return NoPatch(unwritable, reasons=(str(error),))
    left = drift(result)
    if left.found:
        return NoPatch(unwritable, left)
    new = _refusals(result) - _refusals(made)
    if new:
        reasons = tuple(f"what would be written is refused: {message}" for _, message in sorted(new))
        return NoPatch(unwritable, reasons=reasons)
    return Proved(after, edits)


def _refusals(made: Import) -> Counter[tuple[str, str]]:
    return Counter((each.code, each.message) for each in (*made.refused, *made.accepted))
