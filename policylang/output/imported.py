"""What came of an import: what was refused and left out, and what was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from policylang.diagnostics import visible
from policylang.importing.format import ImportFormat
from policylang.importing.imported import Note
from policylang.importing.importing import Import
from policylang.importing.into import CODE as DECLARED_THERE
from policylang.importing.into import WHY
from policylang.output.text import counted

_MOST = 20
"""Shown of each code, and of what is guessed."""


def render(format: ImportFormat, made: Import, output: str | None) -> Iterator[str]:
    """The lines of the report."""
    for each in made.imported.guessed[:_MOST]:
        yield f"{click.style('guessed', fg='cyan', bold=True)} {visible(str(each.origin))}: {visible(each.message)}"
    if len(made.imported.guessed) > _MOST:
        yield f"  and {len(made.imported.guessed) - _MOST} more"
    if made.imported.guessed:
        yield ""
    yield from _notes("refused", made.refused, format, "red")
    yield from _notes("accepted", made.accepted, format, "yellow")
    yield from _notes("left out", made.left_out, format, "cyan")
    of: Any = made.imported
    if made.imported.texts and made.project.ir is not None:
        of = made.project.ir
    things = (
        ("resource", of.resources),
        ("policy", of.policies),
        ("group", of.groups),
        ("role", of.roles),
        ("place", of.places),
        ("job", of.jobs),
        ("user", of.users),
        ("integration", of.integrations),
    )
    said = [_counted(len(each), thing) for thing, each in things if each]
    bundles = of.bundles if of is not made.imported else of.bundles()
    grants = sum(len(each.grants) for each in bundles)
    said += [_counted(grants, "grant")] if grants else []
    what = ", ".join(said)
    notes = ((made.refused, "refused"), (made.accepted, "accepted"), (made.left_out, "left out"))
    rest = [f"{len(found)} {word}" for found, word in notes if found]
    head = "nothing was written" if output is None else f"wrote {visible(output)}"
    all_of_it = "; ".join([*([what] if what else []), *rest])
    yield f"{head}: {all_of_it}" if all_of_it else head


def _counted(count: int, thing: str) -> str:
    return f"{count} policies" if thing == "policy" and count != 1 else counted(count, thing)


def _notes(word: str, notes: tuple[Note, ...], format: ImportFormat, colour: str) -> Iterator[str]:
    """The first places of each code, and why."""
    codes = dict.fromkeys(each.code for each in notes)
    for code in codes:
        of = [each for each in notes if each.code == code]
        for each in of[:_MOST]:
            head = click.style(f"{word}[{code}]", fg=colour, bold=True)
            yield f"{head} {visible(str(each.origin))}: {visible(each.message)}"
        if len(of) > _MOST:
            yield f"  and {len(of) - _MOST} more"
        why = format.refuses.get(code) or format.leaves_out.get(code) or {DECLARED_THERE: WHY}.get(code)
        if why:
            yield f"  {click.style('why', bold=True)}: {why}"
    if codes:
        yield ""


def render_json(format: ImportFormat, made: Import, output: str | None) -> str:
    """The same for programs."""
    document: dict[str, Any] = {
        "format": format.name,
        "written": output,
        "guessed": [_note(each) for each in made.imported.guessed],
        "refused": [_note(each) for each in made.refused],
        "accepted": [_note(each) for each in made.accepted],
        "left_out": [_note(each) for each in made.left_out],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _note(note: Note) -> dict[str, Any]:
    return {"code": note.code, "origin": str(note.origin), "message": note.message}
