"""What is declared otherwise and decides what may be done, where no change of access says so already."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from policylang.diff.comparing import Comparer
from policylang.diff.report import Statement
from policylang.diff.statements import ToldLines, made
from policylang.diff.versions import Side
from policylang.diff.wording import action_lines, apart, place_line
from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, fold
from policylang.runtime.index import Index

_MOST_ALTERNATIVES = 256
_Need = tuple[str, ...]
_Alternatives = frozenset[frozenset[_Need]]


def declared(c: Comparer, told: ToldLines) -> Iterator[Statement]:
    """Actions, marks of roles, places."""
    yield from _actions(c, told)
    for role in sorted(c.old.index.roles.keys() & c.new.index.roles.keys()):
        yield from _role(c, role)
    yield from _places(c, told)


# --- actions -------------------------------------------------------------------------------------------------


def _actions(c: Comparer, told: ToldLines) -> Iterator[Statement]:
    for resource in sorted(c.old.index.actions.keys() & c.new.index.actions.keys()):
        before, after = c.old.index.actions[resource], c.new.index.actions[resource]
        for name in sorted(before.keys() & after.keys()):
            one, other = before[name], after[name]
            ups = _requires(c, one.requires, other.requires)
            if one.bypasses_policies != other.bypasses_policies:
                ups.add(other.bypasses_policies)
            if one.kind != other.kind:  # only modify takes changes, only create asks for all that is set
                ups.add(other.kind == "modify" or one.kind == "create")
            removed, added = apart(tuple(_lines(c.old, one)), tuple(_lines(c.new, other)))
            left = {up for up in ups if not all(told.of(None, up, resource, name, line) for line in (*removed, *added))}
            gone, new = apart(*([f"assignable via {name}" for name in each.assignable_via] for each in (one, other)))
            if not left:
                removed = added = ()
            if left or gone or new:
                widens = True in left or bool(new)
                yield made("action", f"{name} on `{resource}`", (*removed, *gone), (*added, *new), widens)


def _lines(side: Side, action: ir.Action) -> Iterator[str]:
    """As changes of access say them."""
    yield from action_lines(side.index, action)
    if action.kind not in (None, action.name):
        yield f"{action.name} is like {action.kind}"


def _requires(c: Comparer, one: ir.Requirement | None, other: ir.Requirement | None) -> set[bool]:
    """Whether somebody may meet what is required who could not, and the other way round."""
    before, after = _alternatives(c.old.index, one), _alternatives(c.new.index, other)
    if before is None or after is None:
        return {True, False} if one != other or c.old.index.features != c.new.index.features else set()
    return {up for up, mine, theirs in ((True, after, before), (False, before, after)) if not _implied(c, mine, theirs)}


def _implied(c: Comparer, mine: _Alternatives, theirs: _Alternatives) -> bool:
    """Whether whoever has one of mine has one of theirs."""
    return all(
        any(all(any(_is_more(c, atom, each) for atom in have) for each in need) for need in theirs) for have in mine
    )


def _is_more(c: Comparer, one: _Need, other: _Need) -> bool:
    """Whether what one asks for is enough for the other: it is the same, anywhere or at a place further up."""
    if one[:3] != other[:3]:
        return False
    if one[3:] == other[3:] or not other[3:]:
        return True
    kinds = {*one[3:], *other[3:]}
    return len(kinds) == 2 and all(
        kinds <= side.index.kinds.keys() and side.index.is_kind_or_above(one[3], other[3]) for side in c.sides
    )


def _alternatives(index: Index, requirement: ir.Requirement | None) -> _Alternatives | None:
    """What is enough, in each of the possible ways; ``None`` where there are too many."""

    def need(atom: Atom) -> _Alternatives | None:
        match atom:
            case ir.RequiresFeature(feature=feature):
                return frozenset((frozenset(),)) if index.features[feature] else frozenset()
            case ir.RequiresSuperuser():
                return frozenset((frozenset((("superuser",),)),))
            case ir.RequiresGrant(action=action, resource=resource, place_kind=kind):
                return frozenset((frozenset((("grant", action, resource, *([kind] if kind else [])),)),))

    return fold(requirement, need, _every, _any)


def _every(found: list[_Alternatives | None]) -> _Alternatives | None:
    whole: _Alternatives = frozenset((frozenset(),))
    for each in found:
        if each is None or len(each) * len(whole) > _MOST_ALTERNATIVES:
            return None
        whole = frozenset(one | other for one, other in product(whole, each))
    return whole


def _any(found: list[_Alternatives | None]) -> _Alternatives | None:
    joined = frozenset().union(*(each for each in found if each is not None))
    return None if None in found or len(joined) > _MOST_ALTERNATIVES else joined


# --- roles ---------------------------------------------------------------------------------------------------


def _role(c: Comparer, name: str) -> Iterator[Statement]:
    """What a terminated user keeps, and the door that a role belongs to."""
    old, new = c.old.index.roles[name], c.new.index.roles[name]
    if old.essential != new.essential:
        before, after = (("essential",) if each.essential else () for each in (old, new))
        yield made("essential", f"role `{name}`", before, after, widens=new.essential)
    if old.portal != new.portal:
        before, after = (() if each is None else (f"portal {each}",) for each in (old.portal, new.portal))
        yield made("portal", f"role `{name}`", before, after, widens=True)


# --- places --------------------------------------------------------------------------------------------------


def _places(c: Comparer, told: ToldLines) -> Iterator[Statement]:
    """What lies where: roles can be given anywhere."""
    if not any(resource.place for side in c.sides for resource in side.index.resources.values()):
        return
    removed, added = apart(tuple(_kinds(c.old.index)), tuple(_kinds(c.new.index)))
    if removed or added:
        yield made("place", "the kinds of places", removed, added, widens=True)
    for name in sorted({*c.old.index.places, *c.new.index.places}):
        before, after = ((place_line(side.index, name),) if name in side.index.places else () for side in c.sides)
        if before != after:
            # A place that lies elsewhere now is out of reach for some and in reach for others.
            ups = {up for up, lines in ((True, after), (False, before)) if lines}
            if not all(any(told.anywhere(up, line) for line in (*before, *after)) for up in ups):
                yield made("place", f'"{name}"', before, after, widens=True in ups)


def _kinds(index: Index) -> Iterator[str]:
    for kind, parent in index.kinds.items():
        yield f"{kind}" if parent is None else f"{kind} in {parent}"
