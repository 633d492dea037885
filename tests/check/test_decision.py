"""The decision as a formula holds where the reference allows."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from policylang.analysis.decision import allowed
from policylang.analysis.formula import holds
from policylang.runtime.grants import profile
from policylang.runtime.index import Index
from policylang.runtime.plan import make_plan
from policylang.runtime.reference import decide
from policylang.runtime.truth import Situation
from tests.generated import Case, Features, cases

# Without shrinking: it takes minutes, and the case that is printed says enough.
SETTINGS = settings(
    deadline=None,
    max_examples=settings.default.max_examples // 3,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SETTINGS
@given(cases(Features(wrong_values=False, strange_requests=False)))
def test_the_formula_is_the_decision(case: Case) -> None:
    index = Index(case.policy_set)
    for request in case.requests:
        if request.kind not in ("record", "field") or index.kind(request.resource, request.action) == "create":
            continue
        asked = request.arguments(case.rows)
        record = asked["record"] if asked["record"] is not None else {}
        there = Situation(index, request.user, request.resource, record, asked["request"] or {}, request.now)
        plan = make_plan(index, profile(index, request.user, request.now), request.action, request.resource)
        names = (request.user, request.action, request.resource, asked["record"])
        expected = decide(index, *names, now=request.now, request=asked["request"], field=request.field).allowed
        assert holds(allowed(index, plan, request.field), there) == expected, request
