"""Edits of YAML and JSON: an item of a list or a whole object more or less, laid out like what is there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import yaml

from policylang.files.yaml_source import Steps
from policylang.importing.edits import CannotEditError, SourceEdit, appended, line_break
from policylang.importing.kubernetes.objects import Object
from policylang.source import Source
from policylang.text.readable import json_in_yaml

_SEPARATOR = re.compile(r"(?m)^---(?=\s|$).*(?:\r\n|\r|\n|\Z)")
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^']|'')*+'|#[^\r\n]*|[\[\]{},]|[^\"'\[\]{},#]+")


def count(of: Object, steps: Steps) -> int:
    """How many items a list has."""
    found = 0
    while (*steps, found) in of.document.places:
        found += 1
    return found


def changed_items(
    of: Object, steps: Steps, new: Sequence[Any], gone: Collection[int], why: str
) -> Iterator[SourceEdit]:
    """A list with items before the first, and without others."""
    if steps not in of.document.places:
        raise CannotEditError(f"there is no `{steps[-1]}` at {of.origin()}")
    source, start, several = of.source, of.offset(steps), count(of, steps)
    if source.text[start : start + 1] == "[":
        yield from _changed_flow(of, steps, new, gone, why)
        return
    if not several:
        raise CannotEditError(f"`{steps[-1]}` at {of.origin(*steps[len(of.steps) :])} is no list")
    if len(gone) == several and not new:
        colon = source.text.index(":", source.offset(*of.document.keys[steps])) + 1
        yield SourceEdit(source.name, colon, colon, " []", why)
    if new:
        line, dash = _line(of, (*steps, 0))
        text = "".join(_block(each, dash, line_break(source.text)) for each in new)
        yield SourceEdit(source.name, line, line, text, why)
    for index in gone:
        yield SourceEdit(source.name, *_lines_of(of, steps, index, several), "", why)


def _changed_flow(
    of: Object, steps: Steps, new: Sequence[Any], gone: Collection[int], why: str
) -> Iterator[SourceEdit]:
    """The same in brackets."""
    source, several = of.source, count(of, steps)
    starts = [of.offset((*steps, index)) for index in range(several)]
    ends = [_flow_end(source.text, start) for start in starts]
    text = ", ".join(json_in_yaml(each) for each in new)
    first = starts[0] if several else of.offset(steps) + 1
    if len(gone) == several:
        yield SourceEdit(source.name, first, ends[-1] if several else first, text, why)
        return
    if new:
        yield SourceEdit(source.name, first, first, f"{text}, ", why)
    kept = max(index for index in range(several) if index not in gone)
    yield from (SourceEdit(source.name, starts[index], starts[index + 1], "", why) for index in gone if index < kept)
    if kept + 1 < several:
        yield SourceEdit(source.name, ends[kept], ends[-1], "", why)


def _line(of: Object, steps: Steps) -> tuple[int, str]:
    """Where the line of an item begins, and its dash."""
    start, text = of.offset(steps), of.source.text
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    dash = text[line:start]
    if dash.strip() != "-":
        raise CannotEditError(f"{of.origin(*steps[len(of.steps) :])} does not stand on lines of its own")
    return line, dash


def _block(item: Any, dash: str, ending: str) -> str:
    """An item behind a dash; lists of texts stand in brackets."""
    lines = _dumped(item).splitlines()
    indent = " " * len(dash)
    return "".join(f"{indent if number else dash}{line}{ending}" for number, line in enumerate(lines))


class _Dumper(yaml.SafeDumper):
    """Lists of texts in brackets, all else in blocks."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _list(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    is_flow = all(isinstance(each, str) for each in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=is_flow)


def _text(dumper: _Dumper, data: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=None if data else '"')


_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _text)


def _dumped(value: Any) -> str:
    """A value in a block, with a line break at its end."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9)
    return text


def _lines_of(of: Object, steps: Steps, index: int, several: int) -> tuple[int, int]:
    """The extent of an item of a block, with its line breaks."""
    line, dash = _line(of, (*steps, index))
    if index + 1 < several:
        return line, _line(of, (*steps, index + 1))[0]
    end = line
    for text in of.source.text[line:].splitlines(keepends=True):  # those of the item are deeper than its dash
        if end > line and (not text.strip() or len(text) - len(text.lstrip(" ")) < len(dash)):
            break
        end += len(text)
    return line, end


def _flow_end(text: str, start: int) -> int:
    """Where an item in brackets ends."""
    depth, end = 0, start
    for token in _TOKEN.finditer(text, start):
        sign = token[0]
        if depth == 0 and sign in (",", "]", "}"):
            break
        depth += (sign in ("[", "{")) - (sign in ("]", "}"))
        if sign.strip() and not sign.startswith("#"):
            end = token.start() + len(sign.rstrip())
    return end


# --- whole objects -----------------------------------------------------------------------------------------------


def new_documents(source: Source, objects: Sequence[Any], why: str) -> SourceEdit:
    """Objects as documents at the end of a file."""
    if source.name.lower().endswith(".json"):
        raise CannotEditError(f"{source.name} has room for one object")
    return appended(source.name, source.text, "".join(f"---\n{_dumped(each)}" for each in objects), why)


def without_object(of: Object, why: str) -> SourceEdit:
    """A file without one of its documents."""
    source, start = of.source, of.offset(())
    marks = list(_SEPARATOR.finditer(source.text))
    before = [each.start() for each in marks if each.end() <= start]
    after = [each.start() for each in marks if each.start() > start]
    line = source.offset(of.document.places[()][0], 1)
    return SourceEdit(source.name, before[-1] if before else line, after[0] if after else len(source.text), "", why)
