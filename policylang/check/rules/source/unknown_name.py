"""PL101: a name that is not declared."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL101",
    name="unknown-name",
    family="source",
    severity="error",
    summary="a name that is not declared",
    why=(
        "A grant on a misspelt resource grants nothing, and a limit on a misspelt attribute would limit nothing. "
        "Names are exact, and case matters."
    ),
    bad="""\
resource customer { actions view }
group sales {
  grant view on custmer    #! PL101
}
""",
    good="""\
resource customer { actions view }
group sales {
  grant view on customer
}
""",
    since="0.1.0",
)
