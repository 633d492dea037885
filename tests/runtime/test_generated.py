"""Generated code: nothing of a policy set is in it, plans of one shape share it, and kept answers are right."""

from __future__ import annotations

import ast
import datetime
import re
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang import PolicySet
from policylang.runtime import generated
from policylang.runtime.grants import profile
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan, make_plan
from policylang.runtime.reference import decide
from policylang.runtime.shapes import condition_shape, plan_shape, signature_shape
from tests.generated import Case, cases
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
OURS = {
    "make",
    "run",
    "record",
    "requests",
    "count",
    "each",
    "numbers",
    "kept",
    "names",
    "found",
    "user",
    "request",
    "now",
    "place",
    "nowhere",
    "outcome",
    "type",
    "dict",
    "len",
}
ATTRIBUTES = {"get", "tzinfo", "append"}
KEYS = {generated.CLOSED, generated.NOT_MET, generated.NOT_APPENDED, generated.LEFT_OPEN, "record"}
NAME = re.compile(r"[vktpd][0-9]+")

HOSTILE = """\
timezone "UTC"
scope region
place region "__import__('os').system('true')"
place region "\\"\\"\\"\\nraise SystemExit\\n\\"\\"\\""
subject { lambda : text }
request { globals : text  __class__ : set of text }
resource exec {
  import : text
  now    : datetime
  k0     : user
  v0     : one of if, else, return
  def    : money
  __code__ : set of text
  record : region
  actions view, make, run
}
policy outcome on exec { import is "'); raise SystemExit #" or request.globals starts with "{0}" }
policy user on exec { k0 is assigned user and v0 in [if, return] and now within 30 days and def < 1.5 }
policy place on exec {
  __code__ contains "\\u{0}\\\\" and assigned user.lambda is "k0" and not (now older than 2 months)
}
role type {
  grant all on exec
  policy outcome on exec
  deny make on exec { import is missing or request.__class__ contains "del" }
}
role dict { grant view, run on exec  policy user  policy place }
user "\\"); raise SystemExit; (\\"" {
  assign role type at region "__import__('os').system('true')"
  assign role dict
  append policy place on exec
}
"""


def plans(index: Index) -> Iterator[Plan]:
    """All plans of all users, with everything that is assigned at any time."""
    for user in index.requesters:
        who = profile(index, user, None)
        for resource, actions in index.actions.items():
            for action in actions:
                yield make_plan(index, who, action, resource)


def modules(index: Index) -> Iterator[ast.Module]:
    """All code that is generated for a policy set."""
    for plan in plans(index):
        for shape, values in (plan_shape(index, plan, print), signature_shape(index, plan)):
            yield generated.module(shape, len(values))
        shape, values = plan_shape(index, plan, print)
        yield generated.module(shape, len(values), loop=True)
    for resource, condition in index.conditions():
        group, values = condition_shape(index, condition, resource)
        yield generated.module(group, len(values))


def check_names(module: ast.Module) -> None:
    """Only generated names, a few words of our own, bits, and the three truths."""
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                assert name in OURS or NAME.fullmatch(name)
            case ast.Attribute(attr=name):
                assert name in ATTRIBUTES
            case ast.Constant(value=value):
                assert value in KEYS if isinstance(value, str) else value is None or isinstance(value, int)
            case ast.Import() | ast.ImportFrom() | ast.keyword() | ast.Global() | ast.Nonlocal():
                raise AssertionError(ast.dump(node))


def code_of(module: ast.Module) -> Iterator[CodeType]:
    waiting = [compile(module, "<generated>", "exec")]
    for code in waiting:
        yield code
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]


def test_nothing_of_hostile_policies_reaches_code() -> None:
    found = list(modules(Index(compiled(HOSTILE))))
    assert len(found) > 5
    for module in found:
        check_names(module)
        check_names(ast.parse(ast.unparse(module)))
        for code in code_of(module):
            assert set(code.co_names) <= OURS | ATTRIBUTES
            assert all(name in OURS or NAME.fullmatch(name) for name in (*code.co_varnames, *code.co_freevars))


def test_hostile_policies_decide_as_the_reference() -> None:
    index = Index(compiled(HOSTILE))
    policies = PolicySet(index)
    (user,) = index.requesters
    record: dict[str, Any] = {"record": "__import__('os').system('true')", "import": "'); raise SystemExit #"}
    records = [record, {**record, "import": "x"}, {**record, "record": "nowhere"}, {}, {"k0": user, "v0": "if"}]
    for action in ("view", "make", "run"):
        for each in (*records, *records):
            expected = decide(index, user, action, "exec", each, now=NOW)
            assert policies.decide(user, action, "exec", each, now=NOW) == expected


