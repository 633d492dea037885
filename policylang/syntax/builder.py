"""From the parser's reductions to syntax nodes: what makes the node, for each rule of the grammar.

The parser calls a method when its rule is complete, with the children in the order of the grammar: tokens (keywords and
punctuation included), nodes, and ``None`` for an optional part that is absent. Rules whose names begin with an
underscore have no method; their children stand in their parents'.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from policylang.syntax import ast, expressions

_ESCAPE = re.compile(r'\\(?:u\{([0-9A-Fa-f]+)\}|(["\\nt]))')
_ESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}

_Children = list[Any]
_Made = TypeVar("_Made")
_Method = Callable[[Any, _Children], _Made]


# --- what is read of children --------------------------------------------------------------------------------


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _ESCAPED[match[2]]


def text_of(token: Any) -> expressions.Text | None:
    """What stands in quotes, if anything does."""
    if token is None:
        return None
    value = token.value[1:-1]
    if "\\" in value:
        value = _ESCAPE.sub(_unescape, value)
    return expressions.Text(token.start_pos, token.end_pos, value)


def _name(token: Any) -> expressions.Name:
    return expressions.Name(token.start_pos, token.end_pos, token.value)


_VALUES: dict[str, Callable[..., expressions.Node]] = {
    "NUMBER": expressions.Number,
    "DATE": expressions.Date,
    "DATETIME": expressions.DateTime,
    "TIME": expressions.Time,
}


def _read(child: Any) -> Any:
    """A child as a part of a node: a token becomes a text or another value, any word a name."""
    if child is None or isinstance(child, (expressions.Node, tuple)):
        return child
    if child.type == "STRING":
        return text_of(child)
    return _VALUES.get(child.type, expressions.Name)(child.start_pos, child.end_pos, child.value)


def _every_second(c: _Children, first: int) -> tuple[expressions.Name, ...]:
    """The names of a list whose commas are among the children."""
    return tuple([expressions.Name(t.start_pos, t.end_pos, t.value) for t in c[first::2]])


def _end(c: _Children) -> int:
    """Where the last child that is there ends."""
    last = c[-1] or next(filter(None, reversed(c)))
    end: int = last[-1].end_pos if type(last) is tuple else last.end_pos
    return end


def _flat(children: _Children) -> tuple[Any, ...]:
    """What stands in a block; some of its parts are several items."""
    items: list[Any] = []
    for child in children:
        items += child if type(child) is tuple else (child,)
    return tuple(items)


# --- methods of many rules -----------------------------------------------------------------------------------


def _node(kind: Callable[..., _Made], *numbers: int) -> _Method[_Made]:
    """Makes a node of the children of these numbers."""

    def build(_builder: Any, c: _Children) -> _Made:
        return kind(c[0].start_pos, _end(c), *[_read(c[number]) for number in numbers])

    def build_of_one(_builder: Any, c: _Children) -> _Made:  # which most rules are for: it is quicker
        return kind(c[0].start_pos, _end(c), _read(c[numbers[0]]))

    return build_of_one if len(numbers) == 1 else build


def _joined(kind: Callable[..., _Made]) -> _Method[_Made]:
    """Makes a node of items with a word between them."""

    def build(_builder: Any, c: _Children) -> _Made:
        return kind(c[0].start_pos, c[-1].end_pos, tuple(c[::2]))

    return build


def _declaration(kind: Callable[..., _Made]) -> _Method[_Made]:
    """Makes a declaration of a keyword, a name, a label and a block."""

    def build(_builder: Any, c: _Children) -> _Made:
        return kind(c[0].start_pos, c[-1].end_pos, _read(c[1]), text_of(c[2]), _flat(c[4:-1]))

    return build


def _items(block: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """What stands in a block, of which the last part is the closing bracket."""
    return block[:-1] if block else ()


class _JobOfUser(expressions.Node, frozen=True, gc=False):
    """`job "…"` behind a user, and the user's block if there is one."""

    job: expressions.Text
    items: tuple[ast.UserItem, ...]


