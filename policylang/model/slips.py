"""What people write in conditions out of habit, where every word could be a name: `owner is me`, `title is empty`."""

from __future__ import annotations

from policylang.diagnostics import quoted
from policylang.model import habits
from policylang.model.conditions import WEEKDAYS
from policylang.model.context import ConditionScope
from policylang.model.paths import is_known
from policylang.model.types import UNITS as UNITS_OF_TIME
from policylang.model.types import DateTimeType, DateType, EnumType, SetType, TextType, Type, UserType
from policylang.syntax import expressions


def reports_slip(scope: ConditionScope, node: expressions.Comparison, left: Type | None) -> bool:
    """Whether a comparison is a known slip, which is reported with the way it is written here. ``left`` is the type of
    the left side, where it has one.
    """
    right = node.right
    if _is_now(scope, node.left):
        days = _days(scope, node)
        if days:
            mended = f"now {node.operator.value} on {days}"
            message = f"unknown attribute `now` of `{scope.resource}`"
            scope.error("PL101", node.left, message, f"write `{mended}`", replace=node, by=mended)
        else:
            _report(scope, node.left, "now", habits.NOW_ALONE)
        return True
    if negated_in_words(scope, node, node.left):
        return True
    if not isinstance(right, expressions.Path) or right.subject or is_known(scope, right.steps[0].value):
        return False
    words = _words(scope, right.steps[0])
    name = right.steps[0].value.lower()
    if len(right.steps) == 1 and node.operator.value in ("is", "is not"):
        if _has_meaning(left, right.steps[0].value):
            return False
        if name in habits.NOTHING | habits.EMPTY | habits.SOMETHING:
            _presence(scope, node, left, name)
            return True
        if isinstance(left, UserType) and _reports_group(scope, right, words):
            return True
        equal = next(
            (each for each in habits.EQUAL if words[: len(each)] == list(each) and len(words) > len(each)), None
        )
        if equal is not None:
            rest = " ".join(words[len(equal) :])
            mended = f"{_text(scope, node.left)} {node.operator.value} {rest}"
            _report(scope, right, name, f"leave out `{' '.join(equal)}`: write `{mended}`", rest)
            return True
    if name in habits.NOW and isinstance(left, (DateType, DateTimeType)):
        _report(scope, right, right.steps[0].value, habits.NOW_HELP)
        return True
    return False


def _is_now(scope: ConditionScope, node: expressions.Operand) -> bool:
    return isinstance(node, expressions.Path) and _text(scope, node) == "now" and not is_known(scope, "now")


def _days(scope: ConditionScope, node: expressions.Comparison) -> str | None:
    """The weekdays that are compared with `now`, as the language names them."""
    if (
        node.operator.value not in ("is", "is not")
        or not isinstance(node.right, expressions.Path)
        or node.right.subject
    ):
        return None
    words = [word.lower() for word in _words(scope, node.right.steps[0]) if word.lower() not in ("on", "a", "the")]
    if len(words) != 1:
        return None
    word = words[0].removesuffix("s")
    weekdays = [day for day in WEEKDAYS if len(word) > 2 and (day.startswith(word) or word == day)]
    return {"weekday": ", ".join(WEEKDAYS[:5]), "weekend": ", ".join(WEEKDAYS[5:])}.get(word) or ", ".join(weekdays)


def _has_meaning(left: Type | None, word: str) -> bool:
    """Whether the word says something of a value of this type."""
    return (isinstance(left, EnumType) and word in left.values) or (isinstance(left, SetType) and word == "empty")


