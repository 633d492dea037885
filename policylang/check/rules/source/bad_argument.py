"""PL104: the wrong number or type of arguments for a policy."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL104",
    name="bad-argument",
    family="source",
    severity="error",
    summary="the wrong number or type of arguments for a policy",
    why="A policy with parameters means nothing until each of them has a value.",
    bad="""\
resource customer {
  created : datetime
  actions view
}
policy newer_than(age: duration) on any resource with created { created within age }
group sales {
  grant view on customer
  policy newer_than(90) on customer      #! PL104
}
""",
    good="""\
resource customer {
  created : datetime
  actions view
}
policy newer_than(age: duration) on any resource with created { created within age }
group sales {
  grant view on customer
  policy newer_than(90 days) on customer
}
""",
    since="0.1.0",
)
