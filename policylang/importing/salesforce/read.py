"""From profiles and permission sets to statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from policylang.diagnostics import listed, quoted
from policylang.importing.imported import Imported, Origin, Ref, RoleOrGroup
from policylang.importing.reading import InputFile, Inputs
from policylang.importing.salesforce.source import Metadata, MetadataReader, has_outsiders, widen
from policylang.importing.xml import Element, read_xml

_ACTIONS = ("read", "create", "edit", "delete", "viewAllRecords", "modifyAllRecords")
_BYPASSES = ("viewAllRecords", "modifyAllRecords", "ViewAllData", "ModifyAllData")
_FIELDS = {"read": "readable", "edit": "editable", "create": "editable"}
_LIMITED = {"Private": ("read", "edit", "delete"), "Read": ("edit", "delete"), "ReadSelect": ("edit", "delete")}
_OPEN = ("ReadWrite", "ReadWriteTransfer", "FullAccess")
_RESTRICTIONS = ("RestrictionRule", "FieldRestrictionRule")
OWNER = "OwnerId"


def read(inputs: Inputs, _mapping: Any) -> Imported:
    """Read all metadata. Raises `NotThisError` where a file is no XML."""
    imported = Imported()
    reading = _Reading(imported)
    for file in inputs.files:
        reading.file(file, read_xml(file))
    reading.write()
    return imported


def name_of(file: InputFile, element: Element) -> str:
    """What a profile, set or object is called: in the file, or by its name, in which `%3A` is a colon."""
    return element.value("fullName") or unquote(file.name.split(".")[0])


class _Reading:
    def __init__(self, imported: Imported) -> None:
        self._set = imported
        self._sources: dict[tuple[bool, str], Metadata] = {}
        self._groups: dict[str, tuple[str, Origin, dict[str, Origin]]] = {}
        self._models: dict[str, tuple[str, Origin]] = {}
        self._outside: dict[str, tuple[str, Origin]] = {}
        """The models of objects, and those for users from outside where they differ."""
        self._restricted: set[str] = set()
        """Objects of which rules hide records or fields."""

    def file(self, file: InputFile, element: Element) -> None:
        name, origin = name_of(file, element), Origin(file.path, element.line)
        if element.tag in ("Profile", "PermissionSet"):
            self._source(file, element, name, origin)
        elif element.tag == "PermissionSetGroup":
            self._group(file, element, name, origin)
        elif element.tag == "MutingPermissionSet":
            self._set.refuse("muting", origin, f"{quoted(name)} mutes permissions of its groups")
        elif element.tag == "SharingRules":
            for rule in element.children:
                label = rule.value("fullName") or rule.tag
                self._set.refuse("sharing", Origin(file.path, rule.line), f"the rule {quoted(label)} of {quoted(name)}")
        elif element.tag in _RESTRICTIONS and element.value("enforcementType") != "Scoping":
            self._restriction(element, name, origin)
        elif element.tag == "CustomObject" and (model := element.child("sharingModel")) is not None:
            self._models[name] = model.text.strip(), Origin(file.path, model.line)
            outside = element.child("externalSharingModel")
            if outside is not None and outside.text.strip() != model.text.strip():
                self._outside[name] = outside.text.strip(), Origin(file.path, outside.line)

    def _restriction(self, element: Element, name: str, origin: Origin) -> None:
        object_ = element.value("targetEntity")
        if element.value("active") not in ("false", "0"):
            self._restricted.add(object_)
            message = f"the rule {quoted(name)} hides something of {quoted(object_)}, so nobody gets that"
            self._set.refuse("restriction", origin, message)

    def _source(self, file: InputFile, element: Element, name: str, origin: Origin) -> None:
        key = element.tag == "Profile", name
        known = self._sources.get(key)
        if known is not None:
            if _content(element) != _content(known.element):
                known.closed = True
                message = f"{quoted(name)} is described differently at {known.origin}, so nobody gets it"
                self._set.refuse("twice", origin, message)
            return
        label = element.value("label") or None
        made = self._sources[key] = Metadata(name, label, key[0], origin, element, has_outsiders(element))
        MetadataReader(self._set, made).read()

    def _group(self, file: InputFile, element: Element, name: str, origin: Origin) -> None:
        sets: dict[str, Origin] = {}
        for each in element.children:
            at = Origin(file.path, each.line)
            if each.tag == "mutingPermissionSets":
                self._set.refuse("muting", at, f"{quoted(name)} mutes permissions, so nobody gets it")
                return
            if each.tag == "permissionSets":
                for said in [each, *each.children]:
                    if said.text.strip():
                        sets.setdefault(said.text.strip(), at)
        self._groups[name] = element.value("label"), origin, sets

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        sources = [self._sources[key] for key in sorted(self._sources) if not self._sources[key].closed]
        objects = sorted({name for source in sources for name in source.named})
        widen(sources, objects)
        for source in sources:
            source.close(self._restricted)
        objects = [name for name in objects if name not in self._restricted]
        for source in sources:
            self._declare(source)
        self._limit(objects, sources)
        for source in sources:
            make = self._set.group if source.is_profile else self._set.role
            self._bundle(make(source.name, source.origin, source.label), source, sources)
        for name, (label, origin, sets) in sorted(self._groups.items()):
            key = name if (False, name) not in self._sources else f"{name} (group)"
            bundle = self._set.role(key, origin, label or None)
            for each, at in sorted(sets.items()):
                found = self._sources.get((False, each))
                if found is not None and found.closed:
                    continue
                if found is None:
                    self._set.leave_out("undefined-set", at, f"{quoted(each)} in {quoted(name)} is not in the input")
                self._set.role(each, at)
                bundle.includes[each] = at

    def _declare(self, source: Metadata) -> None:
        """Objects with their fields and actions, and the other things."""
        for fields in (source.readable, source.editable):
            for name, of in fields.items():
                for field, origin in of.items():
                    self._set.resource(name, origin).attribute(field, origin)
        for name, actions in (*source.objects.items(), *source.others.items()):
            for action, origin in actions.items():
                if action != "viewAllFields":
                    made = self._set.resource(name, origin).action(action, origin)
                    made.clauses = ("bypasses policies",) if action in _BYPASSES else ()

    def _limit(self, objects: Iterable[str], sources: Iterable[Metadata]) -> None:
        """Policies for objects whose records are the owner's; a note where nothing is known of that."""
        unknown = []
        for name in objects:
            model, origin = self._models.get(name, ("", None))
            if origin is None:
                unknown.append(name)
                continue
            how, at = self._outside.get(name, (model, origin))
            if model not in _OPEN:
                self._limit_to_owner(name, origin, quoted(model))
            elif how not in _OPEN:
                self._limit_to_owner(name, at, f"{quoted(how)} to users from outside")
        first = [at for source in sources for name in unknown for at in source.objects.get(name, {}).values()]
        if first:
            count = f"{len(unknown)} objects" if len(unknown) > 1 else quoted(unknown[0])
            self._set.leave_out("records", min(first), f"the sharing model of {count} is not in the input")

    def _limit_to_owner(self, name: str, origin: Origin, how: str) -> None:
        what = f"records of {quoted(name)} are {how}: to others than the owner they are open by sharing"
        self._set.refuse("sharing", origin, what)
        condition = (Ref("attribute", OWNER), " is assigned user")
        self._set.resource(name, origin).attribute(OWNER, origin).type = ("user",)
        self._set.policy(name, origin, f"Own {name}", name, condition)

    def _bundle(self, bundle: RoleOrGroup, source: Metadata, sources: Iterable[Metadata]) -> None:
        for name, actions in source.objects.items():
            for action in _ACTIONS:
                if action in actions:
                    self._grant(bundle, source, name, action, actions)
            limited = self._limited(source, name)
            if limited:
                bundle.limit(name, self._model(source, name)[1], limited)
        for name, names in source.others.items():
            for each, origin in names.items():
                bundle.grant(name, each, origin)
        self._fields_alone(source, sources)

    def _grant(self, bundle: RoleOrGroup, source: Metadata, name: str, action: str, actions: dict[str, Origin]) -> None:
        """A grant with the fields that are open to it, in the shorter of two ways."""
        origin = actions[action]
        if action not in _FIELDS or (action == "read" and "viewAllFields" in actions):
            bundle.grant(name, action, origin)
            return
        known = self._set.resources[name].attributes.keys()
        mine = _fields(source, action, name)
        others = tuple(sorted(known - mine.keys() - {OWNER}))
        if mine and len(mine) < len(others):
            bundle.grant(name, action, origin, fields=tuple(sorted(mine.keys() | (known & {OWNER}))))
        else:
            bundle.grant(name, action, origin, exclude=others)

    def _model(self, source: Metadata, name: str) -> tuple[str, Origin]:
        """How the records of an object are shared with the users of a profile or permission set."""
        model = self._models[name]
        return self._outside.get(name, model) if source.has_outsiders else model

    def _limited(self, source: Metadata, name: str) -> tuple[str, ...]:
        """What of an object is open on the owner's records only, to the users of a profile or permission set."""
        actions = source.objects.get(name, {})
        if name not in self._set.policies or "modifyAllRecords" in actions:
            return ()
        model = self._model(source, name)[0]
        limited = () if model in _OPEN else _LIMITED.get(model, _LIMITED["Private"])
        seen = {"read"} if "viewAllRecords" in actions else set()
        return tuple(each for each in limited if each in actions and each not in seen)

    def _fields_alone(self, source: Metadata, sources: Iterable[Metadata]) -> None:
        """Fields that are lost, since somebody else's permission on the object would open them."""
        for name in sorted({*source.readable, *source.editable}):
            actions = source.objects.get(name, {})
            alone: dict[tuple[str, str, Origin], list[str]] = {}
            for action in ("read", "edit", "create"):
                mine = _fields(source, action, name)
                is_limited = action in self._limited(source, name)
                if not mine or (action in actions and not is_limited):
                    continue
                others = [
                    each
                    for each in sources
                    if action in each.objects.get(name, {}) and not (is_limited and action in self._limited(each, name))
                ]
                others = [each for each in others if action != "read" or "viewAllFields" not in each.objects[name]]
                lost = any(mine.keys() - _fields(each, action, name).keys() for each in others)
                if lost or (action == "read" and action not in actions):
                    count = f"{len(mine)} fields" if len(mine) > 1 else f"the field {quoted(min(mine))}"
                    how = "on the owner's records only" if is_limited else "and not the object"
                    alone.setdefault((count, how, min(mine.values())), []).append(action)
            for (count, how, at), opened in alone.items():
                to = listed([quoted(each) for each in opened], "and")
                message = f"{quoted(source.name)} opens {count} of {quoted(name)} to {to}, {how}"
                self._set.refuse("fields-alone", at, message)


def _fields(source: Metadata, action: str, name: str) -> dict[str, Origin]:
    """The fields of an object that an action covers."""
    found: dict[str, dict[str, Origin]] = getattr(source, _FIELDS[action])
    return found.get(name, {})


def _content(element: Element) -> Any:
    """What an element says, wherever it stands."""
    return element.tag, element.text.strip(), [_content(each) for each in element.children]
