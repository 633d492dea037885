"""Policy sets in which names of all kinds are alike, each with a twin in which they differ by kind.

A name is a word and a letter: in the twin the letter is that of its kind, in the other one it is the same for all. So
both texts have everything at the same place and in the same order, and what is said about the twin must be what is said
about the other one, once the letters are alike.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import strategies as st

WORDS = ("aaa", "bbb")
_NAME = re.compile(r"(?<![A-Za-z])(aaa|bbb|ccc|ddd|eee)[a-z](?![a-z])", re.IGNORECASE)
_DIGEST = re.compile("[0-9a-f]{16,64}")

WORLD = """
portals aaal, bbbl
scope ccck contains dddk
place ccck "aaah"
place dddk "bbbh" in "aaah"
feature aaae on
subject { aaaw : text  bbbw : user }
request { aaaq : text }
resource aaas { aaaf : text  bbbf : user with role aaar  dddk : dddk  actions view, create, modify, aaat, bbbt }
resource bbbs {
  sensitive aaaf : text  bbbf : user  cccf : aaas  dddf : one of aaav, bbbv
  actions modify, aaat, create
  action view requires aaat on bbbs and feature aaae
  action bbbt requires aaat on aaas or superuser
}
task aaak { needs aaat on aaas }
task bbbk { needs bbbt on bbbs }
job "aaaj" { role aaar }
job "bbbj" { role bbbr }
policy aaap on any resource with bbbf { bbbf is assigned user }
policy bbbp(eeen: text) on any resource with aaaf { aaaf is not eeen }
"""

RESOURCES = ("aaas", "bbbs")
ACTIONS = ("view", "create", "modify", "aaat", "bbbt")
USERS = ("aaau", "bbbu", "cccg")


def alike(text: str) -> str:
    """A text about the twin, as it would be of the policy set in which all names are alike."""
    return _NAME.sub(r"\1x", _DIGEST.sub("-", text))


def alike_in(value: Any) -> Any:
    """The same for what JSON holds."""
    return json.loads(alike(json.dumps(value, default=str)))


@st.composite
def twins(draw: st.DrawFn) -> str:
    """The text of a twin; `alike` makes that of the policy set."""
    return "".join((WORLD, *_bundles(draw), *_people(draw)))


def _chance(draw: st.DrawFn, percent: int, text: str) -> str:
    return text if draw(st.integers(0, 99)) < percent else ""


def _one(draw: st.DrawFn, letter: str) -> str:
    return draw(st.sampled_from(WORDS)) + letter


def _target(draw: st.DrawFn) -> str:
    return f"{draw(st.sampled_from(ACTIONS))} on {_one(draw, 's')}"


def _policy(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(("aaap", 'bbbp("aaaz")', 'bbbp("bbbz")')))
    return f"policy {name} on {_one(draw, 's')}"


_CONDITIONS = (
    "bbbf is assigned user",
    'bbbf is "aaau"',
    "aaaf is assigned user.aaaw",
    "aaaf is request.aaaq",
    "bbbf.aaaw is aaaf",
    'aaaf is "aaaz"',
)


def _bundles(draw: st.DrawFn) -> list[str]:
    found = []
    for kind, name in (("role", "bbbr"), ("role", "aaar"), ("group", "aaag"), ("group", "bbbg")):
        inner = {"aaar": "bbbr", "bbbr": ""}.get(name) if kind == "role" else draw(st.sampled_from(("aaar", "bbbr")))
        text = f"{_chance(draw, 15, 'essential ') if kind == 'role' else ''}{kind} {name} {{"
        text += _chance(draw, 70, f" role {inner}") if inner else ""
        for _ in range(draw(st.integers(0, 3))):
            text += f" grant {_target(draw)}{draw(st.sampled_from(('', '', ' (aaaf)', ' (bbbf)', ' including aaaf')))}"
        if draw(st.integers(0, 2)) == 0:
            text += f" deny {_target(draw)}" + _chance(draw, 50, " (aaaf)")
            text += _chance(draw, 60, f" {{ {draw(st.sampled_from(_CONDITIONS))} }}")
        text += _chance(draw, 35, f" {_policy(draw)}")
        text += _chance(draw, 30, f" may assign {_one(draw, 'r')}")
        text += _chance(draw, 30, f" performs {_one(draw, 'k')}") if kind == "role" else ""
        text += _chance(draw, 30, f" portal {_one(draw, 'l')}") if kind == "role" else ""
        found.append(text + " }\n")
    return found


def _people(draw: st.DrawFn) -> list[str]:
    found = []
    for name in ("aaau", "bbbu"):
        text = _chance(draw, 15, "superuser ") + _chance(draw, 10, "terminated ") + f'user "{name}"'
        text += _chance(draw, 75, f" in {_one(draw, 'g')}") + _chance(draw, 30, f' job "{_one(draw, "j")}"') + " {"
        text += _chance(draw, 60, f' aaaw : "{_one(draw, "z")}"') + _chance(draw, 50, f' bbbw : "{_one(draw, "u")}"')
        text += _chance(draw, 20, f" append {_policy(draw)}") + _chance(draw, 20, f" override {_policy(draw)}")
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.sampled_from(("", "", ' at ccck "aaah"', ' at dddk "bbbh"')))
            text += f" assign role {_one(draw, 'r')}{place}{_chance(draw, 20, ' until 2020-01-31')}"
        found.append(text + " }\n")
    found.append(f"integration cccg {{ role {_one(draw, 'r')} objects {_one(draw, 's')} }}\n")
    found.append(_chance(draw, 40, f"deny {_target(draw)} {{ {draw(st.sampled_from(_CONDITIONS))} }}\n"))
    found.append(_chance(draw, 40, "separate aaat on aaas from bbbt on bbbs\n"))
    for word in ("no", "only", "every"):
        who = draw(st.sampled_from(("with role aaar", "in aaag", "with role bbbr", "in bbbg")))
        users = "users" if word == "only" else "user"
        target = draw(st.sampled_from(("aaat aaas", "view bbbs.aaaf", "create aaas.aaaf", "bbbt bbbs")))
        found.append(_chance(draw, 40, f'invariant "{word}" {{ {word} {users} {who} can {target} }}\n'))
    return found
