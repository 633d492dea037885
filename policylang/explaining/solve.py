"""Data that would make a condition true, or false: edits of the record, the request and the user's own values."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from policylang.diagnostics import cut
from policylang.explaining.edits import Question, applied
from policylang.explaining.settings import HOLD, candidates, in_json
from policylang.explaining.tree import SuggestedEdit
from policylang.explaining.values import named, truth_of
from policylang.model import conditions as c

Edits = tuple[SuggestedEdit, ...]
EditTarget = Literal["record", "request", "changes", "user"]

MOST = 6
"""How many solutions of a condition are kept, the shortest."""
_MOST_ITEMS = 12


def solutions(q: Question, after: bool, condition: c.Condition, wanted: bool) -> list[Edits]:
    """Edits that make a condition what is wanted, the fewest first; none where none were found.

    Each test of it was tried; together they may still stand in each other's way.
    """
    if truth_of(condition, q.situation(after)) is wanted:
        return [()]
    match condition:
        case c.And(items) | c.Or(items):
            if isinstance(condition, c.And) == wanted:
                return _all(q, after, items, wanted)
            pooled = [each for item in items[:_MOST_ITEMS] for each in solutions(q, after, item, wanted)]
            return sorted(pooled, key=len)[:MOST]
        case c.Not(item):
            return solutions(q, after, item, not wanted)
        case _:
            found: list[Edits] = [(edit,) for edit in _of_test(q, after, condition, wanted)]
            return found[:MOST]


def _all(q: Question, after: bool, items: tuple[c.Condition, ...], wanted: bool) -> list[Edits]:
    s = q.situation(after)
    open_ = [item for item in items if truth_of(item, s) is not wanted]
    if len(open_) > _MOST_ITEMS:
        return []
    parts = (solutions(q, after, item, wanted) for item in open_)
    return sorted(combined(parts, MOST * MOST), key=len)[:MOST]


def combined(parts: Iterable[Iterable[Edits]], most: int) -> Iterator[Edits]:
    """One of the edits of each part together, as they come; of ``most`` ways those that can be."""
    joined = map(together, itertools.islice(itertools.product(*parts), most))
    return (each for each in joined if each is not None)


def together(parts: tuple[Edits, ...]) -> Edits | None:
    """The edits of all parts, each once; ``None`` where two set the same thing differently."""
    found: dict[str, SuggestedEdit] = {}
    for edit in itertools.chain.from_iterable(parts):
        key = _key(edit)
        if found.setdefault(key, edit).data != edit.data:
            return None
    return tuple(found.values())


def _key(edit: SuggestedEdit) -> str:
    """What an edit sets."""
    ((kind, data),) = edit.data.items()
    if kind == "user":
        return f"user {data['id']} {'.'.join(data['values'])}"
    if kind not in ("record", "request", "changes"):
        return f"{kind} {data!r}"
    names = [kind]
    while isinstance(data, dict):
        ((name, data),) = data.items()
        names.append(name)
    return ".".join(names)


def _of_test(q: Question, after: bool, test: c.Test, wanted: bool) -> list[SuggestedEdit]:
    found: list[SuggestedEdit] = []
    for path in dict.fromkeys(each for each in _sides(test) if isinstance(each, c.Path) and each.steps):
        target = _target(q, after, path)
        if target is not None:
            found += _of_path(q, after, test, wanted, path, target)
    return found


def _sides(test: c.Test) -> tuple[c.Operand, ...]:
    """The operands; a record can also get another one above it."""
    return (*test.sides, test.above) if isinstance(test, c.Under) else test.sides


def _of_path(
    q: Question, after: bool, test: c.Test, wanted: bool, path: c.Path, target: EditTarget
) -> list[SuggestedEdit]:
    s = q.situation(after)
    found: list[SuggestedEdit] = []
    try:
        for value, words in candidates(test, path, s, wanted):
            edit = setting(q, target, path.steps, in_json(path.type, value), words)
            if truth_of(test, applied(q, edit).situation(after)) is wanted:
                found.append(edit)
    except Exception:
        return found  # records come from callers: what cannot be read or copied is not changed
    return found


def _target(q: Question, after: bool, path: c.Path) -> EditTarget | None:
    """Where a path's value stands, if it can be set: not what belongs to another user than the one who asks."""
    if path.root == "subject":
        return "user" if len(path.steps) == 1 and q.user in q.index.users else None
    if q.index.to_user(q.resource, path)[1]:
        return None
    if path.root == "request":
        return "request"
    return target_of(q, path.steps[0]) if after else "record"


def target_of(q: Question, name: str) -> EditTarget:
    """Where an attribute of the record after the change comes from."""
    return "changes" if name in (q.changes or {}) else "record"


def setting(q: Question, target: EditTarget, steps: tuple[str, ...], value: Any, words: str) -> SuggestedEdit:
    """The edit that sets an attribute; ``words`` follow "to"."""
    name = named(".".join(steps))
    data: Any = value
    for each in reversed(steps):
        data = {each: data}
    if words.startswith(HOLD):
        whose = cut(q.user) if target == "user" else f"the {q.resource if target == 'record' else target}"
        text = f"let {name} of {whose} {words}"
        return SuggestedEdit(target, text, {target: {"id": q.user, "values": data} if target == "user" else data})
    match target:
        case "user":
            text = f"set {name} of {cut(q.user)} to {words}" if value is not None else f"empty {name} of {cut(q.user)}"
            data = {"id": q.user, "values": data}
        case "request":
            text = f"send the request with {name} {words}" if value is not None else f"send the request without {name}"
        case "changes":
            text = f"write {words} into {name}" if value is not None else f"empty {name} with the change"
        case _:
            whose = f"the {q.resource}"
            text = f"set {name} of {whose} to {words}" if value is not None else f"empty {name} of {whose}"
    return SuggestedEdit(target, text, {target: data})
