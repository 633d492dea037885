"""When what a policy set wants looked at again is due."""

from __future__ import annotations

import datetime

from policylang.ir import nodes as ir
from policylang.runtime.clock import shift_day


def latest_reviews(policy_set: ir.PolicySet) -> dict[tuple[str, str], str]:
    """The day of the last review by kind and name. Of several lines about the same, as in a log, the latest review
    counts for all of them; what was never reviewed is not there.
    """
    last: dict[tuple[str, str], str] = {}
    for review in policy_set.reviews:
        if review.last is not None:
            subject = review.kind, review.name
            last[subject] = max(review.last, last.get(subject, ""))
    return last


def next_review(review: ir.Review, last: str) -> datetime.date | None:
    """The day of the next review, in the policy set's timezone: so long after the last one; ``None`` beyond the
    calendar. It is overdue when that day is over.
    """
    day = datetime.date.fromisoformat(last)
    try:
        due = shift_day(day, review.every, 1)
        # The day on which so many minutes after the end of the day of the last review are over.
        return day + datetime.timedelta(days=1, minutes=review.every.amount) if due is None else due
    except (OverflowError, ValueError):
        return None
