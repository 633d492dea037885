"""What the document of a policy set says is what the commands say."""

from __future__ import annotations

import datetime

import msgspec
import pytest
from hypothesis import given, settings

from policylang.agenda.agenda import agenda
from policylang.api.policy_set import PolicySet as Answering
from policylang.ir.nodes import PolicySet
from policylang.project.discovery import discover
from policylang.project.project import Project
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.views.build import document
from policylang.views.document import WHOLE, AccessDocument, Part
from tests.generated import Case, Features, cases
from tests.helpers import POLICIES, compiled

NOW = datetime.datetime(2026, 6, 15, 12, tzinfo=datetime.UTC)
EXAMPLES = settings.default.max_examples // 6  # type: ignore[union-attr]

Told = tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str, tuple[tuple[str, ...], ...]]


def made(policy_set: PolicySet, now: datetime.datetime = NOW, part: Part = WHOLE) -> AccessDocument:
    return document(Index(policy_set), now, agenda=agenda(policy_set, now, 90), part=part)


def row_at(doc: AccessDocument, id_: str, now: datetime.datetime) -> int:
    """The row of a person at an instant, as the application finds it."""
    (person,) = (each for each in doc.people if each.id == id_)
    return next(span.row for span in person.spans if span.until is None or now < span.until)


def told(doc: AccessDocument, row: int) -> list[tuple[object, ...]]:
    """The ways of a row in the words of `policylang access`."""
    actions = [(resource, action) for resource in doc.resources for action in resource.actions]
    found: list[tuple[object, ...]] = []
    flat = doc.rows[row]
    for number, cell in zip(flat[::2], flat[1::2], strict=True):
        resource, action = actions[number]
        for each in doc.cells[cell].ways:
            way = doc.ways[each]
            every = tuple(attribute.name for attribute in resource.attributes)
            grants = [f"{doc.places[at].path}:{doc.places[at].line}:{doc.places[at].column}" for at in way.grants]
            limits = tuple(doc.texts[text] for text in way.limits)
            denies = tuple(doc.texts[text] for text in way.denies)
            fields = every if way.fields is None else way.fields
            found.append((resource.name, action.name, fields, limits, denies, way.source, tuple(grants)))
    return found


def answered(asked: Answering, user: str, now: datetime.datetime) -> list[tuple[object, ...]]:
    """The same, of what decides."""
    return [
        (
            way.resource,
            way.action,
            way.fields,
            way.limits,
            way.denies,
            way.source.replace("`", ""),
            tuple(at.rpartition("-")[0] for at in way.grants),
        )
        for way in asked.access(user, now=now)
    ]


@given(cases(Features(requests=0)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_everybody_may_do_what_access_lists(case: Case) -> None:
    doc, asked = made(case.policy_set), Answering(case.policy_set)
    for person in doc.people:
        instants = {NOW}
        for span in person.spans:
            instants |= {at for at in (span.since, span.until) if at is not None}
        for now in instants:
            assert told(doc, row_at(doc, person.id, now)) == answered(asked, person.id, now), (person.id, now)


@pytest.mark.parametrize("name", ["quickstart", "securitytrax", "tracktik"])
def test_roles_and_groups_give_what_somebody_with_them_may_do(name: str) -> None:
    (sources,) = discover([str(POLICIES / name)])
    policy_set = Project(sources).ir
    assert policy_set is not None
    doc, index = made(policy_set), Index(policy_set)
    for kind, bundles in (("role", doc.roles), ("group", doc.groups)):
        for bundle in bundles:
            roles, group = ([(bundle.name, None)], None) if kind == "role" else ([], bundle.name)
            alone, somebody = hypothetical(index, roles, group)
            assert told(doc, bundle.row) == answered(Answering(alone), somebody, NOW), bundle.name


SET = """\
timezone "Europe/Paris"
scope site
place site "HQ"
feature exports off
resource doc { title : text  site : site  actions view, modify  action export requires feature exports }
resource note { text : text  actions view }
role reader { grant view on doc  grant view on note }
role strict { deny view on note  role reader }
role exporter { grant export on doc }
role local { grant view on note }
user "ann" { assign role reader  assign role strict because "x" }
user "ben" { assign role exporter  assign role local at site "HQ" because "x" }
user "cy" { assign role reader until 2026-06-20 }
review role reader every 30 days last 2026-06-01 by "ben"
review user "cy" every 1 year
"""


def states(doc: AccessDocument, id_: str) -> dict[str, str]:
    actions = [f"{action.name} {resource.name}" for resource in doc.resources for action in resource.actions]
    flat = doc.rows[row_at(doc, id_, NOW)]
    return {actions[n]: doc.cells[cell].state for n, cell in zip(flat[::2], flat[1::2], strict=True)}


def test_a_cell_says_why_what_is_granted_is_not_open() -> None:
    doc = made(compiled(SET))
    assert states(doc, "ann") == {"view doc": "open", "view note": "denied"}
    assert states(doc, "ben") == {"export doc": "unmet", "view note": "nowhere"}


def test_reviewers_see_who_holds_it_and_why() -> None:
    ben, nobody = made(compiled(SET)).reviews
    (item,) = ben.items
    assert (ben.reviewer, item.name, item.overdue, str(item.due)) == ("ben", "reader", False, "2026-07-01")
    assert [(each.id, each.source, each.until) for each in item.holders] == [
        ("ann", "role reader", None),
        ("ann", "role strict", None),
        ("cy", "role reader", "2026-06-20"),
    ]
    (item,) = nobody.items
    assert (nobody.reviewer, item.kind, item.overdue, item.due) == (None, "user", True, None)
    assert item.gives == ("view on doc", "view on note")


@pytest.mark.parametrize(
    ("part", "people", "roles", "resources"),
    [
        (Part(users=("ann",)), ["ann"], ["reader", "strict"], ["doc", "note"]),
        (Part(roles=("exporter",)), ["ben"], ["exporter"], ["doc", "note"]),
        (Part(resources=("note",)), ["ann", "ben", "cy"], ["exporter", "local", "reader", "strict"], ["note"]),
    ],
)
def test_a_part_has_nothing_else(part: Part, people: list[str], roles: list[str], resources: list[str]) -> None:
    doc = made(compiled(SET), part=part)
    assert [each.id for each in doc.people] == people
    assert [each.name for each in doc.roles] == roles
    assert [each.name for each in doc.resources] == resources
    encoded = msgspec.json.encode(doc)
    for name in {"ann", "ben", "cy"} - set(people):
        assert f'"{name}"'.encode() not in encoded or name == "ben"  # who reviews may be somebody else
