"""PL105: something that contains or requires itself."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL105",
    name="cyclic-definition",
    family="source",
    severity="error",
    summary="something that contains or requires itself",
    why=("A requirement that leads back to itself can never be met, and a role or place inside itself never ends."),
    bad="""\
resource report {
  action view requires export on report      #! PL105
  action export requires view on report
}
""",
    good="""\
resource report {
  action view
  action export requires view on report
}
""",
    since="0.1.0",
)
