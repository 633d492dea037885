"""`--generate`: the values of records, at the edges of what conditions say of them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.testing.helpers import generated, passing, write


def test_a_set_that_is_not_empty_and_holds_several_values(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_policy="""resource doc { tags : set of text  actions view }
policy tagged on doc { not (tags is empty) and tags contains all of ["east", "big"] }
role r { grant view on doc  policy tagged }
user "a" { assign role r }
""",
    )
    text = generated(tmp_path)
    assert "tags: [big, east]" in text
    assert passing(tmp_path, text)


def test_the_ends_of_the_calendar(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_policy="""resource doc { day : date  seen : datetime  actions view }
policy early on doc { day >= 0001-01-01 and seen <= 9999-12-31T23:59:59Z }
policy late on doc { day <= 9999-12-31 }
role r { grant view on doc  policy early }
role s { grant view on doc  policy late }
user "a" { assign role r }
user "b" { assign role s }
""",
    )
    text = generated(tmp_path)
    assert "9999-12-31" in text
    assert passing(tmp_path, text)


def test_another_day_than_the_last_of_the_calendar(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_policy="""resource doc { day : date  days : set of date  seen : datetime  actions view, modify, delete }
policy endless on doc { day in [2026-01-01, 9999-12-31] }
policy held on doc { days contains 9999-12-31 }
policy either_end on doc { seen in [0001-01-01T00:00:00Z, 9999-12-31T23:59:59Z] }
role r { grant all on doc  policy endless for view  policy held for modify  policy either_end for delete }
user "a" { assign role r }
""",
    )
    text = generated(tmp_path)
    others = re.findall(r"(doc_\w*other\w*): {resource: doc, \w+: (\S+)}", text)
    assert others == [("doc_day_other", "2025-12-31"), ("doc_seen_other", "0001-01-02T00:00:00Z")]
    assert passing(tmp_path, text)


def test_edges_of_amounts_are_written_as_in_the_policy(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_policy="""resource doc { amount : money  long : decimal  actions view }
policy small on doc { amount <= 500 and long <= 12345678901234567890123456789012.5 }
role r { grant view on doc  policy small }
user "a" { assign role r }
""",
    )
    text = generated(tmp_path)
    found = dict(re.findall(r"doc_(\w+_edge): {.*?(?:amount: (?:1.00, long: )?)([0-9.]+)", text))
    assert found == {
        "amount_below_edge": "499.99",
        "amount_at_edge": "500",
        "amount_above_edge": "500.01",
        "long_below_edge": "12345678901234567890123456789012.49",
        "long_at_edge": "12345678901234567890123456789012.5",
        "long_above_edge": "12345678901234567890123456789012.51",
    }
    assert passing(tmp_path, text)


TREES = """\
subject { home : account }
resource account {
  optional parent : account as tree
  actions view, modify
}
resource visit { account : account  actions view }
policy branch on account { account is under assigned user.home }
policy visits on visit { account is under "acme" }
role head { grant view, modify on account  policy branch  grant view on visit  policy visits }
user "bea" { home : "acme"  assign role head }
"""


def test_trees_have_edges(tmp_path: Path) -> None:
    write(tmp_path, a_policy=TREES)
    text = generated(tmp_path)
    assert len(passing(tmp_path, text)) > 8
    edges = ("itself", "just_below", "further_below", "elsewhere", "broken_off")
    assert [edge for edge in edges if f"visit_account_{edge}:" not in text] == []
    assert [edge for edge in edges[1:] if f"account_parent_{edge}:" not in text] == []


def test_values_that_no_condition_names(tmp_path: Path) -> None:
    """Each edge is where the other tests put it: `a` has to be above a `b` that is above a `c` above a hundred."""
    write(
        tmp_path,
        a_policy="""resource doc { a : int  b : int  c : int  actions view }
policy rising on doc { a > b
  and b > c
  and c > 100 }
group g { grant view on doc  policy rising }
user "u" in g
""",
    )
    text = generated(tmp_path)
    assert passing(tmp_path, text)
    assert "nothing was found" not in text
    for name in ("a_above_edge", "a_at_edge", "a_missing", "b_at_edge", "c_at_edge"):
        assert f"doc_{name}: " in text
