"""The bundle's README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources

from policylang.model.words import operand_in_words
from policylang.targets.cedar.conditions import Cutoff
from policylang.targets.cedar.contexts import CedarContext
from policylang.targets.cedar.names import resource_type
from policylang.targets.cedar.policies import Policies


def readme(policies: Policies, contexts: Mapping[str, CedarContext]) -> str:
    index = policies.index
    rows = "\n".join(
        f"| `{name}` | `{resource_type(name)}` | {_listed(contexts[name].inputs)} | {_listed(contexts[name].asks)} |"
        for name in index.resources
    )
    cutoffs = {cutoff.name: cutoff for context in contexts.values() for cutoff in context.cutoffs}
    text = resources.files(__package__).joinpath("bundle.md").read_text(encoding="utf-8")
    return text.format(
        resources=rows,
        policies=len(policies.found),
        users=len(policies.rights.people),
        zone=index.policy_set.timezone,
        cutoffs="\n".join(_cutoffs([cutoffs[name] for name in sorted(cutoffs)], index.policy_set.timezone)),
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _cutoffs(cutoffs: list[Cutoff], zone: str) -> Iterator[str]:
    for each in cutoffs:
        what = "the day" if each.of_days else "the instant"
        when = f"{'after' if each.ahead else 'before'} {'today' if each.of_days else 'now'}"
        yield f"| `{each.name}` | {what} {operand_in_words(each.length)} {when}, counted on the calendar of {zone} |"
