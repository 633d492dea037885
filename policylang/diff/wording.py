"""What decides an action, in lines: those of one side that are not on the other say what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from policylang.check.privileges import few
from policylang.diff.versions import Side
from policylang.ir import nodes as ir
from policylang.ir.requirements import atoms, requirement_in_words
from policylang.model.words import condition_in_words
from policylang.runtime.access import dates_in_words, place_in_words
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan, Way

Lines = tuple[str, ...]


def apart(before: Collection[str], after: Collection[str]) -> tuple[Lines, Lines]:
    """The lines that are only before, and those that are only after."""
    return tuple(line for line in before if line not in after), tuple(line for line in after if line not in before)


def action_lines(index: Index, action: ir.Action) -> Iterator[str]:
    """What is declared of an action that decides it."""
    if action.requires is not None:
        yield f"{action.name} requires {requirement_in_words(action.requires)}"
        for atom in atoms(action.requires):
            if isinstance(atom, ir.RequiresFeature):
                yield f"the feature `{atom.feature}` is {'on' if index.features.get(atom.feature) else 'off'}"
    if action.bypasses_policies:
        yield f"{action.name} bypasses policies"


def place_line(index: Index, name: str) -> str:
    """Where a place lies."""
    parent = index.places[name].parent
    return place_in_words(index, name) + ("" if parent is None else f" in {place_in_words(index, parent)}")


def only_a_part(side: Side, kind: str, name: str, *, is_new: bool) -> str | None:
    """That a role which is on one side only is nobody's there but inside others, if it is so: of these it is told."""
    around = side.around(name) if kind == "role" and name not in side.handed_out else []
    if not around:
        return None
    said, has = ("is new", "has") if is_new else ("was removed", "had")
    return f"role `{name}` {said}: nobody {has} it except inside {few([each.in_words for each in around])}"


def lines(side: Side, plan: Plan | None) -> Lines:
    """On which records an action is open, by what, and what takes it away again."""
    if plan is None:
        return ()
    declared = side.index.actions[plan.resource][plan.action]
    found = list(_ways(side, plan))
    if not found:
        return ()
    if declared.requires is not None and plan.requirement is False:
        return (f"requires {requirement_in_words(declared.requires)}, which is not met",)
    if any(each.place is None and each.deny.fields is None and each.deny.condition is None for each in plan.denies):
        return ("denied",)
    if declared.requires is not None and plan.requirement is not True:
        found.append(f"requires {requirement_in_words(declared.requires)}, which is not met everywhere")
    names = side.index.attributes[plan.resource]
    found += [f"only where {condition_in_words(each.condition, names)}" for each in plan.appends]
    found += [deny_line(side, each.deny, each.place) for each in plan.denies]
    return tuple(dict.fromkeys(found))


def deny_line(side: Side, deny: ir.Deny, place: str | None = None) -> str:
    """What a deny takes away."""
    fields = "" if deny.fields is None else f" on {', '.join(f'`{name}`' for name in deny.fields)}"
    where = [] if place is None else [f"at {place_in_words(side.index, place)}"]
    if deny.condition is not None:
        where.append(condition_in_words(deny.condition, side.index.attributes[deny.resource], bool(where)))
    return f"denied{fields}" + (f" where {' and '.join(where)}" if where else "")


def _ways(side: Side, plan: Plan) -> Iterator[str]:
    """The ways, without those that another one makes needless."""
    for way in plan.ways:
        if not any(
            _covers(side, other, way)
            and not (_covers(side, way, other) and plan.ways.index(way) < plan.ways.index(other))
            for other in plan.ways
            if other is not way
        ):
            yield _way(side, plan, way)


def _covers(side: Side, wide: Way, narrow: Way) -> bool:
    limits = {side.conditions[limit.id] for limit in wide.limits}
    return (
        limits <= {side.conditions[limit.id] for limit in narrow.limits}
        and wide.fields >= narrow.fields
        and side.index.covers(wide.place, narrow.place)
    )


def _way(side: Side, plan: Plan, way: Way) -> str:
    parts = [] if way.place is None else [f"at {place_in_words(side.index, way.place)}"]
    several = len(way.limits) > 1 or bool(parts)
    names = side.index.attributes[plan.resource]
    parts += sorted({condition_in_words(limit.condition, names, several) for limit in way.limits})
    return (" and ".join(parts) or "every record") + _fields_in_words(side, plan.resource, way.fields)


def _fields_in_words(side: Side, resource: str, fields: frozenset[str]) -> str:
    """Which attributes are covered, unless these are just what a plain grant covers, as a grant says it."""
    declared = side.index.attributes[resource]
    usual = side.index.plain[resource]
    more = [f"`{name}`" for name in declared if name in fields - usual]
    fewer = [f"`{name}`" for name in declared if name in usual - fields]
    if not fewer:
        return f" including {', '.join(more)}" if more else ""
    if not more and len(fewer) < len(fields):
        return f" except {', '.join(fewer)}"
    named = ", ".join(f"`{name}`" for name in declared if name in fields)
    return f" ({named})" if named else " (no attribute)"


def membership(side: Side, user: str) -> Iterator[str]:
    """What a user has, line by line, apart from what roles and groups bring."""
    declared = side.index.users.get(user)
    if declared is None:
        integration = side.index.integrations.get(user)
        yield from sorted({_assigned(side, each) for each in integration.assignments} if integration else ())
        return
    if declared.terminated:
        yield "terminated"
    if declared.superuser:
        yield "superuser"
    if declared.group is not None:
        yield f"group `{declared.group.name}`"
    if declared.job is not None:
        yield f"job `{declared.job.name}`"
    yield from sorted({_assigned(side, each) for each in declared.assignments})
    for word, policies in (("append", declared.appends), ("override", declared.overrides)):
        for each in policies:
            yield f"{word} {_limit(side, each.limit)}"
    for value in declared.attributes:
        if value.name in side.world.looks.attributes:
            yield f"{value.name} : {', '.join(str(constant.value) for constant in value.values)}"


def _assigned(side: Side, assignment: ir.Assignment) -> str:
    where = "" if assignment.place is None else f" at {place_in_words(side.index, assignment.place)}"
    dates = dates_in_words(assignment)
    return f"{ir.bundle_in_words('role', assignment.role)}{where}{f' {dates}' if dates else ''}"


def _limit(side: Side, limit: ir.Limit) -> str:
    instance = side.index.instances[limit.instance]
    actions = f" for {', '.join(limit.actions)}" if limit.actions is not None else ""
    words = condition_in_words(instance.condition, side.index.attributes[instance.resource])
    return f"on `{instance.resource}`{actions}: {words}"
