"""Directory text that does not say what it shows (PL106), by the same characters as in policy text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from policylang.diagnostics import Diagnostic, quoted
from policylang.directory.people import DirectoryValue, Field, Person
from policylang.source import Source
from policylang.syntax import expressions
from policylang.syntax.unsafe import INVISIBLE, confusable_word, invisible, named, skeleton


def unsafe_source(source: Source) -> Iterator[Diagnostic]:
    """Invisible characters that stand in the file themselves, one a line."""
    if source.text.isascii() and source.text.isprintable():
        return
    for character, location in invisible(source):
        yield Diagnostic(code="PL106", message=_described(character), location=location, help="delete it")


def unsafe_person(person: Person) -> Iterator[Diagnostic]:
    """Letters that pose as others in any text about a person, and invisible characters that an escape put into the id.

    Other texts may have them by an escape, as in policy text: some names cannot be written without.
    """
    source, id = person.source, person.id
    if not id.value.isascii() or not id.value.isprintable():
        match = INVISIBLE.search(id.value)
        if match and not INVISIBLE.search(source.text, id.start_pos, id.end_pos):
            yield Diagnostic(
                code="PL106",
                message=f"{_described(match[0])} in an id",
                location=source.location(id.start_pos, id.end_pos),
                help="delete it: people read ids",
            )
    for text in _texts(person):
        found = confusable_word(text.value)
        if found is not None:
            word, letter = found
            yield Diagnostic(
                code="PL106",
                message=f"{quoted(word[0])} mixes alphabets: {named(letter)} looks like `{skeleton(letter)}`",
                location=source.location(text.start_pos, text.end_pos),
                help=f"write {quoted(skeleton(word[0]))}",
            )


def _described(character: str) -> str:
    control = unicodedata.category(character) == "Cc"
    return f"{'control' if control else 'invisible'} character {named(character)}"


def _texts(person: Person) -> Iterator[expressions.Text | DirectoryValue]:
    optional = [person.id, person.name, person.group, person.job]
    for each in person.assignments:
        optional += [each.role, each.place, each.because, each.approved_by]
    yield from (text for text in optional if text is not None)
    yield from _values(person.attributes)


def _values(attributes: Iterable[Field]) -> Iterator[DirectoryValue]:
    for field in attributes:
        for item in field.value.value if isinstance(field.value.value, tuple) else (field.value,):
            if isinstance(item.value, str):
                yield item
