"""Pass: resources, their attributes and actions, and what actions require."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.diagnostics import listed, quoted
from policylang.model.context import Build, Context
from policylang.model.model import KINDS, ActionModel, ResourceModel
from policylang.model.report import Site, related
from policylang.model.types import SIMPLE_TYPES, EnumType, PlaceType, RecordType, SetType, Type, UserType, in_words
from policylang.model.world import ancestors, chain, cycles
from policylang.syntax import ast

# What the types are called elsewhere.
_OTHER_LANGUAGES = {
    **dict.fromkeys(("string", "str", "varchar", "char", "uuid", "guid", "id", "email", "url", "uri", "phone"), "text"),
    **dict.fromkeys(("integer", "number", "long", "bigint"), "int"),
    **dict.fromkeys(("float", "double", "numeric", "real"), "decimal"),
    **dict.fromkeys(("boolean", "flag"), "bool"),
    **dict.fromkeys(("timestamp", "instant", "time"), "datetime"),
    **dict.fromkeys(("enum", "choice"), "one of …"),
    **dict.fromkeys(("list", "array"), "set of …"),
    **dict.fromkeys(("currency", "amount", "price"), "money"),
}


def check_resources(build: Build) -> None:
    """Fill the model's resources and the attributes of users and requests; report what is wrong with them."""
    model, symbols = build.model, build.symbols
    for name, site in symbols.every("resource"):
        model.resources[name] = _resource(build.within(site.source), site)
    for site in symbols.duplicates:
        if isinstance(site.node, ast.Resource):
            _resource(build.within(site.source), site)
    every = model.resources.values()
    model.every_action = frozenset(name for resource in every for name in resource.actions)
    model.every_attribute = frozenset(name for resource in every for name in resource.attributes)
    for keyword, attributes in (("subject", model.subject), ("request", model.request)):
        block = symbols.blocks.get(keyword)
        if block is not None:
            context = build.within(block.source)
            nodes: dict[str, ast.Attribute] = {}
            for attribute in block.node.attributes:
                _attribute(context, attribute, attributes, nodes)
                if attribute.tree is not None:
                    message = f"only records form trees, a {keyword} has none above it"
                    context.error("PL102", attribute.tree, message, "delete `as tree`")
    for resource in every:
        _check_clauses(build.within(resource.site.source), resource)
    _check_requirement_cycles(build)


def resolve_type(context: Context, node: ast.Type) -> Type | None:
    """The type that is written, or ``None`` after a report."""
    match node:
        case ast.SetType(of=of):
            item = resolve_type(context, of)
            return SetType(item) if item is not None and not isinstance(item, SetType) else None
        case ast.EnumType(values=values):
            return EnumType(tuple(name.value for name in context.distinct(values, "value")))
        case ast.UserType(role=role):
            if role is not None and not context.find("role", role):
                return None
            return UserType(role.value if role else None)
    name, symbols = node.value, context.symbols
    if name in SIMPLE_TYPES:
        return SIMPLE_TYPES[name]
    if name in symbols.scope_parents:
        return PlaceType(name)
    if name in symbols.names["resource"]:
        return RecordType(name)
    if not symbols.is_hidden("resource", name) and not symbols.is_hidden("kind of place", name):
        candidates = [*SIMPLE_TYPES, *symbols.scope_parents, *symbols.names["resource"]]
        help = f"a type is {', '.join(SIMPLE_TYPES)}, `one of …`, `set of …`, a kind of place or a resource"
        by = _OTHER_LANGUAGES.get(name.lower()) or (f"user with role {name}" if name in symbols.names["role"] else None)
        if by is not None:
            candidates, help = [], f"write `{by}`"
        context.unknown(node, "type", candidates, help, by=by)
    return None


def _resource(context: Context, site: Site) -> ResourceModel:
    node: ast.Resource = site.node
    resource = ResourceModel(site, {}, {}, {})
    for item in node.items:
        match item:
            case ast.Attribute():
                _attribute(context, item, resource.attributes, resource.nodes)
            case ast.Actions(items=actions):
                for each in actions:
                    _action(context, each, resource.actions)
            case ast.Action():
                _action(context, item, resource.actions)
    resource.place = _place_attribute(context, resource)
    resource.tree = _tree_attribute(context, resource)
    return resource


def _attribute(
    context: Context, node: ast.Attribute, types: dict[str, Type | None], nodes: dict[str, ast.Attribute]
) -> None:
    type_ = resolve_type(context, node.type)
    name = node.name.value
    if name in nodes:
        message = f"the attribute {quoted(name)} is declared twice"
        help = "delete or rename one"
        first = related(Site(context.source, nodes[name]), "first declared here")
        context.error("PL102", node.name, message, help, first)
        return
    nodes[name] = node
    types[name] = type_


def _action(context: Context, node: ast.Action, actions: dict[str, ActionModel]) -> None:
    name = node.name.value
    first = actions.get(name)
    if name == "all":
        message = "`all` cannot name an action: `grant all` grants every action"
        context.error("PL100", node.name, message, "rename it")
    elif first is not None:
        message = f"the action {quoted(name)} is declared twice"
        before = related(first.site, "first declared here")
        context.error("PL102", node.name, message, "delete one of the two", before)
    else:
        actions[name] = ActionModel(Site(context.source, node), _kind(context, node), node.clauses)


