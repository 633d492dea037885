"""What keeps a request from being allowed, as gaps: each with the edits that would close it, one way or another."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from policylang.diagnostics import cut
from policylang.explaining.edits import Question
from policylang.explaining.roles import assignment, assignments, statement, statements
from policylang.explaining.rules import not_eligible, placed_denies
from policylang.explaining.settings import in_json, samples
from policylang.explaining.solve import MOST, Edits, EditTarget, combined, setting, solutions, target_of
from policylang.explaining.tree import SuggestedEdit
from policylang.explaining.values import named, shown, truth_of
from policylang.explaining.ways import Grounds, attached_appends, place_of, where_in_words
from policylang.ir import nodes as ir
from policylang.model.types import SetType
from policylang.runtime.parts import grant_fields, is_met, written
from policylang.runtime.sources import has_role
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, BadValueError

_GapEdits = list[Edits]
"""Alternatives; none where nothing was found that would close it."""

_MOST_LOOKED_AT = 200


def moments(q: Question) -> tuple[bool, ...]:
    """Whether before the change, or after it, for each moment that decides."""
    return (False, True) if q.index.kind(q.resource, q.action) == "modify" and q.changes else (False,)


# --- what every way needs ------------------------------------------------------------------------------------


def shared_gaps(q: Question) -> Iterator[_GapEdits]:
    """Requirements, appended policies, denies and the values that are written."""
    declared = q.index.actions[q.resource][q.action]
    names = set(q.asked(q.index))
    for after in moments(q):
        s = q.situation(after)
        if declared.requires is not None and not is_met(s, declared.requires):
            yield _required(q, s, declared.requires)
        for each in attached_appends(s, q.action):
            if truth_of(each.instance.condition, s) is not True:
                text = f"remove the policy {named(each.instance.id)} that {cut(q.user)} appends"
                remove = SuggestedEdit("remove_append", text, {"remove_append": {"user": q.user, "at": each.at}})
                yield [*solutions(q, after, each.instance.condition, True), (remove,)]
        for deny, _ in placed_denies(s, q.action):
            if deny.fields is None or names & set(deny.fields):
                yield _denied(q, after, deny)
    yield from _values(q)


def _denied(q: Question, after: bool, deny: ir.Deny) -> _GapEdits:
    found: _GapEdits = [] if deny.condition is None else solutions(q, after, deny.condition, False)
    where = deny.at.rsplit("-", 1)[0]
    return [*found, (SuggestedEdit("remove_deny", f"remove the deny at {where}", {"remove_deny": deny.at}),)]


def _required(q: Question, s: Situation, requirement: ir.Requirement) -> _GapEdits:
    if is_met(s, requirement):
        return [()]
    match requirement:
        case ir.RequiresAll(items=items):
            return sorted(combined((_required(q, s, item) for item in items), MOST * MOST), key=len)[: 2 * MOST]
        case ir.RequiresAny(items=items):
            return sorted((each for item in items for each in _required(q, s, item)), key=len)[: 2 * MOST]
        case ir.RequiresFeature(feature=feature):
            return [(SuggestedEdit("feature", f"switch feature {named(feature)} on", {"feature": feature}),)]
        case ir.RequiresSuperuser():
            if q.user not in q.index.users:
                return []
            return [(SuggestedEdit("superuser", f"give {cut(q.user)} the superuser tag", {"superuser": q.user}),)]
        case ir.RequiresGrant(action=action, resource=resource, place_kind=kind):
            every = assignments(q, s, action, resource, ())
            roles = [each for each in every if q.index.reaches(each.data["assign"]["place"], kind)]
            roles += _higher(q, s, roles, kind)
            lines = [edit for edit, _ in statements(q, s, action, resource, ())]
            return [(edit,) for edit in (*roles, *lines)]


def _higher(q: Question, s: Situation, roles: list[SuggestedEdit], kind: str | None) -> list[SuggestedEdit]:
    """The same roles at the place of the required kind around the record."""
    place = next((each for each in q.index.around(place_of(s)) if q.index.places[each].kind == kind), None)
    if place is None:
        return []
    names = dict.fromkeys(edit.data["assign"]["role"] for edit in roles)
    return [assignment(q.index, q.user, name, place) for name in names]


# --- values that are written ---------------------------------------------------------------------------------


def _values(q: Question) -> Iterator[_GapEdits]:
    s, names = q.situation(moments(q)[-1]), q.written(q.index)
    for name in names:
        declared = q.index.attributes[q.resource][name]
        type_, role, target = declared.type, declared.role, target_of(q, name)
        others = [(_left_out(q, name),)] if len(names) > 1 else []
        try:
            found = written(s, name)
        except BadValueError:
            sets = [setting(q, target, (name,), in_json(type_, v), shown(type_, v)) for v in samples(s, type_)[:2]]
            yield [*((edit,) for edit in sets), *others]
            continue
        if found is MISSING or role is None:
            continue
        each = found if isinstance(type_, SetType) else (found,)
        unfit = [user for user in each if not_eligible(s, user, role) is not None]
        if unfit:
            better = _eligible(s, role)
            value = tuple(user for user in each if user not in unfit) if isinstance(type_, SetType) else better
            put = [] if value is None else [setting(q, target, (name,), in_json(type_, value), shown(type_, value))]
            yield [*((edit,) for edit in put), *_made_eligible(q, unfit, role), *others]


def _eligible(s: Situation, role: str) -> str | None:
    looked_at = [s.user, *heapq.nsmallest(_MOST_LOOKED_AT, s.index.users)]
    return next((user for user in looked_at if user in s.index.users and has_role(s.index, user, role, s.now)), None)


def _made_eligible(q: Question, users: list[object], role: str) -> _GapEdits:
    known = [user for user in users if isinstance(user, str) and user in q.index.users]
    if len(known) < len(users):
        return []
    return [tuple(assignment(q.index, user, role, None) for user in known)]


def _left_out(q: Question, name: str) -> SuggestedEdit:
    what = "change" if q.changes else f"new {q.resource}"
    return SuggestedEdit("leave_out", f"remove {named(name)} from the {what}", {"leave_out": name})


# --- what one way needs --------------------------------------------------------------------------------------


def way_gaps(q: Question, each: Grounds, covered: frozenset[str]) -> Iterator[_GapEdits]:
    """The gaps of one way; ``covered`` are the attributes that other ways cover already."""
    if not each.holding.active:
        yield _inactive(q, each)
    for after in moments(q):
        s = q.situation(after)
        if not q.index.covers(each.source.place, place_of(s)):
            yield _elsewhere(q, after, each)
        for limit in each.limits:
            if truth_of(limit.instance.condition, s) is not True:
                yield solutions(q, after, limit.instance.condition, True)
    names, written_ = q.asked(q.index), q.written(q.index)
    covered |= grant_fields(q.index, each.granted.grant)
    lacking = tuple(name for name in names if name not in covered)
    if lacking:
        line: Edits = (statement(q.index, each.granted.chain[0], q.action, q.resource, names),)
        without = tuple(_left_out(q, name) for name in lacking)
        yield [line, *([without] if set(lacking) < set(written_) else [])]


def _inactive(q: Question, each: Grounds) -> _GapEdits:
    """To take the user back, to move the dates, or both."""
    found: list[SuggestedEdit] = []
    if each.holding.lost:
        found.append(SuggestedEdit("reinstate", f"reinstate {cut(q.user)}", {"reinstate": q.user}))
    assigned = each.holding.assignment
    if assigned is not None and each.holding.due is not None:
        today = q.now.astimezone(q.index.timezone).date().isoformat()
        late = each.holding.due == "not begun"
        where = where_in_words(q.index, assigned.place)
        what = f"the assignment of role {named(assigned.role)} to {cut(q.user)} {where}"
        whose = {"user": q.user, "at": assigned.at}
        if each.holding.by == "integration":
            what, whose = f"the integration {named(q.user)}", {"integration": q.user}
        text = f"begin {what} on {today}" if late else f"extend {what} until {today} or later"
        data = {**whose, "from" if late else "until": today}
        found.append(SuggestedEdit("extend", text, {"extend": data}))
    return [tuple(found)]


def _elsewhere(q: Question, after: bool, each: Grounds) -> _GapEdits:
    """To bring the record to the source's place, or the role to the record's."""
    source, s = each.source, q.situation(after)
    found: list[SuggestedEdit] = []
    name = q.index.resources[q.resource].place
    if name is not None and source.place is not None:
        target: EditTarget = target_of(q, name) if after else "record"
        found += [
            setting(q, target, (name,), place, where_in_words(q.index, place)[3:])
            for place in q.index.homes(q.resource, source.place)[:1]
        ]
    if source.kind == "role" and q.user in q.index.users:
        found += [assignment(q.index, q.user, source.name, place) for place in dict.fromkeys((place_of(s), None))]
    return [(edit,) for edit in found]
