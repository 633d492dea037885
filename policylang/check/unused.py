"""What a policy set does not do at all is one finding, not one for each that could."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from policylang.check.finding import Finding
from policylang.source import Location

_FEW = 5


def together(found: Sequence[Finding], subjects: Sequence[str], message: str, help: str) -> Iterator[Finding]:
    """The findings, or one in their place if there are more than a few. ``subjects``: what each of them is about."""
    if len(found) <= _FEW:
        yield from found
        return
    first = min(found, key=lambda each: Location.parse(each.at))
    yield msgspec.structs.replace(
        first,
        message=message,
        help=help,
        related=(),
        users=tuple(sorted({user for each in found for user in each.users})),
        subjects=(*subjects, *(each for one in found for each in one.subjects)),
    )
