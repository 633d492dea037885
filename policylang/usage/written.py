"""What changes in the sources: statements, single actions, assignments and memberships that go, policies that come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal

import msgspec

from policylang.check.fix.edits import TextEdit, edit, is_suppressed, removal
from policylang.model.bundles import is_every_action
from policylang.runtime.index import Permission
from policylang.syntax import ast, expressions
from policylang.syntax.parser import Parsed

_Node = ast.Grant | ast.Assignment | expressions.Name


class Removal(msgspec.Struct, frozen=True):
    """What is taken out at one place: some ``actions`` of a grant that says ``said``, an assignment or a membership."""

    at: str
    kind: Literal["grant", "assignment", "membership"]
    actions: tuple[Permission, ...] = ()
    said: tuple[Permission, ...] = ()


def whole(removals: Collection[Removal]) -> frozenset[str]:
    """The places of the statements of which nothing is left."""
    gone: dict[str, set[Permission]] = {}
    for each in removals:
        gone.setdefault(each.at, set()).update(each.actions)
    return frozenset(each.at for each in removals if gone[each.at].issuperset(each.said))


class AttachedPolicy(msgspec.Struct, frozen=True):
    """A policy that is put behind a grant: ``attach`` says it, ``declare`` declares it unless it is there already."""

    at: str
    attach: str
    declare: str | None


class Joining(msgspec.Struct, frozen=True):
    """An assignment that gives another role, which ``declare`` declares."""

    at: str
    role: str
    declare: str


PolicyEdit = Removal | AttachedPolicy | Joining


class Written:
    """The statements of a policy set that can be changed, by their places."""

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
        if isinstance(node, ast.Grant) and not isinstance(node.target, expressions.Name):
            return "the statement grants actions on several resources at once: write one for each"
        return "a comment stands in it or suppresses a finding there"

    def edits(self, wanted: Iterable[PolicyEdit]) -> list[TextEdit]:
        """The edits that make all of it. Raises ValueError where something cannot be changed."""
        wanted = list(wanted)
        declared: dict[str, Parsed] = {}
        found = self._removed([each for each in wanted if isinstance(each, Removal)])
        for each in wanted:
            if not isinstance(each, Removal):
                file, made = self._limited(each) if isinstance(each, AttachedPolicy) else self._given(each)
                found.append(made)
                if each.declare is not None:
                    declared.setdefault(each.declare, file)
        return [*found, *(_declaration(file, text) for text, file in declared.items())]

    def can_be_limited(self, at: str) -> bool:
        """Whether a policy can be put behind a grant."""
        return at in self._nodes and isinstance(self._nodes[at][1], ast.Grant)

    def _limited(self, wanted: AttachedPolicy) -> tuple[Parsed, TextEdit]:
        """The policy on a line of its own where the grant is, else behind it."""
        if not self.can_be_limited(wanted.at):
            raise ValueError(f"no policy can be put at {wanted.at}")
        file, node = self._nodes[wanted.at]
        source = file.source
        first, last = source.position(node.start_pos)[0], source.position(node.end_pos)[0]
        before = source.text[source.line_starts[first - 1] : node.start_pos]
        line_end = source.line_starts[last - 1] + len(source.line(last))
        behind = source.text[node.end_pos : line_end].strip()
        if not before.strip() and (not behind or behind.startswith("#")):
            return file, edit(source, line_end, line_end, f"{source.line_break}{before}{wanted.attach}")
        return file, edit(source, node.end_pos, node.end_pos, f"  {wanted.attach}")

    def _given(self, wanted: Joining) -> tuple[Parsed, TextEdit]:
        """Another role in an assignment."""
        file, node = self._nodes.get(wanted.at, (None, None))
        if file is None or not isinstance(node, ast.Assignment):
            raise ValueError(f"no role is assigned at {wanted.at}")
        return file, edit(file.source, node.role.start_pos, node.role.end_pos, wanted.role)

    def _removed(self, wanted: Iterable[Removal]) -> list[TextEdit]:
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
        if isinstance(node, expressions.Name):
            return _without_group(file, node)
        left = [action for resource, action in wanted.said if (resource, action) not in wanted.actions]
        if not left or not isinstance(node, ast.Grant):
            return removal(file, node)
        if not isinstance(node.target, expressions.Name) or is_suppressed(file, node):
            return None
        if not is_every_action(node.actions):
            left = [name.value for name in node.actions if name.value in left]
        start, end = node.actions[0].start_pos, node.actions[-1].end_pos
        return None if _has_comment(file, start, end) else edit(file.source, start, end, ", ".join(left))


def _declaration(file: Parsed, text: str) -> TextEdit:
    """A declaration at the end of a file."""
    source = file.source
    newline, end = source.line_break, len(source.text)
    begin = "" if not end or source.text.endswith("\n") else newline
    return edit(source, end, end, begin + text.replace("\n", newline) + newline)


def _without_group(file: Parsed, group: expressions.Name) -> TextEdit | None:
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
