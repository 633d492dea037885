"""Attempts that were denied: why, and the smallest change that would allow them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from policylang.check.usage import ObservedUse
from policylang.check.used import UsageAnalysis, UseRecord
from policylang.diagnostics import listed
from policylang.ir.requirements import grants_required
from policylang.runtime.access import access
from policylang.runtime.grants import profile
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan, make_plan
from policylang.runtime.sources import RightsSource, inside
from policylang.usage.report import DeniedAttempts


def denied_attempts(analysis: UsageAnalysis) -> Iterator[DeniedAttempts]:
    """What was tried in vain, those with the most users first."""
    index = analysis.index
    found: dict[tuple[str, str, str, str | None], UseRecord] = {}
    for use in analysis.usage.uses:
        if not use.allowed:
            found.setdefault((use.resource, use.action, *_reason(index, use, analysis.now)), UseRecord()).add(use)
    for what, each in sorted(found.items(), key=lambda item: (-len(item[1].users), -item[1].count, str(item[0]))):
        assert each.last is not None
        resource, action, why, change = what
        users, day = tuple(sorted(each.users)), analysis.day(each.last)
        yield DeniedAttempts(resource, action, each.count, users, day, why, change)


def _reason(index: Index, use: ObservedUse, now: datetime.datetime) -> tuple[str, str | None]:
    """Why a use is denied, and the smallest change that would allow it, if one would."""
    resource, action = use.resource, use.action
    plan = make_plan(index, profile(index, use.user, now), action, resource)
    ways = list(access(index, use.user, now, [(resource, action)]))
    if ways and _is_open(plan, use.field):
        sources = sorted({way.source for way in ways if not way.limits})
        return f"these policies allow it, for every record: {', '.join(sources)}", None
    if ways:
        limits = sorted({f"{way.source}: {' and '.join(way.limits) or 'every record'}" for way in ways})
        fields = "" if use.field is None else f", or not with `{use.field}`"
        return f"held only for some records{fields}: {'; '.join(limits)}", None
    if plan.ways and plan.requirement is False:
        needs = list(grants_required(index.actions[resource][action].requires))
        what = [f"{each.action} on `{each.resource}`" for each in needs]
        why = f"it requires {listed(what, 'and')}" if what else "it requires what is switched off, or the superuser tag"
        return why, _smallest(index, needs[0].resource, needs[0].action) if what else None
    if plan.ways:
        return "a deny takes it away", None
    return "nothing that they have grants it", _smallest(index, resource, action)


def _is_open(plan: Plan, field: str | None) -> bool:
    """Whether it is allowed whatever the record is."""
    if plan.requirement is not True or plan.appends or plan.denies:
        return False
    covering = (way for way in plan.ways if field is None or field in way.fields)
    return any(way.place is None and not way.limits for way in covering)


def _smallest(index: Index, resource: str, action: str) -> str:
    """The role that brings least beside the action; a grant where no role has it."""
    best: tuple[int, str] | None = None
    for role in index.policy_set.shared_roles:
        bundles = list(inside(index, RightsSource("role", role.name)))
        if any((resource, action) in index.said(bundle).grants for bundle in bundles):
            size = sum(len(grant.actions) for bundle in bundles for grant in bundle.grants)
            best = min(best or (size, role.name), (size, role.name))
    if best is None:
        return f"grant {action} on `{resource}`"
    more = best[0] - 1
    return f"assign role `{best[1]}`" + (f", with {more} more permission{'' if more == 1 else 's'}" if more else "")
