"""PL106: bidirectional controls, invisible and confusable characters."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL106",
    name="unsafe-text",
    family="source",
    severity="error",
    security="medium",
    summary="bidirectional controls, invisible and confusable characters",
    why=(
        "A reviewer approves what the eye sees; the machine reads something else. Hidden characters in a "
        "policy file have been used to slip changes through review."
    ),
    bad="""\
role guard "Gu\u0430rd"      #! PL106
""",
    good="""\
role guard "Guard"
""",
    since="0.1.0",
)
