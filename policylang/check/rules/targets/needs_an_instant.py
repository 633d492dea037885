"""PL802: something that depends on time, for a target that cannot evaluate it."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL802",
    name="needs-an-instant",
    family="targets",
    severity="error",
    summary="something that depends on time, for a target that cannot evaluate it",
    why=(
        "Such a target can only hold how things are at one instant. `--now` says which, and the bundle says how "
        "long it is valid; without it, an assignment that has ended might go on forever."
    ),
    bad="""\
# policylang compile --target openfga
resource customer { actions view }
role guard { grant view on customer }
user "amy" {
  assign role guard until 2026-03-31    #! PL802
}
""",
    good="""\
# policylang compile --target openfga
resource customer { actions view }
role guard { grant view on customer }
user "amy" {
  assign role guard
}
""",
    since="0.1.0",
)
