"""Who does something else than those who have the same role or group."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from policylang.check.used import UsageAnalysis
from policylang.usage.report import Outlier

_PEERS = 10
"""Fewer are not compared."""
_RARE = 0.05
_MANY_TIMES = 10
_AT_LEAST = 100


def outliers(analysis: UsageAnalysis) -> Iterator[Outlier]:
    """Of each role and group that ten or more hold: what at most 5 % of them do, and who does ten times as much as the
    median of the others.
    """
    totals = {user: record.count for user, record in analysis.done.items()}
    for source, bundle in analysis.world.bundles:
        holders = analysis.holders(bundle)
        if len(holders) < _PEERS:
            continue
        among = source.in_words
        for resource, action in analysis.index.said(bundle).grants:
            record = analysis.used.get((bundle.at, (resource, action)))
            if record is not None and len(record.users) <= _RARE * len(holders):
                for user in sorted(record.users):
                    measure = f"{len(record.users):,} of {len(holders):,} do it"
                    yield Outlier(user, among, f"{action} on `{resource}`", measure)
        counts = [totals.get(user, 0) for user in holders]
        middle = statistics.median(counts)
        for user, count in zip(holders, counts, strict=True):
            if count >= _AT_LEAST and count >= _MANY_TIMES * max(middle, 1):
                measure = f"{count:,} times; the median of {len(holders):,} is {middle:,.0f}"
                yield Outlier(user, among, "anything at all", measure)
