"""Taking out of the sources what nobody uses: statements, single actions, assignments, memberships."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from policylang.check.fix.edits import TextEdit, edit, is_suppressed, removal
from policylang.check.used import Wanted
from policylang.model.bundles import is_every_action
from policylang.syntax import ast
from policylang.syntax.parser import Parsed

_Node = ast.Grant | ast.Assignment | ast.Name


class Removal(msgspec.Struct, frozen=True):
    """What is taken out at one place: some ``actions`` of a grant that says ``said``, an assignment or a membership."""

    at: str
    kind: Literal["grant", "assignment", "membership"]
    actions: tuple[Wanted, ...] = ()
    said: tuple[Wanted, ...] = ()


class Written:
    """The statements of a policy set that can be taken out, by their places."""

    def __init__(self, files: Iterable[Parsed]) -> None:
        self._nodes: dict[str, tuple[Parsed, _Node]] = {
            file.source.at(node.start_pos, node.end_pos): (file, node)
            for file in files
            for declaration in file.file.declarations
            for node in _inside(declaration)
        }

    def obstacle(self, wanted: Removal) -> str | None:
        """Why something cannot be taken out, in words."""
        if wanted.at not in self._nodes:
            return "it does not stand in a policy file of the set: change it where it comes from"
        if self._edit(wanted) is not None:
            return None
        _, node = self._nodes[wanted.at]
        if isinstance(node, ast.Grant) and not isinstance(node.target, ast.Name):
            return "the statement grants actions on several resources at once: write one for each"
        return "a comment stands in it or suppresses a finding there"

    def edits(self, wanted: Iterable[Removal]) -> list[TextEdit]:
        """The edits that take all of it out. Raises ValueError where something cannot be taken out."""
        together: dict[str, Removal] = {}
        for each in wanted:
            known = together.get(each.at, each)
            actions = tuple(dict.fromkeys((*known.actions, *each.actions)))
            together[each.at] = msgspec.structs.replace(each, actions=actions)
        found = [(each, self._edit(each)) for each in together.values()]
        bad = next((each.at for each, made in found if made is None), None)
        if bad is not None:
            raise ValueError(f"nothing can be taken out at {bad}")
        return [made for _, made in found if made is not None]

    def _edit(self, wanted: Removal) -> TextEdit | None:
        if wanted.at not in self._nodes:
            return None
        file, node = self._nodes[wanted.at]
        if isinstance(node, ast.Name):
            return _without_group(file, node)
        left = [action for resource, action in wanted.said if (resource, action) not in wanted.actions]
        if not left or not isinstance(node, ast.Grant):
            return removal(file, node)
        if not isinstance(node.target, ast.Name) or is_suppressed(file, node):
            return None
        if not is_every_action(node.actions):
            left = [name.value for name in node.actions if name.value in left]
        start, end = node.actions[0].start_pos, node.actions[-1].end_pos
        return None if _has_comment(file, start, end) else edit(file.source, start, end, ", ".join(left))


def _without_group(file: Parsed, group: ast.Name) -> TextEdit | None:
    """Takes `in NAME` out of the head of a user."""
    before = file.source.text[: group.start_pos].rstrip()
    start = len(before.removesuffix("in").rstrip())
    is_head = before.endswith("in") and start < len(before) - 2
    if not is_head or is_suppressed(file, group) or _has_comment(file, start, group.end_pos):
        return None
    return edit(file.source, start, group.end_pos)


def _has_comment(file: Parsed, start: int, end: int) -> bool:
    return any(start <= comment.start_pos < end for comment in file.file.comments)


def _inside(declaration: ast.Declaration) -> Iterator[_Node]:
    match declaration:
        case ast.Role() | ast.Group():
            yield from (item for item in declaration.items if isinstance(item, ast.Grant))
        case ast.User():
            yield from declaration.groups[:1]
            yield from (item for item in declaration.items if isinstance(item, ast.Grant | ast.Assignment))
        case _:
            pass
