"""The files of the policy sets that are shown: read and written for the page's editor, which alone saves them."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path

from policylang.explorer.live import LiveSets
from policylang.files.writing import StaleFileError, refuse_link_out, refuse_read_only, write_atomically
from policylang.pipelines.questions import QuestionData, QuestionError, asked_text
from policylang.project.discovery import SUFFIX, UnreadableError, decoded, read_regular

_LONGEST = 16 * 1024 * 1024


def files(live: LiveSets, _asked: QuestionData) -> QuestionData:
    """The policy files, each by its path and the URI by which the language server knows it."""
    return {"files": [{"path": path, "uri": found.as_uri()} for path, found in _files(live).items()]}


def opened(live: LiveSets, asked: QuestionData) -> QuestionData:
    """The text of a file, with `\\n` at the ends of its lines, and what tells it from other ones."""
    path = _file(live, asked)
    data = _content(path)
    try:
        text = decoded(data, str(path))
    except UnreadableError as error:
        raise QuestionError(error.problem.message) from None
    _line_end(text)
    return {"uri": path.as_uri(), "text": text.replace("\r\n", "\n"), "digest": _digest(data)}


def save(live: LiveSets, asked: QuestionData) -> QuestionData:
    """Write the text of a file, if it still is the one with this ``digest``; ``changed`` says that it is not."""
    path, text = _file(live, asked), asked.get("text")
    if not isinstance(text, str):
        raise QuestionError("`text` is missing, or no text")
    before = _content(path)
    if _digest(before) != asked_text(asked, "digest"):
        return {"changed": True}
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    after = mark + text.replace("\n", _line_end(decoded(before, str(path)))).encode()
    refuse_link_out(path)
    refuse_read_only(path)
    try:
        write_atomically(path, after, before=before)
    except StaleFileError:
        return {"changed": True}
    return {"digest": _digest(after)}


def _files(live: LiveSets) -> dict[str, Path]:
    sources = (source for each in live.sets for source in each.sources)
    return {each.display: Path(each.display).absolute() for each in sources if each.name.endswith(SUFFIX)}


def _file(live: LiveSets, asked: QuestionData) -> Path:
    """The file of a path, which must be one of those that are shown."""
    found = _files(live).get(asked_text(asked, "path"))
    if found is None:
        raise QuestionError("there is no such policy file here")
    return found


def _content(path: Path) -> bytes:
    data = read_regular(path, _LONGEST + 1)
    if len(data) > _LONGEST:
        raise QuestionError(f"it is larger than {_LONGEST:,} bytes")
    return data


def _line_end(text: str) -> str:
    r"""What ends the lines: ``\n`` or ``\r\n``."""
    returns = text.count("\r")
    if returns == 0:
        return "\n"
    if returns == text.count("\r\n") == text.count("\n"):
        return "\r\n"
    raise QuestionError("its lines end in different ways: `policylang fmt` makes them alike")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
