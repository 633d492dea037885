"""PL102: a name declared twice."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL102",
    name="duplicate-definition",
    family="source",
    severity="error",
    summary="a name declared twice",
    why=("Only one of the two declarations could count, and a reader cannot tell which. Both places are shown."),
    bad="""\
role guard "Guard"
role guard "Night guard"   #! PL102
""",
    good="""\
role guard "Guard"
role night_guard "Night guard"
""",
    since="0.1.0",
)
