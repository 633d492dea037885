"""Edits of record rules: whom one limits, which records it shows, and rules more or less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policylang.importing.edits import CannotEditError, CannotExpressError, SourceEdit, Wanted, telling
from policylang.importing.imported import NotImportedError
from policylang.importing.odoo.access import EVERYBODY, OPERATIONS
from policylang.importing.odoo.domain_text import domain
from policylang.importing.odoo.patch_csv import AccessList
from policylang.importing.odoo.patch_xml import (
    PlacedRecord,
    XmlRecords,
    link_field,
    short,
    text_field,
)
from policylang.text.names import free_name

_GROUPS = ("groups", "group_ids")


def patch_rules(records: XmlRecords, lists: Sequence[AccessList], wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits of rules, or of domains in access lists that have them. Raises `CannotExpressError`."""
    rules = _Rules(records, [of for of in lists if of.by_letters])
    for each in wanted:
        if each.kind == "condition" and each.give:
            yield from rules.say(each)
    new: dict[tuple[str, str, tuple[str, ...]], list[Wanted]] = {}
    linked_to: dict[str, tuple[PlacedRecord, list[Wanted]]] = {}
    for each in wanted:
        if each.kind != "limit" or each.is_gone:
            continue
        there = [] if rules.lists else rules.of_policy(each.role)
        if rules.lists:
            rules.in_lists(each)
        elif there:
            for of in there:
                linked_to.setdefault(of.record.id, (of, []))[1].append(each)
        elif each.give:
            new.setdefault((each.role, each.resource, each.actions), []).append(each)
        else:
            raise CannotExpressError(each, "no rule in XML says it", "change it where it is defined")
    for of, several in linked_to.values():
        yield rules.link(of, several)
    for several in new.values():
        yield rules.add(several)
    yield from rules.for_everyone([each for each in wanted if each.kind == "everyone"])


def _domain(of: Wanted, *, where_false: bool = False) -> str:
    with telling(of, "write it with `is`, `in`, `contains`, `<`, `>`, `is missing` and the assigned user"):
        return domain(of.condition, where_false=where_false)


