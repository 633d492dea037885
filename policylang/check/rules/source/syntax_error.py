"""PL100: text that does not follow the grammar."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL100",
    name="syntax-error",
    family="source",
    severity="error",
    summary="text that does not follow the grammar",
    why=(
        "What cannot be read cannot be checked. Parsing resumes at the next declaration, so each mistake is reported "
        "once, with what would fit there and what was probably meant."
    ),
    bad="""\
group sales {
  grant view customer      #! PL100
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
