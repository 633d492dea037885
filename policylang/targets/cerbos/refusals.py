"""What else Cerbos cannot hold: numbers of users, and names that it keeps for patterns."""

from __future__ import annotations

import re

from policylang.ir import nodes as ir
from policylang.targets.cerbos.conditions import are_held
from policylang.targets.target import Refusals

_PATTERN = re.compile(r"[!*?\[\]{}]")
# Cerbos names a policy by its principal, and many characters in such names are one and the same.
_NAME = re.compile(r"[A-Za-z][\w@.\-/]*(:[A-Za-z][\w@.\-/]*)*", re.ASCII)
_ALIKE = re.compile(r"[^\w.]+", re.ASCII)

_INSTEAD = "put the policy into the user's group or role"


def refuse_people(policy_set: ir.PolicySet, refuse: Refusals) -> None:
    named: dict[str, str] = {}
    for user in policy_set.users:
        if user.appends and _PATTERN.search(user.id):
            message = f"Cerbos takes `{user.id}` for a pattern: it has no policies of one user with `! * ? [ ] {{ }}`"
            refuse("PL803", message, user.appends[0].limit.at, _INSTEAD)
        if user.appends and (other := named.setdefault(_policy_name(user.id), user.id)) != user.id:
            message = f"Cerbos takes `{other}` and `{user.id}` for one name: it has one policy of a user for both"
            refuse("PL803", message, user.appends[0].limit.at, _INSTEAD)
        for value in user.attributes:
            are_held(value.values, value.at, refuse)


def _policy_name(user: str) -> str:
    return _ALIKE.sub("_", user) if _NAME.fullmatch(user) else user
