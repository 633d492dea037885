"""PL603: a review that is overdue, or that never happened."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.reviews import latest_reviews, next_review
from policylang.check.world import World
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL603",
    name="review-overdue",
    family="statements",
    severity="warning",
    security="low",
    summary="a review that is overdue, or that never happened",
    why="Access that nobody reviews grows. The policy set itself says how often somebody should.",
    bad="""\
role guard "Guard"
review role guard every 90 days last 2026-01-31   #! PL603
""",
    good="""\
role guard "Guard"
review role guard every 90 days last 2026-11-02
""",
    near="""\
role guard "Guard"
review role guard every 90 days last 2026-08-23
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """The next review is due on the day that lies so long after the last one, in the policy set's timezone, and overdue
    when that day is over. Of several lines about the same, as in a log, the latest review counts for all of them.
    """
    day = world.today
    last = latest_reviews(world.policy_set)
    for review in world.policy_set.reviews:
        seen = last.get((review.kind, review.name))
        if seen is None:
            message = f"{review.kind} `{review.name}` was never reviewed"
        else:
            due = next_review(review, seen)
            if due is None or due >= day:
                continue
            message = f"the review of {review.kind} `{review.name}` was due on {due}"
        yield Finding(
            code="PL603",
            message=message,
            at=review.at,
            help=f"review it, and write the date after `last`: it is due every {review.every}",
        )
