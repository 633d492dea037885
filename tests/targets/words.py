"""Words of the language, each in a small policy set, and which targets refuse it: data for `test_words`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Word(NamedTuple):
    """``row``: the construct in the table of `docs/targets.md`, which says who refuses it. Where it has none, every
    target expresses it but those that ``refused`` names, each with what its page says about that.

    ``points``: what a refusal points at; it stands in the text once.
    """

    text: str
    row: str | None = None
    points: str = ""
    refused: Mapping[str, str] = MappingProxyType({})


def _condition(condition: str, row: str | None, refused: Mapping[str, str] = MappingProxyType({})) -> Word:
    """A condition of a policy, in which it is not the first test."""
    text = f"""\
subject {{ home : deal  teams : set of text  squads : set of text }}
request {{ seen : deal }}
resource deal {{
  owner : user
  optional parent : deal as tree
  optional related : deal
  teams : set of text
  others : set of text
  actions view
}}
policy p on deal {{
  owner is assigned user
  or {condition}
}}
role r {{ grant view on deal  policy p }}
user "ann" {{ home : "top"  teams : ["east"]  squads : []  assign role r }}
"""
    return Word(text, row, condition.removeprefix("not (").removesuffix(")"), refused)


def _decision(statements: str, row: str | None, points: str = "") -> Word:
    """What decisions are made of."""
    text = f"""\
resource deal {{
  tenant : text
  notes : text
  actions view, write like modify, add like create, drop like delete, ping
}}
resource bill {{ tenant : text  amount : money  actions read like view, pay }}
policy own on deal {{ tenant is "ours" }}
{statements}
"""
    return Word(text, row, points)


_NO_RECORD = "`is under` of a record that a user holds"
_NO_ROW = "Records of users and requests are ids there, and cannot be followed themselves"
_NOT_TOLD = "`is under` where the request or the record says what, or of a record that a user holds"
_RELATIONS = {"openfga": _NOT_TOLD, "spicedb": "the same is refused"}

WORDS = {
    # kinds of action
    "like view": _decision("role r { grant read on bill }", None),
    "like modify": _decision("role r { grant write on deal  policy own }", "modify"),
    "like create": _decision("role r { grant add on deal  policy own }", None),
    "like delete": _decision("role r { grant drop on deal  policy own }", None),
    "an action of no kind": _decision("role r { grant ping on deal  grant pay on bill }", None),
    # sets
    "contains all of": _condition('teams contains all of ["east", "big"]', "set"),
    "overlaps listed items": _condition('teams overlaps ["east", "big"]', "set"),
    "overlaps a set of the user": _condition("teams overlaps assigned user.teams", "overlaps"),
    "overlaps a set of the record": _condition("teams overlaps others", "overlaps"),
    "two sets of the user overlap": _condition("assigned user.teams overlaps assigned user.squads", "set"),
    "is empty": _condition("teams is empty", "empty"),
    "is not empty": _condition("not (teams is empty)", "empty"),
    "a set of the user is empty": _condition("assigned user.teams is empty", "set"),
    "a set of another user is empty": _condition("owner.teams is empty", "set"),
    # the clock
    "now is between": _condition("now is between 22:00 and 06:00", "clock"),
    "now is on": _condition("now is on saturday, sunday", "clock"),
    "not now is on": _condition("not (now is on saturday)", "clock"),
    # trees
    "is under an id": _condition('deal is under "top"', "tree"),
    "is under what the user has": _condition("deal is under assigned user.home", "tree"),
    "the record above is under": _condition('parent is under "top"', "tree"),
    "a related record is under": _condition('related is under "top"', "tree"),
    "is not under": _condition('not (deal is under "top")', "tree"),
    "is under what the record says": _condition("deal is under related", None, _RELATIONS),
    "is under what the request says": _condition("deal is under request.seen", None, _RELATIONS),
    "a record of the user is under": _condition(
        'assigned user.home is under "top"',
        None,
        _RELATIONS | {"postgres": _NO_ROW} | dict.fromkeys(("cedar", "rego", "cerbos"), _NO_RECORD),
    ),
    # statements
    "grants of one user": _decision('user "ann" { grant view, write on deal because "covers" }', None),
    "denies of one user": _decision(
        'role r { grant all on deal }\nuser "ann" { assign role r  deny drop on deal }', None
    ),
    "policies of one user": _decision('user "ann" { grant view on deal  policy own on deal }', None),
    "policies of one user for some actions": _decision(
        'user "ann" { grant all on deal  policy own on deal for view }', None
    ),
    "separate": _decision('separate write on deal from pay on bill "two"', None),
    "separate at most": _decision('separate at most 2 of { add on deal  write on deal  pay on bill } "three"', None),
    "deny on any resource with": _decision(
        'deny all on any resource with tenant { tenant is not "ours" }', "deny-everyone"
    ),
    "grant on any resource with": _decision("role r { grant view on any resource with notes }", None),
    "policy on any resource with": _decision(
        'policy ours on any resource with tenant { tenant is "ours" }\n'
        "role r { grant all on deal  grant all on bill  policy ours on any resource with tenant }",
        "limits",
    ),
    "deny except": _decision("role r { grant all on deal  deny write on deal except notes }", "deny-fields"),
    "deny except for everyone": _decision(
        "role r { grant all on deal }\ndeny write on deal except notes", "deny-fields"
    ),
    # dates
    "from and until days": _decision(
        'role r { grant view on deal }\nuser "ann" { assign role r from 2026-01-05 until 2026-01-06 }',
        "dated",
        "assign role r from 2026-01-05 until 2026-01-06",
    ),
    "from and until times": _decision(
        'role r { grant view on deal }\nuser "ann" { assign role r from 2026-01-05 20:00 until 2026-01-06 02:00 }',
        "hours",
        "assign role r from 2026-01-05 20:00 until 2026-01-06 02:00",
    ),
    "until a time": _decision(
        'role r { grant view on deal }\nuser "ann" { assign role r until 2026-01-06 02:00 }',
        "hours",
        "assign role r until 2026-01-06 02:00",
    ),
    "roles of an integration": _decision(
        "role r { grant view on deal }\nrole s { grant all on bill }\n"
        "integration sync { role r, s  objects deal, bill }",
        "integration",
    ),
    "dates of an integration": _decision(
        "role r { grant view on deal }\nintegration sync { role r  objects deal  from 2026-01-01 until 2026-12-31 }",
        "dated",
        "integration sync { role r  objects deal  from 2026-01-01 until 2026-12-31 }",
    ),
}
