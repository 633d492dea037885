"""YAML from people: read safely, with the place of every value.

Only what JSON has is read: mappings with text keys, lists, texts, numbers, booleans, null. Anchors, aliases and tags
are refused, so that a small file cannot become a large one; a key given twice is refused, because one of the two would
be lost. What scalars without quotes are is said by the core schema of YAML 1.2 (`policylang.files.yaml_core`), where
dates are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from policylang.diagnostics import quoted
from policylang.files.violations import first_violation
from policylang.files.yaml_core import plain

Steps = tuple[str | int, ...]

Converted = TypeVar("Converted")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 40
_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
"""Characters that were line breaks once: they are read as one in YAML 1.1, and as any other character in YAML 1.2."""


class YamlError(ValueError):
    """A YAML document that cannot be used; ``line`` and ``column`` are 1-based."""

    def __init__(self, message: str, line: int, column: int, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.help = message, line, column, help


class Yaml(msgspec.Struct):
    """A document's value, and the line and column (1-based) of everything in it by the steps that lead there: of
    values, and of the keys before them.
    """

    value: Any
    places: dict[Steps, tuple[int, int]]
    keys: dict[Steps, tuple[int, int]] = msgspec.field(default_factory=dict)

    def error(self, steps: Steps, message: str, help: str | None = None, *, key: bool = False) -> YamlError:
        """An error at the value that the steps lead to, or at the nearest thing around it; or at its ``key``."""
        if key and steps in self.keys:
            return YamlError(message, *self.keys[steps], help)
        while steps not in self.places:
            steps = steps[:-1]
        return YamlError(message, *self.places[steps], help)


def read_text(path: Path) -> str:
    """The text of a YAML file. Raises `YamlError` where it is not UTF-8, and OSError, also for what is no file: a pipe
    may never end.
    """
    if path.exists() and not path.is_file():
        raise OSError(0, "not a regular file", str(path))
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise YamlError(f"not UTF-8: byte {error.start} cannot be read", 1, 1) from None


def read_yaml(text: str) -> Yaml:
    """Read one document. Raises `YamlError` for what is not plain YAML."""
    with _loading(text) as loader:
        return _document(loader.get_single_node())


def read_documents(text: str, deepest: int = _MAX_DEPTH) -> Iterator[Yaml]:
    """Read the documents of a file one by one, each of ``deepest`` levels at most. Raises `YamlError` at the first that
    is not plain YAML, or before the first.
    """
    with _loading(text, deepest) as loader:
        while loader.check_node():
            yield _document(loader.get_node())


def _document(node: yaml.Node | None) -> Yaml:
    found = Yaml(None, {(): (1, 1)})
    if node is not None:
        found.value = _value(node, (), found)
    return found


@contextmanager
def _loading(text: str, deepest: int = _MAX_DEPTH) -> Iterator[Any]:
    """A loader for a text, whose errors are `YamlError`."""
    try:
        _refuse_more_than_json(text, deepest)
        loader = _Loader(text)
        try:
            yield loader
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(mark) if mark else (1, 1)
        tab = mark is not None and text[mark.index : mark.index + 1] == "\t"
        help = "indent with spaces: YAML takes no tabs there" if tab else None
        raise YamlError(f"this is not valid YAML: {error.problem or error.context}", *place, help) from None
    except yaml.YAMLError as error:
        raise YamlError(f"this is not valid YAML: {str(error).splitlines()[0]}", 1, 1) from None


def _refuse_more_than_json(text: str, deepest: int) -> None:
    other = _OTHER_BREAKS.search(text)
    if other is not None:
        line, begin = text.count("\n", 0, other.start()) + 1, text.rfind("\n", 0, other.start()) + 1
        message = f"the line separator U+{ord(other[0]):04X} cannot be read"
        raise YamlError(
            message, line, other.start() - begin + 1, "delete it, or write it as an escape in double quotes"
        )
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        place = _place(event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > deepest:
                raise YamlError("nested too deeply", *place)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if getattr(event, "anchor", None) is not None:
            help = "write the value itself where it is used"
            raise YamlError("anchors and aliases are not supported", *place, help)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise YamlError(f"tags are not supported: {quoted(tag)}", *place, "delete it")


def _place(mark: Any) -> tuple[int, int]:
    """Line and column (1-based) of a mark."""
    return mark.line + 1, mark.column + 1


def _value(node: yaml.Node, steps: Steps, document: Yaml) -> Any:
    place = _place(node.start_mark)
    if steps in document.places and steps:
        raise YamlError(f"the key {quoted(str(steps[-1]))} is given twice", *place, "delete one of the two")
    document.places[steps] = place
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError("a key must be text", *_place(key.start_mark))
            document.keys[*steps, key.value] = _place(key.start_mark)
            found[key.value] = _value(child, (*steps, key.value), document)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*steps, index), document) for index, child in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    if node.style:
        return node.value
    try:
        return plain(node.value)
    except ValueError as error:
        raise YamlError(str(error), *place) from None


def converted(document: Yaml, type_: type[Converted], schema: Callable[[], dict[str, Any]]) -> Converted:
    """The settings in a document, as a type. Raises `YamlError` at the place of the first mistake."""
    _refuse_nul(document, document.value, ())
    try:
        return msgspec.convert(document.value, type_)
    except msgspec.ValidationError as error:
        # The types accept what the schema accepts; the schema says better where and why something is refused.
        validate(document, schema())
        raise YamlError(str(error), 1, 1) from None


def _refuse_nul(document: Yaml, value: Any, steps: Steps) -> None:
    """Most texts of settings are paths, and none needs a NUL."""
    if isinstance(value, str) and "\0" in value:
        raise document.error(steps, "a setting cannot contain a NUL character", "leave it out")
    if isinstance(value, dict | list):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            _refuse_nul(document, each, (*steps, step))


def validate(yaml_: Yaml, schema: dict[str, Any]) -> None:
    """Raise `YamlError` at the place of the most telling violation of a JSON Schema, if there is one."""
    if yaml_.value is None:
        raise yaml_.error((), "the file is empty", "write at least the required fields, or delete the file")
    found = first_violation(yaml_.value, schema)
    if found is not None:
        raise yaml_.error(found.path, found.message, found.help, key=found.of_key)
