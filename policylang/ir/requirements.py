"""What actions require: expressions of grants, features and the superuser tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from policylang.ir.nodes import Requirement, RequiresAll, RequiresAny, RequiresFeature, RequiresGrant, RequiresSuperuser

Atom = RequiresGrant | RequiresFeature | RequiresSuperuser
"""A single requirement."""

Made = TypeVar("Made")


def atoms(requirement: Requirement | None) -> Iterator[Atom]:
    """The single requirements in an expression, as they were written, alternatives included."""
    match requirement:
        case RequiresAll(items=items) | RequiresAny(items=items):
            for item in items:
                yield from atoms(item)
        case None:
            return
        case atom:
            yield atom


def grants_required(requirement: Requirement | None) -> Iterator[RequiresGrant]:
    """The grants in an expression."""
    return (atom for atom in atoms(requirement) if isinstance(atom, RequiresGrant))


def fold(
    requirement: Requirement | None,
    atom: Callable[[Atom], Made],
    all_of: Callable[[list[Made]], Made] = all,  # type: ignore[assignment]
    any_of: Callable[[list[Made]], Made] = any,  # type: ignore[assignment]
) -> Made:
    """What an expression comes to, from what its single requirements come to; no requirement is all of none. Whether
    it is met, unless said otherwise.
    """
    match requirement:
        case None:
            return all_of([])
        case RequiresAll(items=items):
            return all_of([fold(item, atom, all_of, any_of) for item in items])
        case RequiresAny(items=items):
            return any_of([fold(item, atom, all_of, any_of) for item in items])
        case _:
            return atom(requirement)


def requirement_in_words(
    requirement: Requirement, told: Callable[[Requirement], bool] = lambda _part: True, *, inner: bool = False
) -> str:
    """A requirement as it is written, with the names in backticks; without those of its parts that are not ``told``."""
    match requirement:
        case RequiresAll(items=items) | RequiresAny(items=items):
            word = " and " if isinstance(requirement, RequiresAll) else " or "
            parts = [requirement_in_words(item, told, inner=True) for item in items if told(item)]
            return f"({word.join(parts)})" if inner and len(parts) > 1 else word.join(parts)
        case RequiresFeature(feature=feature):
            return f"the feature `{feature}`"
        case RequiresSuperuser():
            return "the superuser tag"
        case RequiresGrant(action=action, resource=resource, place_kind=kind):
            return f"{action} on `{resource}`" + (f" at {kind}" if kind else "")
