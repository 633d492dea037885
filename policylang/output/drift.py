"""Where a product and policy files differ, for people: first what the product allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from policylang.diagnostics import listed, visible
from policylang.diff.report import Change, Statement
from policylang.importing.drift import Drifted
from policylang.importing.drift_report import DriftReport
from policylang.importing.origins import Noted
from policylang.model.instants import instant_text
from policylang.output.comparison import affected, around_in_words, as_dict, days_in_words, shown_in_words
from policylang.output.text import aligned, counted
from policylang.pipelines.replay import particulars
from policylang.project.discovery import shown_path
from policylang.source import Location

_MOST = 100
_MOST_PLACES = 3
_MOST_NAMES = 8
_MOST_NOTES = 20
_COLOURS = {"product-allows": "red", "product-denies": "cyan"}


def render(report: DriftReport, root: Path | None) -> Iterator[str]:
    """The lines of the report. ``root``: the folder of the policy files."""
    for each in report.differences[:_MOST]:
        yield from _difference(each, root)
    if len(report.differences) > _MOST:
        yield f"and {len(report.differences) - _MOST:,} more: `--format json` shows all of them"
        yield ""
    yield from _notes("refused", report.refused, "red")
    yield from _notes("accepted", report.accepted, "yellow")
    yield from _unmatched(report)
    for note in report.notes[:_MOST_NOTES]:
        yield f"{click.style('note', bold=True)}: from the files to the product, {visible(note)}"
    for other in report.beside[:_MOST_NOTES]:
        yield f"{click.style('note', bold=True)}: {visible(other.origin)}: {visible(other.message)}"
    if len(report.beside) > _MOST_NOTES:
        yield f"  and {len(report.beside) - _MOST_NOTES:,} more: `--format json` shows all of them"
    yield from _stale(report)
    yield _summary(report)


def _summary(report: DriftReport) -> str:
    """How much differs. There is no drift only where all of the product is known."""
    said = []
    for code, words in (("product-allows", "allowed by the product only"), ("product-denies", "by the files only")):
        count = sum(each.code == code for each in report.differences)
        said += [f"{count} {words}"] if count else []
    differences = f"{counted(len(report.differences), 'difference')}: {', '.join(said)}" if said else ""
    missing = f"{len(report.refused)} refused, about which nothing is known" if report.refused else ""
    known = f"{report.known} in the baseline" if report.known else ""
    accepted = f"{len(report.accepted)} accepted" if report.accepted else ""
    if not said:
        none = "no difference in what could be compared" if report.refused else "no drift"
        differences = "nothing new" if report.known and not report.refused else none
    parts = "; ".join(each for each in (differences, missing, known, accepted) if each)
    return f"{parts}, as of {instant_text(report.now)}"


def _difference(of: Drifted, root: Path | None) -> Iterator[str]:
    change = of.of
    yield f"{click.style('drift', fg=_COLOURS[of.code], bold=True)}: {visible(of.said)}"
    yield from _places("product", of.product)
    yield from _places("files", [place(each, root) for each in of.files])
    if isinstance(change, Change) and change.days:
        yield f"  {days_in_words(change.days)}"
    yield from _said(change)
    if isinstance(change, Change):
        if change.around:
            yield f"  the same in {visible(around_in_words(change.around))}"
        if not change.is_of_users:
            yield f"  {visible(affected(change))}"
        yield from _witness(change)
    elif change.users and change.topic != "user":
        yield f"  affects {counted(len(change.users), 'user')}: {visible(_names(change.users))}"
    yield ""


def place(at: str, root: Path | None) -> str:
    """A place in a policy file as people find it."""
    where = Location.parse(at)
    path = where.path if root is None else shown_path(root / where.path)
    return f"{path}:{where.line}:{where.column}"


def _places(side: str, places: Sequence[str]) -> Iterator[str]:
    if places:
        more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
        yield f"  {click.style(f'{side}:', fg='blue')} {visible(', '.join(places[:_MOST_PLACES]))}{more}"


def _said(change: Change | Statement) -> Iterator[str]:
    lines = [(change.removed, change.added)]
    if isinstance(change, Change):
        lines += [(each.removed, each.added) for each in change.permissions]
    for removed, added in dict.fromkeys(lines):
        yield from (click.style(f"  - {visible(line)}", fg="red") + " (files)" for line in removed)
        yield from (click.style(f"  + {visible(line)}", fg="green") + " (product)" for line in added)


def _witness(change: Change) -> Iterator[str]:
    if change.before is None or change.after is None:
        return
    first = as_dict(change.after)
    asks = shown_in_words(change.before, change.after, ("by the files", "by the product"))
    yield f"  {click.style('shown by', bold=True)} {visible(asks)}"
    yield from aligned(particulars(first, {*first["record"], *change.lacking}), 4)


def _notes(word: str, notes: Sequence[Noted], colour: str) -> Iterator[str]:
    for each in notes[:_MOST_NOTES]:
        head = click.style(f"{word}[{each.code}]", fg=colour, bold=True)
        yield f"{head} {visible(each.origin)}: {visible(each.message)}"
    if len(notes) > _MOST_NOTES:
        yield f"  and {len(notes) - _MOST_NOTES:,} more: `--format json` shows all of them"
    if notes:
        yield ""


def _unmatched(report: DriftReport) -> Iterator[str]:
    """Names that are on one side only: what is new there, or has another name here."""
    by: dict[tuple[str, str], list[str]] = {}
    for each in report.unmatched:
        foreign = "" if each.foreign in (None, each.name) else f' "{each.foreign}"'
        by.setdefault((each.only_in, each.kind), []).append(f"`{each.name}`{foreign}")
    for (side, kind), names in by.items():
        more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
        what = f"{kind if len(names) == 1 else f'{kind}s'} {', '.join(names[:_MOST_NAMES])}{more}"
        yield f"{click.style(f'only in the {side}', bold=True)}: {visible(what)}"
    if len({side for side, _ in by}) == 2:
        help = "if two of these are the same, say so under `names` in the `--mapping` file"
        yield f"  {click.style('help', bold=True)}: {help}"
    if by:
        yield ""


def _stale(report: DriftReport) -> Iterator[str]:
    if report.stale:
        verb = "does" if len(report.stale) == 1 else "do"
        what = f"{counted(len(report.stale), 'finding')} of the baseline {verb} not occur any more"
        yield f"{click.style('note', bold=True)}: {what}"
        yield from (f"  {visible(each.message)}" for each in report.stale[:_MOST_NAMES])
        if len(report.stale) > _MOST_NAMES:
            yield f"  and {len(report.stale) - _MOST_NAMES:,} more"
        yield ""


def _names(users: Sequence[str]) -> str:
    more = [f"{len(users) - _MOST_NAMES:,} more"] if len(users) > _MOST_NAMES else []
    return listed([*(f"`{each}`" for each in users[:_MOST_NAMES]), *more], "and")
