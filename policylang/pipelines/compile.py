"""From a policy set to a target's bundle, or to the reasons why there is none."""

from __future__ import annotations

from policylang.diagnostics import Diagnostic
from policylang.runtime.index import Index
from policylang.targets.bundle import with_source_map
from policylang.targets.constructs import CONSTRUCTS, uses
from policylang.targets.target import Input, Refusals, Target, TargetBundle


def compile_for(target: Target, input: Input) -> TargetBundle | tuple[Diagnostic, ...]:
    """The bundle of a policy set, with its ``sourcemap.json``, or all that keeps the target from expressing it."""
    refuse = Refusals(target.title)
    _refuse_constructs(target, input, refuse)
    bundle = target.emit(input, refuse)
    if not refuse.found:
        assert bundle is not None
        return with_source_map(bundle, input.policy_set)
    return tuple(sorted(refuse.found, key=lambda diagnostic: diagnostic.order))


def _refuse_constructs(target: Target, input: Input, refuse: Refusals) -> None:
    for use in uses(Index(input.policy_set)):
        support = target.expresses(use.construct)
        if support == "refused":
            refuse.constructs.add(use.at)
            message = f"{target.title} cannot express {CONSTRUCTS[use.construct]}"
            refuse("PL801", message, use.at, target.ways_out[use.construct])
        elif support == "frozen" and input.now is None:
            message = f"{target.title} cannot evaluate {CONSTRUCTS[use.construct]}"
            refuse("PL802", message, use.at, "fix them at an instant: `--now 2026-01-31T08:00:00Z`")
