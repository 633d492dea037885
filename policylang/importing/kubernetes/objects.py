"""Objects of a cluster in YAML or JSON: several documents, lists, and what else files hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.files.yaml_source import Steps, Yaml, YamlError, read_documents
from policylang.importing.imported import Imported, Origin
from policylang.importing.reading import InputFile, Inputs
from policylang.source import Source

RBAC = "rbac.authorization.k8s.io/"
KINDS = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
_CORE = ("ServiceAccount", "Namespace")
_API_LIST = "APIResourceList"
_DEEPEST = 100
"""Levels of a document. Definitions of resources, which stand in the files of an installation, have some fifty."""

_SAYS = ("rules", "aggregationRule", "subjects", "roleRef")


class Object(msgspec.Struct, frozen=True):
    """An object, and where it stands in its document."""

    kind: str
    namespace: str
    name: str
    value: dict[str, Any]
    source: Source
    document: Yaml
    steps: Steps

    @property
    def key(self) -> str:
        """A slash is in no name of a cluster; keys of what has no name there hold line breaks."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def origin(self, *steps: str | int) -> Origin:
        """Where something in it stands, or the nearest thing around that."""
        found: Steps = (*self.steps, *steps)
        while found not in self.document.places:
            found = found[:-1]
        return Origin(self.source.name, self.document.places[found][0])

    def offset(self, steps: Steps) -> int:
        """Where something in its document begins."""
        return self.source.offset(*self.document.places[steps])

    def list(self, key: str, imported: Imported) -> list[Any]:
        """A list in it; nothing where something else is there, which is refused."""
        found = self.value.get(key)
        if found is not None and not isinstance(found, list):
            imported.refuse("shape", self.origin(key), f"{quoted(key)} is not a list")
        return found if isinstance(found, list) else []


def texts(value: Any) -> list[str] | None:
    """A list of texts, or ``None`` for anything else."""
    if value is None:
        return []
    return value if isinstance(value, list) and all(isinstance(each, str) for each in value) else None


def read_objects(inputs: Inputs, imported: Imported) -> Iterator[Object]:
    """Every object that is about access. Of two with one name both are refused, unless they say the same."""
    found: dict[tuple[str, str, str], Object] = {}
    differ: set[tuple[str, str, str]] = set()
    for file in inputs.files:
        for each in _objects(file, imported):
            key = each.kind, each.namespace, each.name
            before = found.setdefault(key, each)
            if before is not each and each.kind != _API_LIST and _said(before) != _said(each):
                differ.add(key)
                message = f"{each.kind} {quoted(each.name)} is also at {before.origin()}, and differs: neither is read"
                imported.refuse("twice", each.origin(), message)
            elif before is not each and each.kind == _API_LIST:
                found[(*key[:2], f"{each.name} {each.source.name}")] = each
    yield from (each for key, each in found.items() if key not in differ)


def _said(of: Object) -> list[Any]:
    """What an object says of access: of labels those that aggregated roles select by."""
    labels = of.value["metadata"].get("labels") if of.kind == "ClusterRole" else None
    return [labels, *(of.value.get(key) for key in _SAYS)]


def _objects(file: InputFile, imported: Imported) -> Iterator[Object]:
    found, error = file.once(_documents)
    source = file.source()
    for document in found:
        yield from _unpacked(source, document, (), document.value, imported)
    if error is not None:
        is_template = "{{" in source.text
        message = "this is a template: import what `helm template` makes of it" if is_template else error.message
        imported.refuse("unreadable", Origin(file.path, error.line, error.column), message)


def _documents(text: str) -> tuple[list[Yaml], YamlError | None]:
    """The documents of a text, and why there are no more."""
    found: list[Yaml] = []
    try:
        found.extend(read_documents(text, _DEEPEST))
    except YamlError as error:
        return found, error
    return found, None


def _unpacked(source: Source, document: Yaml, steps: Steps, value: Any, imported: Imported) -> Iterator[Object]:
    """The object at some steps, or those of a list."""
    at = Origin(source.name, document.places[steps][0])
    if value is None:
        return
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        imported.leave_out("other-kind", at, "this is not a cluster object")
        return
    kind, api, items = value["kind"], value.get("apiVersion"), value.get("items")
    if kind.endswith("List") and kind != _API_LIST and isinstance(items, list):
        for number, item in enumerate(items):
            if isinstance(item, dict) and kind != "List":
                item.setdefault("kind", kind.removesuffix("List"))
                item.setdefault("apiVersion", api)
            yield from _unpacked(source, document, (*steps, "items", number), item, imported)
        return
    if kind == _API_LIST:
        yield Object(kind, "", str(value.get("groupVersion", "v1")), value, source, document, steps)
        return
    is_access = kind in KINDS and isinstance(api, str) and api.startswith(RBAC)
    if not is_access and not (kind in _CORE and api == "v1"):
        imported.leave_out("other-kind", at, f"the kind {quoted(kind)}")
        return
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name or not isinstance(namespace, str | None):
        imported.refuse("shape", at, f"a {kind} without a name")
        return
    if kind not in ("Role", "RoleBinding", "ServiceAccount"):
        namespace = None
    elif not namespace:
        imported.guessed_at(at, f"{kind} {quoted(name)} names no namespace: treated as `default`")
        namespace = "default"
    yield Object(kind, namespace or "", name, value, source, document, steps)
