"""What policy files say that a product does not, as the smallest edits of the product's own files.

A format only proposes edits; whether they come to exactly what is wanted is proved by importing the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec

from policylang.importing.drift import Drift
from policylang.importing.edits import CannotExpressError, Kind, SourceEdit, Wanted, patched
from policylang.importing.format import ImportFormat
from policylang.importing.importing import Import
from policylang.importing.reading import Inputs, NotThisError
from policylang.ir import nodes as ir
from policylang.syntax.quoting import quote_text


class Proved(msgspec.Struct, frozen=True):
    """Edits, and the files that come of them, which say what the policy files say."""

    after: Inputs
    edits: tuple[SourceEdit, ...]


class Impossible(msgspec.Struct, frozen=True):
    """Why there are no such edits: the statement that a format cannot express, what would be left of the drift, or why
    the result would be no input. ``before``: the statement is to be taken away.
    """

    wanted: Wanted | None = None
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
) -> Proved | Impossible:
    """Edits after which the product says what the files say, and nothing else. ``made``: what it says now. ``again``:
    imports other inputs in the same way; ``drift``: compares that with the files.
    """
    assert format.patch is not None
    if not drift(made).found:
        return Proved(inputs, ())
    try:
        edits = tuple(sorted(set(format.patch(inputs, mapping, all_wanted(files, made)))))
        after = patched(inputs, edits)
        result = again(after)
    except CannotExpressError as error:
        return Impossible(wanted=error.wanted, reasons=(str(error),))
    except NotThisError as error:
        return Impossible(reasons=(f"what would be written cannot be read: {error.problem.message}",))
    except ValueError as error:
        return Impossible(reasons=(str(error),))
    left = drift(result)
    if left.found:
        return Impossible(left=left)
    new = _refusals(result) - _refusals(made)
    if new:
        return Impossible(reasons=tuple(f"what would be written is refused: {message}" for _, message in sorted(new)))
    return Proved(after, edits)


def _refusals(made: Import) -> Counter[tuple[str, str]]:
    return Counter((each.code, each.message) for each in (*made.refused, *made.accepted))


def all_wanted(files: ir.PolicySet, made: Import) -> list[Wanted]:
    """What the files say otherwise than the product, of what has the shape of a grant or an assignment."""
    product = made.project.ir
    assert product is not None
    foreign = _Foreign(files, made)
    before, after = _facts(product), _facts(files)
    found = []
    for fact in sorted({*before, *after}, key=str):
        if (fact in before) != (fact in after):
            kind, of, holder, resource, action, place = fact
            at = after.get(fact) or _declared(files, of, holder) or ""
            is_user = kind == "assignment"
            words = f"assign role {action}{_at(place)}" if is_user else f"{kind} {action} on {resource}"
            found.append(
                Wanted(
                    kind=kind,
                    of=of,
                    holder=foreign.name(of, holder),
                    resource="" if is_user else foreign.name("resource", resource),
                    action="" if is_user else foreign.name("action", action),
                    role=foreign.name("role", action) if is_user else "",
                    give=fact in after,
                    words=f"{of} {holder}: {words}",
                    at=at,
                    place=foreign.name("place", place) if place else "",
                )
            )
    return sorted(found)


_Fact = tuple[Kind, Literal["role", "group", "user"], str, str, str, str]


def _at(place: str) -> str:
    return f" at {quote_text(place)}" if place else ""


def _facts(of: ir.PolicySet) -> dict[_Fact, str]:
    """Every statement, with its place."""
    found: dict[_Fact, str] = {}
    for kind, bundles in (("role", of.roles), ("group", of.groups)):
        for bundle in bundles:
            of_bundle: tuple[tuple[Kind, Iterable[Any]], ...] = (("grant", bundle.grants), ("deny", bundle.denies))
            for what, statements in of_bundle:
                for each in statements:
                    for action in each.actions:
                        found.setdefault((what, kind, bundle.name, each.resource, action, ""), each.at)  # type: ignore[arg-type]
    for user in of.users:
        for assignment in user.assignments:
            place = assignment.place or ""
            found.setdefault(("assignment", "user", user.id, "", assignment.role, place), assignment.at)
    return found


def _declared(of: ir.PolicySet, kind: str, name: str) -> str | None:
    things: Iterable[Any] = getattr(of, f"{kind}s")
    return next((each.at for each in things if name in (getattr(each, "name", None), getattr(each, "id", None))), None)


class _Foreign:
    """The product's names for things: those that the import knows, else their labels."""

    def __init__(self, files: ir.PolicySet, made: Import) -> None:
        names = made.manifest.names
        self._known = {(kind, name): key for kind, of in names.items() for key, name in of.items()}
        things: Mapping[str, Iterable[Any]] = {"role": files.roles, "group": files.groups, "resource": files.resources}
        self._labels = {(kind, each.name): each.label for kind, of in things.items() for each in of}

    def name(self, kind: str, name: str) -> str:
        return self._known.get((kind, name)) or self._labels.get((kind, name)) or name
