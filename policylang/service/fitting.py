"""Whether the names in the settings are those of the policies: a mask with a misspelt name would hide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from policylang.ir import nodes as ir
from policylang.project.discovery import Problem
from policylang.service.sources import PolicySource, ReadPolicies, Unusable
from policylang.settings.service import Memory, ServiceConfig
from policylang.suggest import closest


class _Named(msgspec.Struct, frozen=True):
    """A name in the settings, and what it may be."""

    setting: str
    name: str
    kind: str
    known: frozenset[str]


class FittingPolicies:
    """Those of another source, as long as they have every name that the settings use."""

    def __init__(self, source: PolicySource, config: ServiceConfig, path: str) -> None:
        """``path``: of the settings, for messages."""
        self._source, self._config, self._path = source, config, path

    def read(self, mark: object) -> ReadPolicies | None:
        read = self._source.read(mark)
        if read is not None:
            problem = _misfit(self._config, read.policy_set, self._path)
            if problem is not None:
                raise Unusable(problem.in_words(), read.mark, problem)
        return read


def _misfit(config: ServiceConfig, policy_set: ir.PolicySet, path: str) -> Problem | None:
    """The first name in the settings that the policies do not have; ``path`` is where the settings are."""
    for each in _named(config, policy_set):
        if each.name not in each.known:
            near = closest(each.name, each.known)
            return Problem(
                path,
                f"`{each.setting}`: the policies have no {each.kind} `{each.name}`",
                f"did you mean `{near}`?" if near else "take the name out, or serve policies that have it",
            )
    return None


def _named(config: ServiceConfig, policy_set: ir.PolicySet) -> Iterator[_Named]:
    resources = frozenset(each.name for each in policy_set.resources)
    of_users, of_requests = _names(policy_set.subject), _names(policy_set.request)
    if config.log is not None:
        paths = frozenset(
            f"{of}.{name}"
            for of, names in (
                ("subject", of_users),
                ("request", of_requests),
                *((each.name, _names(each.attributes)) for each in policy_set.resources),
            )
            for name in names
        )
        for setting, wanted in (("log.mask", config.log.mask), ("log.show", config.log.show)):
            yield from (_Named(setting, name, "attribute", paths) for name in wanted)
    for name in config.trusted.subject:
        yield _Named("trusted.subject", name, "attribute of users", of_users)
    for name in config.trusted.action:
        yield _Named("trusted.action", name, "attribute of requests", of_requests)
    for name in config.resources.values():
        yield _Named("resources", name, "resource", resources)
    if config.store is not None and not isinstance(config.store, Memory):
        for name in config.store.tables:
            yield _Named("store.tables", name, "resource", resources)
    if config.gateway is not None:
        for name in config.gateway.context:
            yield _Named("gateway.context", name, "attribute of requests", of_requests)
        actions = {each.name: frozenset(action.name for action in each.actions) for each in policy_set.resources}
        for route in config.gateway.routes:
            resource = config.resources.get(route.resource, route.resource)
            yield _Named("gateway.routes", resource, "resource", resources)
            yield _Named("gateway.routes", route.action, f"action of `{resource}`", actions[resource])


def _names(attributes: Iterable[ir.Attribute]) -> frozenset[str]:
    return frozenset(each.name for each in attributes)
