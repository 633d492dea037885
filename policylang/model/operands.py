"""The two sides of a comparison: which of their words are names, and which are values.

A word alone can be an attribute, a parameter, or a value of the enum (or `true` and `false`) on the other side. One
side of a comparison is always a name. What has two meanings is an error.
"""

from __future__ import annotations

from policylang.diagnostics import quoted
from policylang.model import conditions as ir
from policylang.model import types as t
from policylang.model.context import ConditionScope
from policylang.model.paths import is_known, joins_conditions, resolve_path
from policylang.model.slips import needless_word
from policylang.model.values import literal, mismatch, natural_type
from policylang.syntax import expressions

_Pair = tuple[ir.Operand, ir.Operand]


def comparable(left: t.Type, right: t.Type) -> bool:
    """Whether values of the two types can be equal."""
    if isinstance(left, t.NUMBERS) and isinstance(right, t.NUMBERS):
        return True
    if isinstance(left, t.EnumType) and isinstance(right, t.EnumType):
        return not set(left.values).isdisjoint(right.values)
    if isinstance(left, t.UserType) and isinstance(right, t.UserType):
        return True
    return left == right


def called(scope: ConditionScope, node: expressions.Node) -> str:
    """What is written, for messages."""
    return quoted(scope.text(node))


def misfit(scope: ConditionScope, node: expressions.Node, type_: t.Type, found: str, help: str = "") -> None:
    """Report a type that something written has and that is not needed there."""
    mismatch(scope, node, called(scope, node), type_, found, help)


def has_name(scope: ConditionScope, node: expressions.Node, *sides: expressions.Operand) -> bool:
    """Whether one side is no constant; reports where there is none."""
    if any(isinstance(side, expressions.Path) for side in sides):
        return True
    scope.error("PL103", node, "both sides are constants", "compare a constant with an attribute of the record")
    return False


def both_sides(scope: ConditionScope, node: expressions.Comparison) -> _Pair | None:
    """Both sides of a comparison; what is a constant takes its type from the other side."""
    if not has_name(scope, node, node.left, node.right):
        return None
    left_type, right_type = type_of(scope, node.left), type_of(scope, node.right)
    if left_type and right_type and _is_ambiguous(scope, node, left_type, right_type):
        return None
    if _is_value(node.right, left_type):
        right_type = None  # the left side is the name, whatever values the right one has
    right: ir.Operand | None
    if _is_value(node.left, right_type):
        right = one_side(scope, node.right, None)
        left = one_side(scope, node.left, right_type, node.right)
    else:
        left = one_side(scope, node.left, right_type, node.right)
        right = one_side(scope, node.right, left.type, node.left) if left else None
    if left is None or right is None:
        return None
    if not comparable(left.type, right.type):
        incomparable(scope, node, left.type, right.type)
        return None
    return left, right


def incomparable(
    scope: ConditionScope,
    node: expressions.Comparison | expressions.Membership,
    left: t.Type,
    right: t.Type,
) -> None:
    """Report two sides of different types."""
    if isinstance(node, expressions.Comparison):
        first, second = node.left, node.right
        message = (
            f"{called(scope, first)} is {t.in_words(left)}, {called(scope, second)} is {t.in_words(right)}: "
            "they cannot be compared"
        )
    else:
        message = f"{called(scope, node.operand)} is {t.in_words(left)}, a choice is {t.in_words(right)}"
    scope.error("PL103", node, message, "compare values of one type")


def one_side(
    scope: ConditionScope,
    node: expressions.Operand,
    other: t.Type | None,
    beside: expressions.Operand | None = None,
) -> ir.Operand | None:
    """One side of a comparison. ``other`` is the type of the other side, where that is known."""
    what = called(scope, beside) if beside else "the value"
    if not isinstance(node, expressions.Path):
        type_ = other if other is not None else natural_type(node)
        if isinstance(type_, t.SetType):
            type_ = type_.of
        if type_ is None:
            assert isinstance(node, expressions.Number)
            scope.error("PL103", node, f"{called(scope, node)} is a number", "name an attribute")
            return None
        return literal(scope, node, type_, what)
    if joins_conditions(scope, node) or needless_word(scope, node):
        return None
    word = word_of(node)
    if word in ("true", "false") and other is not None and not _is_value(node, other) and not is_known(scope, word):
        found, by = f"`{word}` is true or false", "present" if word == "true" else "missing"
        if isinstance(beside, expressions.Path) and beside.start_pos < node.start_pos:
            help = f"write `{scope.text(beside)} is {by}`"
            mismatch(scope, node, what, other, found, help, by)
        else:
            mismatch(scope, node, what, other, found)
        return None
    if other is not None and _is_value(node, other):
        if _is_parameter(scope, node, other):
            return None
        return literal(scope, node.steps[0], other, what)
    if word is not None and isinstance(other, t.EnumType) and not is_known(scope, word):
        return literal(scope, node.steps[0], other, what)
    is_first = beside is not None and node.start_pos < beside.start_pos
    return resolve_path(scope, node, None if is_first else other)


