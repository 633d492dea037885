"""From the parser's reductions to syntax nodes, one method for each rule of the grammar.

The parser calls a method when its rule is complete, with the children in the order of the grammar: tokens (keywords and
punctuation included), nodes, and ``None`` for an optional part that is absent. Rules whose names begin with an
underscore have no method; their children stand in their parents'.
"""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.syntax import ast, expressions
from policylang.syntax.expression_builder import Children, ExpressionBuilder, name_of, text_of


def _text(token: Any) -> expressions.Text | None:
    return token and text_of(token)


def _every_second(c: Children, first: int) -> tuple[expressions.Name, ...]:
    """The names of a list whose commas are among the children."""
    return tuple([expressions.Name(t.start_pos, t.end_pos, t.value) for t in c[first::2]])


def _end(c: Children) -> int:
    """Where the last child that is there ends."""
    for child in reversed(c):
        if child is not None:
            if type(child) is tuple:
                child = child[-1]
            return child.end_pos  # type: ignore[no-any-return]
    raise AssertionError("a rule that matched nothing has no place")


def _flat(children: Children) -> tuple[Any, ...]:
    """What stands in a block; some of its parts are several items."""
    items: list[Any] = []
    for child in children:
        items += child if type(child) is tuple else (child,)
    return tuple(items)


class _JobOfUser(expressions.Node, frozen=True, gc=False):
    """`job "…"` behind a user, and the user's block if there is one."""

    job: expressions.Text
    items: tuple[ast.UserItem, ...]


