"""PL704: a comment that ignores a finding that does not occur."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from policylang.check.finding import Finding
from policylang.check.privileges import ticked
from policylang.check.suppress.suppression import Suppression
from policylang.diagnostics import Rule, listed

RULE = Rule(
    code="PL704",
    name="stale-suppression",
    family="hygiene",
    severity="warning",
    security="low",
    summary="a comment that ignores a finding that does not occur",
    why=("What the comment was written for is gone. It would hide the rule's next finding in the same place, unseen."),
    bad="""\
# policylang: ignore PL701 because "the label comes with the rollout"   #! PL704
role guard "Guard"
""",
    good="""\
role guard "Guard"
""",
    near="""\
# policylang: ignore PL701 because "the label comes with the rollout"
role guard
""",
    since="0.1.0",
)


def check(
    suppressions: Iterable[Suppression], used: Collection[tuple[Suppression, str]], ran: Collection[str]
) -> Iterator[Finding]:
    """Of the rules that ran; those that did not may have had something to find. ``used``: with the code of a finding
    that was ignored.
    """
    for each in suppressions:
        if not each.extents:
            message = "this comment applies to nothing: no declaration or block item starts here"
            help = "put it at the end of the line where one starts, or on a line of its own above"
            yield Finding(code="PL704", message=message, at=str(each.at), help=help)
            continue
        stale = [code for code in each.codes if code in ran and (each, code) not in used]
        if stale:
            names = listed(ticked(stale), "and")
            help = "delete the comment" if len(stale) == len(each.codes) else f"remove {names} from the comment"
            message = f"this comment ignores nothing: no {listed(ticked(stale))} is found"
            yield Finding(code="PL704", message=message, at=str(each.at), help=help)
