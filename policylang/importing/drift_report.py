"""What drift is reported as: in data, and each difference in a sentence."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from policylang.check.suppress.baseline import Baseline, Entry, Split, split
from policylang.diff.report import Change, FailOn, SetReport, Statement, failing
from policylang.files.json_schema import schema_of
from policylang.importing.drift import Drift, Drifted, Unmatched
from policylang.importing.imported import Note
from policylang.importing.origins import Noted


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `policylang drift --format json` prints. ``differences`` go from the files to the product: what is gained is
    allowed by the product and not by the files. ``drift``: whether anything differs or could not be imported, known or
    not. ``known``: how many of these are in the baseline, and not listed here. ``refused``: what could not be imported,
    so that nothing is known about it. ``beside``: what reaches past policies in the product, and is no difference since
    policy files do not speak of it. ``failed``: whether the gate is closed.
    """

    source: str
    policies: str
    now: datetime.datetime
    fail_on: FailOn
    failed: bool
    drift: bool
    differences: tuple[Drifted, ...]
    notes: tuple[str, ...]
    unmatched: tuple[Unmatched, ...]
    refused: tuple[Noted, ...]
    accepted: tuple[Noted, ...]
    beside: tuple[Noted, ...] = ()
    known: int = 0
    stale: tuple[Entry, ...] = ()


def drift_schema() -> dict[str, Any]:
    """The JSON Schema of what `policylang drift --format json` prints."""
    return schema_of(DriftReport, "drift", "policylang drift")


def drift_report(
    source: str,
    policies: str,
    now: datetime.datetime,
    found: Drift,
    refused: Iterable[Note],
    accepted: Iterable[Note],
    fail_on: FailOn,
    baseline: Baseline | None,
    beside: Iterable[Note] = (),
) -> DriftReport:
    """The report, without what is in a baseline."""
    noted = [*map(Noted.of, refused)]
    entries = baseline_entries(found.found, noted)
    known = Split((False,) * len(entries), ()) if baseline is None else split(entries, baseline)
    shown = tuple(each for each, is_known in zip(found.found, known.known, strict=False) if not is_known)
    left = tuple(each for each, is_known in zip(noted, known.known[len(found.found) :], strict=True) if not is_known)
    return DriftReport(
        source=source,
        policies=policies,
        now=now,
        fail_on=fail_on,
        failed=bool(left) or _fails(shown, fail_on),
        drift=bool(found.found or noted),
        differences=shown,
        notes=found.notes,
        unmatched=found.unmatched,
        refused=left,
        accepted=tuple(map(Noted.of, accepted)),
        beside=tuple(map(Noted.of, beside)),
        known=sum(known.known),
        stale=known.stale,
    )


def baseline_entries(differences: Iterable[Drifted], refused: Iterable[Noted]) -> list[Entry]:
    """Each difference, and what could not be imported, as a baseline keeps it: by what it says, wherever that is."""
    found = [Entry(each.code, _path(each), each.said, each.of.id, tuple(sorted(each.of.users))) for each in differences]
    for each in refused:
        path = each.origin.split(":")[0]
        digest = hashlib.sha256("\0".join((each.code, path, each.message)).encode("utf-8", "surrogatepass"))
        found.append(Entry("not-imported", path, f"[{each.code}] {each.message}", digest.hexdigest()[:32]))
    return found


def _path(difference: Drifted) -> str:
    sides = (difference.product, difference.files)
    first, second = sides if difference.code == "product-allows" else reversed(sides)
    return (*first, *second, "")[0].split(":")[0]


def _fails(differences: Iterable[Drifted], fail_on: FailOn) -> bool:
    changes = tuple(each.of for each in differences if isinstance(each.of, Change))
    statements = tuple(each.of for each in differences if isinstance(each.of, Statement))
    report = SetReport(
        name="",
        old=None,
        new=None,
        same_access=not (changes or statements),
        changes=changes,
        statements=statements,
        notes=(),
    )
    return bool(failing(report, fail_on))
