"""A small policy set of two files, and a server on it or on a file alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.editor.client import Client

MAIN = """\
resource customer "Customer" {
  name   : text
  rep    : user with role rep
  status : one of lead, active
  actions view, modify
}
policy own "Own" on customer { rep is assigned user and status is lead }
policy recent(age: duration) "Recent" on customer { name is "x" }
role rep "Rep" {
  grant view on customer
  policy own
}
"""
OTHER = """\
# Who works here: PL301 is looked at here.
# A second line.
group sales "Sales" {
  role rep
  policy recent(30 days)
}
user "ann" "Ann" in sales
user "bea" "Bea" in sales {
  append policy own
}
"""


@contextmanager
def on_small_set(folder: Path) -> Iterator[Client]:
    """A server on the set, with both files open."""
    (folder / "policylang.yaml").write_text('roots: ["."]\n')
    (folder / "main.policy").write_text(MAIN)
    (folder / "other.policy").write_text(OTHER)
    with Client(folder) as made:
        made.open("main.policy")
        made.open("other.policy")
        yield made


@contextmanager
def on_text(folder: Path, text: str) -> Iterator[Client]:
    """A server on ``main.policy`` alone, which is open."""
    (folder / "main.policy").write_text(text)
    with Client(folder) as made:
        made.open("main.policy")
        yield made


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after edits, as an editor makes them; ASCII only."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]

    def offset(place: dict[str, int]) -> int:
        return min(starts[min(place["line"], len(lines))] + place["character"], len(text))

    for each in sorted(edits, key=lambda one: offset(one["range"]["start"]), reverse=True):
        text = text[: offset(each["range"]["start"])] + each["newText"] + text[offset(each["range"]["end"]) :]
    return text
