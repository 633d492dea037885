"""What names mean, in Markdown: for hovering, and beside what completion offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from policylang.diagnostics import visible
from policylang.editor.names import NameKey
from policylang.editor.people import people_in_words, reached
from policylang.ir import nodes as ir
from policylang.model import Model
from policylang.model.types import in_words
from policylang.model.words import condition_in_words
from policylang.project.project import Project
from policylang.runtime.access import Access, access
from policylang.runtime.index import Index
from policylang.syntax import ast, expressions

_MOST = 20
"""Lines of a list."""


def described(key: NameKey, project: Project, index: Index | None, *, short: bool = False) -> str:
    """What a name is. ``index``: of the compiled set, if it compiles; ``short``: without what has to be worked out."""
    kind, _, name = key
    lines = list(_head(key, project.model))
    if index is not None and not short:
        describe = _BY_KIND.get(kind)
        lines += describe(index, name) if describe else ()
    return "\n\n".join(lines)


def _head(key: NameKey, model: Model) -> Iterator[str]:
    kind, owner, name = key
    match kind:
        case "attribute":
            yield f"**attribute** `{visible(name)}` of `{visible(owner or '')}`{_type_in_words(model, owner, name)}"
        case "action":
            yield f"**action** `{visible(name)}`" + (f" of `{visible(owner)}`" if owner else "")
        case "value" | "parameter":
            yield f"**{kind}** `{visible(name)}` of `{visible(owner or '')}`"
        case _:
            site = model.symbols.names.get(kind, {}).get(name)
            label = getattr(getattr(site, "node", None), "label", None)
            yield f"**{kind}** {_code(name)}" + (
                f" — {_plain(label.value)}" if isinstance(label, expressions.Text) else ""
            )


def _type_in_words(model: Model, owner: str | None, name: str) -> str:
    blocks = {"subject": model.subject, "request": model.request}
    attributes = blocks.get(owner or "") if owner in blocks else None
    nodes: dict[str, ast.Attribute] = {}
    if attributes is None:
        resource = model.resources.get(owner or "")
        attributes = {} if resource is None else resource.attributes
        nodes = {} if resource is None else resource.nodes
    type_ = attributes.get(name)
    marks = [mark.value for mark in nodes[name].marks] if name in nodes else []
    return f": {', '.join([*marks, in_words(type_)])}" if type_ is not None else ""


def _plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>()#+-.!|~&" else each for each in visible(text))


def _code(text: str) -> str:
    shown = visible(text).replace("`", "'")
    return f"`{shown}`"


# --- by kind -------------------------------------------------------------------------------------------------


def _policy(index: Index, name: str) -> Iterator[str]:
    found = [each for each in index.policy_set.policy_instances if each.policy == name]
    for each in found[:_MOST]:
        condition = condition_in_words(each.condition, index.attributes[each.resource])
        yield f"on `{each.resource}`:\n```policylang\n{visible(condition)}\n```"
    if not found:
        yield "It limits nothing yet."


def _bundle(bundle: ir.Role | ir.Group) -> Iterator[str]:
    grants = [
        f"- grant {', '.join(each.actions)} on `{each.resource}`{ir.in_brackets(each.fields)}" for each in bundle.grants
    ]
    denies = [
        f"- deny {', '.join(each.actions)} on `{each.resource}`{ir.in_brackets(each.fields)}" for each in bundle.denies
    ]
    limits = [f"- policy {_code(each.instance)}" for each in bundle.limits]
    roles = [f"- brings role `{each.name}`" for each in bundle.roles]
    yield from _listed([*grants, *denies, *limits, *roles])


def _listed(lines: list[str]) -> Iterator[str]:
    more = [f"- … and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    if lines:
        yield "\n".join([*lines[:_MOST], *more])


def _role(index: Index, name: str) -> Iterator[str]:
    if name in index.roles:
        yield from _bundle(index.roles[name])
        yield f"{people_in_words(len(reached(index)['role', name]))} of it"


def _group(index: Index, name: str) -> Iterator[str]:
    if name in index.groups:
        yield from _bundle(index.groups[name])
        yield f"{people_in_words(len(reached(index)['group', name]))} in it"


def _user(index: Index, name: str) -> Iterator[str]:
    if name in index.users or name in index.integrations:
        yield _access_table(access(index, name, None))


def _access_table(found: Iterable[Access]) -> str:
    """What somebody may do, as a table."""
    merged: dict[tuple[str, str, str], list[str]] = {}
    for way in found:
        limits = "; ".join(_code(each) for each in way.limits) or "every record"
        source = f"{way.source}, {' and '.join(way.dates)}" if way.dates else way.source
        merged.setdefault((way.resource, limits, source.replace("`", "")), []).append(way.action)
    if not merged:
        return "can do nothing"
    rows = [
        f"| {_cell(resource)} | {', '.join(dict.fromkeys(actions))} | {_cell(limits)} | {_plain(source)} |"
        for (resource, limits, source), actions in merged.items()
    ]
    more = [f"\n… and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return "\n".join(["| resource | actions | on | from |", "|---|---|---|---|", *rows[:_MOST], *more])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _resource(index: Index, name: str) -> Iterator[str]:
    if name in index.resources:
        actions = ", ".join(f"`{each}`" for each in index.actions[name])
        attributes = [
            f"- `{each.name}`: {in_words(each.type)}{', sensitive' if each.sensitive else ''}"
            for each in index.attributes[name].values()
        ]
        yield from _listed(attributes)
        yield f"actions {actions}" if actions else "no actions"


_BY_KIND: dict[str, Callable[[Index, str], Iterator[str]]] = {
    "policy": _policy,
    "role": _role,
    "group": _group,
    "user": _user,
    "integration": _user,
    "resource": _resource,
}


def rule_page(code: str) -> str | None:
    """The page of a rule; ``None`` where unknown rule."""
    from policylang.check.catalogue import find_rule
    from policylang.check.fix.fixes import fix_in_words

    rule = find_rule(code)
    if rule is None:
        return None
    parts = [f"# {rule.code} {rule.name}", f"Finds {rule.summary}.", rule.why]
    parts += [f"## {title}\n\n```policylang\n{example}\n```" for title, example in rule.examples.items()]
    fix = fix_in_words(rule)
    return "\n\n".join([*parts, *([f"## Fix\n\n{fix}"] if fix else [])]) + "\n"
