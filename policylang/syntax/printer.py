"""Syntax tree to text: what a tree says, in one layout. Parsing the text again gives an equal tree."""

from __future__ import annotations

import re
from collections.abc import Iterable

from policylang.syntax import ast

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_UNSAFE = re.compile(
    r'["\\\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff0-\uffff]'
)
_INDENT = "  "


def print_file(file: ast.File) -> str:
    """All declarations of a file, a blank line between those with a block."""
    texts = [print_declaration(declaration) for declaration in file.declarations]
    for index, declaration in enumerate(file.declarations[1:]):
        if isinstance(declaration, ast.Job) and isinstance(file.declarations[index], ast.User):
            # Without a block the user would take the job for its own.
            texts[index] += "" if texts[index].endswith("}") else " { }"
    lines = []
    for index, text in enumerate(texts):
        if index and ("\n" in text or "\n" in texts[index - 1]):
            lines.append("")
        lines.append(text)
    return "\n".join(lines) + "\n" if lines else ""


def print_declaration(node: ast.Declaration) -> str:
    """One declaration, without a line break at the end."""
    match node:
        case ast.Timezone(name=name):
            return f"timezone {quote(name)}"
        case ast.Portals(names=names):
            return f"portals {_names(names)}"
        case ast.Scope(kinds=kinds):
            return f"scope {' contains '.join(kind.value for kind in kinds)}"
        case ast.Place(kind=kind, name=name, parent=parent):
            return f"place {kind.value} {quote(name)}{f' in {quote(parent)}' if parent else ''}"
        case ast.Feature(name=name, label=label, on=on):
            return f"feature {name.value}{_label(label)} {'on' if on else 'off'}"
        case ast.AttributeBlock(keyword=keyword, attributes=attributes):
            return _block(keyword.value, map(_attribute, attributes))
        case ast.Resource(name=name, label=label, items=items):
            return _block(f"resource {name.value}{_label(label)}", map(_resource_item, items))
        case ast.Policy():
            return _policy(node)
        case ast.Role(name=name, label=label, items=items):
            return _block(f"{_marks(node.marks)}role {name.value}{_label(label)}", map(_bundle_item, items), True)
        case ast.Group(name=name, label=label, items=items):
            return _block(f"group {name.value}{_label(label)}", map(_bundle_item, items), True)
        case ast.Deny():
            return _deny(node)
        case ast.Separation():
            first = f"{node.action.value} on {node.resource.value}"
            second = f"{node.other_action.value} on {node.other_resource.value}"
            return f"separate {first} from {second}{_label(node.label)}"
        case ast.Invariant():
            return _invariant(node)
        case ast.Review(last=last, by=by):
            subject = quote(node.subject) if isinstance(node.subject, ast.Text) else node.subject.value
            tail = f"{f' last {last.value}' if last else ''}{f' by {quote(by)}' if by else ''}"
            return f"review {node.kind} {subject} every {_value(node.every)}{tail}"
        case _:
            return _people(node)


def _people(node: ast.Task | ast.Job | ast.User | ast.Integration) -> str:
    match node:
        case ast.Task(name=name, label=label, needs=needs):
            return _block(f"task {name.value}{_label(label)}", map(_need, needs))
        case ast.Job(code=code, label=label, items=items):
            return _block(f"job {quote(code)}{_label(label)}", map(_bundle_item, items))
        case ast.User(groups=groups, job=job):
            group = f" in {_names(groups)}" if groups else ""
            head = f"{_marks(node.marks)}user {quote(node.id)}{_label(node.label)}{group}"
            return _block(f"{head}{f' job {quote(job)}' if job else ''}", map(_user_item, node.items), job is None)
        case ast.Integration(name=name, label=label, items=items):
            return _block(f"integration {name.value}{_label(label)}", map(_integration_item, items))


# --- parts ---------------------------------------------------------------------------------------------------


def quote(text: ast.Text) -> str:
    return quote_text(text.value)


def quote_text(text: str) -> str:
    """A text in quotes; what does not show itself is escaped."""
    return f'"{_UNSAFE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{{{ord(match[0]):X}}}"


def _label(label: ast.Text | None) -> str:
    return f" {quote(label)}" if label else ""


