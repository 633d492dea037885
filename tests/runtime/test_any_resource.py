"""Grants, denies and attached policies on any resource are those on each of the resources that are meant."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import pytest

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
WORLD = """
subject { tenant : text  office : ip }
request { ip : ip }
resource account { tenant : text  notes : text  sensitive fee : int  actions read like view, write like modify }
resource visit { tenant : text  notes : text  actions view, modify }
resource bill { tenant : text  amount : int  actions view, pay }
resource switch { actions access, view }
policy own on any resource with tenant { tenant is assigned user.tenant }
policy inside on any resource { request.ip is assigned user.office }
policy changes on any resource for modify, write { request.ip is assigned user.office }
"""
ALIKE = [
    ("grant view on any resource with tenant", ["grant view on bill", "grant view on visit"]),
    ("grant all on any resource", [f"grant all on {name}" for name in ("account", "bill", "switch", "visit")]),
    (
        "grant view, read on any resource with tenant, notes except notes",
        ["grant read on account except notes", "grant view on visit except notes"],
    ),
    (
        'grant all on any resource with tenant (tenant) because "x"',
        [f'grant all on {name} (tenant) because "x"' for name in ("account", "bill", "visit")],
    ),
    ("grant read on any resource with fee, tenant including fee", ["grant read on account including fee"]),
    ("deny view, access on any resource", ["deny view on bill", "deny access, view on switch", "deny view on visit"]),
    (
        "deny all on any resource with tenant { tenant is not assigned user.tenant }",
        [f"deny all on {each} {{ tenant is not assigned user.tenant }}" for each in ("account", "bill", "visit")],
    ),
    (
        "deny all on any resource with notes except notes",
        ["deny all on account except notes", "deny all on visit except notes"],
    ),
    ("policy own on any resource with tenant", [f"policy own on {each}" for each in ("account", "bill", "visit")]),
    ("policy own on any resource with tenant, amount", ["policy own on bill"]),
    (
        "policy inside on any resource for view, pay",
        ["policy inside on bill for view, pay", "policy inside on switch for view", "policy inside on visit for view"],
    ),
    ("policy changes on any resource", ["policy changes on account", "policy changes on visit"]),
]


def bundle(statements: list[str]) -> ir.Role:
    (role,) = compiled(f"{WORLD}role r {{ {' '.join(statements)} }}\n").roles
    return role


def without_places(node: Any) -> Any:
    if isinstance(node, tuple):
        return tuple(map(without_places, node))
    if isinstance(node, msgspec.Struct):
        return (type(node), *(without_places(getattr(node, name)) for name in node.__struct_fields__ if name != "at"))
    return node


@pytest.mark.parametrize(("statement", "written_out"), ALIKE, ids=[each for each, _ in ALIKE])
def test_it_is_what_is_written_out(statement: str, written_out: list[str]) -> None:
    short, long = bundle([statement]), bundle(written_out)
    if statement.startswith("grant"):
        long = msgspec.structs.replace(
            long, grants=tuple(msgspec.structs.replace(e, wildcard=True) for e in long.grants)
        )
    assert without_places(short) == without_places(long)
    places = {each.at for each in (*short.grants, *short.denies, *short.limits)}
    assert len(places) == 1  # that of the statement


TENANTS = "deny all on any resource with tenant { tenant is not assigned user.tenant }\n"
WHO = (
    'role r { grant all on all resources }\nuser "u" { tenant : "a"  assign role r }\nuser "nobody" { assign role r }\n'
)


@pytest.mark.parametrize(
    ("user", "tenant", "expected"),
    [("u", "a", True), ("u", "b", False), ("u", None, False), ("u", 3, False), ("nobody", "a", False)],
)
def test_tenants_never_meet(user: str, tenant: Any, expected: bool) -> None:
    index = Index(compiled(WORLD + TENANTS + WHO))
    for resource, action in (("account", "read"), ("visit", "modify"), ("bill", "pay")):
        assert decide(index, user, action, resource, {"tenant": tenant}, now=NOW).allowed == expected
    assert decide(index, user, "access", "switch", {}, now=NOW).allowed
    assert not decide(index, "u", "modify", "visit", {"tenant": "a"}, now=NOW, changes={"tenant": "b"}).allowed


def test_it_counts_when_more_are_declared() -> None:
    later = "resource later { tenant : text  actions view }\nresource other { actions view }\n"
    index = Index(compiled(WORLD + TENANTS + WHO + later))
    assert not decide(index, "u", "view", "later", {"tenant": "b"}, now=NOW).allowed
    assert decide(index, "u", "view", "other", {}, now=NOW).allowed
