"""PL109: dates that do not exist, that leave no time between them, or times without an offset."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL109",
    name="bad-dates",
    family="source",
    severity="error",
    summary="dates that do not exist, that leave no time between them, or times without an offset",
    why=(
        "An assignment that ends before it begins, or lies in an hour that the clocks skip, gives nothing, and a time "
        "without an offset is a different instant in every timezone."
    ),
    bad="""\
role guard
user "amy@acme.test" {
  assign role guard from 2026-03-31 until 2026-01-01      #! PL109
}
""",
    good="""\
role guard
user "amy@acme.test" {
  assign role guard from 2026-01-01 until 2026-03-31
}
""",
    near="""\
timezone "Europe/Berlin"
role guard
user "amy@acme.test" {
  assign role guard from 2026-10-25 02:30 until 2026-10-25 02:30   # an hour: the clocks go back at three
}
""",
    since="0.1.0",
)
