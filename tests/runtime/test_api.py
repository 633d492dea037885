"""What a service calls: the names and promises of `PolicySet`."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import policylang
from policylang import LoadError, PolicySet, UnsupportedError
from policylang.ir import to_json
from policylang.runtime.reference import decide, eligible
from tests.helpers import ACCEPTANCE, compiled

NOW = datetime.datetime(2026, 11, 21, 19, tzinfo=datetime.UTC)
TEXT = """\
request { ip : ip }
resource doc {
  title : text
  owner : user
  from_ip : ip
  editor : user with role editor
  readers : set of user with role editor
  actions view, modify, create
}
role editor
policy mine on doc { assigned user is owner }
policy inside on doc { from_ip in "10.0.0.0/8" }
policy office on doc { request.ip in "10.0.0.0/8" }
role reader { grant view on doc  policy mine }
role remote { grant view on doc  policy inside }
role visitor { grant view on doc  policy office }
role boss { grant view, modify, create on doc }
user "ann" { assign role reader }
user "ben" { assign role reader  assign role editor from 2026-12-01 }
user "cid" { assign role boss  assign role editor }
user "dan" { assign role remote }
user "eva" { assign role visitor }
user "fay"
"""


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return PolicySet(compiled(TEXT))


def requests() -> list[dict[str, Any]]:
    return [
        {"user": user, "action": action, "resource": "doc", "record": {"owner": owner, "from_ip": address}}
        for user in ("ann", "ben", "cid", "dan", "eva", "fay", "nobody")
        for action in ("view", "modify", "fly")
        for owner in ("ann", "ben", None)
        for address in ("10.1.2.3", "192.0.2.7", None)
    ]


def test_decide_many_keeps_the_order_and_takes_the_defaults(policies: PolicySet) -> None:
    request = {"ip": "10.0.0.1"}
    asked = requests()
    found = policies.decide_many(asked, now=NOW, request=request)
    assert found == [decide(policies.index, **each, now=NOW, request=request) for each in asked]
    assert {decision.allowed for decision in found} == {True, False}
    own = {"user": "eva", "action": "view", "resource": "doc"}
    both = policies.decide_many([{**own, "request": {"ip": "192.0.2.7"}}, own], now=NOW, request=request)
    assert [decision.allowed for decision in both] == [False, True]
    later = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    writes = {"user": "cid", "action": "modify", "resource": "doc", "changes": {"editor": "ben"}}
    dated = policies.decide_many([writes, {**writes, "now": later}], now=NOW)
    assert [decision.allowed for decision in dated] == [False, True]


def test_decide_many_refuses_what_is_no_request(policies: PolicySet) -> None:
    own = {"user": "eva", "action": "view", "resource": "doc"}
    with pytest.raises(ValueError, match="without `now`"):
        policies.decide_many([own])
    with pytest.raises(TypeError, match="'recrod'"):
        policies.decide_many([{**own, "recrod": {}}], now=NOW)
    with pytest.raises(KeyError):
        policies.decide_many([{"user": "eva"}], now=NOW)


def test_who_can_is_who_is_allowed(policies: PolicySet) -> None:
    for owner in ("ann", "ben", None):
        for ip in ("10.0.0.1", None):
            record, request = {"owner": owner, "from_ip": "10.1.1.1"}, {"ip": ip}
            expected = tuple(
                user
                for user in policies.index.requesters
                if decide(policies.index, user, "view", "doc", record, now=NOW, request=request).allowed
            )
            assert policies.who_can("view", "doc", record, now=NOW, request=request) == expected
    assert policies.who_can("view", "doc", now=NOW) == ("ann", "ben", "cid", "dan", "eva")
    assert policies.who_can("view", "doc", now=NOW, request={"ip": "192.0.2.7"}) == ("ann", "ben", "cid", "dan")


def test_filters_of_who_is_not_known_hold_for_nothing(policies: PolicySet) -> None:
    assert policies.filter("nobody", "view", "doc", now=NOW).nothing


@pytest.mark.parametrize(
    ("action", "resource", "said"),
    [
        ("veiw", "doc", "there is no action `veiw` of `doc`: did you mean `view`?"),
        ("fly", "doc", "there is no action `fly` of `doc`"),
        ("view", "docs", "there is no resource `docs`: did you mean `doc`?"),
        ("view", "ship", "there is no resource `ship`"),
        ("view", None, "there is no resource `None`"),
        (["view"], "doc", "there is no action `['view']` of `doc`"),
    ],
)
def test_a_slip_is_no_empty_answer(policies: PolicySet, action: Any, resource: Any, said: str) -> None:
    """Of lists: a decision says what it does not know, and denies."""
    for ask in (
        lambda: policies.filter("ann", action, resource, now=NOW),
        lambda: policies.who_can(action, resource, now=NOW),
        lambda: policies.who_can(action, resource, {"owner": "ann"}, now=NOW),
    ):
        with pytest.raises(LookupError) as raised:
            ask()
        assert str(raised.value) == said
    assert not policies.decide("ann", action, resource, {"owner": "ann"}, now=NOW).allowed


def test_everything_nothing_and_what_lies_between(policies: PolicySet) -> None:
    assert policies.filter("cid", "view", "doc", now=NOW).everything
    assert policies.filter("fay", "view", "doc", now=NOW).nothing
    assert policies.filter("eva", "view", "doc", now=NOW).nothing
    assert policies.filter("eva", "view", "doc", now=NOW, request={"ip": "10.0.0.1"}).everything
    between = policies.filter("ann", "view", "doc", now=NOW)
    assert not between.everything
    assert not between.nothing
    assert str(between) == 'owner is "ann"'


def test_sql_of_addresses_and_what_is_refused(policies: PolicySet) -> None:
    found = policies.filter("dan", "view", "doc", now=NOW)
    sql, parameters = found.to_sql("postgres")
    # Both spellings of an IPv4 network, so that an index on the column serves the question.
    network = """NETWORK_SUBEQ("doc"."from_ip", CAST(%({})s AS INET))"""
    assert sql == f"{network.format('p1')} OR {network.format('p2')}"
    assert parameters == {"p1": "10.0.0.0/8", "p2": "::ffff:10.0.0.0/104"}
    for dialect in ("sqlite", "duckdb", "mysql"):
        with pytest.raises(UnsupportedError, match=r"`from_ip in \"10.0.0.0/8\"` \(0.policy:12"):
            found.to_sql(dialect)
    with pytest.raises(UnsupportedError, match="every user in `readers`"):
        policies.filter("cid", "create", "doc", now=NOW).to_sql("postgres")
    with pytest.raises(ValueError, match="nosuch"):
        found.to_sql("nosuch")


def test_eligible_with_and_without_an_instant(policies: PolicySet) -> None:
    assert policies.eligible("doc.editor", now=NOW) == eligible(policies.index, "doc", "editor", NOW) == ("cid",)
    assert policies.eligible("doc.editor") == ("ben", "cid")
    assert policies.eligible("doc.title", now=NOW) == ()
    for name in ("doc.nothing", "ship.captain", "doc", ""):
        with pytest.raises(LookupError):
            policies.eligible(name)


def test_access_lists_each_way(policies: PolicySet) -> None:
    (row,) = policies.access("ann", now=NOW)
    assert (row.resource, row.action, row.limits) == ("doc", "view", ("assigned user is owner",))
    assert policies.access("nobody") == policies.access("fay") == ()


def test_an_instant_without_an_offset_is_an_error(policies: PolicySet) -> None:
    naive = NOW.replace(tzinfo=None)
    for ask in (
        lambda: policies.decide("ann", "view", "doc", {}, now=naive),
        lambda: policies.allows("ann", "view", "doc", {}, now=naive),
        lambda: policies.filter("ann", "view", "doc", now=naive),
        lambda: policies.who_can("view", "doc", now=naive),
        lambda: policies.access("ann", now=naive),
        lambda: policies.eligible("doc.editor", now=naive),
        lambda: policies.explain("ann", "view", "doc", {}, now=naive),
    ):
        with pytest.raises(ValueError, match="no offset"):
            ask()


def test_threads_share_one_policy_set() -> None:
    """The plans are made while the threads ask."""
    asked = requests() * 3
    expected = PolicySet(compiled(TEXT)).decide_many(asked, now=NOW)
    for _ in range(5):
        shared = PolicySet(compiled(TEXT))
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(shared.decide_many, asked, now=NOW) for _ in range(8)]
        assert all(answer.result() == expected for answer in answers)


def test_loading(tmp_path: Path) -> None:
    document = to_json(compiled(TEXT))
    (tmp_path / "a.json").write_bytes(document)
    (tmp_path / "a.policy").write_text(TEXT, encoding="utf-8")
    loaded = [policylang.load(each) for each in (document, tmp_path / "a.json", str(tmp_path), tmp_path / "a.policy")]
    for policies in loaded:
        assert policies.allows("cid", "view", "doc", {}, now=NOW)
        assert not policies.allows("fay", "view", "doc", {}, now=NOW)
    assert loaded[0].digest == loaded[1].digest
    assert policylang.load(ACCEPTANCE / "securitytrax").digest.startswith("sha256:")


@pytest.mark.parametrize("document", [b"", b"{}", b"[1", b"\xff", b"{" * 100_000, to_json(compiled(TEXT))[:-20]])
def test_what_is_no_compiled_policy_set_is_not_loaded(document: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(document)
    for source in (document, tmp_path / "a.json"):
        with pytest.raises(LoadError):
            policylang.load(source)


def test_sources_with_errors_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text("group g { grant view on nothing }\n", encoding="utf-8")
    with pytest.raises(LoadError, match=r"a.policy:1:25: PL101 .*policylang check"):
        policylang.load(tmp_path)
    with pytest.raises(LoadError, match="cannot be read"):
        policylang.load(tmp_path / "none.json")