class TreeBuilder:
    """What the parser runs while it parses."""

    def start(self, c: _Children) -> tuple[ast.Declaration, ...]:
        declarations: list[Any] = []
        for child in c:
            if type(child) is _JobOfUser:
                user = declarations.pop()
                child = msgspec.structs.replace(user, end_pos=child.end_pos, job=child.job, items=child.items)
            declarations.append(child)
        return tuple(declarations)

    def _word(self, c: _Children) -> expressions.Name:
        return _name(c[0])

    attribute_mark = attribute_name = user_attribute_name = role_mark = user_mark = weekday = _word
    word = named_type = one_target = named_target = separated_action = one_resource = required_action = _word

    # --- the world

    timezone = _node(ast.Timezone, 1)
    portals = _node(ast.Portals, 1)
    place = _node(ast.Place, 1, 2, 4)

    def scope(self, c: _Children) -> ast.Scope:
        return ast.Scope(c[0].start_pos, c[-1].end_pos, _every_second(c, 1))

    def feature(self, c: _Children) -> ast.Feature:
        state = c[3]
        return ast.Feature(c[0].start_pos, state.end_pos, _name(c[1]), text_of(c[2]), state.value == "on")

    def feature_state(self, c: _Children) -> Any:
        return c[0]

    # --- records

    def _attribute_block(self, c: _Children) -> ast.AttributeBlock:
        return ast.AttributeBlock(c[0].start_pos, c[-1].end_pos, _name(c[0]), _flat(c[2:-1]))

    subject = request = _attribute_block
    resource = _declaration(ast.Resource)

    def attribute(self, c: _Children) -> ast.Attribute:
        *marks, name, _colon, type_, tree = c
        return ast.Attribute(c[0].start_pos, _end(c), tuple(marks), name, type_, tree)

    tree_mark = _node(expressions.Node)

    def attribute_and_as(self, c: _Children) -> tuple[ast.Attribute, ast.Attribute]:
        *first, as_, colon, type_, tree = c
        return self.attribute([*first, None]), self.attribute([_name(as_), colon, type_, tree])

    user_type = _node(ast.UserType, 3)
    enum_type = _node(ast.EnumType, 2)
    set_type = _node(ast.SetType, 2)

    def enum_start(self, c: _Children) -> ast.EnumType:
        return ast.EnumType(c[0].start_pos, c[2].end_pos, (_name(c[2]),))

    def actions(self, c: _Children) -> ast.Actions:
        return ast.Actions(c[0].start_pos, c[-1].end_pos, tuple(c[1::2]))

    def listed_action(self, c: _Children) -> ast.Action:
        name, _like, kind = c
        return ast.Action(name.start_pos, _end(c), _name(name), (self.like(c[1:]),) if kind else ())

    def actions_and_like(self, c: _Children) -> tuple[ast.Actions, ast.Attribute]:
        *before, name, like, _colon, type_ = c
        last = self.listed_action([name, None, None])
        attribute = ast.Attribute(like.start_pos, type_.end_pos, (), _name(like), type_)
        return self.actions([*before, last]), attribute

    def action(self, c: _Children) -> ast.Action:
        return ast.Action(c[0].start_pos, c[-1].end_pos, _name(c[1]), tuple(c[2:]))

    like = _node(ast.Like, 1)
    requires = _node(ast.Requires, 1)
    bypasses = _node(ast.Bypasses)
    assignable = _node(ast.Assignable, 2)

    any_requirement = _joined(ast.AnyRequired)
    all_requirement = _joined(ast.AllRequired)
    required_superuser = _node(ast.RequiredSuperuser)
    required_feature = _node(ast.RequiredFeature, 1)
    required_grant = _node(ast.RequiredGrant, 0, 2, 4)

    def _grouped(self, c: _Children) -> Any:
        return c[1]

    grouped_requirement = grouped_condition = _grouped

    # --- policies

    def policy(self, c: _Children) -> ast.Policy:
        _policy, name, parameters, label, _on, target, _for, actions, _open, condition, close = c
        return ast.Policy(
            c[0].start_pos,
            close.end_pos,
            _name(name),
            parameters or (),
            text_of(label),
            target,
            actions or (),
            condition,
        )

    def parameters(self, c: _Children) -> tuple[ast.Parameter | ast.MisplacedValue, ...]:
        found: list[ast.Parameter | ast.MisplacedValue] = []
        for child in c[1::2]:
            before = found[-1] if found else None
            if (
                isinstance(child, ast.MisplacedValue)
                and isinstance(before, ast.Parameter)
                and isinstance(before.type, ast.EnumType)
            ):
                values = (*before.type.values, child.name)
                enum = ast.EnumType(before.type.start_pos, child.end_pos, values)
                found[-1] = ast.Parameter(before.start_pos, child.end_pos, before.name, enum)
            else:
                found.append(child)
        return tuple(found)

    parameter = _node(ast.Parameter, 0, 2)
    enum_value = _node(ast.MisplacedValue, 0)

    def any_resource(self, c: _Children) -> ast.AnyResource:
        return ast.AnyResource(c[0].start_pos, _end(c), c[3] or ())

    # --- conditions

    disjunction = _joined(expressions.Or)
    conjunction = _joined(expressions.And)
    negation = _node(expressions.Not, 1)

    def comparison(self, c: _Children) -> expressions.Comparison:
        return expressions.Comparison(c[0].start_pos, c[2].end_pos, *c)

    def operator(self, c: _Children) -> expressions.Name:
        return expressions.Name(c[0].start_pos, c[-1].end_pos, " ".join(t.value for t in c))

    def presence(self, c: _Children) -> expressions.Presence:
        return expressions.Presence(c[0].start_pos, c[2].end_pos, c[0], c[2].value == "missing")

    membership = _node(expressions.Membership, 0, 2)

    def list_test(self, c: _Children) -> expressions.ListTest:
        operand, *words, items = c
        return expressions.ListTest(operand.start_pos, items.end_pos, operand, self.operator(words), items)

    hours = _node(expressions.Hours, 0, 1, 3, 5)

    def weekdays(self, c: _Children) -> expressions.Weekdays:
        operand, operator, _on, *days = c
        return expressions.Weekdays(operand.start_pos, days[-1].end_pos, operand, operator, tuple(days[::2]))

    under = _node(expressions.Under, 0, 1, 3)

    # --- values

    def _value(self, c: _Children) -> Any:
        return _read(c[0])

    text = number = date = datetime = _value

    def list(self, c: _Children) -> expressions.List:
        return expressions.List(c[0].start_pos, c[-1].end_pos, tuple(c[1:-1:2]))

    empty_list = list

    def path(self, c: _Children) -> expressions.Path:
        first, *later = c[::2]
        if type(first) is expressions.Path:
            return expressions.Path(first.start_pos, c[-1].end_pos, first.subject, tuple(later))
        return expressions.Path(first.start_pos, c[-1].end_pos, None, (first, *later))

    asking_path = path

    def assigned_user(self, c: _Children) -> expressions.Path:
        words = expressions.Name(c[0].start_pos, c[1].end_pos, "assigned user")
        return expressions.Path(words.start_pos, words.end_pos, words, ())

    def name(self, c: _Children) -> expressions.Name:
        if len(c) == 1:
            return _name(c[0])
        return expressions.Name(c[0].start_pos, c[-1].end_pos, "_".join(t.value for t in c))

    later_name = name

    def duration(self, c: _Children) -> expressions.Duration:
        amount = expressions.Number(c[0].start_pos, c[0].end_pos, c[0].value)
        return expressions.Duration(c[0].start_pos, c[1].end_pos, amount, _name(c[1]))

    # --- who gets what

    def role(self, c: _Children) -> ast.Role:
        *marks, _role, name, label, items = c
        return ast.Role(c[0].start_pos, _end(c), tuple(marks), _name(name), text_of(label), _items(items))

    def group(self, c: _Children) -> ast.Group:
        _group, name, label, items = c
        return ast.Group(c[0].start_pos, _end(c), _name(name), text_of(label), _items(items))

    def _block(self, c: _Children) -> tuple[Any, ...]:
        """The items, and behind them the closing brace, for the place of what they belong to."""
        return tuple(c[1:])

    bundle = user_block = _block
    includes = _node(ast.Includes, 1)
    portal = _node(ast.Portal, 1)
    performs = _node(ast.Performs, 1)
    may_assign = _node(ast.MayAssign, 2)

    def grant(self, c: _Children) -> ast.Grant:
        return ast.Grant(c[0].start_pos, c[-1].end_pos, c[1], c[3], tuple(c[4:]))

    def deny(self, c: _Children) -> ast.Deny:
        return ast.Deny(c[0].start_pos, c[-1].end_pos, c[1], c[3], tuple(c[4:]))

    everyones_deny = deny

    def limit(self, c: _Children) -> ast.Limit:
        _policy, name, arguments, _on, resource, _for, actions = c
        return ast.Limit(c[0].start_pos, _end(c), _name(name), _items(arguments), resource, actions or ())

    def names(self, c: _Children) -> tuple[expressions.Name, ...]:
        return _every_second(c, 0)

    all_resources = _node(ast.AllResources)
    fields = _node(ast.Fields, 1)
    exclusion = _node(ast.Except, 1)
    including = _node(ast.Including, 1)
    because = _node(ast.Because, 1)
    condition_block = _node(ast.ConditionBlock, 1)

    def arguments(self, c: _Children) -> tuple[Any, ...]:
        return (*c[1::2], c[-1])

    # --- people, jobs, tasks, integrations

    task = _declaration(ast.Task)
    need = _node(ast.Need, 1, 3, 4)
    job = _declaration(ast.Job)

    def job_after_user(self, c: _Children) -> ast.Job:
        label = c[2] if c[2].type == "STRING" else None
        items = tuple(child for child in c if type(child) is ast.Includes)
        return ast.Job(c[0].start_pos, c[-1].end_pos, _read(c[1]), text_of(label), items)

    def user_head(self, c: _Children) -> ast.User:
        *marks, _user, id_, label, _in, groups = c
        return ast.User(c[0].start_pos, _end(c), tuple(marks), _read(id_), text_of(label), groups or (), None, ())

    def user(self, c: _Children) -> ast.User:
        head, block = c
        user: ast.User = msgspec.structs.replace(head, end_pos=block[-1].end_pos, items=_items(block))
        return user

    def user_job(self, c: _Children) -> _JobOfUser:
        return _JobOfUser(c[0].start_pos, _end(c), _read(c[1]), _items(c[2]))

    user_attribute = _node(ast.UserAttribute, 0, 2)
    append = _node(ast.Append, 1, 2)
    override = _node(ast.Override, 1, 2)

    def assignment(self, c: _Children) -> ast.Assignment:
        return ast.Assignment(c[0].start_pos, c[-1].end_pos, _name(c[2]), tuple(c[3:]))

    at_place = _node(ast.AtPlace, 1, 2)
    from_date = _node(ast.FromDate, 1, 2)
    until_date = _node(ast.UntilDate, 1, 2)
    approved_by = _node(ast.ApprovedBy, 2)

    integration = _declaration(ast.Integration)
    from_day = _node(ast.FromDate, 1)
    until_day = _node(ast.UntilDate, 1)
    objects = _node(ast.Objects, 1)
    mirror = _node(ast.Mirror, 2)

    # --- statements about the whole

    def separation(self, c: _Children) -> ast.Separation:
        permissions = tuple(child for child in c if type(child) is ast.Permission)
        most = next((_read(child) for child in c if getattr(child, "type", None) == "NUMBER"), None)
        *_rest, label, severity = c
        return ast.Separation(c[0].start_pos, _end(c), permissions, most, text_of(label), severity)

    permission = _node(ast.Permission, 0, 2)

    def severity(self, c: _Children) -> expressions.Name:
        return _name(c[1])

    def invariant(self, c: _Children) -> ast.Invariant:
        _keyword, label, _open, quantifier, selectors, _can, actions, resource, _dot, field, _where, where, close = c
        return ast.Invariant(
            c[0].start_pos,
            close.end_pos,
            _read(label),
            quantifier,
            selectors or (),
            actions,
            _name(resource),
            _read(field),
            where and where.condition,
        )

    def quantifier(self, c: _Children) -> Any:
        return str(c[0].value)

    def selectors(self, c: _Children) -> tuple[ast.Selector, ...]:
        return tuple(c[::2])

    def with_role(self, c: _Children) -> ast.Selector:
        return ast.Selector(c[0].start_pos, c[2].end_pos, "role", _name(c[2]))

    def in_group(self, c: _Children) -> ast.Selector:
        return ast.Selector(c[0].start_pos, c[1].end_pos, "group", _name(c[1]))

    def review(self, c: _Children) -> ast.Review:
        _review, (kind, subject), _every, every, _last, last, _by, by = c
        return ast.Review(c[0].start_pos, _end(c), kind, subject, every, _read(last), text_of(by))

    def review_subject(self, c: _Children) -> tuple[str, expressions.Name | expressions.Text]:
        kind, subject = c
        return kind.value, _read(subject)
