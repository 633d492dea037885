"""PL107: a policy used on a resource that it does not fit."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL107",
    name="policy-does-not-fit",
    family="source",
    severity="error",
    summary="a policy used on a resource that it does not fit",
    why="A policy tests attributes of its resource. On a resource without them it means nothing.",
    bad="""\
resource customer {
  created : datetime
  actions view
}
resource api { actions access }
policy recent on any resource with created { created within 30 days }
group sales {
  grant access on api
  policy recent on api      #! PL107
}
""",
    good="""\
resource customer {
  created : datetime
  actions view
}
policy recent on any resource with created { created within 30 days }
group sales {
  grant view on customer
  policy recent on customer
}
""",
    since="0.1.0",
)
