"""Casbin's model: which fields a request and a row have, and what the matcher and the effect make of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import NotImportedError, Origin
from policylang.importing.reading import InputFile

_Effect = Literal["allow", "allow-and-deny", "not-denied"]

_SECTIONS = {
    "request_definition": "r",
    "policy_definition": "p",
    "role_definition": "g",
    "policy_effect": "e",
    "matchers": "m",
}
_EFFECTS: Mapping[str, _Effect] = {
    "some(where(p.eft==allow))": "allow",
    "some(where(p.eft==allow))&&!some(where(p.eft==deny))": "allow-and-deny",
    "!some(where(p.eft==deny))": "not-denied",
}
_MEANINGS = {
    **dict.fromkeys(("sub", "subject", "user"), "sub"),
    **dict.fromkeys(("dom", "domain", "tenant"), "dom"),
    **dict.fromkeys(("obj", "object", "resource"), "obj"),
    **dict.fromkeys(("act", "action", "method"), "act"),
    **dict.fromkeys(("eft", "effect"), "eft"),
}
_COMMENT = re.compile("[#;]")
_SECTION = re.compile(r"(?m)^[^\S\r\n]*\[(matchers|request_definition)\]")


class CasbinModel(msgspec.Struct, frozen=True):
    """``fields``: where in a row of `p` what stands, by meaning. ``roles``: how many fields `g` has, 0 without it."""

    fields: Mapping[str, int]
    roles: int
    effect: _Effect
    effect_at: Origin


def is_model(file: InputFile) -> bool:
    """Whether a file is a model, and no policy."""
    return file.suffix == ".conf" or _SECTION.search(file.text()) is not None


def read_model(file: InputFile) -> CasbinModel:
    """The model in a file. Raises `NotImportedError`."""
    settings = _settings(file)
    for name, (_, origin) in settings.items():
        if name not in ("r", "p", "g", "e", "m"):
            raise NotImportedError(
                "model", origin, f"{quoted(name)} is one more definition of its kind, which is not supported"
            )
    whole = Origin(file.path, 1)
    missing = [name for name in ("r", "p", "e", "m") if name not in settings]
    if missing:
        raise NotImportedError("model", whole, f"the model has no {quoted(missing[0])}")
    effect_text, effect_at = settings["e"]
    effect = _EFFECTS.get(_tight(effect_text))
    if effect is None:
        raise NotImportedError("model", effect_at, f"the effect {quoted(effect_text)} is not supported")
    request = _fields(*settings["r"])
    row = _fields(*settings["p"])
    roles = settings["g"][0].count("_") if "g" in settings else 0
    _check_matcher(*settings["m"], request, row, roles)
    return CasbinModel({meaning: number for meaning, (number, _) in row.items()}, roles, effect, effect_at)


def _settings(file: InputFile) -> dict[str, tuple[str, Origin]]:
    """The definitions, joined where a line ends in a backslash, with the line that each begins on."""
    found: dict[str, tuple[str, Origin]] = {}
    section = ""
    waiting, begun = "", 0
    for number, raw in enumerate([*file.text().splitlines(), ""], 1):
        line = raw.strip()
        begun = begun if waiting else number
        goes_on = line.endswith("\\") and line[0] not in "#;"
        if goes_on:
            if _COMMENT.search(line):
                message = "a comment before the end of a definition, which versions of Casbin read differently"
                raise NotImportedError("model", Origin(file.path, number), message)
            waiting += line[:-1].strip() + " "
            continue
        heading = line.startswith("[") and line.endswith("]")
        if not heading:
            waiting += _COMMENT.split(line, maxsplit=1)[0]
        if waiting:
            name, is_setting, value = waiting.partition("=")
            name, value = name.strip(), value.strip()
            if not is_setting or section not in _SECTIONS or not name.startswith(_SECTIONS[section]):
                raise NotImportedError("model", Origin(file.path, begun), f"{quoted(waiting)} is not a definition")
            found[name] = value, Origin(file.path, begun)
            waiting = ""
        if heading:
            section = line[1:-1].strip()
    return found


def _fields(text: str, origin: Origin) -> dict[str, tuple[int, str]]:
    """The number and the name of each field by its meaning."""
    found: dict[str, tuple[int, str]] = {}
    for number, name in enumerate(part.strip() for part in text.split(",")):
        meaning = _MEANINGS.get(name)
        if meaning is None or meaning in found:
            raise NotImportedError("model", origin, f"the field {quoted(name)} is not supported")
        found[meaning] = number, name
    return found


def _check_matcher(
    text: str, origin: Origin, request: Mapping[str, tuple[int, str]], row: Mapping[str, tuple[int, str]], roles: int
) -> None:
    """The matcher compares each field of the request with that of the row, the subject through roles if there are any,
    and does nothing else.
    """
    names = {f"r.{name}": f"r.{meaning}" for meaning, (_, name) in request.items()}
    names |= {f"p.{name}": f"p.{meaning}" for meaning, (_, name) in row.items()}
    tight = re.sub(r"\b[rp]\.\w+", lambda found: names.get(found[0], found[0]), _tight(text))
    written = [term.strip() for term in re.split(r"&\s*&", text)]
    terms = {
        "==".join(sorted(_bare(term).split("=="))): said for term, said in zip(tight.split("&&"), written, strict=True)
    }
    domain = "dom" in request
    if set(request) != {"sub", "obj", "act"} | ({"dom"} if domain else set()) or set(row) - {"eft"} != set(request):
        raise NotImportedError(
            "model", origin, "requests and rows have a subject, an object, an action and perhaps a domain"
        )
    through = {3: "g(r.sub,p.sub,r.dom)", 2: "g(r.sub,p.sub)", 0: "p.sub==r.sub"}.get(roles)
    if through is None or (roles and roles != (3 if domain else 2)):
        raise NotImportedError("model", origin, "`g` has a user and a role, and a domain where requests have one")
    expected = {through, *(f"p.{meaning}==r.{meaning}" for meaning in request if meaning != "sub")}
    if terms.keys() != expected:
        strange = [said for term, said in terms.items() if term not in expected]
        said = f"the matcher says {quoted(strange[0])}" if strange else "the matcher does not compare every field"
        raise NotImportedError("model", origin, f"{said}, which is not supported")


def _tight(text: str) -> str:
    return re.sub(r"\s+", "", text).replace("p_eft", "p.eft")


def _bare(term: str) -> str:
    while term.startswith("(") and term.endswith(")"):
        term = term[1:-1]
    return term
