"""Several roles that the same people were given, joined into one role with what these people use of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from policylang.check.privileges import on, ticked
from policylang.check.used import UsageAnalysis
from policylang.diagnostics import listed
from policylang.ir import nodes as ir
from policylang.runtime.grants import granted
from policylang.runtime.index import Index, Permission
from policylang.runtime.sources import Bundle, RightsSource, inside
from policylang.text.names import free_name
from policylang.usage.proposals import Keep, NotTaken, ProposedChange, ProposedPart, risk
from policylang.usage.written import Joining, Removal, Written

_Said = tuple[tuple[str, ...] | None, tuple[str, ...]]
"""Fields of a grant, and the policies on it."""
_LONGEST = 60
_PEOPLE = 2
"""No role is made for fewer."""


_Given = Mapping[str, tuple[ir.Assignment, ...]]
"""Who was given the same roles, and by which assignments."""


def joinings(
    analysis: UsageAnalysis, current: ir.PolicySet, written: Written, keep: Keep, gone: Collection[str] = ()
) -> tuple[list[ProposedChange], list[NotTaken]]:
    """For roles that the same people have beside each other, and nothing sets apart: one role with what they use.

    ``current``: the policy set as the proposals so far leave it. ``gone``: places of assignments that are taken out.
    """
    index = Index(current)
    found, left = [], []
    taken = {*index.roles}
    for roles, given in _together(analysis, keep, gone):
        joined = _Joined(index, roles)
        used = {(use.resource, use.action) for user in given for use in analysis.with_required(user)}
        text = joined.grants(used)
        if joined.obstacle is not None:
            what = f"roles {listed(ticked(roles), 'and')} of {len(given):,} users"
            left.append(NotTaken(f"{what}, as one", joined.obstacle, next(iter(given.values()))[0].at))
            continue
        edits = [edit for some in given.values() for edit in some]
        if not text or any(written.obstacle(Removal(edit.at, "assignment")) is not None for edit in edits):
            continue
        name = _name(roles, taken)
        taken.add(name)
        declare = f"role {name} {{\n{joined.head()}{text}}}"
        found.append(ProposedChange("role", name, tuple(_parts(given, name, declare)), "joined", joins=roles))
    return sorted(found, key=risk), left


def why_not_used(analysis: UsageAnalysis, proposal: ProposedChange, after: ir.PolicySet) -> Iterator[str]:
    """What a joined role grants and nobody who gets it has used. There must be nothing."""
    if proposal.cause != "joined":
        return
    used = {(use.resource, use.action) for user in proposal.users for use in analysis.with_required(user)}
    for grant in Index(after).roles[proposal.name].grants:
        unused = [action for action in grant.actions if (grant.resource, action) not in used]
        if unused:
            yield f"nobody who gets role `{proposal.name}` has used {on(unused, grant.resource)}"


def _together(analysis: UsageAnalysis, keep: Keep, gone: Collection[str]) -> list[tuple[tuple[str, ...], _Given]]:
    """Roles, and those who have just these."""
    found: dict[tuple[str, ...], dict[str, tuple[ir.Assignment, ...]]] = {}
    for user in analysis.world.written.users:
        given = [each for each in user.assignments if each.at not in gone]
        given = [each for each in given if analysis.world.whole.roles[each.role].owner is None]
        roles = tuple(sorted({each.role for each in given}))
        is_alike = len(given) == len(roles) > 1 and len({each.place for each in given}) == 1
        if is_alike and not user.terminated and all(_is_plain(analysis, user.id, each, keep) for each in given):
            found.setdefault(roles, {})[user.id] = tuple(given)
    return [(roles, found[roles]) for roles in sorted(found) if len(found[roles]) >= _PEOPLE]


def _is_plain(analysis: UsageAnalysis, user: str, given: ir.Assignment, keep: Keep) -> bool:
    """Whether an assignment says nothing that would be lost, and is neither excepted nor kept."""
    said = (given.start, given.until, given.because, given.approved_by)
    if any(each is not None for each in said) or keep.holds_given(user, "role", given.role):
        return False
    bundles = list(inside(analysis.index, RightsSource("role", given.role)))
    return not any(analysis.is_excepted(each, analysis.days_of(each)) for each in bundles)


class _Joined:
    """What roles grant, as one role says it. ``obstacle``: why it cannot, in words."""

    def __init__(self, index: Index, roles: Iterable[str]) -> None:
        self._index = index
        self._sources = [RightsSource("role", role) for role in roles]
        bundles = dict.fromkeys(bundle for source in self._sources for bundle in inside(index, source))
        self._portals = {each.portal for each in bundles if isinstance(each, ir.Role)} - {None}
        self.obstacle = next((why for why in map(_apart, bundles) if why is not None), None)
        if len(self._portals) > 1:
            self.obstacle = "they belong to several portals"

    def head(self) -> str:
        """What stands before the grants."""
        return "".join(f"  portal {each}\n" for each in self._portals)

    def grants(self, used: Collection[Permission]) -> str:
        """The grants of what is used, and the policies on it."""
        by_action: dict[Permission, set[_Said]] = {}
        for each in (each for source in self._sources for each in granted(self._index, source)):
            permission = each.grant.resource, each.action
            if permission in used:
                said = each.grant.fields, tuple(sorted({limit.instance for limit in each.limits}))
                by_action.setdefault(permission, set()).add(said)
        grants: dict[tuple[str, tuple[str, ...] | None], list[str]] = {}
        policies: dict[tuple[str, str], list[str]] = {}
        for (resource, action), different in sorted(by_action.items()):
            if len(different) > 1:
                self.obstacle = f"they say different things of {action} on `{resource}`"
                return ""
            fields, names = next(iter(different))
            grants.setdefault((resource, fields), []).append(action)
            for name in names:
                policies.setdefault((resource, name), []).append(action)
        lines = [
            f"  grant {', '.join(actions)} on {resource}{ir.in_brackets(fields)}\n"
            for (resource, fields), actions in grants.items()
        ]
        return "".join([*lines, *(f"  policy {name} for {', '.join(of)}\n" for (_, name), of in policies.items())])


def _apart(bundle: Bundle) -> str | None:
    """Why a role is not joined with others."""
    if bundle.denies:
        return f"role `{bundle.name}` denies something"
    if bundle.may_assign:
        return f"role `{bundle.name}` says what its holders may assign"
    if isinstance(bundle, ir.Role) and (bundle.protected or bundle.essential):
        return f"role `{bundle.name}` is {'protected' if bundle.protected else 'essential'}"
    return None


def _parts(given: _Given, name: str, declare: str) -> Iterator[ProposedPart]:
    for user, (first, *others) in given.items():
        yield ProposedPart(f"role `{first.role}` of `{user}`", Joining(first.at, name, declare), (user,))
        for other in others:
            yield ProposedPart(f"role `{other.role}` of `{user}`", Removal(other.at, "assignment"), (user,))


def _name(roles: Iterable[str], taken: Collection[str]) -> str:
    name = "_and_".join(roles)
    return free_name(name if len(name) <= _LONGEST else "joined_role", taken)
