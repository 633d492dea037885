"""An imported set without what the resources of another policy set lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Grant, Imported, OfName, Origin, RoleOrGroup, StatedLimit, Text, refs

Refuse = Callable[[Origin, str], None]


class Lacking(msgspec.Struct):
    """Actions and attributes that are not there, each with the key of its resource. ``shown``: attributes that are
    sensitive in the import and not there. ``places``: keys of resources whose records are not at the places of the
    import there.
    """

    actions: set[tuple[str, str]] = set()
    attributes: set[tuple[str, str]] = set()
    shown: set[tuple[str, str]] = set()
    places: set[str] = set()

    def speaks(self, condition: Text, resource: str | None) -> bool:
        """Whether a condition speaks of an attribute that the resource lacks."""
        return any((resource, each.key) in self.attributes for each in refs([condition]) if each.kind == "attribute")


def trim(imported: Imported, lacking: Lacking, refuse: Refuse) -> Iterator[tuple[OfName, str]]:
    """Take out what cannot be said. Gives the roles and groups that would be wider for it, which nobody may get."""
    _denies(imported, lacking, refuse)
    at_places = any(each.place is not None for user in imported.users.values() for each in user.assignments)
    misses = lacking.places if at_places else set[str]()
    for kind, bundles in imported.bundles_by_kind.items():
        for key, bundle in bundles.items():
            bundle.grants = [left for each in bundle.grants if (left := _grant(each, lacking)) is not None]
            said = _limits(bundle, imported, lacking)
            if not said or any(
                lacking.speaks(each.condition, each.resource) or (each.deny and each.resource in misses)
                for each in bundle.grants
            ):
                message = f"what limits the {kind} {quoted(bundle.called)} cannot be expressed there: nobody gets it"
                refuse(bundle.first, message)
                yield kind, key
    for key in [key for key, each in imported.policies.items() if lacking.speaks(each.condition, each.resource)]:
        del imported.policies[key]


def _denies(imported: Imported, lacking: Lacking, refuse: Refuse) -> None:
    """Denies for everyone. Where one cannot be said, nothing is granted of what it would take away."""
    closed = set()
    for each in imported.denies:
        if lacking.speaks(each.condition, each.resource):
            closed.add((each.resource, each.action))
            message = f"the deny of {quoted(each.action or '')} cannot be expressed there: the import does not grant it"
            refuse(each.origin, message)
    left = {each for each in imported.denies if (each.resource, each.action) not in lacking.actions | closed}
    imported.denies = [each for each in imported.denies if each in left]
    for bundle in imported.bundles():
        bundle.grants = [each for each in bundle.grants if (each.resource, each.action) not in closed or each.deny]


def _grant(grant: Grant, lacking: Lacking) -> Grant | None:
    """What is left of a grant; ``None`` for nothing."""
    resource = grant.resource or ""
    if (resource, grant.action) in lacking.actions:
        return None

    def there(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if (resource, name) not in lacking.attributes)

    fields = there(grant.fields)
    if grant.fields and not fields:
        return None
    shown = {name for of, name in lacking.shown if of == resource}
    hidden = () if grant.deny or fields else sorted(shown - {*grant.including} - {*grant.exclude})
    return msgspec.structs.replace(
        grant,
        fields=fields,
        exclude=(*there(grant.exclude), *hidden),
        including=tuple(name for name in there(grant.including) if name not in shown),
    )


def _limits(bundle: RoleOrGroup, imported: Imported, lacking: Lacking) -> bool:
    """Whether all that limits a role or group can be said. Limits lose the actions that are not there."""
    kept: list[StatedLimit] = []
    for limit in bundle.limits:
        policy = imported.policies[limit.policy]
        resource = limit.resource or policy.resource or ""
        if lacking.speaks(policy.condition, resource):
            return False
        actions = tuple(each for each in limit.actions if (resource, each) not in lacking.actions)
        if actions or not limit.actions:
            kept.append(msgspec.structs.replace(limit, actions=actions))
    bundle.limits = kept
    return True
