"""What a policy set holds that cannot be handed to every Rego engine exactly."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.truth import constant
from policylang.targets.rego.encoding import NotEncodableError, encoded
from policylang.targets.target import Refusal


def refusals(index: Index) -> Iterator[Refusal]:
    """Everything, in no order."""
    for _, condition in index.conditions():
        for written in condition.constants():
            yield from _of_constant(written, written.at)
    for user in index.users.values():
        for given in user.attributes:
            for each in given.values:
                yield from _of_constant(each, given.at)


def _of_constant(written: c.Constant, at: str) -> Iterator[Refusal]:
    try:
        encoded(written.type, constant(written.type, written.value))
    except NotEncodableError as error:
        yield Refusal(
            "PL803", f"Rego cannot hold `{written.value}`: {error}", at, "write a value that is closer to zero"
        )
