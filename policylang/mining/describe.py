"""What a mined role is called, and which people it stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from policylang.importing.names import identifier
from policylang.mining.bits import members
from policylang.mining.matrix import FoundRole
from policylang.mining.pairs import Pairs
from policylang.text.names import free_name

_NEARLY_ALL = 0.8
_MANY = 0.5


class Stands(msgspec.Struct, frozen=True):
    """People whom a role stands for: ``having`` of the ``users`` have the value, of ``people`` who have it at all."""

    attribute: str
    value: str
    having: int
    users: int
    people: int

    @property
    def is_theirs(self) -> bool:
        """Whether nearly all who hold the role are such people, and many of these hold it."""
        return self.having >= _NEARLY_ALL * self.users and self.having >= _MANY * self.people

    def in_words(self) -> str:
        return f"{self.having:,} of {self.users:,} users and of {self.people:,} with {self.attribute} `{self.value}`"


def stands_for(pairs: Pairs, role: FoundRole) -> Stands | None:
    """The value of an attribute that says best who holds a role: by the harmonic mean of both shares."""
    holders = [pairs.users[number] for number in members(role.users)]
    best: tuple[float, Stands] | None = None
    for attribute, values in pairs.attributes.items():
        everybody = Counter(values[user] for user in pairs.users if user in values)
        for value, having in sorted(Counter(values[user] for user in holders if user in values).items()):
            found = Stands(attribute, value, having, len(holders), everybody[value])
            score = 2 * having / (len(holders) + everybody[value])
            if best is None or score > best[0]:
                best = (score, found)
    return None if best is None else best[1]


def role_names(stands: Sequence[Stands | None], given: Sequence[str]) -> list[str]:
    """A name for each role: the given ones first, then after the people it stands for, or by number."""
    wanted = [identifier(each, "role") for each in given]
    width = len(str(len(stands)))
    for number, each in enumerate(stands[len(given) :], 1):
        wanted.append(
            identifier(each.value, "role") if each is not None and each.is_theirs else f"role_{number:0{width}}"
        )
    found: dict[str, None] = {}
    for name in wanted:
        found[free_name(name, found)] = None
    return list(found)