def _kind(context: Context, node: ast.Action) -> str | None:
    """What kind of action it is."""
    name = node.name.value
    like = context.once(node.clauses, ast.Like)
    if like is None:
        return name if name in KINDS else None
    kind = like.kind.value
    if name in KINDS:
        message = f"{quoted(name)} is a kind of its own"
        context.error("PL102", like, message, f"delete `like {kind}`, or rename the action")
    elif kind not in KINDS:
        context.unknown(like.kind, "kind of action", KINDS, f"an action is like {listed(list(KINDS))}")
    return kind


def _place_attribute(context: Context, resource: ResourceModel) -> str | None:
    """The attribute that says where a record lives.

    It is the only one typed as a place; of several the one that is named as its kind, and of several such the one whose
    kind lies inside the others'.
    """
    places = {name: t.scope for name, t in resource.attributes.items() if isinstance(t, PlaceType)}
    if len(places) <= 1:
        return next(iter(places), None)
    named = [name for name, kind in places.items() if name == kind]
    smallest = [name for name in named if {*named} <= {name, *ancestors(context.symbols.scope_parents, name)}]
    if smallest:
        return smallest[0]
    second = resource.nodes[list(places)[1]]
    first = resource.nodes[next(iter(places))]
    message = f"a record of {quoted(resource.name)} would be in several places: {', '.join(map(quoted, places))}"
    help = f"give the one that counts the name of its kind: `{places[second.name.value]} : {places[second.name.value]}`"
    there = related(Site(context.source, first), "the other place")
    context.error("PL102", second.name, message, help, there)
    return None


def _tree_attribute(context: Context, resource: ResourceModel) -> str | None:
    """The attribute that leads to the record above, of which a resource has one at most."""
    name, found = resource.name, None
    for attribute, node in resource.nodes.items():
        type_ = resource.attributes[attribute]
        if node.tree is None or type_ is None:
            continue
        if type_ != RecordType(name):
            message = f"{quoted(attribute)} is {in_words(type_)}: a tree leads from one `{name}` to another"
            help = f"write `{attribute} : {name} as tree`, or delete `as tree`"
            context.error("PL103", node.type, message, help)
        elif found is not None:
            first = related(Site(context.source, resource.nodes[found]), "the other tree")
            message = f"a resource has one tree, {quoted(name)} has two"
            context.error("PL102", node.tree, message, "delete `as tree` from one of them", first)
        else:
            found = attribute
    return found


def _check_clauses(context: Context, resource: ResourceModel) -> None:
    for action in resource.actions.values():
        requires = context.once(action.clauses, ast.Requires)
        context.once(action.clauses, ast.Bypasses)
        assignable = context.once(action.clauses, ast.Assignable)
        for way in assignable.ways if assignable else ():
            if way.value not in ("ui", "api"):
                context.unknown(way, "way to assign", ("ui", "api"))
        for atom in required(requires.requirement) if requires else ():
            _check_required(context, atom)


def required(node: ast.Requirement) -> Iterator[ast.RequiredGrant | ast.RequiredFeature | ast.RequiredSuperuser]:
    """The single requirements in an expression of them."""
    if isinstance(node, (ast.AllRequired, ast.AnyRequired)):
        for item in node.items:
            yield from required(item)
    else:
        yield node


def _check_required(context: Context, atom: ast.Requirement) -> None:
    match atom:
        case ast.RequiredFeature(feature=feature):
            context.find("feature", feature)
        case ast.RequiredGrant(action=action, resource=name, place_kind=kind):
            context.permission(name, (action,))
            if kind is not None:
                context.find("kind of place", kind)


def _at_larger_place(resource: ResourceModel, atom: ast.RequiredGrant) -> bool:
    """Whether the requirement asks for another kind of place than the one where the records live."""
    own = resource.attributes.get(resource.place) if resource.place else None
    return atom.place_kind is not None and not (isinstance(own, PlaceType) and own.scope == atom.place_kind.value)


def _check_requirement_cycles(build: Build) -> None:
    """An action that requires itself, by whatever way, is an error; itself at a larger place is not."""
    edges: dict[str, list[str]] = {}
    sites: dict[str, Site] = {}
    for resource_name, resource in build.model.resources.items():
        for name, action in resource.actions.items():
            here = f"{name} on {resource_name}"
            sites[here] = action.site
            edges[here] = []
            for clause in action.clauses:
                for atom in required(clause.requirement) if isinstance(clause, ast.Requires) else ():
                    if isinstance(atom, ast.RequiredGrant):
                        there = f"{atom.action.value} on {atom.resource.value}"
                        if there != here or not _at_larger_place(resource, atom):
                            edges[here].append(there)
    for cycle in cycles({here: [t for t in there if t in edges] for here, there in edges.items()}, sites):
        site = sites[cycle[0]]
        message = f"an action requires itself: {chain(cycle)}"
        build.within(site.source).error("PL105", site.node, message, "leave out one of the requirements")
