"""PL601: an invariant that somebody breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policylang.check.finding import Finding, counted
from policylang.check.invariants import Breach, Verdict, verdicts
from policylang.check.world import World
from policylang.diagnostics import Rule, listed, quoted
from policylang.ir import nodes as ir
from policylang.runtime.values import MISSING, BadValueError, read

RULE = Rule(
    code="PL601",
    name="invariant-violated",
    family="statements",
    severity="error",
    security="high",
    summary="an invariant that somebody breaks",
    why=(
        "An invariant says what must hold whatever else is edited. There is a user and a record for which it does not."
    ),
    bad="""\
resource doc { created : datetime  sensitive fee : money  actions view }
role payer { grant view on doc including fee }
user "pia@acme.test" { assign role payer }
invariant "payers never see fees" { no user with role payer can view doc.fee }   #! PL601
""",
    good="""\
resource doc { created : datetime  sensitive fee : money  actions view }
role payer { grant view on doc }
user "pia@acme.test" { assign role payer }
invariant "payers never see fees" { no user with role payer can view doc.fee }
""",
    near="""\
resource doc { created : datetime  sensitive fee : money  actions view }
role payer { grant view on doc including fee  deny view on doc (fee) }
user "pia@acme.test" { assign role payer }
invariant "payers never see fees" { no user with role payer can view doc.fee }
""",
    since="0.1.0",
    proof=True,
)


def check(world: World) -> Iterator[Finding]:
    """One finding for an invariant: how somebody breaks it, and who does so too. Of whom it speaks stands in
    `policylang.check.invariants`. What `create` can do is decided on proposed records, which need not have what
    somebody else fills in later.
    """
    for invariant, verdict in world.once(verdicts):
        if verdict.violation is not None:
            yield _finding(world, invariant, verdict.violation, verdict)


def _finding(world: World, invariant: ir.Invariant, violation: Breach, verdict: Verdict) -> Finding:
    can = "cannot" if invariant.quantifier == "every" else "can"
    what = invariant.resource if invariant.field is None else f"{invariant.resource}.{invariant.field}"
    help = {
        "no": "remove the permission, or narrow the invariant",
        "only": "remove the permission, or name their role or group in the invariant",
        "every": "widen their access, or narrow the invariant",
    }
    others = [each for each in verdict.others if world.index.knows(each)]
    return Finding(
        code="PL601",
        message=f"{quoted(invariant.label)} does not hold{' for incomplete records' if violation.incomplete else ''}: "
        f"{violation.words} {can} {violation.action} a `{what}`{_lacking(world, violation)}"
        + (" where it should not be" if invariant.quantifier != "every" and invariant.where is not None else "")
        + _also(others),
        at=invariant.at,
        users=(*violation.users, *others),
        subjects=(*(each for each in verdict.others if each not in others), *verdict.unproved),
        help=help[invariant.quantifier],
        shown=(violation.shown,),
    )


def _also(users: Sequence[str]) -> str:
    """The users who break it too."""
    return f"; {counted(users)} {'breaks' if len(users) == 1 else 'break'} it too" if users else ""


def _lacking(world: World, violation: Breach) -> str:
    """What an incomplete record lacks, in words."""
    if not violation.incomplete:
        return ""
    witness = violation.shown.witness
    record, attributes = witness.record, world.index.attributes[witness.resource]
    missing = [f"`{each.name}`" for each in attributes.values() if not each.optional and record.get(each.name) is None]
    if missing:
        return f" without {listed(missing, 'and')}"
    wrong = [f"`{name}`" for name, declared in attributes.items() if not _is_readable(declared, record.get(name))]
    return f" whose {listed(wrong, 'and')} is of another type" if wrong else ""


def _is_readable(declared: ir.Attribute, value: object) -> bool:
    try:
        read(declared.type, MISSING if value is None else value, declared.name)
    except BadValueError:
        return False
    return True
