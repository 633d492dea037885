"""PL803: a name or constant that the compile target cannot hold."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL803",
    name="value-not-in-target",
    family="targets",
    severity="error",
    summary="a name or constant that the compile target cannot hold",
    why=(
        "Engines have shorter names and smaller numbers than the language. One that is cut or rounded is a different "
        "name or number, and the decision a different decision."
    ),
    bad="""\
# policylang compile --target cedar
resource invoice {
  amount : money
  actions view
}
policy small on invoice {
  amount < 12345678901234567890    #! PL803
}
group sales {
  grant view on invoice
  policy small
}
""",
    good="""\
# policylang compile --target cedar
resource invoice {
  amount : money
  actions view
}
policy small on invoice {
  amount < 123456789012345678
}
group sales {
  grant view on invoice
  policy small
}
""",
    since="0.1.0",
)
