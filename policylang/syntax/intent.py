"""What was probably meant where the grammar has no use for what was written.

Each is a function from the stop to a help text, or a guess with an edit; ``None`` where it knows nothing. The first
that knows something wins, so the surest come first.
"""

from __future__ import annotations

from collections.abc import Callable

from policylang.suggest import closest
from policylang.syntax.lexer import END, NAME
from policylang.syntax.slips.match import Guess
from policylang.syntax.stop import Stop

_OPERATORS = frozenset(
    {"within", "before", "after", "older", "in", "contains", "overlaps", "starts", "ends", "not", "present"}
)
# Words that begin an item of a block, and no declaration.
_ITEMS = frozenset(
    (
        *("grant", "portal", "performs", "may", "needs", "append", "override", "assign", "objects", "mirror"),
        *("actions", "action", "optional", "sensitive"),
    )
)
_TYPES = frozenset({"text", "int", "decimal", "money", "bool", "date", "datetime", "duration", "ip", "user"})
_UNITS = frozenset({"minutes", "hours", "days", "weeks", "months", "years", "day", "week", "month", "year", "hour"})


def intent(stop: Stop) -> Guess | None:
    """What to say about the token that does not fit."""
    for guess in _GUESSES:
        found = guess(stop)
        if found:
            return Guess(found, *stop.token.span, None) if isinstance(found, str) else found
    return None


def _nothing_open(stop: Stop) -> str | None:
    return "no block is open here: delete it" if stop.token.type == "RBRACE" and not stop.before else None


def _extra_comma(stop: Stop) -> str | None:
    previous = stop.previous()
    if previous and previous.type == "COMMA" and not stop.is_word(stop.token):
        return "delete the comma before it, or continue the list"
    earlier = stop.previous(2)
    if previous and previous.value in ("on", "for") and earlier and earlier.type == "COMMA":
        return f"delete the comma before `{previous.value}`"
    return None


def _line_before(stop: Stop) -> str | None:
    """A keyword that begins a line is taken for a name, because the line before it is not complete."""
    for suspect, before in ((stop.token, stop.previous()), (stop.previous(), stop.previous(2))):
        if suspect and before and stop.column(suspect) is not None and suspect.value in stop.scan.lexer.keywords:
            return f"the line before is incomplete: something is missing after `{before.value}`"
    return None


def _outside_its_block(stop: Stop) -> str | None:
    if not stop.before and stop.token.value in _ITEMS:
        return f"`{stop.token.value}` belongs inside a block: is a `{{` missing above, or is there an extra `}}`?"
    return None


def _unit_missing(stop: Stop) -> str | None:
    number, unit = stop.previous(2), stop.previous()
    if number and unit and number.type == "NUMBER" and unit.value not in _UNITS and "review" in stop.before[0].value:
        return f"add a unit: `{number.value} days`"
    return None


def _date_form(stop: Stop) -> str | None:
    if "DATE" in stop.expected and "NUMBER" not in stop.expected:
        return "write dates as year-month-day: `2026-01-31`"
    return None


def _natural_phrase(stop: Stop) -> str | None:
    """English that the language does not know, beside the phrase that it does."""
    words = [token.value for token in (*stop.before[-4:], stop.token, *stop.following(1))]
    if "{" in words:
        words = words[len(words) - words[::-1].index("{") :]
    for word, then, after in zip(words, words[1:], [*words[2:], ""], strict=False):
        if (word, then, after) == ("is", "not", "in"):
            return "write `not (… in […])`"
        if word == "is" and then in _OPERATORS - {"not", "present"}:
            return f"leave out `is`: `… {then} …`"
        if word == "is" and then in ("greater", "more", "less", "fewer"):
            return f"write `{'<' if then in ('less', 'fewer') else '>'}`"
        if (word, then) in (("in", "the"), ("the", "last"), ("within", "last"), ("newer", "than"), ("younger", "than")):
            return "write `within 30 days`"
        if (word, then) == ("is", "one"):
            return "write `in [a, b]`"
        if word == "has" and then == "role":
            return "a condition tests attributes; attach the policy to the role instead"
    return None


def _misspelt(stop: Stop) -> Guess | None:
    """The word, here or one before, in place of which a keyword much like it would fit, and that keyword."""
    for suspect, fitting in ((stop.token, stop.expected), (stop.previous(), stop.expected_before)):
        if suspect is None or not stop.is_word(suspect):
            continue
        candidates = stop.words(fitting)
        meant = None if suspect.value in candidates else closest(suspect.value, candidates)
        if suspect.value not in candidates and suspect.value.lower() in candidates:
            meant = suspect.value.lower()
        if meant:
            return Guess(f"did you mean `{meant}`?", *suspect.span, meant)
    return None


def _attribute_form(stop: Stop) -> str | None:
    """In a block of attributes something else begins with a name."""
    previous, earlier = stop.previous(), stop.previous(2)
    if stop.expected != {"COLON"} or previous is None:
        return None
    in_user = any(token.type == "USER" for token in stop.before[:3])
    if in_user and earlier and earlier.type == "NUMBER" and previous.value in _UNITS:
        return f'put the duration in quotes here: `"{earlier.value} {previous.value}"`'
    if in_user and previous.value == "role":
        return f"assign a role with `assign role {stop.token.value}`"
    if in_user and previous.value == "in":
        return 'put the group before the block: `user "…" in sales { … }`'
    if (
        earlier
        and stop.is_word(earlier)
        and stop.previous(3)
        and stop.before[-3].type in ("COMMA", "ACTIONS", "ACTION")
    ):
        return f"write two words as one name: `{earlier.value}_{previous.value}`"
    if previous.value in _TYPES and stop.is_word(stop.token) and stop.token.value not in _TYPES:
        return f"put the name first: `{stop.token.value} : {previous.value}`"
    type_ = stop.token.value if stop.is_word(stop.token) else "text"
    return f"write an attribute as `{previous.value} : {type_}`"