def word_of(node: expressions.Operand) -> str | None:
    """A path of one name, which may be a word rather than an attribute."""
    return (
        node.steps[0].value
        if isinstance(node, expressions.Path) and not node.subject and len(node.steps) == 1
        else None
    )


def type_of(scope: ConditionScope, node: expressions.Operand) -> t.Type | None:
    """The type of a path that can be resolved; reports nothing."""
    if not isinstance(node, expressions.Path):
        return None
    word = word_of(node)
    if word not in (None, scope.resource) and not is_known(scope, word):
        return None  # what it may have been meant to be is not asked
    attributes = scope.attributes
    if word is not None and word in scope.parameters:
        return scope.parameters[word].type
    if word is not None and attributes is not None and word in attributes:
        return attributes[word] if scope.only is None or word in scope.only else None
    found = resolve_path(scope.aside(), node)
    return found.type if found else None


def _is_value(node: expressions.Operand, other: t.Type | None) -> bool:
    """Whether a word can be a value of the enum, or the truth, on the other side."""
    return word_of(node) in t.words_of(other)


# --- words with two meanings ---------------------------------------------------------------------------------


def _is_parameter(scope: ConditionScope, node: expressions.Operand, other: t.Type) -> bool:
    """Whether a word that is a value on the other side could as well be a parameter, which is reported."""
    word = word_of(node)
    bound = scope.parameters.get(word or "")
    if bound is None or not comparable(bound.type, other):
        return False
    help = f"rename the parameter: then `{word}` is the value"
    scope.error("PL103", node, _two_meanings(word or "", "parameter"), help)
    return True


def _is_ambiguous(scope: ConditionScope, node: expressions.Comparison, left_type: t.Type, right_type: t.Type) -> bool:
    """Whether ``is`` between two names that have types has two meanings, which is reported.

    A name beside itself is no meaning of its own: in `active is active` one of the two is the value.
    """
    right_is_value, left_is_value = _is_value(node.right, left_type), _is_value(node.left, right_type)
    left, right = scope.text(node.left), scope.text(node.right)
    both_names = comparable(left_type, right_type)
    if left == right or right_is_value + left_is_value + both_names < 2:
        return False
    if (right_is_value and _is_parameter(scope, node.right, left_type)) or (
        left_is_value and _is_parameter(scope, node.left, right_type)
    ):
        return True
    values = [f"{left} in [{right}]"] if right_is_value else []
    values += [f"{right} in [{left}]"] if left_is_value else []
    help = f"for the value write {_choices(node, values)}"
    if both_names:
        help += f", for the attribute {_choices(node, [_of_names(left, right, left_type, right_type)])}"
    message = _two_meanings(right if right_is_value else left, "attribute")
    scope.error("PL103", node, message, help)
    return True


def _two_meanings(word: str, other: str) -> str:
    return f"`{word}` can mean the value `{word}` or the {other} `{word}`"


def _of_names(left: str, right: str, left_type: t.Type, right_type: t.Type) -> str:
    """A comparison of two names, of which one at least is also a value of the other. Brackets hold values first."""
    of_left, of_right = t.words_of(left_type), t.words_of(right_type)
    if left not in of_right:
        return f"{right} in [{left}]"
    if right not in of_left:
        return f"{left} in [{right}]"
    shared = [value for value in of_left if value in of_right]
    return " or ".join(f"{left} in [{value}] and {right} in [{value}]" for value in shared)


def _choices(node: expressions.Comparison, ways: list[str]) -> str:
    return " or ".join(f"`not ({way})`" if node.operator.value == "is not" else f"`{way}`" for way in ways)


def is_ambiguous_item(scope: ConditionScope, node: expressions.Operand, type_: t.Type) -> bool:
    """Whether what a set is to contain can be a value and a name, which is reported."""
    its = type_of(scope, node) if _is_value(node, type_) else None
    if its is None or not comparable(type_, its):
        return False
    if not _is_parameter(scope, node, type_):
        word = word_of(node) or ""
        help = f"rename the attribute: then `{word}` is the value"
        scope.error("PL103", node, _two_meanings(word, "attribute"), help)
    return True
