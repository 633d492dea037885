"""PL108: a user in more than one group."""

from policylang.diagnostics import Rule

RULE = Rule(
    code="PL108",
    name="user-in-two-groups",
    family="source",
    severity="error",
    summary="a user in more than one group",
    why="A user is in at most one group. With two, nobody could say whose policies an override replaces.",
    bad="""\
group sales
group office
user "dana@acme.test" in sales, office      #! PL108
""",
    good="""\
role office_work
group sales
user "dana@acme.test" in sales { assign role office_work because "helps out on Fridays" }
""",
    since="0.1.0",
)
