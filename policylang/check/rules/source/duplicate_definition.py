"""PL102: one name declared twice."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL102",
    name="duplicate-definition",
    family="source",
    severity="error",
    summary="one name declared twice",
    why=("Of two declarations only one could count, and a reader cannot know which. Both places are shown."),
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