class _Rules:
    def __init__(self, records: XmlRecords, lists: Sequence[AccessList]) -> None:
        self._records, self.lists = records, lists
        self._all = records.of("ir.rule")

    def of_policy(self, key: str) -> list[PlacedRecord]:
        """The rules that a policy was made of."""
        ids = set(key.split(" or "))
        return [each for each in self._all if each.record.id in ids]

    def _alike(self, of: PlacedRecord) -> list[PlacedRecord]:
        """The rules of one model with one domain, which are one policy."""
        return [each for each in self._all if _model(each) == _model(of) and _says(each) == _says(of)]

    def say(self, wanted: Wanted) -> Iterator[SourceEdit]:
        """Another domain in the rules, or rows, of a policy."""
        rows = [(of, row) for of in self.lists for row in of.rows if of.id(row) == wanted.role]
        there = self.of_policy(wanted.role)
        text = _domain(wanted) if rows or there else ""
        for of, row in rows:
            of.limit(row, text, wanted.words)
        if len(there) > 1:
            help = "give each rule a policy of its own, and change that"
            raise CannotExpressError(wanted, "it is made of several rules, of which any is enough", help)
        for rule in there:
            for each in self._alike(rule):
                yield self._with_domain(each, text, wanted)

    def _with_domain(self, of: PlacedRecord, text: str, wanted: Wanted) -> SourceEdit:
        value = of.record.last("domain_force")
        with telling(wanted):
            if value is None:
                return self._records.add_field(of, text_field("domain_force", text), wanted.words)
            return self._records.rewrite(value, text if value.kind == "text" else repr(text), wanted.words)

    def in_lists(self, wanted: Wanted) -> None:
        """A domain in the rows of a group and a model."""
        rows = [(of, row) for of in self.lists for row in of.of_group(wanted.holder, wanted.resource)]
        text = _domain(wanted) if wanted.give else ""
        if not rows or not all(of.limit(row, text, wanted.words) for of, row in rows):
            raise CannotExpressError(wanted, "no row of the group and the model has room for a domain")

    def link(self, of: PlacedRecord, several: Sequence[Wanted]) -> SourceEdit:
        """A rule for other groups; without any left it would hold for everyone, and goes."""
        first = several[0]
        try:
            changes = {each.holder: each.give for each in several}
            left = {*of.record.linked(*_GROUPS)} - {group for group, give in changes.items() if not give}
            if not left and not any(changes.values()):
                return self._records.without_record(of, first.words)
            return self._records.relink(of, _GROUPS, changes, first.words)
        except (CannotEditError, NotImportedError) as error:
            raise CannotExpressError(first, str(error)) from None

    def add(self, several: Sequence[Wanted]) -> SourceEdit:
        """A new rule for the groups that a policy limits."""
        first = several[0]
        text = _domain(first)
        beside = self._beside(first)
        groups = [short(each.holder, beside.path) for each in several]
        groups_field = link_field(_GROUPS[0], list(dict.fromkeys(groups)))
        return self._new(beside, first, f"rule_{first.name}", text, first.actions or OPERATIONS, [groups_field])

    def _beside(self, wanted: Wanted) -> PlacedRecord:
        with telling(wanted, "add an XML file with a rule"):
            return self._records.anchor("ir.rule", "res.groups", "res.users")

    def _new(
        self, beside: PlacedRecord, of: Wanted, id: str, text: str, actions: Sequence[str], more: Sequence[str]
    ) -> SourceEdit:
        taken = {each.record.id.rpartition(".")[2] for each in self._all}
        if not set(actions) <= set(OPERATIONS):
            raise CannotExpressError(of, f"rules have no operation but {', '.join(OPERATIONS)}")
        same = [each.record for each in self._all if _model(each) == of.resource]
        refs = {value.text for each in same for value in each.fields["model_id"] if value.kind == "ref"}
        ref = short(min(refs), beside.path) if refs else f"model_{of.resource}"
        perms = [f'<field name="perm_{each}" eval="False"/>' for each in OPERATIONS if each not in actions]
        fields = [
            text_field("name", of.label or of.name.replace("_", " ").capitalize() or "Everybody"),
            f'<field name="model_id" ref="{ref}"/>',
            *more,
            *perms,
            text_field("domain_force", text),
        ]
        return self._records.add_record(beside, free_name(id, taken), "ir.rule", fields, of.words)

    # --- for everyone ------------------------------------------------------------------------------------------------

    def for_everyone(self, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
        """Rules without groups, which are denies wherever they do not hold."""
        taken, given = _together(wanted, give=False), _together(wanted, give=True)
        pairs = {key: same for key in given if (same := _same_spot(key, taken)) is not None}
        for key, of in taken.items():
            if key not in pairs.values():
                yield from self._say_for_everyone(key[0], key[2], None, of)
        for key, of in given.items():
            resource, _, actions = key
            text = _domain(of, where_false=True)
            if key in pairs:
                yield from self._say_for_everyone(resource, actions, text, of)
            elif self.lists:
                help = "add a row without a group, whose domain says which records are left"
                raise CannotExpressError(of, "restrictions are not added to `ir.access.csv`", help)
            else:
                yield self._new(self._beside(of), of, f"rule_{resource}_everyone", text, actions, [])

    def _say_for_everyone(
        self, resource: str, actions: tuple[str, ...], text: str | None, of: Wanted
    ) -> Iterator[SourceEdit]:
        """Another domain in the restriction of a model and some operations; without one it goes."""
        rule = self._global(resource, actions)
        rows = [
            (each, row)
            for each in self.lists
            for row in each.of_group(EVERYBODY, resource)
            if each.operations(row) == set(actions)
        ]
        if rule is not None:
            yield self._records.without_record(rule, of.words) if text is None else self._with_domain(rule, text, of)
        elif len(rows) == 1:
            (each, row), *_ = rows
            if text is None:
                each.take(row, of.words)
            else:
                each.limit(row, text, of.words)
        else:
            raise CannotExpressError(of, "no rule or row says just that", "change those without a group")

    def _global(self, resource: str, actions: tuple[str, ...]) -> PlacedRecord | None:
        """The only rule without groups of a model and some operations."""
        found = [
            each
            for each in self._all
            if _model(each) == resource
            and not any(each.record.fields.get(name) for name in _GROUPS)
            and actions == tuple(op for op in OPERATIONS if each.record.truth(f"perm_{op}", True))
        ]
        return found[0] if len(found) == 1 else None


_Denied = tuple[str, str, tuple[str, ...]]
"""A model, what a deny says, and the operations."""


def _same_spot(key: _Denied, others: Iterable[_Denied]) -> _Denied | None:
    """A deny of the same operations on the same model."""
    return next((each for each in others if (each[0], each[2]) == (key[0], key[2])), None)


def _together(wanted: Sequence[Wanted], *, give: bool) -> dict[_Denied, Wanted]:
    """Denies that say the same of several operations."""
    found: dict[tuple[str, str], list[Wanted]] = {}
    for each in wanted:
        if each.give == give:
            found.setdefault((each.resource, each.words.partition(" on ")[2]), []).append(each)
    return {
        (*key, tuple(op for op in OPERATIONS if op in {each.action for each in of})): of[0] for key, of in found.items()
    }


def _model(of: PlacedRecord) -> str:
    try:
        return of.record.model_key()
    except NotImportedError:
        return ""


def _says(of: PlacedRecord) -> str:
    value = of.record.last("domain_force")
    return "" if value is None else "".join(value.text.split())
