"""PL205: a grant that denies cancel completely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from policylang.analysis.questions import deny_cancels_grant
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT, Satisfiability, either
from policylang.check.finding import Finding, counted, related
from policylang.check.limits import Questions, claims, inner_first
from policylang.check.privileges import by_resource
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import limiting
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import Bundle, RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL205",
    name="deny-cancels-grant",
    family="conflicts",
    severity="error",
    summary="a grant that denies cancel completely",
    why=("Denies win. The grant looks useful, and anyone who relies on it finds out the hard way."),
    bad="""\
resource doc { owner : user  actions view, delete }
policy mine on doc { owner is assigned user }
group sales {
  policy mine
  grant delete on doc   #! PL205
  deny delete on doc { owner is assigned user }
}
""",
    good="""\
resource doc { owner : user  actions view, delete }
policy mine on doc { owner is assigned user }
group sales {
  policy mine
  grant view on doc
}
""",
    near="""\
resource doc { optional owner : user  closed : bool  actions view, delete }
policy mine on doc { owner is assigned user }
group sales {
  policy mine
  grant all on doc
  deny delete on doc { closed is true }
}
""",
    since="0.1.0",
    proof=True,
)


class _Cancelled(msgspec.Struct):
    """What is cancelled of a grant: resources and actions, those in the role or group itself that says the grant, by
    which denies, and in which other sources.
    """

    pairs: dict[Permission, None]
    own: dict[Permission, None]
    denies: dict[str, None]
    inside: list[str]
    unproved: bool
    by_fields: bool = False
    """Whether denies of attributes do it: the action stays open, and covers nothing."""


def check(world: World) -> Iterator[Finding]:
    """Nothing is left of a granted action if a deny matches every record that the grant's limits let through, or if
    denies of fields take all the attributes that the grant covers. Whether its requirements are met is not asked, nor
    whether other grants give the same.

    Each action that a grant names counts; one with ``all``, as a whole only, since a deny beside it makes an exception.
    So it does where a role or group denies what a role inside it grants: there too the grant counts as a whole. The
    finding stands on the grant, once, however many sources bring it and the deny together.
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    taking = _Denies(world, questions)
    found: dict[str, _Cancelled] = {}
    for source, bundle in inner_first(world):
        said = [deny for place in _said(world, source) for deny in place.denies]
        if not said and not world.index.denies:
            continue
        for chain in world.chains(source):
            if len(chain) > 1 and not said:
                continue
            for at, grants in _statements(chain[-1]).items():
                told = found.get(at)
                cancelled = _cancelled(taking, chain, grants, said)
                whole = len(chain) > 1 or any(grant.wildcard for grant in grants)
                if cancelled is None or (whole and not cancelled[0]):
                    continue
                _, pairs, denies, unproved, by_fields = cancelled
                if told is None:
                    told = found[at] = _Cancelled({}, {}, {}, [], False)
                elif _is_told(told, pairs, denies):
                    continue
                told.pairs.update(pairs)
                told.denies.update(denies)
                told.unproved = told.unproved or unproved
                told.by_fields = told.by_fields or by_fields
                if len(chain) > 1:
                    told.inside.append(bundle.name)
                else:
                    told.own.update(pairs)
    yield from (_finding(at, each) for at, each in found.items())


def _is_told(told: _Cancelled, pairs: dict[Permission, None], denies: dict[str, None]) -> bool:
    """Whether a source inside already says it all."""
    if pairs.keys() <= told.own.keys():
        return True
    return pairs.keys() <= told.pairs.keys() and not told.denies.keys().isdisjoint(denies)


def _said(world: World, source: RightsSource) -> Iterable[Bundle]:
    """The role or group and the roles inside it, each once."""
    return {chain[-1].at: chain[-1] for chain in world.chains(source)}.values()


def _statements(bundle: Bundle) -> dict[str, list[ir.Grant]]:
    """The grants as they are written, in any order: one on all resources is one on each of them."""
    found: dict[str, list[ir.Grant]] = {}
    for grant in bundle.grants:
        found.setdefault(grant.at, []).append(grant)
    return found


