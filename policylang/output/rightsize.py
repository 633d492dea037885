"""Roles made to fit: the patches, the report for programs, and the text."""

from __future__ import annotations

import codecs
import datetime
from collections.abc import Iterator
from pathlib import PurePath

import click

from policylang.check.fix.mend import changes
from policylang.check.usage import Usage, known_until
from policylang.diagnostics import visible
from policylang.model.instants import instant_text
from policylang.output.patches import plain_name, unified
from policylang.output.text import counted
from policylang.source import Source
from policylang.usage.proposals import ProposedChange
from policylang.usage.rightsize import Certified, Rightsized
from policylang.usage.rightsized import MadeProposal, NotMade, RightsizeReport, TakenOut

_MOST = 20


def report_of(made: Rightsized, usage: Usage, now: datetime.datetime) -> RightsizeReport:
    """The report."""
    return RightsizeReport(
        usage.since,
        usage.until,
        now,
        usage.settings.days,
        made.covered,
        made.replayed,
        made.never_allowed,
        tuple(
            MadeProposal(
                _patch_name(number, each.proposal),
                each.proposal.cause,
                each.proposal.title,
                _parts(each.proposal),
                each.lost,
            )
            for number, each in enumerate(made.certified, 1)
        ),
        tuple(
            NotMade(each.proposal.cause, each.proposal.title, _parts(each.proposal), each.objections)
            for each in made.rejected
        ),
        made.left,
        tuple(part for each in made.elsewhere for part in _parts(each)),
    )


def _parts(proposal: ProposedChange) -> tuple[TakenOut, ...]:
    return tuple(TakenOut(p.what, len(p.users), p.last, p.edit.at) for p in proposal.parts)


def _patch_name(number: int, proposal: ProposedChange) -> str:
    """A file name from the number and whatever is plain in the name of the role, group or user."""
    name = plain_name(proposal.name)
    return f"{number:04}-{proposal.kind}{'-' if name else ''}{name}.patch"


# --- patches -------------------------------------------------------------------------------------------------


def patch(number: int, each: Certified, report: RightsizeReport, marked: frozenset[str], folder: PurePath) -> bytes:
    """A unified diff that applies on top of those before it, below what it is for. ``marked``: the files that begin
    with a byte order mark. ``folder``: the root of the policy set, seen from where the diff applies.
    """
    made = report.proposals[number - 1]
    lines = [made.title, "", *_why(made, report), ""]
    texts = [f"{visible(line)}\n" for line in lines]
    for old, new in changes(each.before, each.after):
        name = visible((folder / old.name).as_posix())
        texts += unified(_lines(old, marked), _lines(new, marked), f"a/{name}", f"b/{name}")
    return "".join(texts).encode()


def _lines(source: Source, marked: frozenset[str]) -> list[str]:
    mark = codecs.BOM_UTF8.decode() if source.name in marked else ""
    return (mark + source.text).split("\n")


# --- text ----------------------------------------------------------------------------------------------------


def render(report: RightsizeReport) -> Iterator[str]:
    """What is proposed and what each change takes from whom, then what is not proposed, and why."""
    span = f"from {instant_text(report.since)} until {instant_text(report.until)}"
    yield f"{counted(report.events, 'allowed event')} {span}"
    if report.never_allowed:
        yield f"{report.never_allowed:,} of them these policies do not allow"
    if not report.covered:
        begin = f"{report.days} days before {instant_text(known_until(report.until, report.now))}"
        yield f"the log begins later than {begin}: nothing is called unused; ask for fewer with `--days`"
    for made in report.proposals:
        yield ""
        yield f"{click.style(made.patch, bold=True)}: {visible(made.title)}"
        yield from (f"  {visible(line)}" for line in _why(made, report))
    yield from _section(
        "not proposed, as it could not be proved",
        [(f"{each.title}: {'; '.join(part.what for part in each.parts)}", each.why) for each in report.not_made],
    )
    yield from _section("unused and left alone", [(each.what, (each.why,)) for each in report.left])
    yield from _section(
        "used, and granted elsewhere as well (`--doubled` takes it out)",
        [(each.what, (_last(each),)) for each in report.elsewhere],
    )
    yield ""
    made_up = counted(len(report.proposals), "change")
    yield f"{made_up} proposed, {len(report.not_made):,} not proved, as of {instant_text(report.now)}"


def _section(title: str, rows: list[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield click.style(f"{title}:", bold=True)
    for what, why in rows[:_MOST]:
        yield visible(f"  {what}{': ' if why else ''}{'; '.join(why)}")
    if len(rows) > _MOST:
        yield f"  and {len(rows) - _MOST:,} more: the report has all"


def _last(part: TakenOut) -> str:
    return "never used" if part.last is None else f"last used on {part.last}"


def _why(made: MadeProposal, report: RightsizeReport) -> Iterator[str]:
    for part in made.parts:
        whose = "1 user has it" if part.users == 1 else f"{part.users:,} users have it"
        if made.cause == "narrowed":
            yield f"{part.what}: all that was asked for, {_last(part)}; {whose}"
        elif made.cause == "doubled":
            yield f"{part.what}: {_last(part)}, and everybody who used it has it from elsewhere"
        elif made.cause == "unused":
            yield f"{part.what}: {_last(part)} since the log begins, on {report.since.date()}; {whose}"
    yield from made.lost or ("nobody loses anything: what they could do they still can",)
    smallest = ", no smaller policy of the family would do" if made.cause == "narrowed" else ""
    yield f"proved: everything in the log is still allowed, nobody can do more{smallest}"
