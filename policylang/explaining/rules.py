"""What stands beside the ways: requirements, appended policies, denies, and the attributes that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.diagnostics import cut
from policylang.explaining.tree import AssignedValue, Covered, Denied, ExplainedLimit, ExplainedWay, Required
from policylang.explaining.values import condition_text, named, shown, tested, truth_of
from policylang.explaining.ways import Tester, attached_appends, bundle_in_words, possible_sources, why_inactive
from policylang.ir import nodes as ir
from policylang.model.types import SetType
from policylang.runtime.index import Index
from policylang.runtime.parts import is_met, record_place, written
from policylang.runtime.sources import Bundle, has_role, inside
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, BadValueError

# --- requirements --------------------------------------------------------------------------------------------


def required(s: Situation, requirement: ir.Requirement) -> Required:
    """A requirement and everything in it, each met or not."""
    met = is_met(s, requirement)
    match requirement:
        case ir.RequiresAll(items=items, at=at):
            return Required("all", "all of", met, tuple(required(s, item) for item in items), at)
        case ir.RequiresAny(items=items, at=at):
            return Required("any", "one of", met, tuple(required(s, item) for item in items), at)
        case ir.RequiresFeature(feature=feature, at=at):
            return Required("feature", f"feature {named(feature)} is {'on' if met else 'off'}", met, (), at)
        case ir.RequiresSuperuser(at=at):
            text = f"{cut(s.user)} {'has' if met else 'does not have'} the superuser tag"
            return Required("superuser", text, met, (), at)
        case ir.RequiresGrant(action=action, resource=resource, place_kind=kind, at=at):
            where = "" if kind is None else f" at a {kind} or above that covers the {s.resource}, or everywhere"
            text = f"{cut(s.user)} {'has' if met else 'does not have'} `{action} on {resource}`{where}"
            return Required("grant", text if kind or met else f"{text} from any source", met, (), at)


# --- appended policies ---------------------------------------------------------------------------------------


def appends(s: Situation, action: str) -> tuple[ExplainedLimit, ...]:
    """What the user appends on the resource, for an action that does not bypass policies."""
    tester = Tester(s)
    return tuple(tester.limit(each) for each in attached_appends(s, action))


# --- denies --------------------------------------------------------------------------------------------------


def placed_denies(s: Situation, action: str) -> tuple[tuple[ir.Deny, Bundle | None], ...]:
    """What `reference.denies` looks at, each statement once, and the role or group that says it; nobody if it is for
    everyone.
    """
    place = record_place(s)
    found: dict[str, tuple[ir.Deny, Bundle | None]] = {}
    for possible in possible_sources(s.index, s.user, s.now):
        if possible.active and s.index.covers(possible.source.place, place):
            for bundle in inside(s.index, possible.source):
                for deny in s.index.said(bundle).denies.get((s.resource, action), ()):
                    found.setdefault(deny.at, (deny, bundle))
    for deny in s.index.denies_of(s.resource, action):
        found.setdefault(deny.at, (deny, None))
    return tuple(found.values())


def denies(s: Situation, action: str) -> tuple[Denied, ...]:
    """The denies of the action that cover the record; those that apply come first."""
    found = [_denied(s, *each) for each in placed_denies(s, action)]
    return tuple(sorted(found, key=lambda each: not each.applies))


def _denied(s: Situation, deny: ir.Deny, said_by: Bundle | None) -> Denied:
    found = True if deny.condition is None else truth_of(deny.condition, s)
    tests, more = ((), 0) if deny.condition is None or found is False else tested(deny.condition, s)
    return Denied(
        said_by="everyone" if said_by is None else bundle_in_words(said_by),
        fields=deny.fields,
        condition=None if deny.condition is None else condition_text(deny.condition, s),
        truth=found,
        applies=found is not False,
        tests=tests,
        more=more,
        because=None if deny.because is None else cut(deny.because, 200),
        at=deny.at,
    )


# --- attributes ----------------------------------------------------------------------------------------------


def covered(
    s: Situation, ways: Iterable[ExplainedWay], denied: Iterable[Denied], asked: Iterable[str]
) -> Iterator[Covered]:
    """Each attribute that is asked for: whether an open way covers it and no deny takes it away."""
    opened = [way for way in ways if way.open]
    taken = [deny for deny in denied if deny.applies and deny.fields is not None]
    for name in asked:
        deny = next((each for each in taken if name in (each.fields or ())), None)
        way = next((each for each in opened if name in each.fields), None)
        if deny is not None:
            yield Covered(name, False, f"a deny blocks {named(name)}", deny.at)
        elif way is not None:
            yield Covered(name, True, f"{way.source} covers {named(name)}", way.at)
        elif s.index.attributes[s.resource][name].sensitive:
            text = f"no grant that applies covers {named(name)}: it is sensitive, so a grant has to name it"
            yield Covered(name, False, text, None)
        else:
            yield Covered(name, False, f"no grant that applies covers {named(name)}", None)


def fitting(s: Situation, names: Iterable[str]) -> Iterator[AssignedValue]:
    """Each attribute that is written: whether the value may stand there."""
    for name in names:
        try:
            yield _written(s, name)
        except BadValueError as error:
            yield AssignedValue(name, False, cut(str(error), 200))
        except Exception:  # the decision may have ended before it read this one
            yield AssignedValue(name, False, f"the value of {named(name)} cannot be read")


def _written(s: Situation, name: str) -> AssignedValue:
    declared = s.index.attributes[s.resource][name]
    type_, role = declared.type, declared.role
    found = written(s, name)
    if found is MISSING or role is None:
        return AssignedValue(name, True, f"{named(name)} takes any {'' if found is MISSING else 'such '}value")
    each = found if isinstance(type_, SetType) else (found,)
    for user in each:
        problem = not_eligible(s, user, role)
        if problem is not None:
            return AssignedValue(name, False, f"{problem}, which {named(name)} requires")
    return AssignedValue(name, True, f"{shown(type_, found)} has role {named(role)}, which {named(name)} requires")


def not_eligible(s: Situation, user: object, role: str) -> str | None:
    """Why somebody may not be written into an attribute that is for holders of a role; ``None`` if they may."""
    if user is MISSING or not isinstance(user, str):
        return f"a missing user does not have role {named(role)}"
    if user not in s.index.users:
        return f"there is no user {named(user)}, so they do not have role {named(role)}"
    if not has_role(s.index, user, role, s.now):
        return f"{cut(user)} does not have role {named(role)}{_lost_role(s.index, user, role, s)}"
    return None


def _lost_role(index: Index, user: str, role: str, s: Situation) -> str:
    for possible in possible_sources(index, user, s.now):
        if not possible.active and index.roles[role] in inside(index, possible.source):
            return f" ({why_inactive(user, possible)})"
    return ""