def needless_word(scope: ConditionScope, node: expressions.Path) -> bool:
    """Whether a path is an attribute behind a word of English that has no meaning here, which is reported."""
    attributes = scope.attributes
    if node.subject or attributes is None or is_known(scope, node.steps[0].value):
        return False
    words = _words(scope, node.steps[0])
    if len(words) > 1 and words[-1] in ("no", "not", "never") and "_".join(words[:-1]) in attributes:
        _report(scope, node.steps[0], node.steps[0].value, "write `not (…)`")
        return True
    if len(words) < 2 or "_".join(words[1:]) not in attributes:
        return False
    if words[0] in ("unless", "except"):
        _report(scope, node.steps[0], node.steps[0].value, "write `not (…)`")
        return True
    if words[0].lower() == "not":
        mended = " ".join(["not", *words[1:]])
        _report(scope, node.steps[0], node.steps[0].value, f"write `{mended}`", mended)
        return True
    if words[0] in habits.NEEDLESS:
        _report(scope, node.steps[0], node.steps[0].value, f"leave out `{words[0]}`", " ".join(words[1:]))
        return True
    return False


def duration_in_words(scope: ConditionScope, node: expressions.Path) -> bool:
    """Whether a duration is written in words, ``one month``, which is reported."""
    if node.subject or len(node.steps) > 1 or is_known(scope, node.steps[0].value):
        return False
    words = _words(scope, node.steps[0])
    if len(words) not in (1, 2):
        return False
    amount = habits.AMOUNTS.get(words[0].lower()) if len(words) == 2 else 1
    unit = f"{words[-1].lower().removesuffix('s')}s"
    if amount is None or unit not in UNITS_OF_TIME:
        return False
    mended = f"{amount} {unit if amount > 1 else unit.removesuffix('s')}"
    _report(scope, node, node.steps[0].value, f"write `{mended}`", mended)
    return True


def negated_in_words(scope: ConditionScope, node: expressions.Node, left: expressions.Operand) -> bool:
    """Whether `not` stands behind the left side of a test, which is reported: of ``status not in [a]`` the parser takes
    ``status not`` for a name of two words.
    """
    if not isinstance(left, expressions.Path) or left.subject or is_known(scope, left.steps[0].value):
        return False
    words = _words(scope, left.steps[-1])
    if len(words) < 2 or words[-1] != "not":
        return False
    positive = f"{_text(scope, left)[: -len('not')].rstrip()} {scope.source.text[left.end_pos : node.end_pos].strip()}"
    mended = f"not ({positive})"
    message = f"unknown attribute {quoted(left.steps[-1].value)} of `{scope.resource}`"
    scope.error("PL101", left, message, f"write `{mended}`", replace=node, by=mended)
    return True


def _presence(scope: ConditionScope, node: expressions.Comparison, left: Type | None, word: str) -> None:
    missing = (node.operator.value == "is") == (word not in habits.SOMETHING)
    mended = f"{_text(scope, node.left)} is {'missing' if missing else 'present'}"
    help = f"write `{mended}`"
    if word in habits.EMPTY and isinstance(left, TextType):
        help += f', or `{_text(scope, node.left)} {node.operator.value} ""` for empty text'
    message = f"unknown attribute {quoted(_text(scope, node.right))} of `{scope.resource}`"
    scope.error("PL101", node.right, message, help, replace=node, by=mended)


def _reports_group(scope: ConditionScope, right: expressions.Path, words: list[str]) -> bool:
    """A user compared with a group or a role."""
    name = right.steps[0].value
    kind = next((each for each in ("group", "role") if name in scope.symbols.names[each]), None)
    if kind is None and not any(words[: len(each)] == list(each) for each in habits.IN_GROUP):
        return False
    what = f"`{name}` is a {kind}" if kind else "a condition cannot test groups or roles"
    where = f"{kind} `{name}`" if kind else "group or role it is for"
    _report(scope, right, name, f"{what}: attach the policy to the {where}")
    return True


def _report(scope: ConditionScope, node: expressions.Node, name: str, help: str, by: str | None = None) -> None:
    message = f"unknown attribute {quoted(name)} of `{scope.resource}`"
    scope.error("PL101", node, message, help, by=by)


def _words(scope: ConditionScope, step: expressions.Name) -> list[str]:
    return scope.text(step).split()


def _text(scope: ConditionScope, node: expressions.Node) -> str:
    return " ".join(scope.text(node).split())