def _cancelled(
    taking: _Denies, chain: tuple[Bundle, ...], grants: Sequence[ir.Grant], said: Sequence[ir.Deny]
) -> tuple[bool, dict[Permission, None], dict[str, None], bool, bool] | None:
    """What is cancelled of a grant: whether all of it that is alive, the actions, the denies, whether it is in doubt,
    and whether it takes denies of attributes.
    """
    world = taking.world
    pairs: dict[Permission, None] = {}
    by: dict[str, None] = {}
    unproved, by_fields, whole = False, False, True
    for grant in grants:
        for action in grant.actions:
            denies = [
                *(deny for deny in said if deny.resource == grant.resource and action in deny.actions),
                *world.index.denies_of(grant.resource, action),
            ]
            around = (limit for bundle in chain for limit in bundle.limits)
            limits = limiting(world.index, around, grant.resource, action)
            instances = frozenset(limit.instance for limit in limits)
            if instances and taking.questions.together(instances) is UNSAT:
                continue  # dead without any deny: PL201, PL203
            answer, core = taking.cancel(grant, instances, tuple(denies)) if denies else (SATISFIABLE, ())
            if answer is SATISFIABLE:
                whole = False
                continue
            unproved = unproved or answer is UNKNOWN
            pairs[grant.resource, action] = None
            by.update(dict.fromkeys(deny.at for deny in core))
            by_fields = by_fields or any(deny.fields is not None for deny in core)
    return (whole, pairs, by, unproved, by_fields) if pairs else None


class _Denies:
    """Which denies take all of a grant, answered once for the same limits and denies."""

    def __init__(self, world: World, questions: Questions) -> None:
        self.world, self.questions = world, questions

    def cancel(
        self, grant: ir.Grant, limits: frozenset[str], denies: tuple[ir.Deny, ...]
    ) -> tuple[Satisfiability, tuple[ir.Deny, ...]]:
        """Whether denies leave something of the grant under the limits, and which denies it is that may not."""
        found = self._left(grant, limits, denies)
        if found is SATISFIABLE:
            return found, ()
        whole = tuple(deny for deny in denies if deny.fields is None)
        for core in (*((deny,) for deny in (*whole, *denies)), whole):
            if core and self._left(grant, limits, core) is UNSAT:
                return UNSAT, core
        return found, denies

    def _left(self, grant: ir.Grant, limits: frozenset[str], denies: tuple[ir.Deny, ...]) -> Satisfiability:
        """Whether some record, with some attribute of it, is left."""
        whole = tuple(deny for deny in denies if deny.fields is None)
        found = self._open(grant.resource, limits, whole) if whole else SATISFIABLE
        if found is not SATISFIABLE:
            return found
        fields = sorted(grant_fields(self.world.index, grant)) if len(whole) < len(denies) else []
        taking = [tuple(deny for deny in denies if deny.fields is None or field in deny.fields) for field in fields]
        if not taking:
            return SATISFIABLE
        return either(
            SATISFIABLE if len(each) == len(whole) else self._open(grant.resource, limits, each) for each in taking
        )

    @cached_method
    def _open(self, resource: str, limits: frozenset[str], denies: tuple[ir.Deny, ...]) -> Satisfiability:
        """Whether a record is left that meets the limits and that no deny matches."""
        conditions = (self.world.index.instances[each].condition for each in sorted(limits))
        return self.questions.anybody(deny_cancels_grant(self.world.index, conditions, denies), resource)


def _finding(at: str, each: _Cancelled) -> Finding:
    what = "; ".join(by_resource(each.pairs)[:3])
    where = f" in {counted(each.inside)}" if each.inside else ""
    denies = sorted(each.denies, key=Location.parse)
    taken = "every record that the grant reaches"
    proved = f"no record is left on which {what} would be allowed by this grant"
    if each.by_fields:
        taken = "every attribute that the grant covers"
        proved = f"no attribute of any record is left that this grant would cover for {what}"
    return Finding(
        code="PL205",
        message=f"{what} is granted, and denied on {taken}{where}",
        at=at,
        subjects=(*(f"{action} on {resource}" for resource, action in each.pairs), *each.inside),
        help="remove the grant or the deny, or add a condition to the deny",
        related=tuple(related(deny, "the deny") for deny in denies[:3]),
        proved=None if each.unproved else proved,
        unproved=each.unproved,
    )
