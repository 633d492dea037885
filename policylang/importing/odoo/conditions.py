"""Domains as conditions: which types the fields have, by what they are compared with, and the text of each term.

A domain has no `unknown`: a field without a value is unequal to every value, and neither less nor more. Negations stand
at the terms only, where that is written out, so a condition is true exactly where the domain is.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Attribute, Imported, Origin, Ref, Text
from policylang.importing.odoo.domains import DomainItem, DomainTree, FixedValue, Leaf, Node, UserField, leaves
from policylang.importing.odoo.expressions import NoExpressionError
from policylang.syntax.quoting import quote_text

_ALWAYS = {
    "partner_id",
    "partner_id.commercial_partner_id",
    "commercial_partner_id",
    "company_id",
    "user.company_id",
}
"""What every user of Odoo has."""

_BOOLEANS = {("res_partner", "partner_share"), ("res_users", "share"), ("mail_message_subtype", "internal")}
"""Fields of Odoo's own models that its rules test, and whose names do not say what they are."""

_DATES = ("date", "_date", "_datetime", "_on", "_at")


class Stated(msgspec.Struct, frozen=True):
    """A condition. ``loose``: the word that holds it together, if it needs parentheses inside the other."""

    text: Text
    loose: str = ""


ALWAYS, NEVER = Stated(("always",)), Stated(("never",))


