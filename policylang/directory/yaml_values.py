"""YAML with the place of every value, one entry of a long list at a time.

The same plain YAML as `policylang.files.yaml_source` reads, for files with very many entries: no tree of the whole
document is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from policylang.diagnostics import quoted
from policylang.directory.people import DirectoryValue, Field
from policylang.directory.problems import UnreadableTextError, expected_list, given_twice, too_long, wrong_key
from policylang.files.yaml_core import plain as scalar
from policylang.syntax import expressions

NOT_YAML = "this is not valid YAML"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 40


def entries(text: str, key: str, text_length: int) -> Iterator[DirectoryValue]:
    """The entries of the list that a document holds under its one key. Raises `UnreadableTextError`."""
    events = _events(text, text_length)
    event: Any = next(events)
    while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
        event = next(events)
    if not isinstance(event, yaml.MappingStartEvent):
        raise UnreadableTextError(*_span(event), *expected_list(key))
    start, found = _span(event)[0], False
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        name = _key(event)
        if name.value != key or found:
            raise wrong_key(name, key)
        event = next(events)
        if not isinstance(event, yaml.SequenceStartEvent):
            raise UnreadableTextError(*_span(event), *expected_list(key))
        found = True
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            yield _node(events, event)
    if not found:
        raise UnreadableTextError(start, start + 1, *expected_list(key))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            mark, _ = _span(event)
            raise UnreadableTextError(
                mark, mark + 3, "a second YAML document in one file", "put everything in one list"
            )


def _span(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _events(text: str, text_length: int) -> Iterator[Any]:
    """The parser's events, without those that plain YAML has not."""
    depth = 0
    event: Any
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.ScalarEvent):
                if len(event.value) > text_length:
                    raise too_long(*_span(event), event.value, text_length)
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    raise UnreadableTextError(*_span(event), "nested too deeply")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if isinstance(event, yaml.NodeEvent):
                _refuse_more_than_json(event)
            yield event
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        index = mark.index if mark else 0
        raise UnreadableTextError(index, index, f"{NOT_YAML}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise UnreadableTextError(0, 0, f"{NOT_YAML}: {str(error).splitlines()[0]}") from None


def _refuse_more_than_json(event: Any) -> None:
    place = _span(event)
    if event.anchor is not None:
        raise UnreadableTextError(
            *place, "anchors and aliases are not supported", "write the value itself where it is used"
        )
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise UnreadableTextError(*place, f"tags are not supported: {quoted(tag)}", "delete it")


def _node(events: Iterator[Any], event: Any) -> DirectoryValue:
    start, end = _span(event)
    if type(event) is yaml.ScalarEvent:
        try:
            return DirectoryValue(start, end, event.value if event.style else scalar(event.value))
        except ValueError as error:
            raise UnreadableTextError(start, end, str(error)) from None
    flow, last = event.flow_style, start
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(_node(events, event))
            last = items[-1].end_pos
        return DirectoryValue(start, _span(event)[1] if flow else last, tuple(items))
    fields: dict[str, Field] = {}
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        key = _key(event)
        if key.value in fields:
            raise given_twice(key)
        fields[key.value] = Field(key, _node(events, next(events)))
        last = max(key.end_pos, fields[key.value].value.end_pos)
    return DirectoryValue(start, _span(event)[1] if flow else last, fields)


def _key(event: Any) -> expressions.Text:
    if type(event) is not yaml.ScalarEvent:
        raise UnreadableTextError(*_span(event), "a key must be text")
    return expressions.Text(*_span(event), event.value)


def plain(given: DirectoryValue) -> Any:
    """The value alone, as JSON readers have it."""
    value = given.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(field.value) for key, field in value.items()}
    return value
