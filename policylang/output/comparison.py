"""What differs between two policy sets, for people: first what somebody can do now and could not do before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
import msgspec

from policylang.check.finding import counted as some_of
from policylang.diagnostics import listed, visible
from policylang.diff.report import (
    Change,
    ComparedRequest,
    Comparison,
    Days,
    Named,
    Permissions,
    SetReport,
    Statement,
    Unused,
)
from policylang.model.instants import instant_text
from policylang.output.text import aligned, counted
from policylang.pipelines.replay import command, particulars
from policylang.pipelines.replay import who as who_in_words

_COLOURS = {"gained": "red", "widened": "red", "narrowed": "cyan", "lost": "cyan"}
_TITLES = {
    "gained": "gained: new access that none of these had before",
    "widened": "widened: on more records than before",
    "narrowed": "narrowed: on fewer records than before",
    "lost": "lost: access that none of these has any more",
}
INCOMPLETE = "incomplete records only: a required value is missing, or a value has the wrong type"
TOPICS = {
    "eligibility": "who can be chosen",
    "superuser": "superusers",
    "may_assign": "who may assign roles",
    "granted": "what separation of duties allows together",
    "user": "what takes effect once somebody gets more access",
    "essential": "essential roles, which terminated users keep",
    "action": "what actions require",
    "place": "places",
    "portal": "portals",
    "deny": "what is always denied",
    "protected": "protected roles",
    "invariant": "invariants",
    "separation": "separation of duties",
    "integration": "integrations",
}
UNUSED = "entries that allowed nothing"
_MOST_SUBJECTS = 8
_MOST_PERMISSIONS = 12
_MOST_CHANGES = 100
"""Changes of one kind that are printed in full."""


# --- in words ------------------------------------------------------------------------------------------------


def around_in_words(around: Sequence[Named]) -> str:
    """The roles and groups in which it is the same."""
    by_kind: dict[str, list[str]] = {}
    for named in around:
        by_kind.setdefault(named.kind, []).append(named.name)
    return listed([f"{kind if len(n) == 1 else f'{kind}s'} {some_of(n)}" for kind, n in by_kind.items()], "and")


def permission_in_words(permissions: Permissions) -> str:
    """``view and modify on `customer` ``, ``view `rate` on `customer` ``"""
    actions = listed(list(permissions.actions), "and")
    fields = "" if permissions.fields is None else f" {', '.join(f'`{name}`' for name in permissions.fields)}"
    return f"{actions}{fields} on `{permissions.resource}`"


def days_in_words(days: Sequence[Days]) -> str:
    """``from 2026-01-01 until 2026-03-31``"""
    said = []
    for each in days:
        first = [f"from {each.first}"] if each.first is not None else []
        last = [f"until {each.last}"] if each.last is not None else []
        said.append(" ".join([*first, *last]))
    return " and ".join(said)


def summary(sets: Sequence[SetReport]) -> str:
    """How many changes of each kind there are."""
    changes = [change for each in sets for change in each.changes]
    statements = [statement for each in sets for statement in each.statements]
    counts = {kind: sum(change.kind == kind for change in changes) for kind in _TITLES}
    said = [f"{count} {kind}" for kind, count in counts.items() if count]
    unproved = sum(change.unproved for change in changes)
    said += [f"{unproved} of them not proved"] if unproved else []
    incomplete = sum(change.incomplete for change in changes)
    said += [f"{incomplete} of them for incomplete records only"] if incomplete else []
    said += [counted(len(statements), "other change")] if statements else []
    reasons = [change.because for change in changes] + [statement.because for statement in statements]
    approved = sum(reason is not None for reason in reasons)
    said += [f"{approved} of them allowed"] if approved else []
    return ", ".join(said) or "no change in access"


def users_in_words(statement: Statement) -> str:
    """Who came to what the statement is about, or who left it; nothing where it names them itself."""
    if not statement.users or statement.topic == "user":
        return ""
    verb = "added" if statement.widens else "removed"
    return f": {counted(len(statement.users), 'user')} {verb}, {some_of(statement.users)}"


def unused_in_words(entry: Unused) -> str:
    """An entry that allowed nothing, and why."""
    why = f"ended on {entry.until}" if entry.over else "this change does not exist"
    return f"{entry.id}: {why}: {entry.change or entry.because}"


# --- the report ----------------------------------------------------------------------------------------------

_Policies = Callable[[SetReport, bool], str | None]
"""The path of the old (``False``) or the new version of a set, if `policylang decide` can read it."""


def render(comparison: Comparison, policies: _Policies) -> Iterator[str]:
    """The lines of the report, styled for a terminal; without one, click takes the styles out."""
    for each in comparison.sets:
        if len(comparison.sets) > 1:
            yield click.style(visible(f"{each.name}: {summary([each])}"), bold=True)
            yield ""
        for title, colour, changes in by_title(each.changes):
            if changes:
                yield click.style(title, fg=colour, bold=True)
                for change in changes[:_MOST_CHANGES]:
                    yield from _change(change, each, policies)
                if len(changes) > _MOST_CHANGES:
                    yield f"  and {len(changes) - _MOST_CHANGES:,} more: `--format json` shows all of them"
                    yield ""
        yield from _statements(each.statements)
        yield from _notes(each.notes)
    yield from _unused(comparison)
    yield f"{visible(summary(comparison.sets))}, as of {instant_text(comparison.now)}"


def by_title(changes: Sequence[Change]) -> Iterator[tuple[str, str | None, list[Change]]]:
    """Titles, each with its colour and the changes below it."""
    for kind, title in _TITLES.items():
        yield title, _COLOURS[kind], [each for each in changes if each.kind == kind and not each.incomplete]
    yield INCOMPLETE, None, [each for each in changes if each.incomplete]


def whose(change: Change) -> str:
    """Whose change it is, and of which kind, where the title does not say that."""
    subjects = change.whose
    return f"{change.kind}: {subjects}" if change.incomplete else subjects


def _change(change: Change, set_: SetReport, policies: _Policies) -> Iterator[str]:
    days = f", {days_in_words(change.days)}" if change.days else ""
    yield f"  {click.style(visible(whose(change)), bold=True)}{days}"
    if change.is_by_membership:
        yield from _lines(change.removed, change.added)
    for permissions in change.permissions[:_MOST_PERMISSIONS]:
        yield f"    {visible(permission_in_words(permissions))}"
        yield from _lines(permissions.removed, permissions.added, indent=6)
    if len(change.permissions) > _MOST_PERMISSIONS:
        more = len(change.permissions) - _MOST_PERMISSIONS
        yield f"    and {more} more like these: `--format json` shows all of them"
    if not change.is_by_membership:
        yield from _lines(change.removed, change.added)
    if change.around:
        yield f"    the same in {visible(around_in_words(change.around))}"
    if not change.is_of_users:
        yield f"    {visible(affected(change))}"
    yield _id(change)
    if change.unproved:
        yield f"    {click.style('not proved', bold=True)}: this could not be decided, so it counts"
    if change.before is not None and change.after is not None:
        yield from _witness(change, change.before, change.after, set_, policies)
    yield ""


def _id(change: Change | Statement) -> str:
    """What an entry of the file with changes that are allowed names it by, and the reason in that entry."""
    reason = "" if change.because is None else f", {click.style('allowed', bold=True)}: {visible(change.because)}"
    return f"    id {change.id}{reason}"


def affected(change: Change) -> str:
    """The users whom a change of a role or group concerns."""
    if not change.users:
        return "affects no user"
    return f"affects {counted(len(change.users), 'user')}: {some_of(change.users)}"


def _lines(removed: Sequence[str], added: Sequence[str], indent: int = 4) -> Iterator[str]:
    for mark, lines, colour in (("-", removed, "red"), ("+", added, "green")):
        for line in lines:
            yield click.style(f"{' ' * indent}{mark} {visible(line)}", fg=colour)


def _witness(
    change: Change, before: ComparedRequest, after: ComparedRequest, set_: SetReport, policies: _Policies
) -> Iterator[str]:
    first = as_dict(after)
    yield f"    {click.style('shown by', bold=True)} {visible(shown_in_words(before, after))}"
    yield from aligned(particulars(first, {*first["record"], *change.lacking}), 6)
    for witness, is_new in ((before, False), (after, True)):
        path = policies(set_, is_new)
        made_up = as_dict(witness)
        if path is not None and ("user" in made_up or "as_roles" in made_up or "as_group" in made_up):
            yield f"      {click.style('$', fg='blue')} {visible(command(made_up, [path]))}  # {witness.expected}"


def shown_in_words(before: ComparedRequest, after: ComparedRequest, sides: tuple[str, str] = ("before", "now")) -> str:
    """What the request is that shows a change, and how it is answered on both sides."""
    given = as_dict(after if after.expected == "allowed" else before)
    field = f" `{given['field']}` of" if "field" in given else ""
    asks = f"{who_in_words(given)}, {given['action']}{field} this `{given['resource']}` at {given['now']}"
    return f"{asks}: {before.expected} {sides[0]}, {after.expected} {sides[1]}"


def as_dict(witness: ComparedRequest) -> dict[str, Any]:
    """The witness in the shape that `policylang.pipelines.replay` takes."""
    found: dict[str, Any] = msgspec.to_builtins(witness, str_keys=True)
    return found


def _statements(statements: Sequence[Statement]) -> Iterator[str]:
    for topic, title in TOPICS.items():
        said = [statement for statement in statements if statement.topic == topic]
        if said:
            yield click.style(title, bold=True)
            for statement in said:
                yield f"  {visible(f'{statement.subject}{users_in_words(statement)}')}"
                yield from _lines(statement.removed, statement.added)
                yield from (f"    together with {visible(each)}" for each in statement.beside)
                yield _id(statement)
            yield ""


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield click.style("no change in access", bold=True)
        yield from (f"  {visible(note)}" for note in notes[:_MOST_SUBJECTS])
        if len(notes) > _MOST_SUBJECTS:
            yield f"  and {len(notes) - _MOST_SUBJECTS:,} more: `--format json` shows all of them"
        yield ""


def _unused(comparison: Comparison) -> Iterator[str]:
    if comparison.unused:
        yield click.style(UNUSED, bold=True)
        for entry in comparison.unused[:_MOST_SUBJECTS]:
            yield f"  {visible(unused_in_words(entry))}"
        if len(comparison.unused) > _MOST_SUBJECTS:
            yield f"  and {len(comparison.unused) - _MOST_SUBJECTS:,} more: `--format json` shows all of them"
        yield ""
