"""Reports of mined roles, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from policylang.diagnostics import quoted, visible
from policylang.mining.merging import Merge
from policylang.mining.propose import Proposal
from policylang.mining.report import MiningReport, NearlySame
from policylang.output.patches import between, plain_name
from policylang.output.tables import table
from policylang.output.text import counted

_MOST = 40
_MOST_NEAR = 10


def render(report: MiningReport, width: int | None) -> Iterator[str]:
    """A table of sizes, one of roles, and what is to know about them."""
    for each in report.guessed:
        yield f"guessed: {visible(each)}"
    if report.repeated:
        yield f"{counted(report.repeated, 'row')} repeated another"
    sizes = [
        (name, f"{each.roles:,}", f"{each.user_role:,}", f"{each.role_permission:,}", f"{each.total:,}")
        for name, each in (("before", report.before), ("after", report.after))
    ]
    yield from table(("", "roles", "user-role", "role-permission", "together"), sizes, width)
    yield ""
    rows = [
        (
            each.name,
            f"{each.users:,}",
            f"{each.permissions:,}",
            "kept" if each.kept else "" if each.stands_for is None else each.stands_for.in_words(),
        )
        for each in report.roles[:_MOST]
    ]
    yield from table(("role", "users", "permissions", "stands for"), rows, width)
    if len(report.roles) > _MOST:
        yield f"and {len(report.roles) - _MOST:,} more"
    yield ""
    for over in report.over_granted:
        yield f"over-granted: {quoted(over.user)} gets {visible(over.action)} on {quoted(over.resource)}"
    for near in report.proposals[:_MOST_NEAR]:
        yield f"roles {quoted(near.first)} and {quoted(near.second)} {_how(near)}"
    if len(report.proposals) > _MOST_NEAR:
        yield f"and {len(report.proposals) - _MOST_NEAR:,} more such pairs of roles"
    yield _verdict(report)
    if report.over_granted:
        more = counted(len(report.over_granted), "pair")
        yield f"proved: nobody loses anything, and nobody gains anything but the {more} above"
    else:
        yield "proved: nobody gains or loses anything"


def _how(near: NearlySame) -> str:
    why = "are always assigned together" if near.together else f"share {near.same:,} of {near.all:,} permissions"
    if near.patch is None:
        return f"{why}: they could be one{'' if near.together else ' if somebody may have more'}"
    gains = f", by which people gain {counted(len(near.gains), 'permission')}" if near.gains else ""
    return f"{why}: {visible(near.patch)} makes them one{gains}"


def _verdict(report: MiningReport) -> str:
    what = counted(report.cost, "role") if report.objective == "roles" else f"cost {report.cost:,}"
    if report.optimal:
        return f"{what}: optimal"
    why = {"finished": "", "time": "; out of time", "interrupted": "; interrupted"}[report.ended]
    if report.over_granted:
        return f"{what}, with {counted(len(report.over_granted), 'pair')} over-granted{why}"
    gap = 100 * (report.cost - report.least) / report.cost if report.cost else 0
    return f"{what}; at least {report.least:,} are proved to be needed, a gap of {gap:.1f} %{why}"


# --- patches -------------------------------------------------------------------------------------------------


def with_patches(made: Proposal) -> tuple[MiningReport, Mapping[str, bytes]]:
    """The report with the names of the patches that make two roles one, and the patches."""
    patches: dict[str, bytes] = {}
    named: dict[tuple[str, str], tuple[str, Merge]] = {}
    for number, each in enumerate(made.merges, 1):
        file = f"merges/{number:04}-{plain_name(each.first)}.patch"
        patches[file] = _patch(each)
        named[each.first, each.second] = file, each
    proposals = tuple(
        msgspec.structs.replace(near, patch=named[pair][0], gains=named[pair][1].gains)
        if (pair := (near.first, near.second)) in named
        else near
        for near in made.report.proposals
    )
    return msgspec.structs.replace(made.report, proposals=proposals), patches


def _patch(merge: Merge) -> bytes:
    """What changes, below who gains what by it."""
    gains = [f"{quoted(each.user)} gains {each.action} on {quoted(each.resource)}" for each in merge.gains]
    proved = "proved: nobody gains or loses anything"
    if gains:
        proved = "proved: nobody loses anything, and nobody gains anything else"
    lines = [f"make roles {quoted(merge.first)} and {quoted(merge.second)} one", "", *gains, proved, ""]
    old, new = ({name: data.decode() for name, data in files.items()} for files in (merge.before, merge.after))
    return "".join([*(f"{visible(line)}\n" for line in lines), *between(old, new)]).encode()
