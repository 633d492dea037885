"""What shows that a finding is right, in words, for outputs that show one message."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.diagnostics import visible
from policylang.pipelines.findings import ReportedFinding


def sentences(finding: ReportedFinding) -> list[str]:
    """The message, what shows that it is right, and what to do."""
    return [finding.told, *evidence(finding), *([finding.help] if finding.help else [])]


def evidence(finding: ReportedFinding) -> Iterator[str]:
    """A sentence for each request that shows it, and what was proved."""
    if finding.witnesses:
        from policylang.pipelines.replay import headline

        yield from (visible(headline(witness)) for witness in finding.witnesses)
    if finding.proved:
        yield f"proved: {finding.proved}"
    if finding.unproved:
        yield "not proved: this could not be decided within the budget for one question, so it counts"
