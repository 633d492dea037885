"""What drift is reported as: in data, and each difference in a sentence."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from policylang.check.suppress.baseline import Baseline, Entry, Split, split
from policylang.diagnostics import listed
from policylang.diff.report import Change, FailOn, Permissions, SetReport, Statement, failing
from policylang.files.json_schema import schema_of
from policylang.importing.drift import Differing, Drift, Unmatched
from policylang.importing.imported import Note
from policylang.importing.origins import Noted

Code = Literal["product-allows", "product-denies", "not-imported"]
_MOST_PERMISSIONS = 4


class Drifted(msgspec.Struct, frozen=True):
    """A difference: a change, or another statement. ``product``: the places in the inputs, ``files``: those in the
    policy files.
    """

    code: Code
    said: str
    product: tuple[str, ...]
    files: tuple[str, ...]
    change: Change | None = None
    statement: Statement | None = None

    @property
    def of(self) -> Change | Statement:
        of = self.change or self.statement
        assert of is not None
        return of


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
    differences = differences_of(found)
    noted = [*map(Noted.of, refused)]
    known = _known(differences, noted, baseline)
    shown = tuple(each for each, is_known in zip(differences, known.known, strict=False) if not is_known)
    left = tuple(each for each, is_known in zip(noted, known.known[len(differences) :], strict=True) if not is_known)
    return DriftReport(
        source=source,
        policies=policies,
        now=now,
        fail_on=fail_on,
        failed=bool(left) or _fails(shown, fail_on),
        drift=bool(differences or noted),
        differences=shown,
        notes=found.notes,
        unmatched=found.unmatched,
        refused=left,
        accepted=tuple(map(Noted.of, accepted)),
        beside=tuple(map(Noted.of, beside)),
        known=sum(known.known),
        stale=known.stale,
    )


def differences_of(found: Drift) -> list[Drifted]:
    """What differs, each in a sentence."""
    return [_difference(each) for each in found.found]


def _known(differences: Sequence[Drifted], refused: Sequence[Noted], baseline: Baseline | None) -> Split:
    found = baseline_entries(differences, refused)
    return Split((False,) * len(found), ()) if baseline is None else split(found, baseline)


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


# --- in words ------------------------------------------------------------------------------------------------


def _difference(of: Differing) -> Drifted:
    code: Code = "product-allows" if of.allows else "product-denies"
    if isinstance(of.of, Change):
        return Drifted(code, _change(of.of), of.product, of.files, change=of.of)
    return Drifted(code, _statement(of.of), of.product, of.files, statement=of.of)


def _change(change: Change) -> str:
    who = change.whose
    what = [permission_in_words(each) for each in change.permissions[:_MOST_PERMISSIONS]]
    if len(change.permissions) > _MOST_PERMISSIONS:
        what.append(f"do {len(change.permissions) - _MOST_PERMISSIONS:,} more things")
    done = listed(what, "and")
    let = {
        "gained": f"the product lets {who} {done}, which the files do not",
        "widened": f"the product lets {who} {done} on more records than the files do",
        "narrowed": f"the files let {who} {done} on more records than the product does",
        "lost": f"the files let {who} {done}, which the product does not",
    }[change.kind]
    return f"{let}: not proved, so it counts" if change.unproved else let


def permission_in_words(permissions: Permissions) -> str:
    """``view and modify `customer` ``, ``view `rate` of `customer` ``"""
    actions = listed(list(permissions.actions), "and")
    fields = "" if permissions.fields is None else f" {', '.join(f'`{name}`' for name in permissions.fields)} of"
    return f"{actions}{fields} `{permissions.resource}`"


_TOPICS = {
    "eligibility": "who can be chosen for",
    "superuser": "who is a superuser:",
    "granted": "what is allowed together with something else:",
    "user": "what takes effect once somebody gets more access:",
    "essential": "what terminated users keep:",
    "action": "what is required",
    "place": "the place",
    "deny": "what is always denied:",
    "integration": "the integration",
}


def _statement(statement: Statement) -> str:
    more, less = ("product", "files") if statement.widens else ("files", "product")
    about = f"{_TOPICS.get(statement.topic, statement.topic)} {statement.subject}"
    return f"the {more} {'allow' if more == 'files' else 'allows'} more than the {less}: {about}"
