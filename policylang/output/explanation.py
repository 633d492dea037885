"""Explanations of decisions: for people, and for programs."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

import click

from policylang.diagnostics import listed, visible
from policylang.explaining.tree import (
    ExplainedLimit,
    ExplainedWay,
    Explanation,
    Moment,
    Obstacle,
    Required,
    SuggestedEdit,
    Tested,
)
from policylang.explaining.ways import condition_unless_tested, limit_in_words
from policylang.model.instants import instant_text

_MOST_WAYS = 50
_MOST_HELD = 5
_MOST_DENIES = 20
_MOST_NAMES = 5
_MARKS = {True: ("+", "green"), False: ("-", "red"), None: ("?", "yellow")}


def text(explanation: Explanation) -> Iterator[str]:
    """The lines of an explanation, styled for a terminal: the answer, each way, what stands beside them, what to do."""
    yield _answer(explanation)
    if explanation.problem is not None:
        yield f"  {visible(explanation.problem)}"
    if explanation.did_you_mean is not None:
        yield f"  did you mean `{visible(explanation.did_you_mean)}`?"
    for moment in explanation.moments:
        yield from _moment(explanation, moment)
    yield from _written(explanation)
    if explanation.decision.allowed or (explanation.problem is not None and not explanation.smallest_change):
        return
    yield ""
    yield from _change(explanation.smallest_change)
    if explanation.ruled_out:
        yield f"  {visible(_ruled_out(explanation))}"


def as_answer(explanation: Explanation, now: datetime.datetime) -> dict[str, Any]:
    """What a page or an editor is told of a decision at ``now``: as data, and as plain text."""
    plain = "\n".join(click.unstyle(line) for line in text(explanation))
    allowed = explanation.decision.allowed
    return {"now": instant_text(now), "allowed": allowed, "explanation": explanation, "text": plain}


# --- parts ---------------------------------------------------------------------------------------------------


def _answer(explanation: Explanation) -> str:
    asked, allowed = explanation.asked, explanation.decision.allowed
    word = click.style("allowed" if allowed else "denied", fg="green" if allowed else "red", bold=True)
    target = f"this {asked.resource}" if asked.field is None else f"`{asked.field}` of this {asked.resource}"
    if asked.kind == "create" and asked.field is None:
        target = f"the proposed {asked.resource}"
    changes = f" (to write {listed([f'`{name}`' for name in asked.changes], 'and')})" if asked.changes else ""
    return f"{word}: " + visible(f"{asked.user} {'may' if allowed else 'may not'} {asked.action} {target}{changes}")


def _moment(explanation: Explanation, moment: Moment) -> Iterator[str]:
    action, resource = explanation.asked.action, explanation.asked.resource
    yield ""
    if moment.when not in ("as it is", "before and after the change"):
        yield f"  {click.style(f'{moment.when}:', bold=True)} {'open' if moment.open else 'closed'}"
    if moment.bypasses_policies:
        yield f"  {visible(action)} bypasses policies: limits are not applied"
    if not moment.ways:
        yield _marked(False, f"nothing grants `{action} on {resource}` to {explanation.asked.user}", None)
    for way in moment.ways[:_MOST_WAYS]:
        yield from _way(way)
    rest = len(moment.ways) - _MOST_WAYS + moment.left_out
    if rest > 0:
        yield f"  and {rest} more"
    if moment.requires is not None:
        yield from _requirement(moment.requires, f"{action} on {resource} requires: ", 2)
    for limit in moment.appends:
        yield from _append(limit)
    yield from _denies(moment)
    for field in moment.fields:
        # A deny of the attribute is told above, and ways that are closed tell for themselves.
        if not field.covered and field.at is None and any(way.open for way in moment.ways):
            yield _marked(False, field.text, field.at)


def _way(way: ExplainedWay) -> Iterator[str]:
    says = f"{way.source} grants it"
    if len(way.chain) > 1:
        says += f" through {' > '.join(way.chain[1:])}"
    because = f', because "{way.because}"' if way.because else ""
    yield _marked(way.open and not way.obstacles if way.open else _state(way), f"{says}{because}", way.at)
    yield f"      {_sentence(way.given.text, way.given.at)}"
    if way.overridden:
        yield "      the user's own policies replace the group's"
    for obstacle in way.obstacles:
        yield from _obstacle(obstacle)
    for limit in way.held[:_MOST_HELD]:
        yield _marked(True, f"{limit_in_words(limit)} holds: `{limit.condition}`", limit.at, 6)
    if len(way.held) > _MOST_HELD:
        yield f"      and {len(way.held) - _MOST_HELD} more policies hold"


def _state(way: ExplainedWay) -> bool | None:
    return None if all(each.truth is None for each in way.obstacles if each.kind != "field") else False


def _obstacle(obstacle: Obstacle) -> Iterator[str]:
    yield _marked(obstacle.truth, obstacle.text, obstacle.at, 6)
    yield from _tests(obstacle.tests, obstacle.more, 10)


def _tests(tests: Iterable[Tested], more: int, indent: int) -> Iterator[str]:
    for test in tests:
        yield " " * indent + visible(test.text)
    if more:
        yield " " * indent + f"and {more} more"


def _requirement(each: Required, lead: str, indent: int) -> Iterator[str]:
    yield _marked(each.met, f"{lead}{each.text}", each.at if not each.items else None, indent)
    for item in each.items:
        yield from _requirement(item, "", indent + 4)


def _append(limit: ExplainedLimit) -> Iterator[str]:
    state = {True: "holds", False: "is false", None: "is unknown"}[limit.truth]
    yield _marked(limit.truth, f"{limit_in_words(limit)} {state}{condition_unless_tested(limit)}", limit.attached)
    yield from _tests(limit.tests, limit.more, 6)


def _denies(moment: Moment) -> Iterator[str]:
    """The denies that apply; of attributes only those that are asked for, if any are."""
    asked = {field.field for field in moment.fields}
    applying = [
        deny for deny in moment.denies if deny.applies and (deny.fields is None or asked.intersection(deny.fields))
    ]
    for deny in applying[:_MOST_DENIES]:
        what = "it" if deny.fields is None else listed([f"`{name}`" for name in deny.fields], "and")
        whom = " for everyone" if deny.said_by == "everyone" else f", says {deny.said_by}"
        because = f', because "{deny.because}"' if deny.because else ""
        where = "" if deny.condition is None else f", where `{deny.condition}`"
        unknown = "; that is unknown, so the deny applies" if deny.truth is None else ""
        yield _marked(False, f"a deny blocks {what}{whom}{where}{because}{unknown}", deny.at)
        yield from _tests(deny.tests, deny.more, 6)
    if len(applying) > _MOST_DENIES:
        yield f"  and {len(applying) - _MOST_DENIES} more denies"


def _written(explanation: Explanation) -> Iterator[str]:
    for each in explanation.written:
        if not each.fits:
            yield _marked(False, each.text, None)


def _change(edits: tuple[SuggestedEdit, ...]) -> Iterator[str]:
    lead = click.style("smallest change:", bold=True)
    if not edits:
        yield f"{lead} no change was found that would allow it"
    elif len(edits) == 1:
        yield f"{lead} {visible(edits[0].text)}"
    else:
        yield lead
        yield from (f"  {number}. {visible(edit.text)}" for number, edit in enumerate(edits, 1))


def _ruled_out(explanation: Explanation) -> str:
    names = explanation.ruled_out
    shown = [f"`{name}`" for name in names[:_MOST_NAMES]]
    if len(names) > len(shown):
        shown = [", ".join(shown), f"{len(names) - len(shown)} more"]
    alone = " alone" if explanation.smallest_change else ""
    return f"no {'value' if len(names) == 1 else 'values'} of {listed(shown, 'and')}{alone} would allow it"


def _marked(truth: bool | None, words: str, at: str | None, indent: int = 2) -> str:
    mark, colour = _MARKS[truth]
    return f"{' ' * indent}{click.style(mark, fg=colour)} {_sentence(words, at)}"


def _sentence(words: str, at: str | None) -> str:
    """A line with where it stands in the policy files."""
    return visible(words) + ("" if at is None else click.style(f"  {visible(at.rsplit('-', 1)[0])}", fg="blue"))
