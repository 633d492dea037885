"""One profile or permission set: what it opens, and on which line it says so."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, Origin
from policylang.importing.xml import Element

FLAGS = {
    "allowRead": "read",
    "allowCreate": "create",
    "allowEdit": "edit",
    "allowDelete": "delete",
    "viewAllRecords": "viewAllRecords",
    "modifyAllRecords": "modifyAllRecords",
    "viewAllFields": "viewAllFields",
}
KINDS = {
    "applicationVisibilities": ("application", "visible", "Apps"),
    "classAccesses": ("apexClass", "enabled", "Apex classes"),
    "customMetadataTypeAccesses": ("name", "enabled", "Custom metadata types"),
    "customPermissions": ("name", "enabled", "Custom permissions"),
    "customSettingAccesses": ("name", "enabled", "Custom settings"),
    "externalCredentialPrincipalAccesses": ("externalCredentialPrincipal", "enabled", "External credentials"),
    "externalDataSourceAccesses": ("externalDataSource", "enabled", "External data sources"),
    "flowAccesses": ("flow", "enabled", "Flows"),
    "pageAccesses": ("apexPage", "enabled", "Visualforce pages"),
    "recordTypeVisibilities": ("recordType", "visible", "Record types"),
    "tabSettings": ("tab", "visibility", "Tabs"),
    "tabVisibilities": ("tab", "visibility", "Tabs"),
    "userPermissions": ("name", "enabled", "User permissions"),
}
_USER_PERMISSIONS = "User permissions"
_SHOWN, _HIDDEN = ("DefaultOn", "DefaultOff", "Visible", "Available"), ("Hidden", "None")
"""How tabs are set."""
_NO_ACCESS = {
    *("custom", "description", "fullName", "label", "status"),
    *("hasActivationRequired", "permissionSets", "mutingPermissionSets"),
}
_LAYOUT = {"layoutAssignments", "license", "userLicense", "profileActionOverrides", "loginFlows"}
_OUTSIDE = re.compile(r"(?i)communit|portal|partner|external|guest|customer|website|channel")
"""Words in the names of their licenses."""
_EVERYWHERE = (("0.0.0.0", "255.255.255.255"), ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))  # noqa: S104


class Metadata(msgspec.Struct):
    """``objects``: by object and action. ``readable``, ``editable``: by object and field. ``others``: by kind and name.
    ``named``: all objects that it speaks of, also where it opens nothing. ``has_outsiders``: whether users from
    outside, such as customers, may have it: by its license, or since it has none. ``closed``: whether nobody gets it.
    """

    name: str
    label: str | None
    is_profile: bool
    origin: Origin
    element: Element
    has_outsiders: bool
    objects: dict[str, dict[str, Origin]] = {}
    readable: dict[str, dict[str, Origin]] = {}
    editable: dict[str, dict[str, Origin]] = {}
    others: dict[str, dict[str, Origin]] = {}
    named: dict[str, None] = {}
    closed: bool = False

    def close(self, objects: Iterable[str]) -> None:
        """Take away what it opens of some objects."""
        for name in objects:
            for of in (self.objects, self.readable, self.editable):
                of.pop(name, None)


def has_outsiders(element: Element) -> bool:
    license = element.value("userLicense") or element.value("license")
    return not license or _OUTSIDE.search(license) is not None


class MetadataReader:
    """Reads one profile or permission set."""

    def __init__(self, imported: Imported, source: Metadata) -> None:
        self._set, self._source = imported, source
        self._seen: dict[tuple[str, str, str], tuple[bool, Origin]] = {}

    def read(self) -> None:
        element = self._source.element
        layout: Element | None = None
        for each in element.children:
            if each.tag == "objectPermissions":
                self._object(each)
            elif each.tag == "fieldPermissions":
                self._field(each)
            elif each.tag in KINDS:
                self._other(each)
            elif each.tag in ("loginHours", "loginIpRanges"):
                self._login(each)
            elif each.tag == "categoryGroupVisibilities":
                self._category(each)
            elif each.tag in _LAYOUT:
                layout = layout or each
            elif each.tag not in _NO_ACCESS:
                message = f"{quoted(self._source.name)} has {quoted(each.tag)}"
                self._set.refuse("unknown", self._at(each), message)
        if layout is not None:
            message = f"{quoted(layout.tag)} and the like of {quoted(self._source.name)}"
            self._set.leave_out("layout", self._at(layout), message)
        if self._truth(element, "hasActivationRequired"):
            self._source.closed = True
            at = self._at(element.child("hasActivationRequired") or element)
            self._set.refuse("activation", at, f"{quoted(self._source.name)} has to be activated in a session")
        self._fill()

    def _at(self, element: Element) -> Origin:
        return Origin(self._source.origin.path, element.line)

    def _truth(self, element: Element, tag: str) -> bool:
        found = element.child(tag)
        if found is None:
            return False
        text = found.text.strip()
        if text not in ("true", "false", "1", "0"):
            self._set.refuse("value", self._at(found), f"{quoted(tag)} is {quoted(text)}")
        return text in ("true", "1")

    def _say(self, kind: str, of: str, name: str, holds: bool, origin: Origin) -> None:
        """Note whether something is open. Where that is said twice and not alike it is not."""
        known = self._seen.setdefault((kind, of, name), (holds, origin))
        if known[0] != holds:
            what = f"{quoted(name)} of {quoted(of)}" if of else quoted(name)
            self._set.refuse("twice", origin, f"{what} is described differently at {known[1]}")
            self._seen[kind, of, name] = False, origin

    def _object(self, element: Element) -> None:
        name = self._name(element, "object")
        if name:
            self._source.named.setdefault(name)
        for tag, action in FLAGS.items() if name else ():
            self._say("object", name, action, self._truth(element, tag), self._at(element))

    def _field(self, element: Element) -> None:
        object_, _, field = self._name(element, "field").partition(".")
        if object_ and field:
            self._source.named.setdefault(object_)
            for tag in ("readable", "editable"):
                self._say(tag, object_, field, self._truth(element, tag), self._at(element))

    def _other(self, element: Element) -> None:
        tag, flag, kind = KINDS[element.tag]
        name = self._name(element, tag)
        if not name:
            return
        if flag == "visibility":
            text = element.value(flag)
            if text not in (*_SHOWN, *_HIDDEN):
                self._set.refuse("value", self._at(element), f"the visibility of {quoted(name)} is {quoted(text)}")
            holds = text in _SHOWN
        else:
            holds = self._truth(element, flag)
        self._say("other", kind, name, holds, self._at(element))

    def _name(self, element: Element, tag: str) -> str:
        name = element.value(tag)
        if not name:
            self._set.refuse("value", self._at(element), f"{quoted(element.tag)} without {quoted(tag)}")
        return name

    def _login(self, element: Element) -> None:
        if element.tag == "loginIpRanges" and _is_everywhere(
            element.value("startAddress"), element.value("endAddress")
        ):
            return
        if element.tag == "loginHours" and not element.children:
            return
        self._source.closed = True
        what = "at some hours" if element.tag == "loginHours" else "from some addresses"
        self._set.refuse("login-limits", self._at(element), f"{quoted(self._source.name)} may log in {what} only")

    def _category(self, element: Element) -> None:
        if element.value("visibility") != "NONE":
            name = element.value("dataCategoryGroup")
            self._set.refuse("category", self._at(element), f"{quoted(self._source.name)} sees {quoted(name)}")

    def _fill(self) -> None:
        into = {"object": self._source.objects, "readable": self._source.readable, "editable": self._source.editable}
        for (kind, of, name), (holds, origin) in self._seen.items():
            if holds:
                into.get(kind, self._source.others).setdefault(of, {})[name] = origin


def _is_everywhere(start: str, end: str) -> bool:
    try:
        pair = str(ipaddress.ip_address(start)), str(ipaddress.ip_address(end))
    except ValueError:
        return False
    return pair in _EVERYWHERE


def widen(sources: Iterable[Metadata], objects: Iterable[str]) -> None:
    """What View All Data and Modify All Data open, on every object that is known."""
    names = sorted(objects)
    for source in sources:
        permissions = source.others.get(_USER_PERMISSIONS, {})
        for permission, actions in (
            ("ViewAllData", ("read", "viewAllRecords")),
            ("ModifyAllData", ("read", "create", "edit", "delete", "viewAllRecords", "modifyAllRecords")),
        ):
            if permission in permissions:
                for name in names:
                    for action in actions:
                        source.objects.setdefault(name, {}).setdefault(action, permissions[permission])
