"""PL103: a comparison of values of different types."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL103",
    name="type-mismatch",
    family="source",
    severity="error",
    summary="a comparison of values of different types",
    why=("Values of different types are never equal, so the limit would let nothing through or, negated, everything."),
    bad="""\
resource customer {
  created : datetime
  actions view
}
policy old on customer { created is "long ago" }      #! PL103
""",
    good="""\
resource customer {
  created : datetime
  actions view
}
policy old on customer { created older than 2 years }
""",
    since="0.1.0",
)
