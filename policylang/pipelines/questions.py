"""What an editor's or a page's request holds, read alike by both."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from policylang.diagnostics import reason, visible
from policylang.model.types import DateTimeType
from policylang.runtime.values import read

QuestionData = dict[str, Any]


class QuestionError(ValueError):
    """Why there is no answer."""


def refused(error: Exception) -> QuestionData:
    """Why there is no answer, as both are told it."""
    if isinstance(error, OSError):
        return {"error": visible(reason(error))}
    return {"error": visible(str(error.args[0]) if error.args else str(error))}


def asked_text(asked: QuestionData, name: str) -> str:
    """A text that has to be there. Raises `QuestionError`."""
    given = asked.get(name)
    if not isinstance(given, str):
        raise QuestionError(f"`{name}` must be a text")
    return given


def asked_object(asked: QuestionData, name: str) -> QuestionData | None:
    """An object, if there is one. Raises `QuestionError`."""
    given = asked.get(name)
    if given is not None and not isinstance(given, dict):
        raise QuestionError(f"`{name}` must be an object")
    return given


def asked_instant(asked: QuestionData, now: Callable[[], datetime.datetime]) -> datetime.datetime:
    """The instant ``now`` of a request, else the one at hand. Raises `runtime.values.BadValueError`."""
    given = asked.get("now")
    if given is None:
        return now()
    found: datetime.datetime = read(DateTimeType(), given, "now")
    return found
