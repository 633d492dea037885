"""From the parser's reductions to the nodes of values and conditions; `TreeBuilder` has the rest."""

from __future__ import annotations

import re
from typing import Any

from policylang.syntax import expressions

_ESCAPE = re.compile(r'\\(?:u\{([0-9A-Fa-f]+)\}|(["\\nt]))')
_ESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}

Children = list[Any]


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _ESCAPED[match[2]]


def text_of(token: Any) -> expressions.Text:
    value = token.value[1:-1]
    if "\\" in value:
        value = _ESCAPE.sub(_unescape, value)
    return expressions.Text(token.start_pos, token.end_pos, value)


def name_of(token: Any) -> expressions.Name:
    return expressions.Name(token.start_pos, token.end_pos, token.value)


class ExpressionBuilder:
    """One method for each rule about values and conditions."""

    def disjunction(self, c: Children) -> expressions.Or:
        return expressions.Or(c[0].start_pos, c[-1].end_pos, tuple(c[::2]))

    def conjunction(self, c: Children) -> expressions.And:
        return expressions.And(c[0].start_pos, c[-1].end_pos, tuple(c[::2]))

    def negation(self, c: Children) -> expressions.Not:
        return expressions.Not(c[0].start_pos, c[1].end_pos, c[1])

    def comparison(self, c: Children) -> expressions.Comparison:
        return expressions.Comparison(c[0].start_pos, c[2].end_pos, *c)

    def operator(self, c: Children) -> expressions.Name:
        return expressions.Name(c[0].start_pos, c[-1].end_pos, " ".join(t.value for t in c))

    def presence(self, c: Children) -> expressions.Presence:
        return expressions.Presence(c[0].start_pos, c[2].end_pos, c[0], c[2].value == "missing")

    def membership(self, c: Children) -> expressions.Membership:
        return expressions.Membership(c[0].start_pos, c[2].end_pos, c[0], c[2])

    def list_test(self, c: Children) -> expressions.ListTest:
        operand, *words, items = c
        return expressions.ListTest(operand.start_pos, items.end_pos, operand, self.operator(words), items)

    def hours(self, c: Children) -> expressions.Hours:
        operand, operator, _between, first, _and, last = c
        return expressions.Hours(
            operand.start_pos, last.end_pos, operand, operator, self.time([first]), self.time([last])
        )

    def weekdays(self, c: Children) -> expressions.Weekdays:
        operand, operator, _on, *days = c
        return expressions.Weekdays(operand.start_pos, days[-1].end_pos, operand, operator, tuple(days[::2]))

    def under(self, c: Children) -> expressions.Under:
        operand, operator, _under, top = c
        return expressions.Under(operand.start_pos, top.end_pos, operand, operator, top)

    def time(self, c: Children) -> expressions.Time:
        return expressions.Time(c[0].start_pos, c[0].end_pos, c[0].value)

    def list(self, c: Children) -> expressions.List:
        return expressions.List(c[0].start_pos, c[-1].end_pos, tuple(c[1:-1:2]))

    empty_list = list

    def path(self, c: Children) -> expressions.Path:
        first, *later = c[::2]
        if type(first) is expressions.Path:
            return expressions.Path(first.start_pos, c[-1].end_pos, first.subject, tuple(later))
        return expressions.Path(first.start_pos, c[-1].end_pos, None, (first, *later))

    asking_path = path

    def assigned_user(self, c: Children) -> expressions.Path:
        words = expressions.Name(c[0].start_pos, c[1].end_pos, "assigned user")
        return expressions.Path(words.start_pos, words.end_pos, words, ())

    def name(self, c: Children) -> expressions.Name:
        if len(c) == 1:
            return name_of(c[0])
        return expressions.Name(c[0].start_pos, c[-1].end_pos, "_".join(t.value for t in c))

    later_name = name

    def text(self, c: Children) -> expressions.Text:
        return text_of(c[0])

    def number(self, c: Children) -> expressions.Number:
        return expressions.Number(c[0].start_pos, c[0].end_pos, c[0].value)

    def duration(self, c: Children) -> expressions.Duration:
        return expressions.Duration(c[0].start_pos, c[1].end_pos, self.number(c), name_of(c[1]))

    def date(self, c: Children) -> expressions.Date:
        return expressions.Date(c[0].start_pos, c[0].end_pos, c[0].value)

    def datetime(self, c: Children) -> expressions.DateTime:
        return expressions.DateTime(c[0].start_pos, c[0].end_pos, c[0].value)