def _word_too_many(stop: Stop) -> str | None:
    """Two words stand side by side."""
    token, previous, expected = stop.token, stop.previous(), stop.expected
    if previous is None or not stop.is_word(token):
        return None
    two_words = f"`{previous.value}_{token.value}`"
    if previous.value in ("group", "role", "resource", "policy") and previous.type == NAME:
        return f"leave out `{previous.value}`"
    if token.value in ("if", "where", "when") and "LBRACE" in expected:
        return f"leave out `{token.value}`: put the condition in braces"
    if token.value == "and" and "COMMA" in expected:
        return f"separate names in a list with commas: `{previous.value}, …`"
    if expected >= {"COMMA", "ON"} and stop.is_word(previous):
        ahead = [following_token.type for following_token in stop.following(8)]
        comma = "ON" in ahead and not {"LBRACE", "RBRACE", "GRANT", "DENY"} & set(ahead[: ahead.index("ON")])
        return (
            f"separate actions with commas: `{previous.value}, {token.value}`"
            if comma
            else f"write `{previous.value} on {token.value}`"
        )
    if "COMMA" in expected and stop.is_word(previous):
        return f"separate names in a list with commas, or write two words as one name: {two_words}"
    if "LSQB" in expected and previous.type == "IN":
        return "put the choices in brackets: `in [a, b]`; for a set the other way round: `… contains …`"
    if "ON" in expected and previous.type == NAME and token.type == NAME:
        return f"write `{previous.value} on {token.value}`"
    if token.value in stop.scan.lexer.keywords:
        return None
    if "LPAR" in expected and previous.type == NAME and token.type == NAME:
        return f"put attributes in parentheses: `({token.value}, …)`, or write two words as one name: {two_words}"
    if "LBRACE" in expected and previous.type == NAME and "STRING" not in expected:
        return f"put the condition in braces: `{{ {token.value} … }}`, or write two words as one name: {two_words}"
    return _label_or_text(stop, previous.type, two_words)


def _label_or_text(stop: Stop, previous_type: str, two_words: str) -> str | None:
    token, expected = stop.token, stop.expected
    if previous_type == "BECAUSE":
        return 'put the reason in quotes: `because "…"`'
    if "STRING" in expected and "LBRACE" in expected and previous_type == NAME:
        return f'write two words as one name, {two_words}, or put a label in quotes: `"{token.value}"`'
    if "STRING" in expected and not expected & {NAME, "NUMBER"}:
        return f'put ids, labels and places in quotes: `"{token.value}"`'
    if previous_type == NAME and token.type == NAME:
        return f"write two words as one name: {two_words}"
    if token.type == "NOT" and "IN" in expected:
        return "write `not (… in […])`"
    return None


def _order_of_clauses(stop: Stop) -> str | None:
    if stop.token.type == "IN" and any(token.type == "JOB" for token in stop.before):
        return 'put the group before the job: `user "…" in sales job "…"`'
    return None


def _condition_on_a_grant(stop: Stop) -> str | None:
    if stop.token.type == "LBRACE" and "INCLUDING" in stop.expected:
        return "a grant has no condition of its own: declare a policy, and add `policy …` to the role or group"
    return None


def _unquoted(stop: Stop) -> str | None:
    token = stop.token
    if token.type == "STRING" and NAME in stop.expected and token.value[1:-1].isidentifier():
        return f"write names without quotes: `{token.value[1:-1]}`"
    return None


def _plural(stop: Stop) -> str | None:
    """`action view, create`"""
    previous = stop.previous(2)
    if stop.token.type != "COMMA" or previous is None:
        return None
    if f"{previous.value}s" in stop.scan.lexer.keywords:
        return f"list several with `{previous.value}s`"
    if "ASSIGN" in {token.type for token in stop.before[-3:]}:
        return "assign one role at a time: repeat `assign role …`"
    if previous.type in ("ON", "POLICY"):
        return f"one {'policy' if previous.type == 'POLICY' else 'resource'} per line: repeat the line"
    return None


def _empty(stop: Stop) -> str | None:
    previous = stop.previous()
    if previous and previous.type == "LPAR" and stop.token.type == "RPAR":
        return "the parentheses are empty: fill them in, or remove them"
    if previous and previous.type == "LSQB" and stop.token.type == "RSQB":
        return "the list is empty: name at least one value"
    return None


def _bare_attribute(stop: Stop) -> str | None:
    previous, joint = stop.previous(), stop.previous(2)
    if "IS" in stop.expected and joint and joint.type == "OR":
        return "for one of several values write `… in [a, b]`"
    if "IS" in stop.expected and previous and stop.is_word(previous) and stop.token.type != END:
        return f"a condition is a comparison: `{previous.value} is …`, `{previous.value} is present`"
    return None


_GUESSES: tuple[Callable[[Stop], str | Guess | None], ...] = (
    _nothing_open,
    _outside_its_block,
    _extra_comma,
    _date_form,
    _unit_missing,
    _natural_phrase,
    _misspelt,
    _line_before,
    _attribute_form,
    _order_of_clauses,
    _word_too_many,
    _condition_on_a_grant,
    _unquoted,
    _plural,
    _empty,
    _bare_attribute,
)