def _marks(marks: Iterable[ast.Name]) -> str:
    return "".join(f"{mark.value} " for mark in marks)


def _names(names: Iterable[ast.Name]) -> str:
    return ", ".join(name.value for name in names)


def _block(head: str, items: Iterable[str], may_be_absent: bool = False) -> str:
    lines = [f"{_INDENT}{item}" for item in items]
    if not lines:
        return head if may_be_absent else f"{head} {{ }}"
    return "\n".join([f"{head} {{", *lines, "}"])


def _attribute(node: ast.Attribute) -> str:
    return f"{_marks(node.marks)}{node.name.value} : {_type(node.type)}"


def _type(node: ast.Type) -> str:
    match node:
        case ast.NamedType(name=name):
            return name.value
        case ast.UserType(role=role):
            return f"user with role {role.value}" if role else "user"
        case ast.EnumType(values=values):
            return f"one of {_names(values)}"
        case ast.SetType(of=of):
            return f"set of {_type(of)}"


def _resource_item(node: ast.Attribute | ast.Actions | ast.Action) -> str:
    match node:
        case ast.Attribute():
            return _attribute(node)
        case ast.Actions(names=names):
            return f"actions {_names(names)}"
        case ast.Action(name=name, clauses=clauses):
            return " ".join([f"action {name.value}", *map(_action_clause, clauses)])


def _action_clause(node: ast.Requires | ast.Bypasses | ast.Assignable) -> str:
    match node:
        case ast.Requires(requirement=requirement):
            return f"requires {_requirement(requirement)}"
        case ast.Bypasses():
            return "bypasses policies"
        case ast.Assignable(ways=ways):
            return f"assignable via {_names(ways)}"


def _requirement(node: ast.Requirement, inner: bool = False) -> str:
    match node:
        case ast.RequiredGrant(action=action, resource=resource, place_kind=kind):
            return f"{action.value} on {resource.value}{f' at {kind.value}' if kind else ''}"
        case ast.RequiredFeature(feature=feature):
            return f"feature {feature.value}"
        case ast.RequiredSuperuser():
            return "superuser"
        case ast.AllRequired(items=items) | ast.AnyRequired(items=items):
            word = " and " if isinstance(node, ast.AllRequired) else " or "
            text = word.join(_requirement(item, True) for item in items)
            return f"({text})" if inner else text


def _policy(node: ast.Policy) -> str:
    parameters = ", ".join(
        f"{p.name.value}: {_type(p.type)}" if isinstance(p, ast.Parameter) else p.name.value for p in node.parameters
    )
    target = (
        node.target.value
        if isinstance(node.target, ast.Name)
        else f"any resource{f' with {_names(node.target.attributes)}' if node.target.attributes else ''}"
    )
    head = f"policy {node.name.value}{f'({parameters})' if parameters else ''}{_label(node.label)} on {target}"
    return f"{head}{_for(node.actions)} {{ {print_condition(node.condition)} }}"


def _for(actions: tuple[ast.Name, ...]) -> str:
    return f" for {_names(actions)}" if actions else ""


# --- conditions ----------------------------------------------------------------------------------------------


def print_condition(node: ast.Condition, inner: bool = False) -> str:
    """A condition; parentheses wherever one with `and` or `or` stands inside another."""
    match node:
        case ast.Or(items=items) | ast.And(items=items):
            word = " or " if isinstance(node, ast.Or) else " and "
            text = word.join(print_condition(item, True) for item in items)
            return f"({text})" if inner else text
        case ast.Not(item=item):
            return f"not {print_condition(item, True)}"
        case ast.Comparison(left=left, operator=operator, right=right):
            return f"{_value(left)} {operator.value} {_value(right)}"
        case ast.Presence(operand=operand, missing=missing):
            return f"{_value(operand)} is {'missing' if missing else 'present'}"
        case ast.Membership(operand=operand, choices=choices):
            return f"{_value(operand)} in {_value(choices)}"


def _value(node: ast.Value | ast.Name) -> str:
    match node:
        case ast.Text():
            return quote(node)
        case ast.Duration(amount=amount, unit=unit):
            return f"{amount.value} {unit.value}"
        case ast.List(items=items):
            return f"[{', '.join(map(_value, items))}]"
        case ast.Path(subject=subject, steps=steps):
            return ".".join([*(["assigned user"] if subject else []), *(step.value for step in steps)])
        case _:
            return node.value


