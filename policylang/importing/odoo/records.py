"""Records that Odoo's data files describe, as XML and as CSV: what each says of its fields, and where."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, Note, NotImportedError, Origin
from policylang.importing.odoo.expressions import commands, parsed
from policylang.importing.odoo.manifests import Loaded, loaded
from policylang.importing.reading import InputFile, NotThisError, csv_rows
from policylang.importing.xml import Element, read_xml

MODELS = (
    "ir.model.access",
    "ir.access",
    "ir.rule",
    "res.groups",
    "res.groups.privilege",
    "ir.module.category",
    "res.users",
)
USERS_OF_A_GROUP = ("users", "user_ids", "all_user_ids")
_INVERSE = {"rule_groups": ("ir.rule", "groups"), "implied_by_ids": ("res.groups", "implied_ids")}
"""Fields of a group that say what other records say of themselves: their model, and the field there."""
_MANY = ("groups", "users", "rule_groups", "model_access")
_FOLDERS = {"security", "data", "demo", "views", "view", "wizard", "wizards", "report", "static"}
_OPERATION = re.compile(r"(?i)ref\(\s*['\"]([\w.]+)['\"]|\bid\s*=\s*['\"]([\w.]+)['\"]")


class OdooValue(msgspec.Struct, frozen=True):
    """What is said of one field. ``kind``: a text, a reference by its id, or an expression of Python."""

    kind: Literal["text", "ref", "eval", "search"]
    text: str
    origin: Origin


class Record(msgspec.Struct):
    """``id`` begins with the module. ``fields``: what is said of each, in order; ``unclear`` is why that does not
    tell what holds.
    """

    model: str
    id: str
    origin: Origin
    fields: dict[str, list[OdooValue]] = {}
    unclear: Note | None = None

    def last(self, *names: str) -> OdooValue | None:
        """What is said last of a field, under the first of its names that is there."""
        return next((self.fields[name][-1] for name in names if self.fields.get(name)), None)

    def must_be_clear(self) -> None:
        """Raises `NotImportedError` where it is not known what it says."""
        if self.unclear:
            raise NotImportedError(self.unclear.code, self.unclear.origin, self.unclear.message)

    @property
    def module(self) -> str:
        return self.id.rpartition(".")[0]

    def truth(self, name: str, default: bool) -> bool:
        """A field that is true or false. Raises `NotImportedError`."""
        value = self.last(name)
        if value is None:
            return default
        text = value.text.strip().lower()
        if text in ("1", "true", "t", "yes", "y", "on"):
            return True
        if text in ("0", "false", "f", "no", "n", "off", "", "none"):
            return False
        raise NotImportedError("value", value.origin, f"{quoted(value.text)} is neither true nor false")

    def linked(self, *names: str) -> dict[str, Origin]:
        """The ids that a field with many holds. Raises `NotImportedError`."""
        found: dict[str, Origin] = {}
        for value in (value for name in names for value in self.fields.get(name, ())):
            if value.kind == "ref":
                found[value.text] = value.origin
                continue
            if value.kind == "search" or (value.kind == "text" and value.text):
                raise NotImportedError("value", value.origin, f"{quoted(value.text)} does not say which records")
            for kind, id in commands(value.text, value.origin) if value.text else ():
                if kind == "add":
                    found[id] = value.origin
                elif kind == "remove":
                    found.pop(id, None)
                else:
                    found.clear()
        return found

    def referred(self, name: str) -> str:
        """The id that a field holds, empty if it holds none. Raises `NotImportedError`."""
        value = self.last(name)
        if value is None:
            return ""
        if value.kind == "ref":
            return value.text
        if value.kind == "eval":
            tree = parsed(value.text, value.origin)
            if isinstance(tree, ast.Constant) and not tree.value:
                return ""
            ids = commands(f"[(4, {value.text})]", value.origin)
            if len(ids) == 1:
                return ids[0][1]
        elif value.kind == "text" and value.text.lower() in ("", "false"):
            return ""
        raise NotImportedError("value", value.origin, f"{quoted(value.text)} does not say which record")

    def model_key(self) -> str:
        """The key of the resource that it is about, by the id of its model. Raises `NotImportedError`."""
        return self.referred("model_id").rpartition(".")[2].removeprefix("model_")

    def text(self, name: str) -> str:
        """A text, on one line; empty where it is none."""
        value = self.last(name)
        if value is None:
            return ""
        if value.kind == "eval":
            try:
                tree = ast.literal_eval(parsed(value.text, value.origin))
            except (NotImportedError, ValueError, TypeError, RecursionError, MemoryError):
                return ""
            return " ".join(tree.split()) if isinstance(tree, str) else ""
        return " ".join(value.text.split()) if value.kind == "text" else ""


Records = dict[tuple[str, str], Record]


def module_of(path: str) -> str:
    """The module that a file belongs to, by the folder that holds it; empty where there is none."""
    folders = path.split("/")[:-1]
    while folders and folders[-1] in _FOLDERS:
        folders.pop()
    return folders[-1] if folders else ""


def full(id: str, module: str) -> str:
    """An id with its module."""
    return id if "." in id or not module else f"{module}.{id}"


def read_records(imported: Imported, files: tuple[InputFile, ...]) -> Records:
    """The records of all files, those with one id as one."""
    found: Records = {}
    removals: list[tuple[Origin, Element, str]] = []
    order = loaded(files, MODELS, imported)
    for file in order.files:
        module = module_of(file.path)
        made = _csv(file, module) if file.suffix == ".csv" else _xml(file, module, removals)
        there: Records = {}
        for each in made:
            known = there.setdefault((each.model, each.id), each)
            if known is not each:
                message = f"{quoted(each.id)} is defined again at {each.origin}, and Odoo uses that"
                imported.leave_out("overwritten", known.origin, message)
                _change(known, each)
        for key, each in there.items():
            known = found.setdefault(key, each)
            if known is not each:
                _join(known, each, order)
    _turn(imported, found, order)
    for origin, element, module in removals:
        _remove(imported, found, origin, element, module)
    return found


def _change(known: Record, later: Record) -> None:
    """What a file says of a record again, further down."""
    known.unclear = known.unclear or later.unclear
    for name, values in later.fields.items():
        known.fields[name] = known.fields.get(name, []) + values if _are_commands(values) else values


def _join(known: Record, other: Record, order: Loaded) -> None:
    """What two files say of one record: together, where their order is known or makes no difference."""
    known.unclear = known.unclear or other.unclear
    for name, values in other.fields.items():
        before = known.fields.get(name, [])
        if before and all(order.precedes(each.origin.path, other.origin.path) for each in before):
            known.fields[name] = before + values if _are_commands(values) else values
        elif not before or [(each.kind, each.text) for each in before] == [(each.kind, each.text) for each in values]:
            known.fields[name] = values
        elif _only_adds(values) and _is_owner(known, [each for each in before if not _only_adds([each])]):
            known.fields[name] = before + values
        elif _only_adds(before) and _is_owner(known, values):
            known.fields[name] = values + before
        else:
            message = f"{quoted(other.id)} has another {quoted(name)} at {before[-1].origin}"
            known.unclear = Note(values[0].origin, "order", message)


def _is_owner(record: Record, values: list[OdooValue]) -> bool:
    """Whether the module of the record itself says it, which Odoo loads before those that add to it."""
    return all(module_of(each.origin.path) == record.module for each in values)


def _only_adds(values: list[OdooValue]) -> bool:
    return _are_commands(values, ("add",))


def _are_commands(values: list[OdooValue], kinds: tuple[str, ...] = ("add", "remove", "clear")) -> bool:
    """Whether the values change a field with many, in these ways, whatever it held before."""
    try:
        return all(
            each.kind == "eval" and all(kind in kinds for kind, _ in commands(each.text, each.origin))
            for each in values
        )
    except NotImportedError:
        return False


def _turn(imported: Imported, found: Records, order: Loaded) -> None:
    """What groups say of other records, as these say it themselves."""
    for group in [record for (model, _), record in sorted(found.items()) if model == "res.groups"]:
        for name, (model, field) in _INVERSE.items():
            for value in group.fields.get(name, ()):
                for number, id in _links(value):
                    said = OdooValue("eval", f"[({number}, ref({group.id!r}))]", value.origin)
                    ids = [id] if id else [each for kind, each in found if kind == model]
                    if id and (model, id) not in found:
                        if model == "res.groups":
                            message = f"{quoted(id)} is defined elsewhere, so what it implies is unknown"
                            imported.leave_out("undefined-group", value.origin, message)
                            found[model, id] = Record(model, id, value.origin)
                        else:
                            message = f"{quoted(id)} is of a module that is not in the input, so this changes nothing"
                            imported.refuse("elsewhere", value.origin, message)
                            ids = []
                    for each in ids:
                        _add(found[model, each], field, said, order)
        for value in group.fields.get("model_access", ()):
            message = f"`model_access` of {quoted(group.id)} is not read: name the group in the access lists"
            imported.refuse("value", value.origin, message)
            for id in (one or other for one, other in _OPERATION.findall(value.text)):
                row = found.get(("ir.model.access", id))
                if row is not None:
                    row.unclear = Note(value.origin, "order", f"{quoted(id)} may be of {quoted(group.id)} instead")


def _add(known: Record, field: str, value: OdooValue, order: Loaded) -> None:
    """What another record says of a field with many. That one knows the record, so it is loaded after the module that
    defines it.
    """
    path = value.origin.path

    def precedes(each: OdooValue) -> bool:
        other = each.origin.path
        own = module_of(other) == known.module and not order.precedes(path, other)
        return own or other == path or order.precedes(other, path)

    before = known.fields.get(field, [])
    if not all(map(precedes, before)) and not _only_adds([*before, value]):
        known.unclear = Note(
            value.origin, "order", f"{quoted(known.id)} has another {quoted(field)} at {before[-1].origin}"
        )
    known.fields[field] = [*before, value]


def _links(value: OdooValue) -> Iterator[tuple[int, str]]:
    """The commands of a field with many that link and unlink, each with an id; unlinking all with none. Raises
    `NotThisError`.
    """
    if value.kind == "ref":
        yield 4, value.text
        return
    try:
        if value.kind == "search" or (value.kind == "text" and value.text):
            raise NotImportedError("value", value.origin, f"{quoted(value.text)} does not say which records")
        for kind, id in commands(value.text, value.origin) if value.text else ():
            yield 4 if kind == "add" else 3, id
    except NotImportedError as error:
        help = "name the group in the records themselves, or import without it"
        raise NotThisError(value.origin.path, error.message, help, value.origin.line) from None


def _remove(imported: Imported, found: Records, origin: Origin, element: Element, module: str) -> None:
    """Marks the records that a `<delete>` or `<function>` speaks of: what becomes of them is not known."""
    model = element.attributes["model"]
    text = " ".join(
        f'id="{each.attributes.get("id", "")}" {each.attributes.get("eval", "")} '
        f"{each.attributes.get('search', '')} {each.text}"
        for each in (element, *element.descendants())
    )
    named = {full(one or other, module) for one, other in _OPERATION.findall(text)}
    known = [found[model, id] for id in sorted(named) if (model, id) in found]
    if not known and not named and model == "res.users":
        _may_change_users(imported, found, origin, f"`<{element.tag}>`")
    elif not known and not named:
        message = f"this changes records of {quoted(model)}, but does not say which"
        raise NotThisError(
            origin.path, message, "make the change in the records themselves, or import without it", origin.line
        )
    for record in known:
        record.unclear = Note(origin, "removal", f"{quoted(record.id)} is changed or deleted by `<{element.tag}>`")


def _may_change_users(imported: Imported, found: Records, origin: Origin, by: str) -> None:
    """Marks users, and takes away what groups say of them, where anything may become of them."""
    imported.refuse("removal", origin, f"{by} may change any user, so groups are not given to users")
    for (model, _), record in found.items():
        if model == "res.users":
            record.unclear = record.unclear or Note(origin, "removal", f"{quoted(record.id)} may be changed by {by}")
        for name in USERS_OF_A_GROUP if model == "res.groups" else ():
            record.fields.pop(name, None)


# --- XML ---------------------------------------------------------------------------------------------------------


def _xml(file: InputFile, module: str, removals: list[tuple[Origin, Element, str]]) -> Iterator[Record]:
    root = read_xml(file)
    if root.tag not in ("odoo", "openerp"):
        return
    for element in root.descendants():
        model = element.attributes.get("model", "")
        origin = Origin(file.path, element.line)
        if model not in MODELS:
            continue
        if element.tag in ("delete", "function"):
            removals.append((origin, element, module))
        elif element.tag == "record":
            id = element.attributes.get("id", "").strip() or f"line {element.line} of {file.path}"
            yield Record(model, full(id, module), origin, _fields(element, file.path, module))


def _fields(element: Element, path: str, module: str) -> dict[str, list[OdooValue]]:
    found: dict[str, list[OdooValue]] = {}
    for each in element.children:
        if each.tag != "field":
            continue
        origin = Origin(path, each.line)
        given = each.attributes
        if "ref" in given:
            value = OdooValue("ref", full(given["ref"].strip(), module), origin)
        elif "eval" in given:
            value = OdooValue("eval", _with_module(given["eval"].strip(), module), origin)
        elif "search" in given:
            value = OdooValue("search", given["search"].strip(), origin)
        else:
            value = OdooValue("text", each.text.strip(), origin)
        found[given.get("name", "")] = [value]
    return found


def _with_module(text: str, module: str) -> str:
    """An expression in which every id has its module."""
    return re.sub(r"""\bref\(\s*(['"])([^'".]+)\1""", lambda hit: f"ref({hit[1]}{full(hit[2], module)}{hit[1]}", text)


# --- CSV ---------------------------------------------------------------------------------------------------------


def model_of(file: InputFile, heads: list[str]) -> str | None:
    """The model whose records a table has: by its name, as Odoo does it, or by what only that model has."""
    name = file.name[: -len(file.suffix)].lower() if file.suffix else file.name.lower()
    if name in MODELS:
        return name
    plain = {re.split("[:/]", head)[0] for head in heads}
    if {"perm_read", "model_id"} <= plain:
        return "ir.rule" if "domain_force" in plain else "ir.model.access"
    return "ir.access" if {"operation", "model_id"} <= plain else None


def _csv(file: InputFile, module: str) -> Iterator[Record]:
    source = file.source()
    table = list(csv_rows(source))
    if not table:
        return
    heads = [cell.value.strip().removeprefix("\ufeff") for cell in table[0].cells]
    model = model_of(file, heads)
    if model is None:
        return
    if "id" not in heads:
        raise NotThisError(file.path, "the first row does not name the column `id`", "see `docs/importing.md`", 1)
    for row in table[1:]:
        origin = Origin(file.path, source.position(row.start)[0])
        cells = dict(zip(heads, (cell.value.strip() for cell in row.cells), strict=False))
        id = cells.pop("id", "") or f"line {origin.line} of {file.path}"
        made = Record(model, full(id, module), origin)
        for head, text in cells.items():
            field, _, by_id = head.replace(":", "/").partition("/")
            made.fields[field] = [_cell(text, field, by_id, module, origin)]
        if id.startswith("#"):
            message = f"{quoted(id)} looks like a comment, which Odoo does not know: it reads the row"
            made.unclear = Note(origin, "comment", message)
        elif len(row.cells) > len(heads):
            made.unclear = Note(origin, "row", f"{quoted(id)} has more cells than the first row")
        yield made


def _cell(text: str, field: str, by_id: str, module: str, origin: Origin) -> OdooValue:
    if not by_id or not text:
        return OdooValue("text", text, origin)
    if field.endswith("_ids") or field in _MANY:
        ids = ", ".join(f"ref({full(each.strip(), module)!r})" for each in text.split(",") if each.strip())
        return OdooValue("eval", f"[(6, 0, [{ids}])]", origin)
    return OdooValue("ref", full(text, module), origin)
