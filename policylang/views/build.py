"""The document of one policy set, from what the rules, the calendar and a comparison found in it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from policylang import __version__
from policylang.agenda.agenda import Agenda
from policylang.check.catalogue import BY_CODE
from policylang.check.usage import Usage
from policylang.check.used import UsageAnalysis
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.requirements import requirement_in_words
from policylang.model.types import in_words
from policylang.runtime.index import Index
from policylang.source import Source
from policylang.views.document import (
    WHOLE,
    AccessDocument,
    ActionView,
    AttributeView,
    ChangeView,
    LogView,
    Part,
    PlaceView,
    ResourceView,
    RuleView,
)
from policylang.views.numbered import NumberedPlaces
from policylang.views.people import Chosen, nested, person, statements
from policylang.views.reviews import review_pages
from policylang.views.rows import AccessRows


def document(
    index: Index,
    now: datetime.datetime,
    *,
    agenda: Agenda,
    findings: Iterable[dict[str, Any]] = (),
    sources: Iterable[Source] = (),
    policies: tuple[str, ...] = (),
    part: Part = WHOLE,
    change: ChangeView | None = None,
    usage: Usage | None = None,
) -> AccessDocument:
    """Everything the application shows of a policy set, or of a part of it, at ``now``, an aware instant. The names in
    the part must exist.
    """
    policy_set = index.policy_set
    places = NumberedPlaces({source.name: source for source in sources})
    resources = [each for each in policy_set.resources if not part.resources or each.name in part.resources]
    rows = AccessRows(index, places, [each.name for each in resources])
    chosen = Chosen(rows, part)
    found = tuple(findings)
    used = None if usage is None else UsageAnalysis(World(policy_set, now.astimezone(datetime.UTC)), usage)
    groups = tuple(nested(rows, each) for each in policy_set.groups if each.name in chosen.groups)
    roles = tuple(nested(rows, each) for each in policy_set.roles if each.name in chosen.roles)
    return AccessDocument(
        tool=__version__,
        policies=policies,
        digest=policy_set.digest,
        now=now.astimezone(datetime.UTC),
        timezone=policy_set.timezone,
        part=part,
        groups=groups,
        roles=roles,
        everyone=tuple(statements(rows, (), index.denies)),
        people=tuple(person(rows, id_) for id_ in chosen.people),
        reviews=tuple(review_pages(rows, chosen, now, used)),
        log=None if used is None else LogView(used.day(used.usage.since), used.day(used.usage.until)),
        resources=tuple(_resource(each, places) for each in resources),
        request=_attributes(policy_set.request),
        scope=tuple(kind.name for kind in policy_set.scope),
        sites=tuple(PlaceView(each.name, each.kind, each.parent) for each in policy_set.places),
        rules={code: _rule(code) for code in sorted({each["code"] for each in found})},
        findings=found,
        agenda=chosen.agenda(agenda),
        change=change,
        places=places.things,
        texts=rows.texts.things,
        ways=rows.ways.things,
        cells=rows.cells.things,
        rows=rows.rows.things,
    )


def _resource(resource: ir.Resource, places: NumberedPlaces) -> ResourceView:
    return ResourceView(
        resource.name,
        resource.label,
        _attributes(resource.attributes),
        tuple(
            ActionView(
                each.name,
                each.kind,
                each.bypasses_policies,
                None if each.requires is None else requirement_in_words(each.requires).replace("`", ""),
            )
            for each in resource.actions
        ),
        places.number(resource.at),
    )


def _attributes(attributes: Iterable[ir.Attribute]) -> tuple[AttributeView, ...]:
    return tuple(AttributeView(a.name, in_words(a.type), a.optional, a.sensitive) for a in attributes)


def _rule(code: str) -> RuleView:
    rule = BY_CODE[code]
    return RuleView(rule.name, rule.family, rule.summary, rule.why)
