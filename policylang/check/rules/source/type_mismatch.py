"""PL103: values of different types compared."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL103",
    name="type-mismatch",
    family="source",
    severity="error",
    summary="values of different types compared",
    why=(
        "A comparison of different types is never true, so the limit would reach nothing, or its opposite everything."
    ),
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
