"""Roles that could be one: what merges them, who gains what by it, and that it is proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from policylang.diff.comparing import user_differences
from policylang.mining.bits import set_of
from policylang.mining.matrix import FoundRole, Matrix
from policylang.mining.merging import Merge, Prove, merges
from policylang.mining.pairs import Pairs
from policylang.mining.plain import PlainRoles
from policylang.mining.propose import Proposal, Wish, propose
from policylang.mining.report import NearlySame
from policylang.mining.write import NotTheSameError, policy_files, policy_set, prove
from tests.helpers import project
from tests.usage.helpers import NOW

ACTIONS = [f"act_{number}" for number in range(20)]
USERS = ("ann", "ben", "cy", "di")
FIRST = range(19)
SECOND = (*range(18), 19)


def table(rows: Sequence[Sequence[int]]) -> Pairs:
    """Users who have some of the actions on one resource."""
    permissions = tuple(("doc", action) for action in ACTIONS)
    return Pairs(USERS[: len(rows)], permissions, Matrix.of([set_of(row) for row in rows], len(ACTIONS)), {})


def gains(merge: Merge) -> list[tuple[str, str]]:
    return [(each.user, each.action) for each in merge.gains]


def test_roles_that_share_nearly_all_become_one_and_it_is_said_who_gains_what() -> None:
    pairs = table([FIRST, FIRST, SECOND])
    made = propose(pairs, Wish(), NOW)
    (merge,) = made.merges
    assert gains(merge) == [("ann", "act_19"), ("ben", "act_19"), ("cy", "act_18")]
    before, after = policy_set(merge.before), policy_set(merge.after)
    assert merge.before == made.files
    assert (len(before.roles), len(after.roles)) == (2, 1)
    changed = [(users, each.kind, each.action) for users, each in user_differences(before, after, NOW)]
    assert sorted(changed) == [(("ann", "ben"), "gained", "act_19"), (("cy",), "gained", "act_18")]


@pytest.mark.parametrize("keep", [{"mine": set_of(FIRST)}])
def test_a_role_that_is_kept_is_not_merged(keep: Mapping[str, int]) -> None:
    made = propose(table([FIRST, FIRST, SECOND]), Wish(keep=keep), NOW)
    assert made.report.proposals
    assert made.merges == ()


def test_less_than_nearly_all_is_no_reason() -> None:
    assert propose(table([FIRST, (*range(17), 19)]), Wish(), NOW).merges == ()


ROLES = {"a": FoundRole(0b11, 0b011), "b": FoundRole(0b11, 0b100), "c": FoundRole(0b100, 0b111)}
ROWS = ((0, 1, 2), (0, 1, 2), (0, 1, 2))


def merged(near: Sequence[NearlySame], lost: int = 0, proof: Prove = prove) -> list[Merge]:
    """Merges of ``ROLES``, by a writer that loses some permissions."""
    pairs = table(ROWS)

    def remake(roles: Sequence[FoundRole], names: Sequence[str]) -> tuple[Sequence[str], Mapping[str, bytes]]:
        roles = [FoundRole(each.users, each.permissions & ~lost) for each in roles]
        return names, policy_files(pairs, roles, names, {}, "Test")

    files = policy_files(pairs, tuple(ROLES.values()), tuple(ROLES), {}, "Test")
    return merges(pairs, near, ROLES, frozenset(), files, {}, remake, proof, NOW)


def test_one_merge_is_on_top_of_the_other() -> None:
    near = [NearlySame("a", "b", 0, 3, True), NearlySame("a", "c", 2, 3, False), NearlySame("b", "c", 1, 3, False)]
    found = merged(near)
    assert [(each.first, each.second, gains(each)) for each in found] == [("a", "b", []), ("a", "c", [])]
    assert found[0].after == found[1].before
    assert [len(policy_set(each.after).roles) for each in found] == [2, 1]


def test_what_is_not_proved_is_not_proposed() -> None:
    assert merged([NearlySame("a", "b", 0, 3, True)], lost=0b001) == []


def test_what_is_not_proved_is_not_tried_without_end() -> None:
    proved: list[int] = []

    def proof(*asked: Any) -> None:
        proved.append(1)
        raise NotTheSameError("something else hangs on them")

    assert merged([NearlySame("a", "b", 0, 3, True)] * 100, proof=proof) == []
    assert len(proved) == 10


def test_whoever_interrupts_gets_what_is_there() -> None:
    proved: list[int] = []

    def proof(*asked: Any) -> None:
        if proved:
            raise KeyboardInterrupt
        proved.append(1)
        prove(*asked)

    assert len(merged([NearlySame("a", "b", 0, 3, True), NearlySame("a", "c", 2, 3, False)], proof=proof)) == 1


def _of_policies(text: str) -> Proposal:
    plain = PlainRoles(project(text))
    return propose(plain.pairs(()), Wish(), NOW, plain=plain)


def test_roles_of_a_policy_set() -> None:
    shared = ", ".join(ACTIONS[:18])
    text = f"""\
resource doc {{ actions {", ".join(ACTIONS)} }}
role one {{ grant {shared}, act_18 on doc }}
role other {{ grant {shared}, act_19 on doc }}
user "ann" {{ assign role one }}
user "ben" {{ assign role other }}
"""
    made = _of_policies(text)
    assert made.files["0.policy"].decode() == text
    (merge,) = made.merges
    assert gains(merge) == [("ann", "act_19"), ("ben", "act_18")]
    assert b'user "ann" { assign role one_2 }\nuser "ben" { assign role one_2 }\n' in merge.after["0.policy"]
    assert b"role other" not in merge.after["0.policy"]
    assert b"role one_2 {" in merge.after["mined.policy"]
    with pytest.raises(NotTheSameError):
        PlainRoles(project(text)).prove(PlainRoles(project(text)).pairs(()), merge.after, {}, NOW)
