"""Text from policy sets in Markdown, of which nothing is markup, a link, a mention or a reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from policylang.text.readable import readable

_LONGEST = 2000
"""Characters of one text."""

_HARMLESS = re.compile(
    r"""["'(]*  (?! [a-f]{7,} \b)  [^\W\d_]+  (?: ['-][^\W\d_]+ )*  [.,;:?!)"'…]*  # a word that is no commit
      | \d{4}-\d\d-\d\d  (?: T[\d:]+Z )?  [.,;:)]*  # a day or an instant
      | \d+ (?: [.,]\d+ )*  [,;:]?  # a number
      | [.,;:?!()"'…]+""",
    re.VERBOSE,
)


def markdown(text: str) -> str:
    """Text on one line that says it and nothing more. What stands in backticks is shown as code, and so is every word
    that a code host might take for something else: what is linked after the text is rendered cannot be escaped.
    """
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    parts = readable(text).split("`")
    if len(parts) % 2 == 0:
        return _words("`".join(parts))
    return "".join(_code(part) if number % 2 else _words(part) for number, part in enumerate(parts))


def fitted(head: str, parts: Sequence[str], rest: Callable[[int], str], limit: int) -> str:
    """The head and as many parts as fit into so many bytes; ``rest`` says how many do not."""
    kept, used, room = [head], len(head.encode()), len(rest(len(parts)).encode())
    for number, part in enumerate(parts):
        used += len(part.encode())
        if used + room > limit:
            kept.append(rest(len(parts) - number))
            break
        kept.append(part)
    return "".join(kept)


def _words(text: str) -> str:
    pieces = re.split(r"(\s+)", text)
    shown = (_inert(each) if not each.strip() or _HARMLESS.fullmatch(each) else _code(each) for each in pieces)
    return re.sub(r"</code>(\s+)<code>", r"\1", "".join(shown))


def _code(text: str) -> str:
    return f"<code>{_inert(text)}</code>" if text else ""


def _inert(text: str) -> str:
    """Every character that is markup inside a line, or that addresses are known by, made harmless: in HTML for code
    there is markup, too.
    """
    escaped = re.sub(r"([\\`*_\[\]|~])", r"\\\1", escape(text))
    for character in "@$":
        escaped = escaped.replace(character, f"&#{ord(character)};")
    escaped = re.sub(r"(?i)(www)\.", r"\1&#46;", escaped)
    return escaped.replace("://", "&#58;//").replace("\n", "<br>")
