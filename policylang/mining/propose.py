"""The whole of mining: tables in, a policy set and a report out. Nothing is written here."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from policylang.mining.cheapest import Prices
from policylang.mining.clock import Step
from policylang.mining.describe import Stands, role_names, stands_for
from policylang.mining.matrix import FoundRole
from policylang.mining.merging import Merge, merges, over_grants
from policylang.mining.mine import Mined, Objective, mine, price_of
from policylang.mining.pairs import Pairs
from policylang.mining.plain import PlainRoles
from policylang.mining.report import MinedRole, MiningReport, NearlySame, Size
from policylang.mining.tolerance import with_tolerance
from policylang.mining.write import policy_files, prove, roles_as_they_were

_NEARLY = 0.9
_TOGETHER = 5
_MOST_COMPARED = 2_000


class Wish(msgspec.Struct, frozen=True):
    """What is asked of the roles. ``keep``: roles that stay, by name, as sets of permissions. ``tolerance``: how many
    pairs more than people have are allowed. ``seconds``: how long to search.
    """

    objective: Objective = "roles"
    prices: Prices | None = None
    keep: Mapping[str, int] = {}
    tolerance: int = 0
    seconds: float | None = None


class Proposal(msgspec.Struct, frozen=True):
    """The files of a policy set, the report, and what else could be one role."""

    files: Mapping[str, bytes]
    report: MiningReport
    merges: tuple[Merge, ...] = ()


def propose(
    pairs: Pairs,
    wish: Wish,
    now: datetime.datetime,
    step: Step = lambda _what: None,
    plain: PlainRoles | None = None,
) -> Proposal:
    """Find roles, name them, write them, and prove that they give people what they had. ``plain``: the policy set that
    the pairs are of, in which the roles take the place of the plain ones.
    """
    mined = mine(pairs.matrix, wish.objective, wish.prices, tuple(wish.keep.values()), wish.seconds, step)
    roles = mined.roles
    more: dict[int, int] = {}
    if wish.tolerance:
        step("allowing a little more")
        roles, more = with_tolerance(pairs.matrix, roles, wish.tolerance, mined.kept)
    stands = [stands_for(pairs, each) for each in roles]
    names = role_names(stands, tuple(wish.keep))
    if plain is not None:
        names = plain.names(pairs, roles, names)
    labels = {name: each.value for name, each in zip(names, stands, strict=True) if each is not None and each.is_theirs}
    order = _order(stands, names, mined.kept)
    roles, stands, names = (tuple(each[n] for n in order) for each in (roles, stands, names))  # type: ignore[assignment]
    step("writing")
    write = policy_files if plain is None else plain.files
    files = write(pairs, roles, names, labels, f"Mined for {_FEW[wish.objective]}")
    step("proving that nobody's access changes")
    proof = prove if plain is None else plain.prove
    proof(pairs, files, more, now)
    before = roles_as_they_were(pairs) if plain is None else plain.before(pairs)
    report = _report(pairs, wish, mined, roles, names, stands, more, before)

    def remake(roles: Sequence[FoundRole], names: Sequence[str]) -> tuple[Sequence[str], Mapping[str, bytes]]:
        if plain is not None:
            names = plain.names(pairs, roles, names)
        return names, write(pairs, roles, names, labels, f"Mined for {_FEW[wish.objective]}")

    step("merging roles that could be one")
    by_name = dict(zip(names, roles, strict=True))
    made = merges(pairs, report.proposals, by_name, {*names[: mined.kept]}, files, more, remake, proof, now)
    return Proposal(files, report, tuple(made))


_FEW: dict[Objective, str] = {"roles": "fewest roles", "edges": "fewest edges", "weighted": "least weight"}


def _order(stands: Sequence[Stands | None], names: Sequence[str], kept: int) -> list[int]:
    """Kept roles first; then those that stand for people, by attribute and value; then the others as they are."""

    def rank(number: int) -> tuple[object, ...]:
        each = stands[number]
        if number < kept:
            return (0, "", "", number)
        return (2, "", "", number) if each is None or not each.is_theirs else (1, each.attribute, each.value, number)

    return sorted(range(len(names)), key=rank)


def _report(
    pairs: Pairs,
    wish: Wish,
    mined: Mined,
    roles: Sequence[FoundRole],
    names: Sequence[str],
    stands: Sequence[Stands | None],
    more: Mapping[int, int],
    before: Sequence[FoundRole],
) -> MiningReport:
    cost = price_of(roles, mined.prices)
    return MiningReport(
        users=len(pairs.users),
        permissions=len(pairs.permissions),
        pairs=pairs.matrix.pairs,
        objective=wish.objective,
        before=_size(before),
        after=_size(roles),
        cost=cost,
        least=min(mined.least, cost),
        optimal=not more and mined.is_optimal,
        ended=mined.ended,
        roles=tuple(
            MinedRole(name, name in names[: mined.kept], role.users.bit_count(), role.permissions.bit_count(), each)
            for name, role, each in zip(names, roles, stands, strict=True)
        ),
        over_granted=over_grants(pairs, more),
        proposals=tuple(_nearly_same(roles, names)),
        guessed=pairs.guessed,
        repeated=pairs.repeated,
    )


def _size(roles: Sequence[FoundRole]) -> Size:
    users = sum(each.users.bit_count() for each in roles)
    return Size(len(roles), users, sum(each.permissions.bit_count() for each in roles))


def _nearly_same(roles: Sequence[FoundRole], names: Sequence[str]) -> Iterator[NearlySame]:
    """Roles that share nearly all permissions, or that are always given together."""
    if len(roles) > _MOST_COMPARED:
        return
    for number, one in enumerate(roles):
        for other in range(number + 1, len(roles)):
            same = (one.permissions & roles[other].permissions).bit_count()
            both = (one.permissions | roles[other].permissions).bit_count()
            together = one.users == roles[other].users and one.users.bit_count() >= _TOGETHER
            if together or same >= _NEARLY * both:
                yield NearlySame(names[number], names[other], same, both, together)
