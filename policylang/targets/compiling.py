"""From a policy set to a target's bundle, or to the reasons why there is none."""

from __future__ import annotations

from policylang.diagnostics import Diagnostic
from policylang.runtime.index import Index
from policylang.source import Location
from policylang.targets.bundle import with_source_map
from policylang.targets.constructs import CONSTRUCTS, uses
from policylang.targets.target import Bundle, Input, Refusal, Target


def compile_for(target: Target, input: Input) -> Bundle | tuple[Diagnostic, ...]:
    """The bundle of a policy set, with its ``sourcemap.json``, or all that keeps the target from expressing it."""
    refused = (*_refused_constructs(target, input), *target.refuse(input))
    if not refused:
        return with_source_map(target.emit(input), input.policy_set)
    found = (
        Diagnostic(code=each.code, message=each.message, location=Location.parse(each.at), help=each.help)
        for each in dict.fromkeys(refused)
    )
    return tuple(sorted(found, key=lambda diagnostic: diagnostic.order))


def _refused_constructs(target: Target, input: Input) -> tuple[Refusal, ...]:
    found = []
    for use in uses(Index(input.policy_set)):
        support = target.support[use.construct]
        if support == "refused":
            message = f"{target.title} cannot express {CONSTRUCTS[use.construct]}"
            found.append(Refusal("PL801", message, use.at, target.ways_out[use.construct]))
        elif support == "frozen" and input.now is None:
            message = f"{target.title} cannot evaluate {CONSTRUCTS[use.construct]}"
            found.append(Refusal("PL802", message, use.at, "freeze them at an instant: `--now 2026-01-31T08:00:00Z`"))
    return tuple(found)
