"""Helps that are edits, followed to the end: whoever makes the edit must not meet the next error in the same place."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

import msgspec

from policylang.diagnostics import Diagnostic, Edit
from policylang.source import Location, Source

# How often one edit may need another: `=` becomes `is`, a date a time, and so does a second date.
_ROUNDS = 6

# Characters that are read again for all edits together: each reads its policy set once a round.
_BUDGET = 400_000

Again = Callable[[Source], Sequence[Diagnostic]]


def settled(found: Sequence[Diagnostic], sources: Sequence[Source], again: Again) -> list[Diagnostic]:
    """The diagnostics, with edits after which nothing is wrong where they were made, or with none. ``again`` says what
    is wrong with the policy set once a source is replaced.
    """
    by_name = {source.name: source for source in sources}
    known = {(each.code, each.message) for each in found}
    budget = _BUDGET // max(1, sum(len(source.text) for source in sources))
    settled = []
    for each in found:
        source = by_name.get(each.location.path)
        if each.edit is not None and source is not None and budget > 0:
            budget -= 1
            each = _settled(each, each.edit, source, known, again)
        settled.append(each)
    return settled


def _settled(
    diagnostic: Diagnostic, edit: Edit, source: Source, known: Container[tuple[str, str]], again: Again
) -> Diagnostic:
    first, last = source.span(edit.location)
    mended, start, end = source.edited(first, last, edit.text), first, first + len(edit.text)
    for _ in range(_ROUNDS):
        found = again(mended)
        wrong = [each for each in found if _touches(mended, each.location, start, end)]
        if not wrong and any(
            each.location.path == source.name
            and each.location.line == mended.position(end)[0]
            and (each.code, each.message) not in known
            for each in found
        ):
            return msgspec.structs.replace(diagnostic, edit=None)  # the line has another mistake, which this one hid
        if not wrong:
            return _with(diagnostic, edit, Edit(source.location(first, last), mended.text[start:end]))
        following = wrong[0].edit
        if following is None:
            break
        here, there = mended.span(following.location)
        # What lies around the first edit was not changed, so the whole grows on both texts alike.
        first, last = first - max(0, start - here), last + max(0, there - end)
        start, end = min(start, here), max(end, there) + len(following.text) - (there - here)
        mended = mended.edited(here, there, following.text)
    help, more = diagnostic.help, wrong[0].help
    if help and more and more != help and not help.endswith("?"):
        help = f"{help}; {more}"
    return msgspec.structs.replace(diagnostic, edit=None, help=help)


def _with(diagnostic: Diagnostic, before: Edit, edit: Edit) -> Diagnostic:
    help = (diagnostic.help or "").replace(f"`{before.text}`", f"`{edit.text}`")
    return msgspec.structs.replace(diagnostic, edit=edit, help=help)


def _touches(source: Source, place: Location, start: int, end: int) -> bool:
    if place.path != source.name:
        return False
    first, last = source.span(place)
    return first < end and last > start
