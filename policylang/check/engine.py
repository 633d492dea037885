"""Running rules over a compiled policy set."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from policylang.check.catalogue import BY_CODE, CHECKS, OF_USAGE
from policylang.check.finding import Finding, Shown, WitnessError, replay
from policylang.check.processes import run_shares, useful
from policylang.check.reach import Examined, Reaches
from policylang.check.rules.hygiene import stale_suppression, suppression_expired, suppression_without_reason
from policylang.check.suppress.suppression import Suppression
from policylang.check.suppress.suppressions import Covering
from policylang.check.usage import Usage
from policylang.check.used import UsageAnalysis
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.settings.thresholds import Thresholds
from policylang.source import Location
from policylang.syntax.parser import Parsed

_Step = Callable[[str], None]


class Examination(msgspec.Struct, frozen=True):
    """What rules found, in the order of places, how many findings comments suppressed, and how many questions were
    settled by proof, unless other processes asked them.
    """

    index: Index
    found: tuple[Examined, ...]
    suppressed: int = 0
    questions: int = 0


def run_checks(
    policy_set: ir.PolicySet,
    now: datetime.datetime,
    codes: Iterable[str],
    thresholds: Thresholds | None = None,
    step: _Step = lambda _what: None,
    usage: Usage | None = None,
) -> list[Finding]:
    """The findings of the rules with these codes, in the order of their places. ``now`` is aware."""
    found = examine(policy_set, now, frozenset(codes), thresholds=thresholds, step=step, usage=usage).found
    return [each.finding for each in found]


def examine(
    policy_set: ir.PolicySet,
    now: datetime.datetime,
    codes: Collection[str],
    *,
    thresholds: Thresholds | None = None,
    asked_for: Collection[str] = (),
    files: Sequence[Parsed] = (),
    suppressions: Sequence[Suppression] = (),
    step: _Step = lambda _what: None,
    pulse: Callable[[], None] = lambda: None,
    jobs: int = 1,
    usage: Usage | None = None,
) -> Examination:
    """`run_checks`, with what rules say only if somebody has ``asked_for`` them, without what the comments in the files
    suppress, and with the findings about these comments. ``usage``: what people did, for the rules about that.
    ``jobs``: how many processes may run rules at once; what they find does not depend on it. ``pulse``: see `World`.
    Raises `policylang.check.processes.ProcessError`.
    """
    wanted = frozenset(codes)
    world = World(policy_set, now.astimezone(datetime.UTC), thresholds, asked_for, pulse)
    processes = useful(policy_set, wanted, jobs)
    if processes > 1:
        step(f"checking in {processes} processes")
        found = list(run_shares(lambda share: _run(world, share, lambda _what: None), wanted, processes))
    else:
        found = list(_run(world, wanted, step))
    found += _of_usage(world, wanted, usage, step)
    valid = [each for each in suppressions if not each.is_over(world.today)]
    covering = Covering(files, valid)
    used: set[tuple[Suppression, str]] = set()
    kept: list[Examined] = []
    for each in found:
        code = each.finding.code
        over = covering.of(code, Location.parse(each.finding.at))
        used.update((suppression, code) for suppression in over)
        if not over:
            kept.append(each)
    suppressed = len(found) - len(kept)
    about = (
        *stale_suppression.check(valid, used, wanted),
        *suppression_without_reason.check(suppressions),
        *suppression_expired.check(suppressions, world.today),
    )
    kept += [Examined(finding) for finding in about if finding.code in wanted]
    kept.sort(key=lambda each: each.order)
    return Examination(world.index, tuple(kept), suppressed, world.prover.asked)


def _run(world: World, wanted: Collection[str], step: _Step) -> Iterator[Examined]:
    reach = world.once(Reaches)
    asked = [(code, check) for code, check in CHECKS.items() if code in wanted]
    for number, (code, check) in enumerate(asked, 1):
        step(f"checking {code} {BY_CODE[code].name}, {number} of {len(asked)} rules")
        for finding in check(world):
            looked_at = tuple(_confirmed(world, finding, shown) for shown in finding.shown)
            yield Examined(finding, looked_at, reach.of(finding))


def _of_usage(world: World, wanted: Collection[str], usage: Usage | None, step: _Step) -> Iterator[Examined]:
    """What the rules about usage find; nothing without a log."""
    asked = [check for code, check in OF_USAGE.items() if code in wanted]
    if usage is None or not asked:
        return
    step("comparing with what people did")
    analysis, reach = UsageAnalysis(world, usage), world.once(Reaches)
    for check in asked:
        yield from (Examined(finding, (), reach.of(finding)) for finding in check(analysis))


def _confirmed(world: World, finding: Finding, shown: Shown) -> frozenset[str]:
    """Try a piece of evidence on the reference decision once more: what of the record it looked at."""
    record = _Watched(shown.witness.record)
    watched = msgspec.structs.replace(shown.witness, record=record)
    if replay(world, msgspec.structs.replace(shown, witness=watched)).allowed != shown.allowed:
        raise WitnessError(f"{'not ' if shown.allowed else ''}allowed, against what was claimed: {finding}")
    return frozenset(record.asked)


class _Watched(dict[str, Any]):
    """A record that remembers which of its attributes it was asked for."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(record)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)
