"""What tells a finding of this run from others, and finds it again in the next one though lines have moved."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from pathlib import Path

from policylang.check.suppress.baseline import entry
from policylang.output.places import shown_path
from policylang.pipelines.findings import ReportedFinding, Result
from policylang.source import Source

_BLOCK = 100
_END = 0xFFFF


def fingerprints(result: Result, root: Path) -> list[str]:
    """One for each finding, in their order, no two equal.

    Made of what a baseline knows it by, seen from the root; where the declaration is not known, of its line and what it
    marks there, blanks aside. And of all that it is about: who dismisses a finding has not seen whom it concerns later.
    Of findings that are equal in all that, the second one and those after it are told apart by their number.
    """
    digests = [digest_of(*_parts(finding, result.sources, root)) for finding in result.findings]
    counted = zip(digests, _occurrences(digests), strict=True)
    return [digest if number == 1 else f"{digest}:{number}" for digest, number in counted]


def _parts(finding: ReportedFinding, sources: dict[str, Source], root: Path) -> tuple[str, ...]:
    code, path = finding.code, shown_path(finding.compiled or finding.path, root)
    known = entry(code, path, finding.message, finding.anchor, finding.about)
    if any(finding.anchor):
        return known.fingerprint, *known.subjects
    if finding.compiled is not None:
        return code, path, finding.path, finding.message, *known.subjects
    source = sources.get(finding.path)
    line = source.line(finding.line) if source is not None else ""
    end = finding.end_column - 1 if finding.end_line == finding.line else len(line)
    return code, path, "".join(line.split()), "".join(line[finding.column - 1 : end].split()), *known.subjects


def digest_of(*parts: str) -> str:
    """A fingerprint of some texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _occurrences(things: Iterable[Hashable]) -> list[int]:
    """For each thing how often it has come, itself included."""
    seen: Counter[Hashable] = Counter()
    found = []
    for each in things:
        seen[each] += 1
        found.append(seen[each])
    return found


def line_hashes(result: Result) -> list[str]:
    """One for each finding, in their order: the hash of its line by which GitHub finds an alert again.

    The first finding of a rule on a line has exactly the value that GitHub's upload action would compute, so that it
    does not complain; those after it, which GitHub would otherwise take for the same alert, are told apart by their
    number, and one that is about somebody by whom that is. Empty for a file whose text is not known.
    """
    hash_of: dict[str, Callable[[int], str]] = {}
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for finding in result.findings:
        source = result.sources.get(finding.path) if finding.compiled is None else None
        if source is None:
            found.append("")
            continue
        if finding.path not in hash_of:
            hash_of[finding.path] = line_hasher(source.text)
        key = (finding.code, finding.path, hash_of[finding.path](finding.line))
        seen[key] += 1
        number = "" if seen[key] == 1 else f":{seen[key]}"
        whom = f":{digest_of(*sorted(set(finding.about)))[:16]}" if finding.about else ""
        found.append(f"{key[2]}{number}{whom}")
    return found


def line_hasher(text: str) -> Callable[[int], str]:
    """The hash of each line (1-based) of a text.

    A polynomial over the 100 characters from the line's start on that are not blank, modulo 2**64, with the number of
    earlier lines that begin with the same characters. Source: the fingerprints of github/codeql-action.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace(" ", "").replace("\t", "")
    units = array("H", plain.encode("utf-16-le", "surrogatepass"))
    starts = [0, *(number + 1 for number, unit in enumerate(units) if unit == 0x0A)]
    units.extend([_END, *([0] * _BLOCK)])
    blocks = [units[start : start + _BLOCK].tobytes() for start in starts]
    numbers = _occurrences(blocks)

    @cache
    def hash_of(line: int) -> str:
        number = min(line, len(starts)) - 1
        value = 0
        for unit in units[starts[number] : starts[number] + _BLOCK]:
            value = (value * 37 + unit) % 2**64
        return f"{value:x}:{numbers[number]}"

    return hash_of