class Types:
    """What the fields of records and of users are. Fill it with all domains before asking."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], set[str]] = {}

    def see(self, model: str, tree: DomainTree) -> None:
        """Learn from a domain."""
        for leaf in leaves(tree):
            seen = self._seen.setdefault((model, leaf.field), set())
            for item in leaf.items:
                kind = _kind(leaf.field, item)
                if kind:
                    seen.add(kind)

    def of(self, model: str, leaf: Leaf) -> str:
        """The type of the items of a field. Raises `NoExpressionError`."""
        seen = self._seen.get((model, leaf.field), set())
        kinds = {"decimal"} if seen == {"int", "decimal"} else seen
        if len(kinds) > 1:
            message = f"{leaf.text}: the field is compared with {' and with '.join(sorted(kinds))}"
            raise NoExpressionError("type", leaf.origin, message)
        if kinds:
            return next(iter(kinds))
        last = leaf.field.rpartition(".")[2]
        if last == "active" or last.startswith(("is_", "has_")) or (model, leaf.field) in _BOOLEANS:
            return "bool"
        if last.endswith("_uid") or last == "user_id":
            return "user"
        if last.endswith(("_id", "_ids")) or last in ("name", "state", "code", "email") or last.endswith(_DATES):
            return "text"
        message = f"{leaf.text}: nothing says whether the field is a boolean"
        raise NoExpressionError("type", leaf.origin, message)


def _kind(field: str, item: DomainItem) -> str:
    if isinstance(item, UserField):
        return "user" if item.path == "" else "text"
    value = item.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str) or field == "id" or field.endswith(("_id", "_ids")):
        return "text"
    return "int" if isinstance(value, int) else "decimal"


class ConditionWriter:
    """Writes conditions, and declares what they speak of."""

    def __init__(self, imported: Imported, types: Types) -> None:
        self._set, self._types = imported, types

    def condition(self, model: str, tree: DomainTree) -> Stated:
        """The condition of a domain. Raises `NoExpressionError`."""
        if isinstance(tree, Node):
            parts = [self.condition(model, part) for part in tree.parts]
            return every(parts) if tree.all else some(parts)
        return self._leaf(model, tree)

    def declare(self, model: str, tree: DomainTree) -> None:
        """The attributes that a domain speaks of, which has a condition."""
        for leaf in leaves(tree):
            kind = self._types.of(model, leaf)
            type = ("set of ", kind) if _is_many(leaf.field) else (kind,)
            self._set.resource(model, leaf.origin).attribute(leaf.field, leaf.origin, type)
            if _through(leaf):
                between = msgspec.structs.replace(leaf, field=leaf.field.rpartition(".")[0])
                of = (self._types.of(model, between),)
                self._set.resource(model, leaf.origin).attribute(between.field, leaf.origin, of)
            for item in leaf.items:
                if isinstance(item, UserField) and item.path:
                    self._subject(item, leaf.origin)

    def _subject(self, item: UserField, origin: Origin) -> None:
        kept = Attribute(key=item.path, type=("set of text",) if item.many else ("text",))
        self._set.subject.setdefault(item.path, kept).seen(origin)

    def _leaf(self, model: str, leaf: Leaf) -> Stated:
        kind = self._types.of(model, leaf)
        many = _is_many(leaf.field)
        field: Text = (Ref("attribute", leaf.field),)
        negative = leaf.operator in ("!=", "not in")
        if _through(leaf):
            if many:
                message = f"{leaf.text}: for several records between, versions of Odoo decide differently"
                raise NoExpressionError("path", leaf.origin, message)
            between = leaf.field.rpartition(".")[0]
            self._types.of(model, msgspec.structs.replace(leaf, field=between))
            message = (
                f"{leaf.text}: without {quoted(between)} versions of Odoo decide differently: here it does not hold"
            )
            self._set.refuse("path", leaf.origin, message)
            there = Stated((Ref("attribute", between), " is present"))
            return every([there, self._test(kind, field, many, negative, leaf)])
        return self._test(kind, field, many, negative, leaf)

    def _test(self, kind: str, field: Text, many: bool, negative: bool, leaf: Leaf) -> Stated:
        items = leaf.items
        if leaf.operator in ("<", "<=", ">", ">="):
            if kind not in ("int", "decimal") or many or not isinstance(items[0], FixedValue) or items[0].value is None:
                raise NoExpressionError("type", leaf.origin, f"{leaf.text}: only numbers are compared by size")
            return Stated((*field, f" {leaf.operator} ", _value(kind, items[0], leaf)))
        if kind == "bool":
            return self._bool(field, many, leaf, negative)
        if negative:
            return self._negative(field, many, kind, leaf)
        parts = [self._equal(field, many, kind, each, leaf) for each in items if not _is_text(each, many)]
        listed = [_value(kind, each, leaf) for each in items if isinstance(each, FixedValue) and _is_text(each, many)]
        if len(listed) == 1:
            parts.insert(0, Stated((*field, " is ", listed[0])))
        elif listed:
            parts.insert(0, Stated((*field, " in [", ", ".join(listed), "]")))
        return some(parts)

    def _bool(self, field: Text, many: bool, leaf: Leaf, negative: bool) -> Stated:
        if len(leaf.items) != 1 or not isinstance(leaf.items[0], FixedValue):
            raise NoExpressionError("type", leaf.origin, f"{leaf.text}: a boolean is compared with several values")
        if many and "." not in leaf.field:
            raise NoExpressionError("type", leaf.origin, f"{leaf.text}: several records are compared with a boolean")
        if many:  # one of the records between is enough; that none is, is a test through them, which is refused
            return Stated((*field, " contains true"))
        if (leaf.items[0].value is True) != negative:
            return Stated((*field, " is true"))
        return some([Stated((*field, " is missing")), Stated((*field, " is false"))])

    def _equal(self, field: Text, many: bool, kind: str, item: DomainItem, leaf: Leaf) -> Stated:
        """A field that is one item, or that has it among others."""
        if isinstance(item, FixedValue):
            if item.value is None:
                missing = Stated((*field, " is missing"))
                return some([missing, Stated((*field, " is empty"))]) if many else missing
            return Stated((*field, " contains ", _value(kind, item, leaf)))
        if not item.path:
            return Stated((*field, " contains " if many else " is ", "assigned user"))
        own: Text = ("assigned user.", Ref("subject", item.path))
        if item.many:
            return Stated((*field, " overlaps ", *own) if many else (*own, " contains ", *field))
        if many:
            return Stated((*field, " contains ", *own))
        same = Stated((*field, " is ", *own))
        if item.path in _ALWAYS or item.listed:
            return same
        return some([same, every([Stated((*field, " is missing")), Stated((*own, " is missing"))])])

    def _negative(self, field: Text, many: bool, kind: str, leaf: Leaf) -> Stated:
        parts = []
        listed = []
        for item in leaf.items:
            if isinstance(item, UserField):
                if item.path and not item.many and item.path not in _ALWAYS:
                    message = f"{leaf.text}: users without {item.path!r} would have to be told apart"
                    raise NoExpressionError("type", leaf.origin, message.replace("'", "`"))
                found = self._equal(field, many, kind, item, leaf)
                parts.append(
                    Stated(("not (", *found.text, ")"))
                    if many or item.many
                    else Stated((*field, " is not ", *found.text[2:]))
                )
            elif item.value is None:
                if many:
                    parts += [Stated((*field, " is present")), Stated((*field, " is not empty"))]
            elif many:
                parts.append(Stated(("not (", *field, " contains ", _value(kind, item, leaf), ")")))
            else:
                listed.append(_value(kind, item, leaf))
        if len(listed) == 1:
            parts.insert(0, Stated((*field, " is not ", listed[0])))
        elif listed:
            parts.insert(0, Stated(("not (", *field, " in [", ", ".join(listed), "])")))
        if FixedValue(None) in leaf.items:
            return every(parts) if parts else Stated((*field, " is present"))
        return some([Stated((*field, " is missing")), every(parts)]) if parts else ALWAYS


def _through(leaf: Leaf) -> bool:
    """Whether it asks through another record for what is not so, or not there."""
    return "." in leaf.field and (leaf.operator in ("!=", "not in") or FixedValue(None) in leaf.items)


def _is_many(field: str) -> bool:
    return any(part.endswith("_ids") for part in field.split("."))


def _is_text(item: DomainItem, many: bool) -> bool:
    """Whether it stands in a list of values."""
    return isinstance(item, FixedValue) and item.value is not None and not many


def _value(kind: str, item: FixedValue, leaf: Leaf) -> str:
    value = item.value
    if kind == "text":
        return quote_text(str(value))
    if kind in ("int", "decimal") and isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))
        if number.is_finite() and abs(number) < Decimal("1e15"):
            return f"{number:f}"
    raise NoExpressionError("type", leaf.origin, f"{leaf.text}: the value is not a {kind}")


def some(parts: Iterable[Stated]) -> Stated:
    """Any of some conditions."""
    kept = list(dict.fromkeys(each for each in parts if each != NEVER))
    return ALWAYS if ALWAYS in kept else _joined(kept, "or", NEVER)


def every(parts: Iterable[Stated]) -> Stated:
    """All of some conditions."""
    kept = list(dict.fromkeys(each for each in parts if each != ALWAYS))
    return NEVER if NEVER in kept else _joined(kept, "and", ALWAYS)


def _joined(parts: list[Stated], word: str, without: Stated) -> Stated:
    if not parts:
        return without
    if len(parts) == 1:
        return parts[0]
    text: Text = ()
    for each in parts:
        inner = ("(", *each.text, ")") if each.loose not in ("", word) else each.text
        text = (*text, f" {word} ", *inner) if text else inner
    return Stated(text, word)


def negation(of: Stated) -> Text:
    """A condition that is not true where another is."""
    return ("not (", *of.text, ")")
