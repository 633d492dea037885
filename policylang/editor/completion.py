"""Completion: what the automaton lets follow, and the names of the kind that belongs there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

import msgspec
from lsprotocol import types as lsp

from policylang.editor.cursor import Cursor, cursor_at
from policylang.editor.describe import described
from policylang.editor.edited_set import EditedSet
from policylang.editor.slots import Slot, slot_at
from policylang.model import Model
from policylang.model.types import (
    SIMPLE_TYPES,
    UNITS,
    BoolType,
    DateTimeType,
    DateType,
    DurationType,
    EnumType,
    PlaceType,
    Type,
    UserType,
    sample,
)
from policylang.source import Source
from policylang.syntax import ast
from policylang.syntax.quoting import quote_text

_Offered = TypeVar("_Offered")

_MOST = 500
_Kind = lsp.CompletionItemKind
_KINDS = {
    "resource": _Kind.Class,
    "role": _Kind.Interface,
    "group": _Kind.Module,
    "policy": _Kind.Function,
    "task": _Kind.Event,
    "attribute": _Kind.Field,
    "action": _Kind.Method,
    "parameter": _Kind.Variable,
    "value": _Kind.EnumMember,
    "user": _Kind.Constant,
    "place": _Kind.Constant,
    "keyword": _Kind.Keyword,
    "type": _Kind.TypeParameter,
}
_REST_OF_TEXT = re.compile(r'[^\s"\\]*"')
"""Behind the cursor in a text: editors close one as soon as it is opened."""
_QUOTED = frozenset({"user", "place", "job"})
_BEGIN_NAMES = frozenset({"all", "assigned", "between", "on"})
"""Keywords that the grammar lets begin a name of a condition, which nobody wants to be offered."""
_SNIPPETS = {
    "resource": 'resource ${1:name} "${2:Label}" {\n  ${3:name} : ${4:text}\n  actions ${5:view, modify}\n}',
    "role": 'role ${1:name} "${2:Label}" {\n  grant ${3:view} on ${4:resource}\n}',
    "group": 'group ${1:name} "${2:Label}" {\n  grant ${3:view} on ${4:resource}\n}',
    "policy": 'policy ${1:name} "${2:Label}" on ${3:resource} { ${4:condition} }',
    "user": 'user "${1:id}" "${2:Name}" in ${3:group}',
    "invariant": 'invariant "${1:what holds}" { no user with role ${2:role} can ${3:view} ${4:resource} }',
    "separate": 'separate ${1:create} on ${2:resource} from ${3:approve} on ${2:resource} "${4:why}"',
    "task": 'task ${1:name} "${2:Label}" { needs ${3:view} on ${4:resource} }',
}
_SUBJECT_WORDS = {
    "way": ("ui", "api"),
    "severity": ("low", "medium", "high"),
    "kind of action": ("view", "create", "modify", "delete"),
}


class _Offer(msgspec.Struct, frozen=True):
    """Something to write. ``text``: what is written, if not the name; ``snippet``: it has places to fill in."""

    name: str
    kind: str
    text: str | None = None
    owner: str | None = None
    snippet: bool = False
    detail: str | None = None


def complete(of: EditedSet, source: Source, offset: int, *, snippets: bool) -> lsp.CompletionList:
    """What may be written at an offset."""
    cursor = cursor_at(source.text, offset)
    if cursor.in_comment:
        return lsp.CompletionList(False, [])
    model = of.last.model
    slot = slot_at(cursor, model)
    offers = list(_names(slot, cursor, model)) if slot is not None else []
    if not cursor.in_text:
        offers += _keywords(cursor, snippets)
    else:
        offers = [each for each in offers if (each.text or each.name).startswith('"')]
    chosen = [each for each in dict.fromkeys(offers) if snippets or not each.snippet]
    closed = _REST_OF_TEXT.match(cursor.behind) if cursor.in_text else None
    where = of.range(source, cursor.start, offset if closed is None else offset + closed.end())
    near = nearest({each: each.name for each in chosen}, cursor.word.removeprefix('"'))
    items = [_item(each, number, where, str(of.root)) for number, each in enumerate(near)]
    return lsp.CompletionList(len(chosen) > _MOST, items)


def nearest(offers: Mapping[_Offered, str], word: str) -> list[_Offered]:
    """What is offered: all, or where that is too much what the word so far begins, and then what it is a part of.
    ``offers``: each with its name.
    """
    if len(offers) <= _MOST:
        return list(offers)
    names = {each: name.lower() for each, name in offers.items() if word.lower() in name.lower()}
    return sorted(names, key=lambda each: not names[each].startswith(word.lower()))[:_MOST]


def resolve(of: EditedSet, item: lsp.CompletionItem) -> lsp.CompletionItem:
    """The item with what it means."""
    data = item.data
    if isinstance(data, list) and len(data) == 4:
        kind, owner, name, _ = data
        text = described((str(kind), owner, str(name)), of.last, None, short=True)
        item.documentation = lsp.MarkupContent(lsp.MarkupKind.Markdown, text)
    return item


def _item(offer: _Offer, number: int, where: lsp.Range, root: str) -> lsp.CompletionItem:
    text = offer.text or offer.name
    return lsp.CompletionItem(
        offer.name,
        kind=_KINDS.get(offer.kind, _Kind.Value),
        detail=offer.detail or offer.kind,
        sort_text=f"{number:05}",
        filter_text=text if text.startswith('"') else offer.name,
        insert_text_format=lsp.InsertTextFormat.Snippet if offer.snippet else lsp.InsertTextFormat.PlainText,
        text_edit=lsp.TextEdit(where, text),
        data=[offer.kind, offer.owner, offer.name, root],
    )


def _keywords(cursor: Cursor, snippets: bool) -> Iterator[_Offer]:
    declares = cursor.fits("SCOPE")
    in_condition = cursor.fits("ASSIGNED")
    for word in cursor.keywords:
        if in_condition and word in _BEGIN_NAMES:
            continue
        if snippets and declares and word in _SNIPPETS:
            yield _Offer(word, "keyword", _SNIPPETS[word], snippet=True, detail="declaration")
        else:
            yield _Offer(word, "keyword")


# --- names ---------------------------------------------------------------------------------------------------


def _names(slot: Slot, cursor: Cursor, model: Model) -> Iterator[_Offer]:
    match slot.kind:
        case "attribute" | "step" | "any attribute":
            yield from _attributes(slot.owner, model)
        case "action":
            yield from _actions(slot.owner, model)
            if any(token.type in ("GRANT", "DENY") for token in cursor.tokens):
                yield _Offer("all", "keyword")
        case "own attribute":
            yield from (_Offer(name, "attribute", f"{name} : ", "subject") for name in model.subject)
        case "type":
            yield from (_Offer(name, "type") for name in SIMPLE_TYPES)
            yield from _declared("resource", model)
            yield from _declared("kind of place", model)
        case "unit":
            yield from (_Offer(unit, "unit") for unit in UNITS)
        case "value" | "argument":
            yield from _values(_wanted(slot, cursor, model), slot.of, model)
        case "operand":
            yield from _values(slot.type, slot.of, model)
            yield from _operands(slot, cursor, model)
        case "place":
            yield from _places(slot.owner, model)
        case "policy":
            yield from _policies(model)
        case kind if kind in _SUBJECT_WORDS:
            yield from (_Offer(word, "value") for word in _SUBJECT_WORDS[kind])
        case kind:
            yield from _declared(kind, model)


def _declared(kind: str, model: Model) -> Iterator[_Offer]:
    for name in model.symbols.names.get(kind, ()):
        yield _Offer(name, kind, quote_text(name) if kind in _QUOTED else None)


def _attributes(owner: str | None, model: Model) -> Iterator[_Offer]:
    blocks = {"subject": model.subject, "request": model.request}
    if owner in blocks:
        yield from (_Offer(name, "attribute", None, owner) for name in blocks[owner or ""])
        return
    owners = [owner] if owner in model.resources else list(model.resources)
    found = {
        name: _Offer(name, "attribute", None, each)
        for each in reversed(owners)
        for name in model.resources[each or ""].attributes
    }
    yield from found.values()


def _actions(owner: str | None, model: Model) -> Iterator[_Offer]:
    owners = [owner] if owner in model.resources else list(model.resources)
    names = {name: None for each in owners for name in model.resources[each or ""].actions}
    yield from (_Offer(name, "action", None, owner) for name in names)


def _places(kind: str | None, model: Model) -> Iterator[_Offer]:
    for name, site in model.symbols.names["place"].items():
        if kind is None or getattr(site.node, "kind", None) is None or site.node.kind.value == kind:
            yield _Offer(name, "place", quote_text(name))


def _operands(slot: Slot, cursor: Cursor, model: Model) -> Iterator[_Offer]:
    tokens = cursor.tokens
    if tokens[0].type == "POLICY" and len(tokens) > 1:
        head = tokens[: next((at for at, token in enumerate(tokens) if token.type == "LBRACE"), None)]
        names = [token.value for token, colon in pairwise(head) if colon.type == "COLON"]
        yield from (_Offer(name, "parameter", None, tokens[1].value) for name in names)
    yield _Offer("assigned user", "keyword")
    if not slot.of:
        yield from _attributes(slot.owner, model)
        yield from (_Offer(f"request.{name}", "attribute", None, "request") for name in model.request)


def _wanted(slot: Slot, cursor: Cursor, model: Model) -> Type | None:
    """The type of a policy's argument at the cursor."""
    if slot.kind != "argument":
        return slot.type
    opened = max(at for at, token in enumerate(cursor.tokens) if token.type == "LPAR")
    number = sum(token.type == "COMMA" for token in cursor.tokens[opened:])
    types = list(model.parameters.get(slot.owner or "", {}).values())
    return types[number] if number < len(types) else None


