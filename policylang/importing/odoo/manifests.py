"""Which files modules load, and in which order: what their manifests say."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Sequence
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.graph import distances
from policylang.importing.imported import Imported, Origin
from policylang.importing.reading import InputFile, NotThisError

NAMES = ("__manifest__.py", "__openerp__.py")
_LONGEST = 200_000


class _Module(msgspec.Struct, frozen=True):
    """``loads``: paths of its files, in order. ``shows``: those that it loads as demo data only."""

    name: str
    folder: str
    depends: tuple[str, ...]
    loads: tuple[str, ...]
    shows: frozenset[str]


class Loaded(msgspec.Struct, frozen=True):
    """``files``: those that are loaded, or of which no manifest says whether they are, in order. ``before``: of a file
    that a manifest names the folders of the modules that are loaded before its own, and that folder last.
    """

    files: tuple[InputFile, ...]
    before: dict[str, tuple[str, ...]]

    def precedes(self, one: str, other: str) -> bool:
        """Whether a file is known to be loaded before another, which comes after it in ``files``."""
        return one in self.before and self.before[one][-1] in self.before.get(other, ())


def loaded(files: Sequence[InputFile], models: Sequence[str], imported: Imported) -> Loaded:
    """What is loaded of some files. Those that are not, and speak of one of the models, are told. Raises
    `NotThisError`.
    """
    modules = [_module(each) for each in files if each.name in NAMES]
    by_folder = {each.folder: each for each in modules}
    inside = _inside(modules)
    kept: list[tuple[int, int, str, InputFile]] = []
    before: dict[str, tuple[str, ...]] = {}
    for file in files:
        if file.name in NAMES:
            continue
        module = _around(file.path, by_folder)
        if module is None:
            kept.append((-1, 0, file.path, file))
        elif file.path in module.loads:
            first = {name for name in inside[module.name] if module.name not in inside.get(name, ())}
            before[file.path] = (*(each.folder for each in modules if each.name in first), module.folder)
            kept.append((len(first), module.loads.index(file.path), file.path, file))
        elif any(model in file.name or model.encode() in file.data for model in models):
            how = "loads this file as demo data only" if file.path in module.shows else "does not load this file"
            which = f"the module {quoted(module.name)}" if module.name else "the module"
            imported.leave_out("not-loaded", Origin(file.path, 1), f"{which} {how}")
    kept.sort(key=lambda each: each[:3])
    return Loaded(tuple(each[3] for each in kept), before)


def _around(path: str, by_folder: dict[str, _Module]) -> _Module | None:
    """The module that a file is in, if it is in one with a manifest."""
    while path:
        path = path.rpartition("/")[0]
        if path in by_folder:
            return by_folder[path]
    return None


def _inside(modules: Sequence[_Module]) -> dict[str, set[str]]:
    """By module all that it depends on, and itself."""
    depends = {each.name: set(each.depends or ("base",)) - {each.name} for each in modules}
    return {name: {*distances(depends, name), name} for name in depends}


def _module(file: InputFile) -> _Module:
    """What a manifest says. Raises `NotThisError`."""
    folder = file.path.rpartition("/")[0]
    said: Any = None
    try:
        if len(file.data) <= _LONGEST:
            said = ast.literal_eval(file.text().lstrip("\ufeff").strip())
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass
    if not isinstance(said, dict):
        raise NotThisError(file.path, "this is no manifest of a module", "write it as one dictionary, or delete it")

    def named(*keys: str) -> tuple[str, ...]:
        lists = {key: said.get(key) or () for key in keys}
        for key, of in lists.items():
            if not isinstance(of, list | tuple):
                raise NotThisError(file.path, f"{quoted(key)} of this manifest of a module is no list", "write a list")
        return tuple(str(each) for of in lists.values() for each in of)

    def paths(*keys: str) -> tuple[str, ...]:
        return tuple(posixpath.normpath(posixpath.join(folder, each)) for each in named(*keys))

    loads = paths("init_xml", "data", "update_xml") if said.get("installable", True) else ()
    return _Module(
        folder.rpartition("/")[2],
        folder,
        named("depends"),
        loads,
        frozenset(paths("demo", "demo_xml")),
    )
