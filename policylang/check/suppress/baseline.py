"""Findings that were there when the tool was adopted, kept in a file so that only later ones are reported.

A finding is found again by its fingerprint: the rule, the file, the declaration it is in, its own words there, and the
names in its message. Lines do not count, so they may move. Those whom it is about, users for the most part, do not
count either, but are listed: it is known as long as there is none among them whom the baseline does not have.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Literal

import msgspec

from policylang.text.readable import json_bytes

_NAME = re.compile(r"`[^`]*`")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One finding. ``path``: seen from the folder of the baseline; code, path and message are there for people."""

    code: str
    path: str
    message: str
    fingerprint: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    subjects: tuple[str, ...] = ()
    """Whom it is about."""


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a baseline file."""

    version: Literal[1]
    findings: tuple[Entry, ...]


class Split(msgspec.Struct, frozen=True):
    """Findings of a run, beside a baseline: whether each is in it, and what of it does not occur any more."""

    known: tuple[bool, ...]
    stale: tuple[Entry, ...]


class BaselineError(ValueError):
    """A file that is no baseline."""


def entry(code: str, path: str, message: str, anchor: tuple[str, str], subjects: Iterable[str] = ()) -> Entry:
    """A finding as a baseline keeps it. ``anchor``: the declaration, and the finding's words inside it."""
    whom = tuple(sorted(set(subjects)))
    names = [name for name in _NAME.findall(message) if not whom or name[1:-1] not in whom]
    parts = (code, path, *anchor, *names, *(["about some"] if whom else []))
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return Entry(code, path, message, digest[:32], whom)


def split(found: Sequence[Entry], baseline: Baseline, expected: Callable[[Entry], bool] = lambda _entry: True) -> Split:
    """Which findings are in a baseline; of equal ones as many as it has, and those about nobody new. ``expected``:
    whether an entry would have been found if it still occurred.
    """
    left = Counter(each.fingerprint for each in baseline.findings)
    whom: dict[str, set[str]] = {}
    for each in baseline.findings:
        whom.setdefault(each.fingerprint, set()).update(each.subjects)
    known = []
    for each in found:
        known.append(left[each.fingerprint] > 0 and whom[each.fingerprint].issuperset(each.subjects))
        left[each.fingerprint] -= left[each.fingerprint] > 0
    stale = []
    for each in reversed(baseline.findings):
        if left[each.fingerprint] > 0 and expected(each):
            left[each.fingerprint] -= 1
            stale.append(each)
    return Split(tuple(known), tuple(reversed(stale)))


def read_baseline(data: bytes) -> Baseline:
    """Raises `BaselineError` for what is none."""
    try:
        return msgspec.json.decode(data, type=Baseline)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(str(error)[:1].lower() + str(error)[1:]) from None


def write_baseline(found: Iterable[Entry]) -> bytes:
    """The content of a baseline file, one finding a line of a difference, in an order that lines do not change."""
    ordered = sorted(found, key=lambda each: (each.path, each.code, each.message, each.fingerprint))
    return json_bytes(Baseline(1, tuple(ordered)))
