"""What else Cerbos cannot hold: numbers, and names that it keeps for patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.targets.cerbos.conditions import Conditions, Match, literal
from policylang.targets.cerbos.encoding import UnheldError
from policylang.targets.target import Input, Refusal

_PATTERN = re.compile(r"[!*?\[\]{}]")
# Cerbos names a policy by its principal, and many characters in such names are one and the same.
_NAME = re.compile(r"[A-Za-z][\w@.\-/]*(:[A-Za-z][\w@.\-/]*)*", re.ASCII)
_ALIKE = re.compile(r"[^\w.]+", re.ASCII)


_LONGEST = 100_000
_INSTEAD = "put the policy into the user's group or role"


def refusals(input: Input) -> Iterator[Refusal]:
    index = Index(input.policy_set)
    named: dict[str, str] = {}
    for user in input.policy_set.users:
        if user.appends and _PATTERN.search(user.id):
            message = f"Cerbos takes `{user.id}` for a pattern: it has no policies of one user with `! * ? [ ] {{ }}`"
            yield Refusal("PL803", message, user.appends[0].limit.at, _INSTEAD)
        if user.appends and (other := named.setdefault(_policy_name(user.id), user.id)) != user.id:
            message = f"Cerbos takes `{other}` and `{user.id}` for one name: it has one policy of a user for both"
            yield Refusal("PL803", message, user.appends[0].limit.at, _INSTEAD)
        for value in user.attributes:
            yield from _constants(value.at, value.values)
    matching = Conditions(index)
    for resource, condition in index.conditions():
        found = [*_condition(condition)]
        yield from found
        if not found and max(map(len, _expressions(matching.match(resource, condition)))) > _LONGEST:
            message = f"Cerbos takes no expression of more than {_LONGEST:,} characters"
            yield Refusal("PL803", message, condition.at, "list fewer values, or shorter ones")


def _policy_name(user: str) -> str:
    return _ALIKE.sub("_", user) if _NAME.fullmatch(user) else user


def _expressions(match: Match) -> Iterator[str]:
    for key, part in match.items():
        if key == "expr":
            yield part
        else:
            for each in part["of"]:
                yield from _expressions(each)


def _condition(condition: c.Condition) -> Iterator[Refusal]:
    for test in condition.tests():
        yield from _constants(test.at, test.constants())


def _constants(at: str, constants: Iterable[c.Constant]) -> Iterator[Refusal]:
    for constant in constants:
        try:
            literal(constant.type, constant.value)
        except UnheldError as error:
            yield Refusal("PL803", f"Cerbos's numbers are doubles: {error}", at, "write fewer digits")
