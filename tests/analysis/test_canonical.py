"""Formulas that differ only in names have one key and one answer; what matters of them keeps them apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from policylang.analysis.asker import Asker
from policylang.analysis.canonical import Canonical, CanonicalKey
from policylang.analysis.formula import AllOf, Formula, true
from policylang.analysis.query import ANYTHING, Query, Sat
from policylang.analysis.satisfiability import UNKNOWN
from policylang.analysis.search import find
from policylang.model import conditions as c
from policylang.model.types import PlaceType
from policylang.runtime.index import Index
from tests.analysis.test_soundness import SETTINGS, WELL_FORMED, formulas
from tests.generated import Case, cases
from tests.helpers import compiled

RESOURCES = """\
scope region contains site
place region "N"
place site "S1" in "N"
place site "S2" in "N"
subject { team : text }
request { ip : ip  optional channel : one of ui, api }
resource doc {
  title : text
  name : text
  optional note : text
  owner : user
  state : one of draft, open, closed
  phase : one of early, middle, late
  answer : one of yes_, no_
  mood : one of open, shut
  level : int
  created : datetime
  changed : datetime
  tags : set of text
  states : set of one of draft, open, closed
  moods : set of one of open, shut
  file : file
  site : site
  branch : site
  other : site
  area : region
  actions view
}
resource file { title : text  owner : user  label : text }
resource page { heading : text  body : text  kind : one of a, b, c  actions view }
"""


def keys(*sets: tuple[str, ...], resources: tuple[str, ...] = ("doc", "doc")) -> list[CanonicalKey | None]:
    """That of each set of conditions, all of them together, in one policy set."""
    policies = "".join(
        f"policy p{n}_{m} on {resource} {{ {text} }}\n"
        for n, (conditions, resource) in enumerate(zip(sets, resources, strict=False))
        for m, text in enumerate(conditions)
    )
    policy_set = compiled(RESOURCES + policies)
    canonical = Canonical(Index(policy_set))
    by_name = {instance.policy: true(instance.condition) for instance in policy_set.policy_instances}
    return [
        canonical.key(AllOf(tuple(by_name[f"p{n}_{m}"] for m in range(len(conditions)))), resource)
        for n, (conditions, resource) in enumerate(zip(sets, resources, strict=False))
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (('title is "a"',), ('name is "b"',)),
        (("state is draft",), ("phase is late",)),
        (("state in [draft, open]",), ("phase in [early, late]",)),
        (('title is "a"', 'name is "a"'), ('name is "x"', 'title is "x"')),
        (("created within 3 days",), ("changed within 3 days",)),
        (("owner is assigned user",), ("owner is assigned user",)),
        (('tags contains "a"',), ('tags contains "b"',)),
        (('branch is "S1"',), ('other is "S2"',)),
        (('branch is "S1"', 'other is "S1"'), ('other is "S2"', 'branch is "S2"')),
        (('file.title is "a" or file.title is missing',), ('file.label is "q" or file.label is missing',)),
    ],
)
def test_names_do_not_matter(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    one, other = keys(first, second)
    assert one is not None
    assert one == other


@pytest.mark.parametrize(("first", "second"), [('title is "a"', 'heading is "a"'), ("state is draft", "kind is a")])
def test_nor_does_the_resource(first: str, second: str) -> None:
    one, other = keys((first,), (second,), resources=("doc", "page"))
    assert one is not None
    assert one == other


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (('title is "a"',), ('note is "a"',)),  # optional
        (("state is draft",), ("answer is yes_",)),  # fewer values
        (("level < 3",), ("level < 4",)),
        (("created within 3 days",), ("created within 4 days",)),
        (("created within 3 days",), ("created older than 3 days",)),
        (('title is "a"', 'name is "a"'), ('title is "a"', 'name is "b"')),  # the same text
        (('title is "a"', 'title is "b"'), ('title is "a"', 'name is "b"')),  # the same attribute
        (("created is changed", "created is created"), ("created is changed", "changed is created")),
        (('title is "a" or name is "b"',), ('title is "a" and name is "b"',)),
        (('title is "a"',), ('title is not "a"',)),
        (('title is "a"',), ("request.channel is ui",)),
        (('site is "S1"',), ('area is "N"',)),
        (('site is "S1"', 'branch is "S1"'), ('site is "S1"', 'branch is "S2"')),
        (('site is "S1"',), ('branch is "S1"',)),  # where the record lives is always a place that there is
        (('title is "a"',), ('file.title is "a"',)),
        (('request.ip in "10.0.0.0/8"',), ('request.ip in "10.0.0.0/9"',)),
    ],
)
def test_what_matters_keeps_them_apart(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    one, other = keys(first, second)
    assert one is not None
    assert one != other


def test_a_place_that_there_is_not_is_like_no_other() -> None:
    """As of the other side of a comparison: no record of this one can be there."""
    canonical, type_ = Canonical(Index(compiled(RESOURCES))), PlaceType("site")
    path = c.Path("record", ("branch",), type_, "")
    one, other, gone = (
        canonical.key(true(c.Compare("eq", path, c.Constant(type_, name, ""), "")), "doc") for name in ("S1", "S2", "X")
    )
    assert one == other
    assert one != gone


@pytest.mark.parametrize(
    "condition",
    [
        'owner is "amy"',  # a user, who is declared or not
        'owner in ["amy", "bob"]',
        "title is assigned user.team",  # what users have is declared
        'owner.team is "a"',
        'file.owner.team is "a"',
        'title starts with "a"',  # texts that are more than equal
        "title contains name",
        "state is draft and state is mood",  # values that two enumerations share
        "states contains mood",
        "states overlaps moods",
    ],
)
def test_where_names_matter_there_is_no_key(condition: str) -> None:
    assert keys((condition,)) == [None]


def verdict(formula: Formula, index: Index, resource: str, case: Case) -> bool | None:
    found = find(Asker(index, Query(formula, resource, case.world.now, ANYTHING)))
    return None if found is UNKNOWN else isinstance(found, Sat)


def asked(case: Case, index: Index) -> Iterator[tuple[str, Formula]]:
    for resource in index.resources:
        for formula in formulas(index, resource):
            yield resource, formula


@SETTINGS
@given(cases(WELL_FORMED))
def test_formulas_with_one_key_have_one_answer(case: Case) -> None:
    index = Index(case.policy_set)
    canonical = Canonical(index)
    answers: dict[CanonicalKey, bool] = {}
    for resource, formula in asked(case, index):
        key = canonical.key(formula, resource)
        found = None if key is None else verdict(formula, index, resource, case)
        if key is not None and found is not None:
            assert answers.setdefault(key, found) == found, formula
