"""PL801: a construct that the compile target cannot express."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL801",
    name="not-in-target",
    family="targets",
    severity="error",
    summary="a construct that the compile target cannot express",
    why=(
        "A bundle decides exactly as the policy set does, or it is not written. Anything an engine cannot "
        "express would otherwise be dropped or approximated, and nobody would notice until somebody sees too "
        "much."
    ),
    bad="""\
# policylang compile --target openfga
resource customer {
  fee : money
  actions view
}
group sales {
  grant view on customer
  deny view on customer { fee > 100 }    #! PL801
}
""",
    good="""\
# policylang compile --target openfga
resource customer {
  fee : money
  actions view
}
group sales {
  grant view on customer
}
""",
    since="0.1.0",
)
