"""A mapping made by questions: what is guessed is offered, whoever answers decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.importing.csv import mapping as says
from policylang.importing.csv.guess import COLUMNS, IN_WORDS, guess, is_mark
from policylang.importing.csv.tables import Sheet, header_of, read_tables
from policylang.importing.format import Ask
from policylang.importing.reading import Inputs

_MOST_WORDS = 20


def learn(inputs: Inputs, ask: Ask) -> says.Mapping:
    """Ask about each table. Raises `NotThisError`."""
    tables = (table for file in inputs.files for table in read_tables(file) if table.rows)
    return says.Mapping(tuple(_table(table, ask) for table in tables))


def _table(table: Sheet, ask: Ask) -> says.TableMapping:
    said, reasons = guess(table)
    kinds = get_args(says.RowMeaning)
    words = "".join(f"\n  {kind}: {IN_WORDS[kind]}" for kind in kinds)
    holds: Any = _one_of(ask, f"{table.path}: {reasons[0]}.{words}\nWhat is it", said.holds, kinds)
    header = header_of(table, None)[0]
    names = [cell.value for cell in header.cells if cell.value]
    if holds != said.holds:
        said = says.TableMapping(table.file, holds, sheet=table.sheet)
    columns: dict[str, str] = {}
    for key in COLUMNS[holds]:
        guessed = getattr(said.columns, key) or ""
        answer = _one_of(ask, f"{table.path}: which column is the {key}, - for none", guessed or "-", [*names, "-"])
        if answer != "-":
            columns[key] = answer
    made = msgspec.structs.replace(said, columns=says.Columns(**columns))
    if holds not in ("permissions", "roles", "members"):
        return made
    free = [name for name in names if name not in columns.values()]
    guessed = ", ".join(name for name in (made.only or free) if name in free)
    thing = "permissions" if holds == "roles" else "roles"
    chosen = _several(ask, f"{table.path}: which columns are {thing}", guessed, free)
    made = msgspec.structs.replace(made, only=tuple(chosen))
    return _with_words(table, made, chosen, ask)


def _with_words(table: Sheet, made: says.TableMapping, chosen: list[str], ask: Ask) -> says.TableMapping:
    """Ask what the words in cells stand for that are not known."""
    levels: dict[str, tuple[str, ...]] = {}
    yes: list[str] = []
    no: list[str] = []
    for word in list(dict.fromkeys(_unknown(table, chosen)))[:_MOST_WORDS]:
        question = f"{table.path}: what does {quoted(word)} stand for: yes, no, or actions"
        answer = ask(question, "no").strip()
        if answer == "yes":
            yes.append(word)
        elif answer == "no":
            no.append(word)
        else:
            levels[word] = tuple(part.strip() for part in answer.split(",") if part.strip())
    return msgspec.structs.replace(made, levels=levels, yes=tuple(yes), no=tuple(no))


def _unknown(table: Sheet, chosen: list[str]) -> Iterator[str]:
    header, rows = header_of(table, None)
    indices = [index for index, cell in enumerate(header.cells) if cell.value in chosen]
    for row in rows:
        for index in indices:
            word = row.cell(index).value
            if not is_mark(word):
                yield word


def _one_of(ask: Ask, question: str, default: str, allowed: Any) -> str:
    while True:
        answer = ask(question, default).strip()
        if answer in allowed:
            return answer
        question = f"{quoted(answer)} is none of {listed([quoted(str(each)) for each in allowed])}. Which"


def _several(ask: Ask, question: str, default: str, allowed: list[str]) -> list[str]:
    while True:
        answers = [part.strip() for part in ask(question, default).split(",") if part.strip()]
        wrong = [answer for answer in answers if answer not in allowed]
        if not wrong:
            return answers
        question = f"{quoted(wrong[0])} is none of {listed([quoted(each) for each in allowed])}. Which, with commas"
