"""Text and values from policy sets, made harmless for files that other programs read."""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.diagnostics import visible


def readable(text: str) -> str:
    """The text with every character that does not show itself written out, line breaks kept."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def whole(value: Any) -> Any:
    """The value as JSON can hold it: structs and dates as plain values, half characters made visible."""
    return _whole(msgspec.to_builtins(value, str_keys=True))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(visible(char) if "\ud800" <= char <= "\udfff" else char for char in value)
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list | tuple) else value
