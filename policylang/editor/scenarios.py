"""Scenario files: what may be written in them, and what came of their tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types as lsp

from policylang.diagnostics import visible
from policylang.editor.checking import LiveChecker, TestedFile
from policylang.editor.completion import nearest
from policylang.editor.edited_set import EditedSet
from policylang.editor.scenario_names import in_quotes, scalar
from policylang.files.yaml_source import YamlError
from policylang.source import Source
from policylang.testing.run import read_scenarios

_TOP = ("policies", "now", "directory", "records", "request", "tests", "eligible")
_TEST = ("name", "user", "now", "request", "allow", "deny")
_WORD = re.compile(r"""(?<![^\s,:\[{])["'][^"']*$|[^\s,:\[\]{}]*$""")
_RECORD = re.compile(r"^\s+([A-Za-z_]\w*):\s*\{", re.MULTILINE)
_RESOURCE = re.compile(r"\bresource:\s*(\w+)")


def complete(of: EditedSet, source: Source, offset: int) -> lsp.CompletionList:
    """What may be written at an offset of a scenario file: keys, users, resources, attributes, actions, records."""
    begin = source.text.rfind("\n", 0, offset) + 1
    line = source.text[begin:offset]
    if "#" in line:
        return lsp.CompletionList(False, [])
    word = _WORD.search(line)
    assert word is not None
    quote = word[0][:1] if word[0][:1] in ('"', "'") else ""
    closed = re.compile(rf"[^\s{quote}]*{quote}").match(source.text, offset) if quote else None
    where = of.range(source, offset - len(word[0]), offset if closed is None else closed.end())
    found = dict.fromkeys(_words(of, source.text, line[: word.start()]))
    near = nearest({each: each[0] for each in found}, word[0].removeprefix(quote))
    items = [
        lsp.CompletionItem(
            name,
            kind=kind,
            text_edit=lsp.TextEdit(where, in_quotes(name) if quote else scalar(name)),
            filter_text=quote + name,
            sort_text=f"{number:05}",
        )
        for number, (name, kind) in enumerate(near)
    ]
    return lsp.CompletionList(len(items) < len(found), items)


def _words(of: EditedSet, text: str, before: str) -> Iterator[tuple[str, lsp.CompletionItemKind]]:
    names = of.last.model.symbols.names
    resources = of.last.model.resources
    kind = lsp.CompletionItemKind
    if re.search(r"\buser:\s*$", before):
        yield from ((name, kind.Constant) for each in ("user", "integration") for name in names[each])
        if of.last_index is not None:  # people from a directory
            yield from ((name, kind.Constant) for name in of.last_index.users)
    elif re.search(r"\bresource:\s*$", before):
        yield from ((name, kind.Class) for name in resources)
    elif re.search(r"\b(allow|deny):\s*\{([^}]*,\s*)?$", before) and not _in_list(before):
        yield from ((name, kind.Method) for each in resources.values() for name in each.actions)
    elif _in_list(before):
        yield from ((name, kind.Variable) for name in _RECORD.findall(text))
    elif (found := _RESOURCE.search(before)) is not None and found[1] in resources:
        yield from ((name, kind.Field) for name in resources[found[1]].attributes)
    elif re.fullmatch(r"\s*(- )?\{?([^}]*,\s*)?", before):
        yield from ((name, kind.Property) for name in (_TEST if before[:1].isspace() else _TOP))


def _in_list(before: str) -> bool:
    return before.count("[") > before.count("]")


def lenses(check: LiveChecker, path: Path) -> list[lsp.CodeLens]:
    """Above each test what came of it, above each line that asks for decisions the answers, and above all of them that
    they can be run.
    """
    source = check.folders.open_files.get(path)
    if source is None:
        return []
    try:
        scenarios, document = read_scenarios(source.text)
    except YamlError:
        return []
    failed = {each.range.start.line for each in check.diagnostics().get(path, ()) if each.code == "scenario"}
    uri = check.folders.open_files.uri(path)
    lines = [document.places["tests", number][0] - 1 for number in range(len(scenarios.tests))]
    found = [_lens(0, lsp.Command("run tests", "policylang.runTests", arguments=[uri]))]
    for number, (test, line) in enumerate(zip(scenarios.tests, lines, strict=True)):
        end = lines[number + 1] if number + 1 < len(lines) else len(source.line_starts)
        wrong = sum(line <= each < end for each in failed)
        count = sum(len(targets) for targets in (*test.allow.values(), *test.deny.values()))
        title = f"{count} as expected" if not wrong else f"{wrong} of {count} lines not as expected"
        found.append(_lens(line, lsp.Command(title, "policylang.runTests", arguments=[uri])))
    return [*found, *_answers(check.tested(path), source.text, uri)]


_MOST_ANSWERS = 200


def _answers(tested: TestedFile | None, text: str, uri: str) -> Iterator[lsp.CodeLens]:
    """The decisions of the tests; a click explains one."""
    if tested is None or tested.text != text:
        return
    for number, each in enumerate(tested.decided[:_MOST_ANSWERS]):
        title = f"decide {visible(each.asked)}: {'allowed' if each.allowed else 'denied'}"
        yield _lens(each.line - 1, lsp.Command(title, "policylang.decideTest", arguments=[uri, number]))


def _lens(line: int, command: lsp.Command) -> lsp.CodeLens:
    at = lsp.Position(line, 0)
    return lsp.CodeLens(lsp.Range(at, at), command)
