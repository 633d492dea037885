"""The grammars of highlighters that cannot ask the parser, from the parser's tables: TextMate and Lezer.

    python -m tools.grammars   # writes them

They know every keyword and no place where one is a name, which is all that a highlighter of words can know.
"""

from __future__ import annotations

import json
from pathlib import Path

from policylang.syntax.grammar import tables

EDITORS = Path(__file__).parents[1] / "editors"
TEXTMATE = EDITORS / "vscode" / "syntaxes" / "policylang.tmLanguage.json"
LEZER = EDITORS / "lezer" / "policylang.grammar"

_TEXT = r'"(?:[^"\\\n\r]|\\(?:["\\nt]|u\{[0-9A-Fa-f]{1,6}\}))*"'
_DATE = r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?"
_JOINTS = ("and", "or", "not")
_VALUES = ("true", "false", "missing", "present")
_TYPES = ("text", "int", "decimal", "money", "bool", "date", "datetime", "duration", "ip")


def written() -> dict[Path, str]:
    """Every grammar and its text."""
    return {TEXTMATE: textmate(), LEZER: lezer()}


def _keywords() -> list[str]:
    return sorted(tables().lexer.keywords)


def _declarations() -> list[str]:
    grammar = tables()
    return sorted(word for word, type_ in grammar.lexer.keywords.items() if type_ in grammar.starters)


def _any(words: list[str] | tuple[str, ...]) -> str:
    return rf"\b(?:{'|'.join(words)})\b"


def textmate() -> str:
    """The TextMate grammar, which VS Code, Zed, JetBrains and Sublime read."""
    marks = "protected|essential|superuser|terminated"
    declared = rf"^\s*((?:(?:{marks})\s+)*)({'|'.join(_declarations())})\b(?:\s+([A-Za-z_]\w*))?"
    others = [word for word in _keywords() if word not in (*_JOINTS, *_VALUES)]
    grammar = {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "policylang",
        "scopeName": "source.policylang",
        "fileTypes": ["policy"],
        "patterns": [
            {"name": "comment.line.number-sign.policylang", "match": "#.*$"},
            {"name": "string.quoted.double.policylang", "match": _TEXT, "captures": {"0": {"patterns": [_escape()]}}},
            {"name": "invalid.illegal.string.policylang", "match": '"[^"\\n]*$'},
            {"name": "constant.other.date.policylang", "match": _DATE},
            {"name": "constant.other.time.policylang", "match": r"\b\d{2}:\d{2}\b"},
            {"name": "constant.numeric.policylang", "match": r"-?\b\d+(?:\.\d+)?\b"},
            {
                "match": r"([A-Za-z_]\w*)\s*(:)\s*(" + "|".join(_TYPES) + r")\b",
                "captures": {
                    "1": {"name": "variable.other.member.policylang"},
                    "2": {"name": "punctuation.separator.policylang"},
                    "3": {"name": "support.type.policylang"},
                },
            },
            {
                "match": declared,
                "captures": {
                    "1": {"name": "storage.modifier.policylang"},
                    "2": {"name": "keyword.declaration.policylang"},
                    "3": {"name": "entity.name.type.policylang"},
                },
            },
            {"name": "keyword.operator.logical.policylang", "match": _any(_JOINTS)},
            {"name": "constant.language.policylang", "match": _any(_VALUES)},
            {"name": "keyword.other.policylang", "match": _any(others)},
            {"name": "keyword.operator.comparison.policylang", "match": "<=|>=|<|>"},
            {"name": "punctuation.policylang", "match": r"[{}()\[\],.:]"},
            {"name": "variable.other.policylang", "match": r"[A-Za-z_]\w*"},
            {"name": "invalid.illegal.policylang", "match": r"\S"},
        ],
    }
    return json.dumps(grammar, indent=2) + "\n"


def _escape() -> dict[str, str]:
    return {"name": "constant.character.escape.policylang", "match": r'\\(?:["\\nt]|u\{[0-9A-Fa-f]{1,6}\})'}


def lezer() -> str:
    """The Lezer grammar, which CodeMirror reads in the browser: words, texts, numbers and brackets."""
    keywords = " | ".join(f'@specialize<word, "{word}">' for word in _keywords())
    return f"""\
// Written by `python -m tools.grammars`, from the parser's tables.

@top File {{ piece* }}

piece {{ Keyword | Name | Text | Date | Time | Number | Operator | Punctuation | Block | Group | List }}

Block {{ "{{" piece* "}}" }}
Group {{ "(" piece* ")" }}
List {{ "[" piece* "]" }}

Keyword {{ {keywords} }}
Name {{ word }}

@skip {{ space | Comment }}

@tokens {{
  word {{ $[A-Za-z_] $[A-Za-z0-9_]* }}
  Text {{ '"' (!["\\\\\\n\\r] | "\\\\" !["\\n\\r] | '\\\\"')* '"' }}
  Date {{ day ("T" minute (":" digit digit ("." digit+)?)? ("Z" | $[+\\-] minute)?)? }}
  Time {{ minute }}
  Number {{ "-"? digit+ ("." digit+)? }}
  Operator {{ "<=" | ">=" | "<" | ">" }}
  Punctuation {{ $[,.:] }}
  Comment {{ "#" ![\\n\\r]* }}
  space {{ $[ \\t\\n\\r]+ }}
  day {{ digit digit digit digit "-" digit digit "-" digit digit }}
  minute {{ digit digit ":" digit digit }}
  digit {{ $[0-9] }}
  @precedence {{ Date, Time, Number, word }}
  "{{" "}}" "(" ")" "[" "]"
}}

@detectDelim
"""


def main() -> None:
    """Write all of them."""
    for path, text in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
