"""Domains as conditions: which types the fields have, by what they are compared with, and the text of each term.

A domain has no `unknown`: a field without a value is unequal to every value, and neither less nor more. Negations stand
at the terms only, where that is written out, so a condition is true exactly where the domain is.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeGuard

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, NotImportedError, Ref, Text
from policylang.importing.odoo.domains import DomainItem, DomainTree, FixedValue, Leaf, Node, UserField, leaves
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


class ConditionWriter:
    """Writes conditions, and declares what they speak of. Let it see all domains before asking: what fields are
    compared with says what they are.
    """

    def __init__(self, imported: Imported) -> None:
        self._set = imported
        self._seen: dict[tuple[str, str], set[str]] = {}

    def see(self, model: str, tree: DomainTree) -> None:
        """Learn from a domain."""
        for leaf in leaves(tree):
            seen = self._seen.setdefault((model, leaf.field), set())
            for item in leaf.items:
                kind = _kind(leaf.field, item)
                if kind:
                    seen.add(kind)

    def _type(self, model: str, leaf: Leaf) -> str:
        """The type of the items of a field. Raises `NotImportedError`."""
        seen = self._seen.get((model, leaf.field), set())
        kinds = {"decimal"} if seen == {"int", "decimal"} else seen
        if len(kinds) > 1:
            message = f"{leaf.text}: the field is compared with {' and with '.join(sorted(kinds))}"
            raise NotImportedError("type", leaf.origin, message)
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
        raise NotImportedError("type", leaf.origin, message)

    def condition(self, model: str, tree: DomainTree) -> Stated:
        """The condition of a domain. Raises `NotImportedError`."""
        if isinstance(tree, Node):
            parts = [self.condition(model, part) for part in tree.parts]
            return every(parts) if tree.all else some(parts)
        return self._leaf(model, tree)

    def declare(self, model: str, tree: DomainTree) -> None:
        """The attributes that a domain speaks of, which has a condition."""
        for leaf in leaves(tree):
            kind = self._type(model, leaf)
            type = ("set of ", kind) if _is_many(leaf.field) else (kind,)
            self._set.resource(model, leaf.origin).attribute(leaf.field, leaf.origin, type)
            if _through(leaf):
                between = msgspec.structs.replace(leaf, field=leaf.field.rpartition(".")[0])
                of = (self._type(model, between),)
                self._set.resource(model, leaf.origin).attribute(between.field, leaf.origin, of)
            for item in leaf.items:
                if isinstance(item, UserField) and item.path:
                    self._set.attribute(item.path, leaf.origin, ("set of text" if item.many else "text",))

    def _leaf(self, model: str, leaf: Leaf) -> Stated:
        test = _Test(leaf, self._type(model, leaf), _is_many(leaf.field))
        if not _through(leaf):
            return test.stated()
        if test.many:
            message = f"{leaf.text}: for several records between, versions of Odoo decide differently"
            raise NotImportedError("path", leaf.origin, message)
        between = leaf.field.rpartition(".")[0]
        self._type(model, msgspec.structs.replace(leaf, field=between))
        message = f"{leaf.text}: without {quoted(between)} versions of Odoo decide differently: here it does not hold"
        self._set.refuse("path", leaf.origin, message)
        return every([Stated((Ref("attribute", between), " is present")), test.stated()])


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


class _Test(msgspec.Struct, frozen=True):
    """A term. ``kind``: the type of the items of its field; ``many``: whether that holds several."""

    leaf: Leaf
    kind: str
    many: bool

    def _says(self, *words: str | Ref) -> Stated:
        """What the field is."""
        return Stated((Ref("attribute", self.leaf.field), *words))

    def _cannot(self, why: str) -> NotImportedError:
        return NotImportedError("type", self.leaf.origin, f"{self.leaf.text}: {why}")

    def stated(self) -> Stated:
        """The condition. Raises `NotImportedError`."""
        items, operator = self.leaf.items, self.leaf.operator
        if operator in ("<", "<=", ">", ">="):
            first = items[0] if items else None
            is_number = self.kind in ("int", "decimal") and not self.many
            if not is_number or not isinstance(first, FixedValue) or first.value is None:
                raise self._cannot("only numbers are compared by size")
            return self._says(f" {operator} ", self._value(first))
        if self.kind == "bool":
            return self._bool(operator in ("!=", "not in"))
        if operator in ("!=", "not in"):
            return self._negative()
        parts = [self._equal(each) for each in items if not self._is_listed(each)]
        listed = [self._value(each) for each in items if self._is_listed(each)]
        if len(listed) == 1:
            parts.insert(0, self._says(" is ", listed[0]))
        elif listed:
            parts.insert(0, self._says(" in [", ", ".join(listed), "]"))
        return some(parts)

    def _is_listed(self, item: DomainItem) -> TypeGuard[FixedValue]:
        """Whether it stands in a list of values."""
        return isinstance(item, FixedValue) and item.value is not None and not self.many

    def _bool(self, negative: bool) -> Stated:
        item = self.leaf.items[0] if len(self.leaf.items) == 1 else None
        if not isinstance(item, FixedValue):
            raise self._cannot("a boolean is compared with several values")
        if self.many and "." not in self.leaf.field:
            raise self._cannot("several records are compared with a boolean")
        if self.many:  # one of the records between is enough; that none is, is a test through them, which is refused
            return self._says(" contains true")
        if (item.value is True) != negative:
            return self._says(" is true")
        return some([self._says(" is missing"), self._says(" is false")])

    def _equal(self, item: DomainItem) -> Stated:
        """A field that is one item, or that has it among others."""
        if isinstance(item, FixedValue):
            if item.value is not None:
                return self._says(" contains ", self._value(item))
            missing = self._says(" is missing")
            return some([missing, self._says(" is empty")]) if self.many else missing
        if not item.path:
            return self._says(" contains " if self.many else " is ", "assigned user")
        own: Text = ("assigned user.", Ref("subject", item.path))
        if item.many:
            return self._says(" overlaps ", *own) if self.many else Stated((*own, " contains ", *self._says().text))
        if self.many:
            return self._says(" contains ", *own)
        same = self._says(" is ", *own)
        if item.path in _ALWAYS or item.listed:
            return same
        return some([same, every([self._says(" is missing"), Stated((*own, " is missing"))])])

    def _negative(self) -> Stated:
        parts = []
        listed = []
        for item in self.leaf.items:
            if isinstance(item, UserField):
                if item.path and not item.many and item.path not in _ALWAYS:
                    raise self._cannot(f"users without {quoted(item.path)} would have to be told apart")
                found = self._equal(item)
                is_not = self._says(" is not ", *found.text[2:])
                parts.append(Stated(negation(found)) if self.many or item.many else is_not)
            elif item.value is None:
                if self.many:
                    parts += [self._says(" is present"), self._says(" is not empty")]
            elif self.many:
                parts.append(Stated(negation(self._says(" contains ", self._value(item)))))
            else:
                listed.append(self._value(item))
        if len(listed) == 1:
            parts.insert(0, self._says(" is not ", listed[0]))
        elif listed:
            parts.insert(0, Stated(negation(self._says(" in [", ", ".join(listed), "]"))))
        if FixedValue(None) in self.leaf.items:
            return every(parts) if parts else self._says(" is present")
        return some([self._says(" is missing"), every(parts)]) if parts else ALWAYS

    def _value(self, item: FixedValue) -> str:
        value = item.value
        if self.kind == "text":
            return quote_text(str(value))
        if self.kind in ("int", "decimal") and isinstance(value, int | float) and not isinstance(value, bool):
            number = Decimal(repr(value))
            if number.is_finite() and abs(number) < Decimal("1e15"):
                return f"{number:f}"
        raise self._cannot(f"the value is not a {self.kind}")


def _through(leaf: Leaf) -> bool:
    """Whether it asks through another record for what is not so, or not there."""
    return "." in leaf.field and (leaf.operator in ("!=", "not in") or FixedValue(None) in leaf.items)


def _is_many(field: str) -> bool:
    return any(part.endswith("_ids") for part in field.split("."))


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
