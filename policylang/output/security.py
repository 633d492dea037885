"""How much a rule's findings matter to security, on the scale from 0 to 10 of CVSS that code hosts sort by.

Three steps. High, 8.0: somebody can do what the policy set says must not be. Medium, 5.5: more is open than anybody is
likely to have meant, or a limit that readers rely on does not limit. Low, 3.0: access is as it should be today, and
nobody would notice if it were not. Every other rule is about correctness and has no number.
"""

from __future__ import annotations

HIGH = 8.0
MEDIUM = 5.5
LOW = 3.0

_CODES = {
    HIGH: ("PL211", "PL301", "PL408", "PL410", "PL412", "PL503", "PL504", "PL601"),
    MEDIUM: (
        *("PL106", "PL202", "PL206", "PL207", "PL208", "PL210"),
        *("PL302", "PL306", "PL310"),
        *("PL401", "PL402", "PL403", "PL404", "PL409", "PL411"),
        *("PL602", "PL706"),
    ),
    LOW: ("PL204", "PL212", "PL303", "PL305", "PL307", "PL309", "PL603", "PL604", "PL704", "PL705"),
}

SECURITY_SEVERITY: dict[str, float] = {code: score for score, codes in _CODES.items() for code in codes}
"""By rule code."""
