"""PL204: a policy implied by the other limits of the same source."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT
from policylang.check.finding import Finding, related
from policylang.check.limits import Questions, claims
from policylang.check.privileges import statements
from policylang.check.world import World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.runtime.sources import Bundle, RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL204",
    name="redundant-policy",
    family="conflicts",
    severity="warning",
    security="low",
    summary="a policy implied by the other limits of the same source",
    why=(
        "It looks as if it narrowed the grants, but it does not. If the other limit is removed one day, this "
        "one suddenly matters."
    ),
    bad="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
group sales {
  grant view on doc
  policy newer_than(30 days)
  policy newer_than(60 days)   #! PL204
}
""",
    good="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
group sales {
  grant view on doc
  policy newer_than(30 days)
}
""",
    near="""\
resource doc { created : datetime  actions view, modify }
policy newer_than(age: duration) on doc { created within age }
group sales {
  grant view, modify on doc
  policy newer_than(30 days) for modify
  policy newer_than(60 days)
}
""",
    since="0.1.0",
    proof=True,
    fix="safe",
)

_Around = tuple[ir.Limit, ...]
"""All limits of one grant and action."""


def check(world: World) -> Iterator[Finding]:
    """Without the limit, every grant that it limits would reach the same records: in the role or group that says it,
    and so wherever that is inside another. One on any resource adds nothing if it adds nothing on each of them. All
    findings of a source may be followed at once: of two limits that imply each other only the later one is reported.
    What is told elsewhere is left out: policies that are always true (PL202), grants whose limits reach nothing (PL201,
    PL203), limits that limit no grant (PL214).
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    for source, bundle in world.bundles:
        if not bundle.limits:
            continue
        arounds = _arounds(world, source, bundle)
        gone: set[str] = set()
        for at, limits in reversed(statements(bundle.limits).items()):
            limiting = [limit for limit in limits if _named(limit) in arounds]
            found = [_implying(questions, limit, arounds[_named(limit)], gone) for limit in limiting]
            if found and all(implying for implying, _ in found):
                gone.add(at)
                yield _finding(limiting[0], found[0][0], any(unproved for _, unproved in found))


def _arounds(world: World, source: RightsSource, bundle: Bundle) -> dict[tuple[str, str], list[_Around]]:
    """The limits of each grant and action that a limit of the bundle is one of; each set once."""
    if len(bundle.limits) == 1 and not bundle.roles:
        return {}
    found: dict[tuple[str, str], dict[_Around, None]] = {_named(limit): {} for limit in bundle.limits}
    resources = {world.instance(limit).resource for limit in bundle.limits}
    wanted = {permission for permission in world.about(source.bundle_name) if permission[0] in resources}
    for each in world.grants(source, wanted):
        for limit in each.limits[: len(bundle.limits)]:
            if _named(limit) in found:
                found[_named(limit)].setdefault(each.limits)
    return {name: list(arounds) for name, arounds in found.items() if arounds}


def _named(limit: ir.Limit) -> tuple[str, str]:
    """One on any resource is several at one place."""
    return limit.at, limit.instance


def _implying(
    questions: Questions, limit: ir.Limit, arounds: list[_Around], gone: set[str]
) -> tuple[tuple[ir.Limit, ...], bool]:
    """The limits that imply the limit wherever it limits something, none if they do not; and whether it is in doubt."""
    implying: dict[str, ir.Limit] = {}
    unproved = False
    for around in arounds:
        if questions.together(each.instance for each in around) is UNSAT:
            continue
        others = [each for each in around if each.at != limit.at and each.at not in gone]
        if not others:
            return (), False
        found = questions.implied((each.instance for each in others), limit.instance)
        if found is SATISFIABLE:
            return (), False
        unproved = unproved or found is UNKNOWN
        alone = next((e for e in others if questions.implied((e.instance,), limit.instance) is UNSAT), None)
        for each in others if alone is None else (alone,):
            implying[each.at] = each
    if implying and questions.implied((), limit.instance) is UNSAT:
        return (), False
    return tuple(sorted(implying.values(), key=lambda each: Location.parse(each.at))), unproved


def _finding(limit: ir.Limit, implying: tuple[ir.Limit, ...], unproved: bool) -> Finding:
    others = listed(list(dict.fromkeys(f"`{each.instance}`" for each in implying)), "and")
    again = others == f"`{limit.instance}`"
    return Finding(
        code="PL204",
        message=f"`{limit.instance}` is attached twice" if again else f"`{limit.instance}` adds nothing to {others}",
        at=limit.at,
        help="remove it, or change it if it was meant to be narrower",
        related=tuple(related(each.at, f"`{each.instance}`") for each in implying[:3]),
        proved=None if unproved else f"no record makes {others} true and `{limit.instance}` not",
        unproved=unproved,
    )
