"""Semantic tokens: what every word of a file is, as the parser sees it."""

from __future__ import annotations

from lsprotocol import types as lsp

from policylang.editor.names import occurrences
from policylang.editor.opened import OpenedFile
from policylang.editor.positions import position_at
from policylang.syntax.classify import classified

_TYPES = {
    "keyword": lsp.SemanticTokenTypes.Keyword,
    "string": lsp.SemanticTokenTypes.String,
    "number": lsp.SemanticTokenTypes.Number,
    "comment": lsp.SemanticTokenTypes.Comment,
    "operator": lsp.SemanticTokenTypes.Operator,
    "resource": lsp.SemanticTokenTypes.Class,
    "role": lsp.SemanticTokenTypes.Interface,
    "group": lsp.SemanticTokenTypes.Namespace,
    "policy": lsp.SemanticTokenTypes.Function,
    "action": lsp.SemanticTokenTypes.Method,
    "attribute": lsp.SemanticTokenTypes.Property,
    "parameter": lsp.SemanticTokenTypes.Parameter,
    "value": lsp.SemanticTokenTypes.EnumMember,
    "type": lsp.SemanticTokenTypes.Type,
    "other": lsp.SemanticTokenTypes.Variable,
}
_NUMBERS = {kind: number for number, kind in enumerate(_TYPES)}
LEGEND = lsp.SemanticTokensLegend(list(_TYPES.values()), [lsp.SemanticTokenModifiers.Declaration])


_LONGEST = 500_000
"""Characters of a file beyond which editors, which ask anew with every key, are left with their own highlighting."""


def semantic_tokens(file: OpenedFile) -> lsp.SemanticTokens:
    """The tokens of a file in the form of the protocol: each relative to the one before."""
    source, encoding = file.source, file.of.encoding
    if len(source.text) > _LONGEST:
        return lsp.SemanticTokens([])
    found = occurrences(file.parsed, file.of.last.model)
    named = {each.start: (_kind(each.key[0]), each.end, each.declares) for each in found}
    words = {start: (kind, end, False) for start, end, kind in classified(source.text) if kind in _NUMBERS}
    data: list[int] = []
    line = character = 0
    last = 0
    for start, (kind, end, declares) in sorted({**words, **named}.items()):
        if start < last or "\n" in source.text[start:end]:
            continue
        last = end
        begin, stop = position_at(source, start, encoding), position_at(source, end, encoding)
        delta = begin.character - (character if begin.line == line else 0)
        data += [begin.line - line, delta, stop.character - begin.character, _NUMBERS[kind], int(declares)]
        line, character = begin.line, begin.character
    return lsp.SemanticTokens(data)


def _kind(kind: str) -> str:
    return kind if kind in _NUMBERS else "other"
