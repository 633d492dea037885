"""What to change in the sources so that a finding goes away, where that is plain.

A fix is data: edits, and whether they are safe. A safe one never changes what anybody may do, which `mend` makes sure
of before anything is written; one that is suggested is for people to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Literal

import msgspec

from policylang.check.catalogue import BY_CODE
from policylang.check.finding import Finding
from policylang.check.fix.edits import TextEdit, removal
from policylang.check.granting import may_narrow
from policylang.check.limits import Questions
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.clock import begin_of, end_of
from policylang.syntax import ast
from policylang.syntax.parser import Parsed

Safety = Literal["safe", "suggested"]

_Statement = ast.Limit | ast.Deny | ast.Append | ast.Assignment


class Fix(msgspec.Struct, frozen=True):
    """Edits that go together, all or none. ``at``: the place of the finding; ``summary``: what they do, in words."""

    code: str
    at: str
    summary: str
    edits: tuple[TextEdit, ...]
    safety: Safety


class SourceTrees:
    """A policy set as it is written, beside what it says: ``files`` are the syntax trees that ``world`` was made of."""

    def __init__(self, world: World, files: Iterable[Parsed]) -> None:
        self.world = world
        self.files: Mapping[str, Parsed] = {file.source.name: file for file in files}

    @cached_property
    def statements(self) -> dict[str, tuple[Parsed, _Statement]]:
        """Limits, denies, appends and assignments, by their places."""
        return {
            file.source.at(node.start_pos, node.end_pos): (file, node)
            for file in self.files.values()
            for declaration in file.file.declarations
            for node in _inside(declaration)
        }

    @cached_property
    def appends(self) -> dict[str, tuple[UserClass, int]]:
        """Appends of the first user of each class, by their places: the class, and which of its appends it is."""
        return {
            append.at: (kind, number)
            for kind in self.world.user_classes
            for number, append in enumerate(kind.declared.appends)
        }

    @cached_property
    def assignments(self) -> dict[str, tuple[UserClass, str]]:
        """Assignments of the first user of each class, by their places: the class and the role."""
        return {
            assignment.at: (kind, assignment.role)
            for kind in self.world.user_classes
            for assignment in kind.declared.assignments
        }

    @cached_property
    def given(self) -> dict[str, list[str]]:
        """The places of assignments that say the same, of any user, by each of them."""
        alike: dict[tuple[str, str | None, str | None, str | None], list[str]] = {}
        for user in self.world.written.users:
            for each in user.assignments:
                alike.setdefault((each.role, each.place, each.begins, each.ends), []).append(each.at)
        return {at: places for places in alike.values() for at in places}

    def users(self, kind: UserClass) -> Iterable[ir.User]:
        return (self.world.index.users[user] for user in kind.users)

    def removals(self, places: Iterable[str]) -> tuple[TextEdit, ...]:
        """Edits that take the statements at these places out; empty where one of them cannot be taken out. What does
        not stand in a policy file is left alone: people from directory files.
        """
        edits = []
        for at in places:
            if at in self.statements:
                found = removal(*self.statements[at])
                if found is None:
                    return ()
                edits.append(found)
        return tuple(edits)

    def words(self, at: str) -> str:
        """A statement as it is written, on one line."""
        if at not in self.statements:
            return ""
        file, node = self.statements[at]
        return " ".join(file.source.text[node.start_pos : node.end_pos].split())


def _inside(declaration: ast.Declaration) -> Iterable[_Statement]:
    match declaration:
        case ast.Deny():
            return (declaration,)
        case ast.Role() | ast.Group():
            return (item for item in declaration.items if isinstance(item, ast.Limit | ast.Deny))
        case ast.User():
            return (item for item in declaration.items if isinstance(item, _Statement))
        case _:
            return ()


# --- one function a code -------------------------------------------------------------------------------------


def fix_of(finding: Finding, written: SourceTrees) -> Fix | None:
    """The fix of a finding; ``None`` where there is none, or where it was not proved for every record what the fix
    relies on.
    """
    places_of = _FIXES.get(finding.code)
    if places_of is None or finding.unproved or finding.complete_only:
        return None
    places = tuple(dict.fromkeys(places_of(finding, written)))
    edits = written.removals(places)
    if not edits:
        return None
    words = next(filter(None, map(written.words, places)), "")
    more = f" and {len(edits) - 1} more like it" if len(edits) > 1 else ""
    safety = safety_of(finding.code)
    assert safety is not None
    return Fix(finding.code, finding.at, f"remove `{words}`{more}", edits, safety)


def safety_of(code: str) -> Safety | None:
    """Whether there are edits that end findings of the rule, and how safe they are."""
    safety = BY_CODE[code].fix
    return safety if code in _FIXES and safety != "none" else None


def fix_in_words(rule: Rule) -> str | None:
    """What can be done about findings of a rule without thinking; nothing where somebody has to decide."""
    match rule.fix:
        case "safe":
            return (
                "Safe: `policylang check --fix` removes the statement, once it is proved that nobody can do "
                "more or less without it. It keeps the statement if a comment would be lost with it."
            )
        case "suggested":
            return "The help of the finding suggests a change. Somebody has to decide whether it is right."
        case _:
            return None


def _itself(finding: Finding, _written: SourceTrees) -> Iterable[str]:
    """The statement that the finding stands on."""
    return (finding.at,)


def _append(finding: Finding, written: SourceTrees) -> Iterable[str]:
    """The append, of every user who is like the first one; none where it would matter if they were given a role."""
    at = str(finding.related[0].location)
    if at not in written.appends:
        return ()
    kind, number = written.appends[at]
    left = list(kind.declared.appends)
    append = left.pop(number)
    if may_narrow(written.world.once(Questions), kind.first, append, left):
        return ()
    return tuple(user.appends[number].at for user in written.users(kind))


def _contained(finding: Finding, written: SourceTrees) -> Iterable[str]:
    """Assignments that another one of the same role, or the job, contains: of every user who is like the first one."""
    if finding.at not in written.assignments:
        return ()
    kind, role = written.assignments[finding.at]
    return tuple(at for user in written.users(kind) for at in _of_user(user, role, written.world))


def _of_user(user: ir.User, role: str, world: World) -> Iterable[str]:
    given = [each for each in user.assignments if each.role == role]
    job = world.index.jobs[user.job.name] if user.job is not None else None
    by_job = job is not None and any(ref.name == role for ref in job.roles)
    gone: list[ir.Assignment] = []
    for each in reversed(given):
        others = [other for other in given if other is not each and other not in gone]
        if (by_job and _says_no_more(each, None)) or any(_contains(world, other, each) for other in others):
            gone.append(each)
    return [each.at for each in gone]


def _contains(world: World, outer: ir.Assignment, inner: ir.Assignment) -> bool:
    timezone = world.index.timezone
    begins = begin_of(outer, timezone), begin_of(inner, timezone)
    ends = end_of(outer, timezone), end_of(inner, timezone)
    return (
        world.index.covers(outer.place, inner.place)
        and (begins[0] is None or (begins[1] is not None and begins[0] <= begins[1]))
        and (ends[0] is None or (ends[1] is not None and ends[1] <= ends[0]))
        and _says_no_more(inner, outer)
    )


def _says_no_more(inner: ir.Assignment, outer: ir.Assignment | None) -> bool:
    """Whether no reason and no approval is lost with the inner one."""
    return inner.because in (None, outer and outer.because) and inner.approved_by in (None, outer and outer.approved_by)


def _ended(finding: Finding, written: SourceTrees) -> Iterable[str]:
    """The assignment, and the same one of other users."""
    return written.given.get(finding.at, ())


_FIXES: dict[str, Callable[[Finding, SourceTrees], Iterable[str]]] = {
    "PL204": _itself,
    "PL206": _itself,
    "PL208": _append,
    "PL212": _contained,
    "PL307": _ended,
}
"""By rule, the places of the statements that a fix takes out. How safe that is says the rule."""