def _values(type_: Type | None, of: str, model: Model) -> Iterator[_Offer]:
    if type_ is None:
        return
    match type_.item:
        case EnumType(values=values):
            yield from (_Offer(value, "value", None, of) for value in values)
        case BoolType():
            yield from (_Offer(word, "value") for word in ("true", "false"))
        case UserType():
            yield from _declared("user", model)
        case PlaceType(scope=scope):
            yield from _places(scope, model)
        case DurationType() | DateType() | DateTimeType():
            yield from (_Offer(text, "value") for text in ("30 days", "1 year", sample(type_.item)))


def _policies(model: Model) -> Iterator[_Offer]:
    """The policies; those with parameters as snippets."""
    for name, site in model.symbols.names["policy"].items():
        parameters = list(model.parameters.get(name, {}))
        holes = ", ".join(f"${{{number}:{each}}}" for number, each in enumerate(parameters, 1))
        node = site.node
        on = ""
        if isinstance(node, ast.Policy) and isinstance(node.target, ast.AnyResource):
            on = f" on ${{{len(parameters) + 1}:resource}}"
        detail = f"policy {name}({', '.join(parameters)})" if parameters else None
        text = f"{name}({holes}){on}" if parameters else f"{name}{on}"
        yield _Offer(name, "policy", text if holes or on else None, snippet=bool(holes or on), detail=detail)
        if holes or on:
            yield _Offer(name, "policy", detail=detail)
