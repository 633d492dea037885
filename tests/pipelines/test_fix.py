"""No fix is kept after which `diff` has something to tell, whatever else looked at it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest

from policylang.check.catalogue import CHECKS
from policylang.check.finding import Finding
from policylang.check.fix import mend
from policylang.check.selection import select
from policylang.check.world import World
from policylang.pipelines import fix as mended
from policylang.pipelines.check import CheckOptions
from policylang.pipelines.fix import mend_all
from tests.helpers import compiled, project

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
SALES = """\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
group sales {
  grant view on doc
  policy newer_than(30 days)
  policy newer_than(60 days)
}
user "amy" in sales
"""


@pytest.mark.parametrize(
    ("line", "reasons"),
    [(5, ["group `sales` would no longer be allowed the same"]), (6, [])],
    ids=["wrong", "right"],
)
def test_a_fix_is_compared_by_diff(monkeypatch: pytest.MonkeyPatch, line: int, reasons: list[str]) -> None:
    def limit_on_the_line(world: World) -> Iterator[Finding]:
        limits = [limit.at for group in world.policy_set.groups for limit in group.limits]
        yield from (Finding(code="PL204", message="found", at=at) for at in limits if f":{line}:" in at)

    monkeypatch.setitem(CHECKS, "PL204", limit_on_the_line)
    monkeypatch.setattr(mend, "access_change", lambda *_arguments: None)
    fixed = mend_all([project(SALES)], CheckOptions(NOW, select(["PL204"])), None, "")
    assert [each.message for each in fixed.refused] == [f"PL204 is not fixed: {reason}" for reason in reasons]
    assert fixed.count == (0 if reasons else 1)


def test_a_fix_may_not_change_what_diff_states() -> None:
    """Who may assign a role, for one, is no access."""
    old = "resource doc { actions view }\nrole a { grant view on doc  may assign b }\nrole b { grant view on doc }"
    before, after = compiled(old), compiled(old.replace("  may assign b", ""))
    assert mended._difference(before, after, NOW) == "`policylang diff` would tell of a change of role `a`"
    assert mended._difference(before, before, NOW) is None
