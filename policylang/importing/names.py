"""Identifiers for foreign names: valid, unique, and the same in every run.

The name of a key is made of its label, or of the key itself. Where several keys would have one name, the key that is
spelt like it has it, else the first in the order of keys; the others get numbers. A name that an earlier import gave
stays.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from policylang.importing.imported import Imported, OfName, OfText, Ref
from policylang.text.names import free_name

_UNICODE = unicodedata.ucd_3_2_0
_OTHER = re.compile(r"[^A-Za-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z][0-9])(?=[A-Z][a-z])")
_APOSTROPHE = re.compile(r"(?<=[^\W_])['\u2019](?=[^\W_])")
_SPELT = {
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "ø": "o",
    "Ø": "O",
    "œ": "oe",
    "Œ": "OE",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
}
_SPELLING = str.maketrans(_SPELT)
_LONGEST = 50
_TYPES = frozenset(
    ["text", "int", "decimal", "money", "bool", "date", "datetime", "duration", "ip", "user", "set", "one"]
)
_WORDS = frozenset(["all", "any", "not", "now", "request", "assigned", "missing", "present"])
"""Words that mean something else where such a name may stand."""
_BESIDE_WORDS = frozenset(["resource", "action", "attribute", "subject", "value"])

NamesByKey = Mapping[tuple[OfName | OfText, str], str]


def identifier(text: str, kind: str) -> str:
    """What a name is in the language: lower case, with underscores."""
    text = _APOSTROPHE.sub("", text)
    word = kind.replace(" ", "_")
    ascii = _UNICODE.normalize("NFKD", text.translate(_SPELLING)).encode("ascii", "ignore").decode()
    lost = sum(each.isalnum() for each in text) > 2 * sum(each.isalnum() for each in ascii)
    words = [] if lost else [each for part in _OTHER.split(ascii) for each in _HUMP.split(part) if each]
    name = "_".join(words).lower()
    if not name:
        name = f"{word}_{_digest(text)}"
    if len(name) > _LONGEST:
        whole = name[: _LONGEST + 1].rpartition("_")[0] or name[:_LONGEST]
        name = f"{whole.rstrip('_')}_{_digest(text)[:4]}"
    if name[0].isdigit():
        name = f"{word}_{name}"
    if (name in _WORDS and kind in _BESIDE_WORDS) or (kind == "resource" and name in _TYPES):
        name = f"{name}_{word}"
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def identifiers(kind: OfName, keys: Mapping[str, str], known: NamesByKey, taken: Iterable[str] = ()) -> dict[str, str]:
    """The names of some keys of a kind. ``keys``: what the name of each is made of. ``known``: names given before."""
    found = {key: known[kind, key] for key in keys if (kind, key) in known}
    used = {*found.values(), *taken}
    wanted = {key: identifier(text, kind) for key, text in keys.items() if key not in found}
    for key in sorted(wanted, key=lambda each: (wanted[each] != each, each)):
        found[key] = free_name(wanted[key], used)
        used.add(found[key])
    return found


def all_names(
    imported: Imported, known: NamesByKey, taken: Mapping[OfName, Iterable[str]] | None = None
) -> dict[tuple[OfName, str], str]:
    """The name of everything in an imported set that has one. ``taken``: by kind, names that nothing may have."""
    resources = imported.resources.values()
    wanted: dict[OfName, dict[str, str]] = {
        **{kind: {key: each.called for key, each in of.items()} for kind, of in imported.labelled.items()},
        "action": {key: each.called for of in resources for key, each in sorted(of.actions.items())},
        "attribute": {key: key for of in resources for key in of.attributes},
        "place kind": {key: key for key in imported.place_kinds},
        "subject": {key: key for key in imported.subject},
        "value": {ref.key: ref.key for ref in _values(imported)},
    }
    return {
        (kind, key): name
        for kind, keys in wanted.items()
        for key, name in identifiers(kind, keys, known, (taken or {}).get(kind, ())).items()
    }


def _values(imported: Imported) -> Iterable[Ref]:
    """The values of enums, which types declare."""
    types = [each.type for of in imported.resources.values() for each in of.attributes.values()]
    types += [each.type for each in imported.subject.values()]
    return (part for type in types for part in type if isinstance(part, Ref) and part.kind == "value")
