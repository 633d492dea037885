"""The bundle's README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources

from policylang.targets.cedar.contexts import Context, Cutoff
from policylang.targets.cedar.names import resource_type
from policylang.targets.cedar.policies import Policies


def readme(policies: Policies, contexts: Mapping[str, Context]) -> str:
    index = policies.index
    rows = "\n".join(
        f"| `{name}` | `{resource_type(name)}` | {_listed(contexts[name].inputs)} | {_listed(contexts[name].asks)} |"
        for name in index.resources
    )
    cutoffs = {cutoff for context in contexts.values() for cutoff in context.cutoffs}
    text = resources.files(__package__).joinpath("bundle.md").read_text(encoding="utf-8")
    return text.format(
        resources=rows,
        policies=len(policies.found),
        users=len(policies.rights.people),
        zone=index.policy_set.timezone,
        cutoffs="\n".join(_cutoffs(sorted(cutoffs), index.policy_set.timezone)),
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _cutoffs(cutoffs: list[Cutoff], zone: str) -> Iterator[str]:
    for each in cutoffs:
        what = "the day" if each.of_days else "the instant"
        when = "after" if each.ahead else "before"
        yield f"| `{each.name}` | {what} {each.months} months {when} {'today' if each.of_days else 'now'} in {zone} |"
