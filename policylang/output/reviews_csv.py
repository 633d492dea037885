"""What reviewers have to look at, as rows for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.model.instants import instant_text
from policylang.output.tables import as_csv
from policylang.views.document import AccessDocument, HolderView, ReviewItem

_HEADER = (
    *("reviewer", "kind", "name", "label", "due", "overdue", "last", "every"),
    *("user", "user_name", "source", "from", "until", "because", "approved_by", "uses", "last_use", "at", "now"),
)


def reviews_csv(documents: Iterable[AccessDocument]) -> bytes:
    """A row for everybody who holds something that is to be reviewed, and one for what nobody holds."""
    return as_csv(_HEADER, [row for document in documents for row in _rows(document)])


def _rows(document: AccessDocument) -> Iterator[tuple[str, ...]]:
    now = instant_text(document.now)
    for page in document.reviews:
        for item in page.items:
            for holder in item.holders or (None,):
                at = document.places[item.at if holder is None else holder.at]
                place = f"{at.path}:{at.line}:{at.column}"
                yield (page.reviewer or "", *_item(item), *_holder(holder), place, now)


def _item(item: ReviewItem) -> tuple[str, ...]:
    due, last = (str(day or "") for day in (item.due, item.last))
    return (item.kind, item.name, item.label or "", due, "yes" if item.overdue else "no", last, item.every)


def _holder(holder: HolderView | None) -> tuple[str, ...]:
    if holder is None:
        return ("",) * 9
    said = (holder.label, holder.source, holder.since, holder.until, holder.because, holder.approved)
    used = ("", "") if holder.used is None else (str(holder.used.count), str(holder.used.last or ""))
    return (holder.id, *(text or "" for text in said), *used)
