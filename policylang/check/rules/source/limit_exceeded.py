"""PL110: more nesting, size or length than the configured limits allow."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL110",
    name="limit-exceeded",
    family="source",
    severity="error",
    summary="more nesting, size or length than the configured limits allow",
    why=(
        "Policy files come from many hands. The limits bound the time and memory of a run, whatever a file contains; "
        "`policylang.yaml` can raise them."
    ),
    bad="""\
resource customer {
  status : one of lead, active
  actions view
}
policy deep on customer { """
    + "(" * 51
    + "status is lead"
    + ")" * 51
    + " }      #! PL110\n",
    good="""\
resource customer {
  status : one of lead, active
  actions view
}
policy flat on customer { ((status is lead)) }
""",
    since="0.1.0",
)
