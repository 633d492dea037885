"""What policy files say that a product does not, as the smallest edits of the product's own files.

A format only proposes edits; whether they come to exactly what is wanted is proved by importing the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from policylang.importing.drift import Drift
from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, patched
from policylang.importing.format import ImportFormat
from policylang.importing.importing import Import
from policylang.importing.reading import Inputs, NotThisError
from policylang.importing.wanted import all_wanted
from policylang.ir import nodes as ir

_BY_HAND = "change it in the product by hand, and import it again"


class Proved(msgspec.Struct, frozen=True):
    """Edits, and the files that come of them, which say what the policy files say."""

    after: Inputs
    edits: tuple[SourceEdit, ...]


class Unwritable(msgspec.Struct, frozen=True):
    """A statement that cannot be written back, why, and what to do by hand."""

    wanted: Wanted
    why: str
    help: str


class NoPatch(msgspec.Struct, frozen=True):
    """Why there are no such edits: statements that cannot be written, else what would be left of the drift, or why the
    result would be no input.
    """

    unwritable: tuple[Unwritable, ...] = ()
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
    unwritable = tuple(
        Unwritable(each, *format.by_hand[each.kind]) for each in wanted if each.kind not in format.writes
    )
    try:
        edits = tuple(
            sorted(set(format.patch(inputs, mapping, [each for each in wanted if each.kind in format.writes])))
        )
        after = patched(inputs, edits)
        result = again(after)
    except CannotExpressError as error:
        missing = [each for each in unwritable if each.wanted.kind == "role" and _is_of(error.wanted, each.wanted)]
        return NoPatch(tuple(missing) or (Unwritable(error.wanted, str(error), error.help or _BY_HAND),))
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


def _is_of(wanted: Wanted, role: Wanted) -> bool:
    return (wanted.of, wanted.holder) == (role.of, role.holder)


def _refusals(made: Import) -> Counter[tuple[str, str]]:
    return Counter((each.code, each.message) for each in (*made.refused, *made.accepted))
