"""The decision about a row as an SQL expression, for everybody who has the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from policylang.ir import nodes as ir
from policylang.model.instants import instant_text
from policylang.runtime.grants import Profile
from policylang.runtime.index import Index
from policylang.runtime.periods import Period, periods
from policylang.runtime.plan import Met, PlacedDeny, Plan, Way, fold_met, make_plan
from policylang.runtime.sources import chains
from policylang.targets.postgres.conditions import sql
from policylang.targets.postgres.names import literal
from policylang.targets.postgres.operands import SqlRow

TRUE, FALSE = "TRUE", "FALSE"


Had = tuple[tuple[Period, Profile], ...]
"""What somebody has, period by period."""


def had(index: Index) -> Mapping[Had, Sequence[str]]:
    """All users and integrations, by what they have."""
    members: dict[Had, list[str]] = {}
    for user in index.requesters:
        members.setdefault(tuple(periods(index, user)), []).append(user)
    return members


def plans(index: Index, who: Had, action: str, resource: str) -> tuple[tuple[Period, Plan], ...]:
    """What decides the action in each period in which anything grants it; one period, where they are alike."""
    found = [(period, make_plan(index, profile, action, resource)) for period, profile in who]
    if all(plan == found[0][1] for _, plan in found):
        found = [(Period(), found[0][1])]
    return tuple((period, plan) for period, plan in found if plan.ways and plan.requirement is not False)


def opened(row: SqlRow, planned: Iterable[tuple[Period, Plan]], field: str | None = None) -> str:
    """True for the rows on which the action is open, and covers the field if one is given; else false or NULL."""
    return any_of(all_of((_during(row, period), _allowed(row, plan, field))) for period, plan in planned)


def _during(row: SqlRow, period: Period) -> str:
    today, now = row.constant("policylang.today()"), row.constant("policylang.instant()")
    days = [
        (">=", period.first if period.since is None else None),
        ("<=", period.last if period.until is None else None),
    ]
    return all_of(
        (
            *(f"({today} {sign} {literal(day.isoformat())}::date)" for sign, day in days if day is not None),
            *(
                f"({now} {sign} {literal(instant_text(at))}::timestamptz)"
                for sign, at in ((">=", period.since), ("<", period.until))
                if at is not None
            ),
        )
    )


def _allowed(row: SqlRow, plan: Plan, field: str | None) -> str:
    ways = [way for way in plan.ways if field is None or field in way.fields]
    denies = [each for each in plan.denies if each.deny.fields is None or field in each.deny.fields]
    return all_of(
        (
            any_of(_way(row, way) for way in ways),
            _met(row, plan.requirement),
            *(sql(instance.condition, row) for instance in plan.appends),
            *(_undenied(row, each) for each in denies),
        )
    )


def _way(row: SqlRow, way: Way) -> str:
    return all_of((_covered(row, way.place), *(sql(limit.condition, row) for limit in way.limits)))


def _undenied(row: SqlRow, each: PlacedDeny) -> str:
    """The deny does not match: the row lies elsewhere, or the condition is false."""
    elsewhere = _not(_covered(row, each.place))
    condition = each.deny.condition
    return any_of((elsewhere, FALSE if condition is None else sql(condition, row, wanted=False)))


def _covered(row: SqlRow, place: str | None) -> str:
    """Whether the row lies at the place or below it; never NULL."""
    of = row.index.resources[row.resource].place
    if place is None:
        return TRUE
    if of is None:
        return FALSE
    places = row.index.homes(row.resource, place)
    listed = ", ".join(literal(each) for each in places)
    return f"({row.column(of)} IN ({listed}) IS TRUE)" if places else FALSE


def _met(row: SqlRow, met: Met) -> str:
    return fold_met(met, lambda places: any_of(_covered(row, place) for place in places), all_of, any_of)


# --- fields --------------------------------------------------------------------------------------------------


def covering(
    planned: Iterable[tuple[Period, Plan]], attributes: Iterable[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Attributes that are covered on every row that is open, and those that are on some of them only."""
    always, ever = frozenset(attributes), frozenset[str]()
    for _, plan in planned:
        ways = [way.fields for way in plan.ways]
        fields = [each for each in plan.denies if each.deny.fields is not None]
        denied = frozenset().union(*(each.deny.fields or () for each in fields))
        certain = [each.deny.fields or () for each in fields if each.place is None and each.deny.condition is None]
        always &= frozenset.intersection(*ways) - denied
        ever |= frozenset().union(*ways) - frozenset().union(*certain)
    return frozenset(always & ever), frozenset(ever - always)


# --- putting together ----------------------------------------------------------------------------------------


def all_of(parts: Iterable[str]) -> str:
    return _joined(" AND ", parts, TRUE, FALSE)


def any_of(parts: Iterable[str]) -> str:
    return _joined(" OR ", parts, FALSE, TRUE)


def _joined(word: str, parts: Iterable[str], neutral: str, decisive: str) -> str:
    kept = list(dict.fromkeys(part for part in parts if part != neutral))
    if decisive in kept:
        return decisive
    return neutral if not kept else kept[0] if len(kept) == 1 else f"({word.join(kept)})"


def _not(part: str) -> str:
    return FALSE if part == TRUE else TRUE if part == FALSE else f"(NOT {part})"


def statements(planned: Iterable[tuple[Period, Plan]]) -> frozenset[str]:
    """The places of everything that an expression comes from."""
    found: set[str] = set()
    for _, plan in planned:
        found |= {grant.at for way in plan.ways for grant in way.statements}
        found |= {limit.at for way in plan.ways for limit in way.limits}
        found |= {instance.at for instance in plan.appends}
        found |= {each.deny.at for each in plan.denies}
    return frozenset(found)


def holders(index: Index) -> Iterator[tuple[str, str, Period]]:
    """Role, user and period: who has each role, from any source, and when."""
    for user in sorted(index.users):
        for period, profile in periods(index, user):
            held = {chain[-1] for source in profile.sources for chain in chains(index, source)}
            for role in sorted(bundle.name for bundle in held if isinstance(bundle, ir.Role)):
                yield role, user, period