class TreeBuilder(ExpressionBuilder):
    """What the parser runs while it parses."""

    def start(self, c: Children) -> tuple[ast.Declaration, ...]:
        declarations: list[Any] = []
        for child in c:
            if type(child) is _JobOfUser:
                user = declarations.pop()
                child = msgspec.structs.replace(user, end_pos=child.end_pos, job=child.job, items=child.items)
            declarations.append(child)
        return tuple(declarations)

    # --- the world

    def timezone(self, c: Children) -> ast.Timezone:
        return ast.Timezone(c[0].start_pos, c[1].end_pos, text_of(c[1]))

    def portals(self, c: Children) -> ast.Portals:
        return ast.Portals(c[0].start_pos, _end(c), c[1])

    def scope(self, c: Children) -> ast.Scope:
        return ast.Scope(c[0].start_pos, c[-1].end_pos, _every_second(c, 1))

    def place(self, c: Children) -> ast.Place:
        return ast.Place(c[0].start_pos, _end(c), name_of(c[1]), text_of(c[2]), _text(c[4]))

    def feature(self, c: Children) -> ast.Feature:
        state = c[3]
        return ast.Feature(c[0].start_pos, state.end_pos, name_of(c[1]), _text(c[2]), state.value == "on")

    def feature_state(self, c: Children) -> Any:
        return c[0]

    # --- records

    def _attribute_block(self, c: Children) -> ast.AttributeBlock:
        return ast.AttributeBlock(c[0].start_pos, c[-1].end_pos, name_of(c[0]), _flat(c[2:-1]))

    subject = request = _attribute_block

    def resource(self, c: Children) -> ast.Resource:
        return ast.Resource(c[0].start_pos, c[-1].end_pos, name_of(c[1]), _text(c[2]), _flat(c[4:-1]))

    def attribute(self, c: Children) -> ast.Attribute:
        *marks, name, _colon, type_, tree = c
        return ast.Attribute(c[0].start_pos, _end(c), tuple(marks), name, type_, tree)

    def tree_mark(self, c: Children) -> ast.TreeMark:
        return ast.TreeMark(c[0].start_pos, c[1].end_pos)

    def attribute_and_as(self, c: Children) -> tuple[ast.Attribute, ast.Attribute]:
        *first, as_, colon, type_, tree = c
        return self.attribute([*first, None]), self.attribute([name_of(as_), colon, type_, tree])

    def _one_word(self, c: Children) -> expressions.Name:
        return name_of(c[0])

    attribute_mark = attribute_name = user_attribute_name = role_mark = user_mark = _one_word
    weekday = _one_word
    word = one_target = named_target = separated_action = one_resource = required_action = _one_word

    def named_type(self, c: Children) -> ast.NamedType:
        return ast.NamedType(c[0].start_pos, c[0].end_pos, name_of(c[0]))

    def user_type(self, c: Children) -> ast.UserType:
        role = c[3]
        return ast.UserType(c[0].start_pos, _end(c), role and name_of(role))

    def enum_type(self, c: Children) -> ast.EnumType:
        return ast.EnumType(c[0].start_pos, _end(c), c[2])

    def enum_start(self, c: Children) -> ast.EnumType:
        return ast.EnumType(c[0].start_pos, c[2].end_pos, (name_of(c[2]),))

    def set_type(self, c: Children) -> ast.SetType:
        return ast.SetType(c[0].start_pos, c[2].end_pos, c[2])

    def actions(self, c: Children) -> ast.Actions:
        return ast.Actions(c[0].start_pos, c[-1].end_pos, tuple(c[1::2]))

    def listed_action(self, c: Children) -> ast.ListedAction:
        name, _like, kind = c
        like = kind and self.like(c[1:])
        return ast.ListedAction(name.start_pos, _end(c), name_of(name), like)

    def actions_and_like(self, c: Children) -> tuple[ast.Actions, ast.Attribute]:
        *before, name, like, _colon, type_ = c
        last = self.listed_action([name, None, None])
        attribute = ast.Attribute(like.start_pos, type_.end_pos, (), name_of(like), type_)
        return self.actions([*before, last]), attribute

    def like(self, c: Children) -> ast.Like:
        return ast.Like(c[0].start_pos, c[1].end_pos, name_of(c[1]))

    def action(self, c: Children) -> ast.Action:
        return ast.Action(c[0].start_pos, c[-1].end_pos, name_of(c[1]), tuple(c[2:]))

    def requires(self, c: Children) -> ast.Requires:
        return ast.Requires(c[0].start_pos, c[1].end_pos, c[1])

    def bypasses(self, c: Children) -> ast.Bypasses:
        return ast.Bypasses(c[0].start_pos, c[1].end_pos)

    def assignable(self, c: Children) -> ast.Assignable:
        return ast.Assignable(c[0].start_pos, _end(c), c[2])

    def any_requirement(self, c: Children) -> ast.AnyRequired:
        return ast.AnyRequired(c[0].start_pos, c[-1].end_pos, tuple(c[::2]))

    def all_requirement(self, c: Children) -> ast.AllRequired:
        return ast.AllRequired(c[0].start_pos, c[-1].end_pos, tuple(c[::2]))

    def _grouped(self, c: Children) -> Any:
        return c[1]

    grouped_requirement = grouped_condition = _grouped

    def required_superuser(self, c: Children) -> ast.RequiredSuperuser:
        return ast.RequiredSuperuser(c[0].start_pos, c[0].end_pos)

    def required_feature(self, c: Children) -> ast.RequiredFeature:
        return ast.RequiredFeature(c[0].start_pos, c[1].end_pos, name_of(c[1]))

    def required_grant(self, c: Children) -> ast.RequiredGrant:
        kind = c[4]
        return ast.RequiredGrant(c[0].start_pos, _end(c), c[0], name_of(c[2]), kind and name_of(kind))

    # --- policies

    def policy(self, c: Children) -> ast.Policy:
        _policy, name, parameters, label, _on, target, _for, actions, _open, condition, close = c
        return ast.Policy(
            c[0].start_pos,
            close.end_pos,
            name_of(name),
            parameters or (),
            _text(label),
            target,
            actions or (),
            condition,
        )

    def parameters(self, c: Children) -> tuple[ast.Parameter | ast.MisplacedValue, ...]:
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

    def parameter(self, c: Children) -> ast.Parameter:
        return ast.Parameter(c[0].start_pos, c[2].end_pos, name_of(c[0]), c[2])

    def enum_value(self, c: Children) -> ast.MisplacedValue:
        return ast.MisplacedValue(c[0].start_pos, c[0].end_pos, name_of(c[0]))

    def any_resource(self, c: Children) -> ast.AnyResource:
        return ast.AnyResource(c[0].start_pos, _end(c), c[3] or ())

    # --- who gets what

    def role(self, c: Children) -> ast.Role:
        *marks, _role, name, label, items = c
        return ast.Role(c[0].start_pos, _end(c), tuple(marks), name_of(name), _text(label), _items(items))

    def group(self, c: Children) -> ast.Group:
        _group, name, label, items = c
        return ast.Group(c[0].start_pos, _end(c), name_of(name), _text(label), _items(items))

    def _block(self, c: Children) -> _Block:
        return _Block(c[-1].end_pos, tuple(c[1:-1]))

    bundle = user_block = _block

    def includes(self, c: Children) -> ast.Includes:
        return ast.Includes(c[0].start_pos, _end(c), c[1])

    def portal(self, c: Children) -> ast.Portal:
        return ast.Portal(c[0].start_pos, c[1].end_pos, name_of(c[1]))

    def performs(self, c: Children) -> ast.Performs:
        return ast.Performs(c[0].start_pos, _end(c), c[1])

    def may_assign(self, c: Children) -> ast.MayAssign:
        return ast.MayAssign(c[0].start_pos, _end(c), c[2])

    def grant(self, c: Children) -> ast.Grant:
        return ast.Grant(c[0].start_pos, c[-1].end_pos, c[1], c[3], tuple(c[4:]))

    def deny(self, c: Children) -> ast.Deny:
        return ast.Deny(c[0].start_pos, c[-1].end_pos, c[1], c[3], tuple(c[4:]))

    everyones_deny = deny

    def limit(self, c: Children) -> ast.Limit:
        _policy, name, arguments, _on, resource, _for, actions = c
        values = arguments[:-1] if arguments else ()
        return ast.Limit(c[0].start_pos, _end(c), name_of(name), values, resource, actions or ())

    def names(self, c: Children) -> tuple[expressions.Name, ...]:
        return _every_second(c, 0)

    def all_resources(self, c: Children) -> ast.AllResources:
        return ast.AllResources(c[0].start_pos, c[1].end_pos)

    def fields(self, c: Children) -> ast.Fields:
        return ast.Fields(c[0].start_pos, c[-1].end_pos, c[1])

    def exclusion(self, c: Children) -> ast.Except:
        return ast.Except(c[0].start_pos, _end(c), c[1])

    def including(self, c: Children) -> ast.Including:
        return ast.Including(c[0].start_pos, _end(c), c[1])

    def because(self, c: Children) -> ast.Because:
        return ast.Because(c[0].start_pos, c[1].end_pos, text_of(c[1]))

    def condition_block(self, c: Children) -> ast.ConditionBlock:
        return ast.ConditionBlock(c[0].start_pos, c[2].end_pos, c[1])

    def arguments(self, c: Children) -> tuple[Any, ...]:
        """The values, and behind them the closing parenthesis, for the place of what they belong to."""
        return (*c[1::2], c[-1])

    # --- people, jobs, tasks, integrations

    def task(self, c: Children) -> ast.Task:
        return ast.Task(c[0].start_pos, c[-1].end_pos, name_of(c[1]), _text(c[2]), tuple(c[4:-1]))

    def need(self, c: Children) -> ast.Need:
        return ast.Need(c[0].start_pos, _end(c), c[1], name_of(c[3]), c[4])

    def job(self, c: Children) -> ast.Job:
        return ast.Job(c[0].start_pos, c[-1].end_pos, text_of(c[1]), _text(c[2]), tuple(c[4:-1]))

    def job_after_user(self, c: Children) -> ast.Job:
        label = c[2] if c[2].type == "STRING" else None
        items = tuple(child for child in c if type(child) is ast.Includes)
        return ast.Job(c[0].start_pos, c[-1].end_pos, text_of(c[1]), _text(label), items)

    def user_head(self, c: Children) -> ast.User:
        *marks, _user, id_, label, _in, groups = c
        return ast.User(c[0].start_pos, _end(c), tuple(marks), text_of(id_), _text(label), groups or (), None, ())

    def user(self, c: Children) -> ast.User:
        head, block = c
        user: ast.User = msgspec.structs.replace(head, end_pos=block.end_pos, items=block.items)
        return user

    def user_job(self, c: Children) -> _JobOfUser:
        return _JobOfUser(c[0].start_pos, _end(c), text_of(c[1]), _items(c[2]))

    def user_attribute(self, c: Children) -> ast.UserAttribute:
        return ast.UserAttribute(c[0].start_pos, c[2].end_pos, c[0], c[2])

    def append(self, c: Children) -> ast.Append:
        return ast.Append(c[0].start_pos, _end(c), c[1], c[2])

    def override(self, c: Children) -> ast.Override:
        return ast.Override(c[0].start_pos, _end(c), c[1], c[2])

    def assignment(self, c: Children) -> ast.Assignment:
        return ast.Assignment(c[0].start_pos, c[-1].end_pos, name_of(c[2]), tuple(c[3:]))

    def at_place(self, c: Children) -> ast.AtPlace:
        return ast.AtPlace(c[0].start_pos, c[2].end_pos, name_of(c[1]), text_of(c[2]))

    def from_day(self, c: Children) -> ast.FromDate:
        return ast.FromDate(c[0].start_pos, c[1].end_pos, self.date(c[1:]))

    def until_day(self, c: Children) -> ast.UntilDate:
        return ast.UntilDate(c[0].start_pos, c[1].end_pos, self.date(c[1:]))

    def from_date(self, c: Children) -> ast.FromDate:
        return ast.FromDate(c[0].start_pos, _end(c), self.date(c[1:2]), c[2] and self.time(c[2:]))

    def until_date(self, c: Children) -> ast.UntilDate:
        return ast.UntilDate(c[0].start_pos, _end(c), self.date(c[1:2]), c[2] and self.time(c[2:]))

    def approved_by(self, c: Children) -> ast.ApprovedBy:
        return ast.ApprovedBy(c[0].start_pos, c[2].end_pos, text_of(c[2]))

    def integration(self, c: Children) -> ast.Integration:
        return ast.Integration(c[0].start_pos, c[-1].end_pos, name_of(c[1]), _text(c[2]), tuple(c[4:-1]))

    def objects(self, c: Children) -> ast.Objects:
        return ast.Objects(c[0].start_pos, _end(c), c[1])

    def mirror(self, c: Children) -> ast.Mirror:
        return ast.Mirror(c[0].start_pos, c[2].end_pos, name_of(c[2]))

    # --- statements about the whole

    def separation(self, c: Children) -> ast.Separation:
        permissions = tuple(child for child in c if type(child) is ast.Permission)
        most = next((self.number([child]) for child in c if getattr(child, "type", None) == "NUMBER"), None)
        *_rest, label, severity = c
        return ast.Separation(c[0].start_pos, _end(c), permissions, most, _text(label), severity)

    def permission(self, c: Children) -> ast.Permission:
        return ast.Permission(c[0].start_pos, c[2].end_pos, c[0], name_of(c[2]))

    def severity(self, c: Children) -> expressions.Name:
        return name_of(c[1])

    def invariant(self, c: Children) -> ast.Invariant:
        _keyword, label, _open, quantifier, selectors, _can, actions, resource, _dot, field, _where, where, close = c
        return ast.Invariant(
            c[0].start_pos,
            close.end_pos,
            text_of(label),
            quantifier,
            selectors or (),
            actions,
            name_of(resource),
            field and name_of(field),
            where and where.condition,
        )

    def quantifier(self, c: Children) -> str:
        return str(c[0].value)

    def selectors(self, c: Children) -> tuple[ast.WithRole | ast.InGroup, ...]:
        return tuple(c[::2])

    def with_role(self, c: Children) -> ast.WithRole:
        return ast.WithRole(c[0].start_pos, c[2].end_pos, name_of(c[2]))

    def in_group(self, c: Children) -> ast.InGroup:
        return ast.InGroup(c[0].start_pos, c[1].end_pos, name_of(c[1]))

    def review(self, c: Children) -> ast.Review:
        _review, (kind, subject), _every, every, _last, last, _by, by = c
        date = last and self.date([last])
        return ast.Review(c[0].start_pos, _end(c), kind, subject, every, date, _text(by))

    def review_subject(self, c: Children) -> tuple[str, expressions.Name | expressions.Text]:
        kind, subject = c
        return kind.value, text_of(subject) if subject.type == "STRING" else name_of(subject)


class _Block(msgspec.Struct):
    """What stands between braces."""

    end_pos: int
    items: tuple[Any, ...]


def _items(block: _Block | None) -> tuple[Any, ...]:
    return block.items if block else ()
