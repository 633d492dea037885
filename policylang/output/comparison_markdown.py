"""What differs between two policy sets, as Markdown for a comment on a pull request: bounded, the most important first.

Nothing from a policy file is markup in it, and nobody is mentioned by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policylang.diff.report import Change, Comparison, SetReport, Statement
from policylang.model.instants import instant_text
from policylang.output.comparison import (
    TOPICS,
    UNUSED,
    affected,
    around_in_words,
    as_dict,
    by_title,
    days_in_words,
    permission_in_words,
    shown_in_words,
    summary,
    unused_in_words,
    users_in_words,
    whose,
)
from policylang.output.markdown import fitted, markdown
from policylang.pipelines.replay import particulars

LIMIT = 65_536
"""Characters that GitHub takes as a comment; the text is bounded in bytes, which are never fewer."""
_MOST_PERMISSIONS = 8
_MOST_PARTICULARS = 12
_MOST_UNUSED = 20


def render(comparison: Comparison, limit: int = LIMIT) -> str:
    """The comment, of at most ``limit`` bytes. What there is no room for is counted."""
    head = f"## Who can do what now\n\n{_headline(comparison)}\n"
    blocks = [block for each in comparison.sets for block in _blocks(each, len(comparison.sets) > 1)]
    blocks += _unused(comparison)
    return fitted(head, blocks, _rest, limit)


def _headline(comparison: Comparison) -> str:
    said = markdown(f"{summary(comparison.sets)}, from `{comparison.old}` to `{comparison.new}`")
    as_of = f"as of {instant_text(comparison.now)}"
    gate = f". **This fails `--fail-on {comparison.fail_on}`.**" if comparison.failed else ""
    return f"**{said}**, {as_of}{gate}"


def _rest(count: int) -> str:
    return f"\n…and {count} more that do not fit here: `policylang diff` shows everything.\n"


def _blocks(set_: SetReport, several: bool) -> Iterator[str]:
    title = f"\n### {markdown(set_.name or set_.new or set_.old or '')}\n" if several else ""
    if several and set_.same_access and not set_.notes:
        return
    for words, _, changes in by_title(set_.changes):
        head = f"{title}\n#### {words[0].upper()}{words[1:]}\n"
        for change in changes:
            yield head + _change(change)
            head = title = ""
    for topic, words in TOPICS.items():
        head = f"{title}\n#### {words[0].upper()}{words[1:]}\n"
        for statement in set_.statements:
            if statement.topic == topic:
                yield head + _statement(statement)
                head = title = ""
    if set_.notes:
        yield f"{title}\n#### No change in access\n\n" + "".join(f"- {markdown(note)}\n" for note in set_.notes[:20])


def _change(change: Change) -> str:
    days = f", {days_in_words(change.days)}" if change.days else ""
    head = f"\n- **{markdown(whose(change))}**{days}"
    if change.is_by_membership:
        lines, nested = [head], _nested(change)
    else:
        lines, nested = [f"{head}: {_permissions(change)}"], ""
    lines += _lines(change.removed, change.added)
    if change.around:
        lines.append(f"the same in {markdown(around_in_words(change.around))}")
    if not change.is_of_users:
        lines.append(markdown(affected(change)))
    if change.unproved:
        lines.append("**not proved**: this could not be decided, so it counts")
    lines.append(_id(change))
    return "<br>\n  ".join(lines) + "\n" + nested + _witness(change)


def _id(change: Change | Statement) -> str:
    """What allows the change, for the one who approves it."""
    reason = "" if change.because is None else f", **allowed**: {markdown(change.because)}"
    return f"id <code>{change.id}</code>{reason}"


def _permissions(change: Change) -> str:
    shown = [markdown(permission_in_words(each)) for each in change.permissions[:_MOST_PERMISSIONS]]
    return "; ".join([*shown, *_more(change)])


def _nested(change: Change) -> str:
    """The permissions as a list, each with what decides it."""
    items = [
        "<br>\n    ".join([markdown(permission_in_words(each)), *_lines(each.removed, each.added)])
        for each in change.permissions[:_MOST_PERMISSIONS]
    ]
    return "".join(f"  - {item}\n" for item in [*items, *_more(change)])


def _more(change: Change) -> list[str]:
    more = len(change.permissions) - _MOST_PERMISSIONS
    return [f"and {more} more like these"] if more > 0 else []


def _lines(removed: Sequence[str], added: Sequence[str]) -> Iterator[str]:
    yield from (f"before: {markdown(line)}" for line in removed)
    yield from (f"now: {markdown(line)}" for line in added)


def _witness(change: Change) -> str:
    if change.before is None or change.after is None:
        return ""
    given = as_dict(change.after)
    seen = list(particulars(given, {*given["record"], *change.lacking}))[:_MOST_PARTICULARS]
    rows = "".join(f"  - {markdown(name)}: {markdown(value)}\n" for name, value in seen)
    summary_ = markdown(shown_in_words(change.before, change.after))
    return f"  <details><summary>shown by {summary_}</summary>\n\n{rows}\n  </details>\n"


def _statement(statement: Statement) -> str:
    lines = [
        f"\n- {markdown(f'{statement.subject}{users_in_words(statement)}')}",
        *_lines(statement.removed, statement.added),
    ]
    lines += [f"together with {markdown(each)}" for each in statement.beside]
    lines.append(_id(statement))
    return "<br>\n  ".join(lines) + "\n"


def _unused(comparison: Comparison) -> Iterator[str]:
    if comparison.unused:
        lines = [f"- {markdown(unused_in_words(each))}\n" for each in comparison.unused]
        more = [f"- and {len(lines) - _MOST_UNUSED} more\n"] if len(lines) > _MOST_UNUSED else []
        yield f"\n#### {UNUSED.capitalize()}\n\n{''.join([*lines[:_MOST_UNUSED], *more])}"