# --- items of blocks -----------------------------------------------------------------------------------------


def _bundle_item(node: ast.BundleItem) -> str:
    match node:
        case ast.Includes(roles=roles):
            return f"role {_names(roles)}"
        case ast.Grant(actions=actions, target=target, clauses=clauses):
            return " ".join([f"grant {_names(actions)} on {_target(target)}", *map(_clause, clauses)])
        case ast.Deny():
            return _deny(node)
        case ast.Limit():
            return _limit(node)
        case ast.Portal(name=name):
            return f"portal {name.value}"
        case ast.Performs(tasks=tasks):
            return f"performs {_names(tasks)}"
        case ast.MayAssign(roles=roles):
            return f"may assign {_names(roles)}"


def _deny(node: ast.Deny) -> str:
    return " ".join([f"deny {_names(node.actions)} on {_target(node.target)}", *map(_clause, node.clauses)])


def _target(node: ast.Name | ast.AllResources) -> str:
    return node.value if isinstance(node, ast.Name) else "all resources"


def _clause(node: ast.Fields | ast.Except | ast.Including | ast.Because | ast.ConditionBlock) -> str:
    match node:
        case ast.Fields(names=names):
            return f"({_names(names)})"
        case ast.Except(names=names):
            return f"except {_names(names)}"
        case ast.Including(names=names):
            return f"including {_names(names)}"
        case ast.Because(reason=reason):
            return f"because {quote(reason)}"
        case ast.ConditionBlock(condition=condition):
            return f"{{ {print_condition(condition)} }}"


def _limit(node: ast.Limit) -> str:
    arguments = f"({', '.join(map(_value, node.arguments))})" if node.arguments else ""
    resource = f" on {node.resource.value}" if node.resource else ""
    return f"policy {node.policy.value}{arguments}{resource}{_for(node.actions)}"


def _need(node: ast.Need) -> str:
    return f"needs {_names(node.actions)} on {node.resource.value}{f' {_clause(node.fields)}' if node.fields else ''}"


def _user_item(node: ast.UserItem) -> str:
    match node:
        case ast.UserAttribute(name=name, value=value):
            return f"{name.value} : {_value(value)}"
        case ast.Append(limit=limit, because=because):
            return f"append {_limit(limit)}{f' {_clause(because)}' if because else ''}"
        case ast.Override(limit=limit, because=because):
            return f"override {_limit(limit)}{f' {_clause(because)}' if because else ''}"
        case ast.Assignment(role=role, clauses=clauses):
            return " ".join([f"assign role {role.value}", *map(_assignment_clause, clauses)])


def _assignment_clause(node: ast.AtPlace | ast.FromDate | ast.UntilDate | ast.Because | ast.ApprovedBy) -> str:
    match node:
        case ast.AtPlace(kind=kind, place=place):
            return f"at {kind.value} {quote(place)}"
        case ast.FromDate(date=date):
            return f"from {date.value}"
        case ast.UntilDate(date=date):
            return f"until {date.value}"
        case ast.Because():
            return _clause(node)
        case ast.ApprovedBy(user=user):
            return f"approved by {quote(user)}"


def _integration_item(node: ast.Includes | ast.Objects | ast.Mirror) -> str:
    match node:
        case ast.Includes(roles=roles):
            return f"role {_names(roles)}"
        case ast.Objects(resources=resources):
            return f"objects {_names(resources)}"
        case ast.Mirror(role=role):
            return f"mirror role {role.value}"


def _invariant(node: ast.Invariant) -> str:
    selectors = " or ".join(
        f"with role {s.role.value}" if isinstance(s, ast.WithRole) else f"in {s.group.value}" for s in node.selectors
    )
    who = f"{node.quantifier} {'users' if node.quantifier == 'only' else 'user'}{f' {selectors}' if selectors else ''}"
    what = f"{node.resource.value}{f'.{node.field.value}' if node.field else ''}"
    where = f" where {{ {print_condition(node.condition)} }}" if node.condition else ""
    return f"invariant {quote(node.label)} {{ {who} can {_names(node.actions)} {what}{where} }}"
