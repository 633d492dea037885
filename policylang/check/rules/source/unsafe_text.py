"""PL106: bidirectional controls, and invisible or confusable characters."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL106",
    name="unsafe-text",
    family="source",
    severity="error",
    security="medium",
    summary="bidirectional controls, and invisible or confusable characters",
    why=(
        "A reviewer approves what the eye sees; the machine reads something else. Hidden characters have been used "
        "to slip changes past review."
    ),
    bad="""\
role guard "Gu\u0430rd"      #! PL106
""",
    good="""\
role guard "Guard"
""",
    since="0.1.0",
)
