"""Whether a question is the same for all users, whoever they are."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.analysis.formula import Formula
from policylang.model import conditions as c
from policylang.model.types import RecordType, Type, UserType
from policylang.runtime.index import Index


def symmetric(index: Index, resource: str, formula: Formula) -> bool:
    """Whether a formula looks at nothing of users but whether they are the same: it names none, and no attribute of
    any. If it holds never for one user then, it holds never for another.
    """
    return all(_is_symmetric(index, resource, condition) for condition in formula.conditions())


def _is_symmetric(index: Index, resource: str, condition: c.Condition) -> bool:
    for test in condition.tests():
        for operand in test.sides:
            if isinstance(operand, c.Path):
                if next(user_attributes(index, resource, operand), None) is not None:
                    return False
            elif is_user(operand.type):
                return False
        if isinstance(test, c.In) and is_user(test.operand.type):
            return False
    return True


def is_user(type_: Type) -> bool:
    """Whether values of the type are users, or sets of users."""
    return isinstance(type_.item, UserType)


def user_attributes(index: Index, resource: str, path: c.Path) -> Iterator[str]:
    """The attributes of users that a path goes through, the asking user's or those of others."""
    type_: Type = RecordType(resource)
    if path.root != "record":
        type_ = UserType(None)
    for number, step in enumerate(path.steps):
        if path.root == "request" and number == 0:
            type_ = index.request[step]
        elif isinstance(type_, RecordType):
            type_ = index.attributes[type_.resource][step].type
        else:
            yield step
            type_ = index.subject[step]
