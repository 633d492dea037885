"""Values that do not compare, on the engines that compare values of a record: months beside days, decimals beside whole
numbers, sets with nothing or with something missing, records without an id, places of another kind.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from policylang.runtime.request import Request
from tests.engines.rego_engine import RegorusEngine
from tests.helpers import compiled
from tests.targets import cedar_session, cerbos_session, rego_session
from tests.targets.differential import NOW, Start, compare

SET = """
scope region contains site
place region "N"
place site "A" in "N"
resource folder {{ title : text  actions view }}
resource doc {{
  span : duration  other : duration
  sizes : set of int  fee : decimal
  tags : set of text  marks : set of text
  folder : folder
  actions view, delete
}}
resource room {{ site : site  actions view, delete }}
policy p on doc {{ {condition} }}
policy opposite on doc {{ not ({condition}) }}
role reader {{ grant all on doc  grant all on room  policy p for view  policy opposite for delete }}
user "ann" {{ assign role reader }}
user "bea" {{ assign role reader at site "A" }}
"""
LENGTHS = ("1 month", "2 months", "30 days", "31 days", None)
SETS = ([], ["a"], ["b", None], [None], None)
FOLDERS: tuple[Any, ...] = ({"id": "x"}, {"title": "y"}, {}, None)
CASES: dict[str, list[dict[str, Any]]] = {
    "span < other": [{"span": one, "other": other} for one, other in product(LENGTHS, LENGTHS)],
    "span in [1 month, 30 days]": [{"span": each} for each in LENGTHS],
    "sizes contains fee": [{"sizes": [1, 2], "fee": fee} for fee in (1, "1.0", "1.5", 3, None)],
    "tags overlaps marks": [{"tags": tags, "marks": marks} for tags, marks in product(SETS, SETS)],
    "folder is folder": [{"folder": each} for each in FOLDERS],
}


def start(engine: str, request: pytest.FixtureRequest) -> Start:
    match engine:
        case "cedar":
            return cedar_session.loaded
        case "cerbos":
            return cerbos_session.starting(request.getfixturevalue("cerbos"))
    return rego_session.starting(RegorusEngine)


@pytest.mark.parametrize("engine", ["cedar", "rego", "cerbos"])
@pytest.mark.parametrize("condition", CASES)
def test_values_that_do_not_compare(condition: str, engine: str, request: pytest.FixtureRequest) -> None:
    asked = [Request("ann", action, "doc", each, NOW) for each in CASES[condition] for action in ("view", "delete")]
    sites = [{"site": site} for site in ("A", "N", "nowhere", None)]
    asked += [Request(user, "view", "room", each, NOW) for each in sites for user in ("ann", "bea")]
    asked += [Request("bea", "view", "doc", each, NOW) for each in CASES[condition]]
    total = compare(engine, start(engine, request), compiled(SET.format(condition=condition)), asked)
    assert total.refused == []
    assert total.asked == len(asked)
    assert 0 < total.allowed < total.asked


SAME = """
resource folder { title : text  actions view }
resource doc { folder : folder  other : folder  actions modify }
policy p on doc { folder is other }
role writer { grant modify on doc  policy p }
user "ann" { assign role writer }
"""


@pytest.mark.parametrize("engine", ["rego", "cerbos"])
def test_a_record_without_an_id_is_the_same_after_a_change(engine: str, request: pytest.FixtureRequest) -> None:
    one, other = {"title": "x"}, {"title": "x"}
    asked = [
        Request("ann", "modify", "doc", {"folder": one, "other": one}, NOW, changes=changes)
        for changes in ({"folder": one}, {"folder": other}, {"folder": other, "other": other}, {"other": None})
    ]
    total = compare(engine, start(engine, request), compiled(SAME), asked)
    assert (total.allowed, total.asked) == (2, 4)


@pytest.mark.parametrize("engine", ["rego", "cerbos"])
def test_what_is_of_another_type_is_not_missing(engine: str, request: pytest.FixtureRequest) -> None:
    records: tuple[dict[str, Any], ...] = ({}, {"tags": 5}, {"tags": ["a"]})
    asked = [Request("ann", action, "doc", each, NOW) for each in records for action in ("view", "delete")]
    total = compare(engine, start(engine, request), compiled(SET.format(condition="tags is missing")), asked)
    assert (total.allowed, total.asked) == (2, 6)