@given(cases())
@settings(max_examples=settings.default.max_examples // 30, deadline=None)  # type: ignore[union-attr]
def test_nothing_of_any_policy_set_reaches_code(case: Case) -> None:
    for module in modules(Index(case.policy_set)):
        check_names(module)


# --- shapes --------------------------------------------------------------------------------------------------

ALIKE = """\
resource doc { level : int  name : text  title : text  actions view }
policy named(wanted: text) on doc { name is wanted }
policy titled(wanted: text) on doc { title is wanted }
role a { grant view on doc  policy named("a") }
role b { grant view on doc  policy titled("b") }
role c { grant view on doc  policy named("a") }
"""


def test_plans_of_one_shape_have_one_code() -> None:
    index = Index(compiled(ALIKE + "".join(f'user "{each}" {{ assign role {each} }}\n' for each in "abc")))
    functions = [
        generated.plan_function(index, make_plan(index, profile(index, each, None), "view", "doc")) for each in "abc"
    ]
    assert len({function.__code__ for function in functions}) == 1  # type: ignore[attr-defined]


def test_users_of_one_profile_share_what_is_made() -> None:
    users = "".join(f'user "{number}" {{ assign role a }}\n' for number in range(50))
    policies = PolicySet(compiled(ALIKE + users))
    for number in range(50):
        assert policies.decide(str(number), "view", "doc", {"name": "a"}, now=NOW).allowed
    assert len({id(each) for each in policies._quick.values()}) == 1


def test_deep_and_long_conditions_have_code() -> None:
    deep = "level is 0"
    for number in range(15):
        deep = f"not (level is {number} {'and' if number % 2 else 'or'} ({deep}))"
    long = " or ".join(f"level is {number}" for number in range(2_000))
    for condition in (deep, long):
        text = f"resource doc {{ level : int  actions view }}\npolicy p on doc {{ {condition} }}\n"
        index = Index(compiled(f'{text}role r {{ grant view on doc  policy p }}\nuser "u" {{ assign role r }}'))
        policies = PolicySet(index)
        for level in (0, 1, 5, 14, 1_999, 2_000, None):
            expected = decide(index, "u", "view", "doc", {"level": level}, now=NOW)
            for _ in range(2):
                assert policies.decide("u", "view", "doc", {"level": level}, now=NOW) == expected


# --- what is kept --------------------------------------------------------------------------------------------

MANY = "resource doc { level : int  tags : set of text  actions view }\n" + "".join(
    f"policy p{n} on doc {{ level is {n} }}\nrole r{n} {{ grant view on doc  policy p{n} }}\n" for n in range(400)
)


def test_more_answers_than_are_kept_are_right() -> None:
    index = Index(compiled(MANY + f'user "u" {{ {" ".join(f"assign role r{n}" for n in range(400))} }}'))
    policies = PolicySet(index)
    for level in (*range(400), *range(400)):
        decision = policies.decide("u", "view", "doc", {"level": level}, now=NOW)
        assert decision.allowed
        assert [f"role `r{level}`" in reason for reason in decision.reasons] == [True]


FEW = Index(
    compiled(
        "resource doc { level : int  actions view }\n"
        "policy one on doc { level is 1 }\n"
        'role r { grant view on doc  policy one }\nuser "u" { assign role r }'
    )
)


@given(st.lists(st.sampled_from([1, "1", "1.0", 1.0, None, "x", True, 10**300, float("nan")]), min_size=1, max_size=6))
def test_values_of_all_kinds_in_turn(levels: list[Any]) -> None:
    policies = PolicySet(FEW)
    for level in levels:
        expected = decide(FEW, "u", "view", "doc", {"level": level}, now=NOW)
        assert policies.decide("u", "view", "doc", {"level": level}, now=NOW) == expected


@pytest.mark.parametrize("record", [{"level": 1, 2: "x"}, {"level": 2, None: "x"}])
def test_a_record_with_what_is_no_name_is_refused_every_time(record: Any) -> None:
    policies = PolicySet(FEW)
    for level in (1, 2):
        policies.decide("u", "view", "doc", {"level": level}, now=NOW)
    with pytest.raises(TypeError, match="attribute names that are text"):
        policies.decide("u", "view", "doc", record, now=NOW)


def test_an_instant_outside_the_calendar_is_refused_every_time() -> None:
    policies = PolicySet(compiled(HOSTILE.replace("UTC", "Asia/Tokyo")))
    (user,) = policies.index.requesters
    for _ in range(2):
        policies.decide(user, "view", "exec", {}, now=NOW)
    with pytest.raises(ValueError, match="outside the calendar"):
        policies.decide(user, "view", "exec", {}, now=datetime.datetime.max.replace(tzinfo=datetime.UTC))
