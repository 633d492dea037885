"""From a model without diagnostics to the intermediate representation.

Nothing is checked here: what lowering looks up, the model's passes have found. Names in lists of actions and fields
come out in the order of the resource's declaration, whatever order they were written in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policylang.ir import nodes as ir
from policylang.ir.codec import with_digest
from policylang.model.bundles import is_every_action
from policylang.model.model import Model, ResourceModel, place_of
from policylang.model.report import Site, at
from policylang.model.targets import having
from policylang.model.types import UNITS, Duration, Type
from policylang.source import Location, Source
from policylang.syntax import ast, expressions

DEFAULT_TIMEZONE = "UTC"


def lower(model: Model, sources: Iterable[Source]) -> ir.PolicySet:
    """The policy set of a model in which no diagnostic was reported."""
    symbols = model.symbols
    denies: list[ir.Deny] = []
    separations, invariants, reviews = [], [], []
    for site in symbols.statements:
        match site.node:
            case ast.Deny():
                denies += _denies(model, site.source, site.node)
            case ast.Separation():
                separations.append(_separation(site.source, site.node))
            case ast.Invariant():
                invariants.append(_invariant(model, site.source, site.node))
            case ast.Review():
                reviews.append(_review(site.source, site.node))
    timezone: Any = symbols.timezone and symbols.timezone.node
    return with_digest(
        ir.PolicySet(
            format="policylang",
            version=ir.FORMAT_VERSION,
            digest="",
            timezone=timezone.name.value if timezone else DEFAULT_TIMEZONE,
            sources=tuple(sorted(source.name for source in sources)),
            portals=_sorted(model, "portal", _portal),
            scope=_sorted(model, "kind of place", _scope_kind),
            places=_sorted(model, "place", _place),
            features=_sorted(model, "feature", _feature),
            subject=_block(model, "subject", model.subject),
            request=_block(model, "request", model.request),
            resources=tuple(_resource(name, model.resources[name]) for name in sorted(model.resources)),
            policies=_sorted(model, "policy", _policy),
            policy_instances=tuple(_instance(model, name) for name in sorted(model.instances)),
            roles=tuple(sorted((*_sorted(model, "role", _role), *_own_roles(model)), key=lambda role: role.name)),
            groups=_sorted(model, "group", _group),
            tasks=_sorted(model, "task", _task),
            jobs=_sorted(model, "job", _job),
            users=_sorted(model, "user", _user),
            integrations=_sorted(model, "integration", _integration),
            denies=_by_place(denies),
            separations=_by_place(separations),
            invariants=tuple(sorted(invariants, key=lambda i: i.label)),
            reviews=_by_place(reviews),
        )
    )


def _sorted(model: Model, kind: str, lower_one: Any) -> tuple[Any, ...]:
    return tuple(lower_one(model, site) for _, site in sorted(model.symbols.every(kind), key=lambda item: item[0]))


def _by_place(items: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: (Location.parse(item.at), getattr(item, "resource", ""))))


def _label(node: expressions.Text | None) -> str | None:
    return node.value if node else None


def _refs(source: Source, names: Iterable[expressions.Name]) -> tuple[ir.Ref, ...]:
    return tuple(ir.Ref(name.value, at(source, name)) for name in names)


def _in_order(names: Iterable[expressions.Name], declared: Iterable[str]) -> tuple[str, ...]:
    wanted = {name.value for name in names}
    return tuple([name for name in declared if name in wanted])  # a list is quicker to walk than a generator


# --- the world and its records -------------------------------------------------------------------------------


def _portal(model: Model, site: Site) -> ir.Portal:
    name: expressions.Name = site.node  # type: ignore[assignment]
    return ir.Portal(name.value, site.at if site.source.name else None)


def _scope_kind(model: Model, site: Site) -> ir.ScopeKind:
    name: expressions.Name = site.node  # type: ignore[assignment]
    return ir.ScopeKind(name.value, model.symbols.scope_parents[name.value], site.at)


def _place(model: Model, site: Site) -> ir.Place:
    node: ast.Place = site.node  # type: ignore[assignment]
    return ir.Place(node.name.value, node.kind.value, _label(node.parent), site.at)


def _feature(model: Model, site: Site) -> ir.Feature:
    node: ast.Feature = site.node  # type: ignore[assignment]
    return ir.Feature(node.name.value, _label(node.label), node.on, site.at)


def _block(model: Model, keyword: str, types: dict[str, Type | None]) -> tuple[ir.Attribute, ...]:
    site = model.symbols.blocks.get(keyword)
    if site is None:
        return ()
    block: ast.AttributeBlock = site.node  # type: ignore[assignment]
    found = (_attribute(site.source, node, types[node.name.value]) for node in block.attributes)
    return tuple(sorted(found, key=lambda attribute: attribute.name))


def _attribute(source: Source, node: ast.Attribute, type_: Type | None) -> ir.Attribute:
    assert type_ is not None
    marks = {mark.value for mark in node.marks}
    return ir.Attribute(node.name.value, type_, "optional" in marks, "sensitive" in marks, at(source, node))


def _resource(name: str, resource: ResourceModel) -> ir.Resource:
    node: ast.Resource = resource.site.node  # type: ignore[assignment]
    source = resource.site.source
    attributes = tuple(_attribute(source, resource.nodes[n], t) for n, t in resource.attributes.items())
    actions = []
    for action_name, action in resource.actions.items():
        requires, bypasses, ways = None, False, ("ui", "api")
        for clause in action.clauses:
            match clause:
                case ast.Requires(requirement=requirement):
                    requires = _requirement(source, requirement)
                case ast.Bypasses():
                    bypasses = True
                case ast.Assignable():
                    ways = _in_order(clause.ways, ways)  # type: ignore[assignment]
        actions.append(ir.Action(action_name, action.kind, requires, bypasses, ways, action.site.at))  # type: ignore[arg-type]
    return ir.Resource(
        name, _label(node.label), attributes, tuple(actions), resource.place, resource.tree, resource.site.at
    )


def _requirement(source: Source, node: ast.Requirement) -> ir.Requirement:
    where = at(source, node)
    match node:
        case ast.RequiredGrant(action=action, resource=resource, place_kind=kind):
            return ir.RequiresGrant(action.value, resource.value, kind.value if kind else None, where)
        case ast.RequiredFeature(feature=feature):
            return ir.RequiresFeature(feature.value, where)
        case ast.RequiredSuperuser():
            return ir.RequiresSuperuser(where)
    combined: type[ir.RequiresAll] | type[ir.RequiresAny]
    combined = ir.RequiresAll if isinstance(node, ast.AllRequired) else ir.RequiresAny
    parts: list[ir.Requirement] = []
    for item in node.items:
        part = _requirement(source, item)
        parts += part.items if isinstance(part, combined) else (part,)
    return combined(tuple(parts), where)


# --- policies ------------------------------------------------------------------------------------------------


def _policy(model: Model, site: Site) -> ir.Policy:
    node: ast.Policy = site.node  # type: ignore[assignment]
    target = node.target
    parameters = model.parameters[node.name.value]
    return ir.Policy(
        node.name.value,
        _label(node.label),
        tuple(_parameter(site.source, p, parameters[p.name.value]) for p in node.parameters),
        target.value if isinstance(target, expressions.Name) else None,
        tuple(sorted(name.value for name in target.attributes)) if isinstance(target, ast.AnyResource) else (),
        tuple(name.value for name in node.actions) or None,
        site.at,
    )


def _parameter(source: Source, node: ast.Parameter | ast.MisplacedValue, type_: Type | None) -> ir.Parameter:
    assert type_ is not None
    return ir.Parameter(node.name.value, type_, at(source, node))


def _instance(model: Model, instance_id: str) -> ir.PolicyInstance:
    instance = model.instances[instance_id]
    return ir.PolicyInstance(
        instance.id,
        instance.policy,
        instance.arguments,
        instance.resource,
        _limited(model, instance.resource, instance.actions),
        instance.condition,
        model.symbols.names["policy"][instance.policy].at,
    )


def _limited(model: Model, resource: str, names: Iterable[str] | None) -> tuple[str, ...] | None:
    """The actions that a policy limits; null for all of them, also where all are named."""
    if names is None:
        return None
    wanted = set(names)
    return tuple(name for name in model.resources[resource].actions if name in wanted)


def _limits(model: Model, source: Source, node: ast.Limit) -> Iterator[ir.Limit]:
    for name in model.limits[place_of(Site(source, node))]:
        instance = model.instances[name]
        named = {name.value for name in node.actions} or None
        if named is None:
            named = set(instance.actions) if instance.actions is not None else None
        yield ir.Limit(instance.id, _limited(model, instance.resource, named), at(source, node))


# --- who gets what -------------------------------------------------------------------------------------------


def _clauses(node: Any) -> dict[type[Any], Any]:
    """The clauses by their kind; the model has seen to it that there is one of each at most."""
    return {type(clause): clause for clause in node.clauses}


def _because(clauses: dict[type[Any], Any]) -> str | None:
    clause = clauses.get(ast.Because)
    return clause.reason.value if clause else None


def _targets(model: Model, node: ast.Grant | ast.Deny) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The resources that a grant or deny speaks of, each with the actions."""
    match node.target:
        case expressions.Name(value=one):
            names = [one]
        case ast.AnyResource():
            names = having(model.resources, node.target)
        case ast.AllResources():
            names = sorted(model.resources)
    for name in names:
        declared = tuple(model.resources[name].actions)
        actions = declared if is_every_action(node.actions) else _in_order(node.actions, declared)
        if actions:
            yield name, actions


def _grants(model: Model, source: Source, node: ast.Grant) -> Iterator[ir.Grant]:
    wildcard = is_every_action(node.actions) or not isinstance(node.target, expressions.Name)
    where = at(source, node)
    clauses = _clauses(node)
    because = _because(clauses)
    for resource, actions in _targets(model, node):
        yield ir.Grant(resource, actions, _fields(model, clauses, resource), wildcard, because, where)


def _fields(model: Model, clauses: dict[type[Any], Any], resource_name: str) -> tuple[str, ...] | None:
    """The attributes that a grant covers; null where it says nothing about them."""
    named, excepted, included = (clauses.get(kind) for kind in (ast.Fields, ast.Except, ast.Including))
    if not (named or excepted or included):
        return None
    resource = model.resources[resource_name]
    if named:
        covered = {name.value for name in named.names}
    else:
        covered = {name for name in resource.attributes if not resource.sensitive(name)}
    covered |= {name.value for name in included.names} if included else set()
    covered -= {name.value for name in excepted.names} if excepted else set()
    return tuple(name for name in resource.attributes if name in covered)


def _denies(model: Model, source: Source, node: ast.Deny) -> Iterator[ir.Deny]:
    clauses = _clauses(node)
    condition = model.conditions.get(place_of(Site(source, node)))
    where = at(source, node)
    for resource, actions in _targets(model, node):
        fields = _denied_fields(clauses, model.resources[resource])
        if fields == ():
            continue  # `except` names all that this resource has
        yield ir.Deny(resource, actions, fields, condition, _because(clauses), where)


def _denied_fields(clauses: dict[type[Any], Any], resource: ResourceModel) -> tuple[str, ...] | None:
    """The attributes that a deny takes, sensitive ones like others; null where it takes the action."""
    named, excepted = clauses.get(ast.Fields), clauses.get(ast.Except)
    if excepted:
        kept = {name.value for name in excepted.names}
        return tuple(name for name in resource.attributes if name not in kept)
    return _in_order(named.names, resource.attributes) if named else None


def _bundle(
    model: Model, source: Source, items: tuple[ast.BundleItem | ast.UserItem, ...]
) -> dict[str, tuple[Any, ...]]:
    """What roles and groups have in common, by the name of the field."""
    found: dict[str, list[Any]] = {"roles": [], "grants": [], "denies": [], "limits": [], "may_assign": []}
    for item in items:
        match item:
            case ast.Includes(roles=roles):
                found["roles"] += _refs(source, roles)
            case ast.Grant():
                found["grants"] += _grants(model, source, item)
            case ast.Deny():
                found["denies"] += _denies(model, source, item)
            case ast.Limit():
                found["limits"] += _limits(model, source, item)
            case ast.MayAssign(roles=roles):
                found["may_assign"] += _refs(source, roles)
    return {name: tuple(values) for name, values in found.items()}


def _role(model: Model, site: Site) -> ir.Role:
    node: ast.Role = site.node  # type: ignore[assignment]
    marks = {mark.value for mark in node.marks}
    portal = next((item.name.value for item in node.items if isinstance(item, ast.Portal)), None)
    tasks = [name for item in node.items if isinstance(item, ast.Performs) for name in item.tasks]
    return ir.Role(
        name=node.name.value,
        label=_label(node.label),
        owner=None,
        protected="protected" in marks,
        essential="essential" in marks,
        portal=portal,
        performs=_refs(site.source, tasks),
        at=site.at,
        **_bundle(model, site.source, node.items),
    )


def _own_roles(model: Model) -> Iterator[ir.Role]:
    """What stands in the blocks of users, as roles that are theirs alone."""
    for _, site in model.symbols.every("user"):
        node: ast.User = site.node  # type: ignore[assignment]
        if any(isinstance(item, _OWN) for item in node.items):
            bundle = _bundle(model, site.source, node.items)
            name = ir.own_role(node.id.value)
            yield ir.Role(
                name=name,
                label=None,
                owner=node.id.value,
                protected=False,
                essential=False,
                portal=None,
                performs=(),
                at=site.at,
                **bundle,
            )


_OWN = ast.Grant | ast.Deny | ast.Limit


def _group(model: Model, site: Site) -> ir.Group:
    node: ast.Group = site.node  # type: ignore[assignment]
    bundle = _bundle(model, site.source, node.items)
    return ir.Group(name=node.name.value, label=_label(node.label), at=site.at, **bundle)


# --- people, jobs, tasks, integrations -----------------------------------------------------------------------


def _task(model: Model, site: Site) -> ir.Task:
    node: ast.Task = site.node  # type: ignore[assignment]
    needs = []
    for need in node.needs:
        resource = model.resources[need.resource.value]
        fields = _in_order(need.fields.names, resource.attributes) if need.fields else None
        actions = _in_order(need.actions, resource.actions)
        needs.append(ir.Need(need.resource.value, actions, fields, at(site.source, need)))
    return ir.Task(node.name.value, _label(node.label), tuple(needs), site.at)


def _job(model: Model, site: Site) -> ir.Job:
    node: ast.Job = site.node  # type: ignore[assignment]
    roles = _refs(site.source, [role for item in node.items for role in item.roles])
    return ir.Job(node.code.value, _label(node.label), roles, site.at)


def _user(model: Model, site: Site) -> ir.User:
    node: ast.User = site.node  # type: ignore[assignment]
    source = site.source
    marks = {mark.value for mark in node.marks}
    attributes, assignments = [], []
    appends: list[ir.UserPolicy] = []
    overrides: list[ir.UserPolicy] = []
    for item in node.items:
        match item:
            case ast.UserAttribute(name=name):
                value = model.values[place_of(Site(source, item))]
                values = value if isinstance(value, tuple) else (value,)
                attributes.append(ir.UserValue(name.value, values, at(source, item)))
            case ast.Append():
                appends += _user_policies(model, source, item)
            case ast.Override():
                overrides += _user_policies(model, source, item)
            case ast.Assignment():
                assignments.append(_assignment(source, item))
    own = next((item for item in node.items if isinstance(item, _OWN)), None)
    if own is not None:
        role = ir.own_role(node.id.value)
        assignments.append(ir.Assignment(role, None, None, None, None, None, None, None, at(source, own)))
    return ir.User(
        node.id.value,
        _label(node.label),
        "superuser" in marks,
        "terminated" in marks,
        _refs(source, node.groups)[0] if node.groups else None,
        ir.Ref(node.job.value, at(source, node.job)) if node.job else None,
        tuple(sorted(attributes, key=lambda a: a.name)),
        tuple(appends),
        tuple(overrides),
        tuple(assignments),
        site.at,
    )


def _user_policies(model: Model, source: Source, node: ast.Append | ast.Override) -> Iterator[ir.UserPolicy]:
    because = node.because.reason.value if node.because else None
    for limit in _limits(model, source, node.limit):
        yield ir.UserPolicy(limit, because, at(source, node))


def _assignment(source: Source, node: ast.Assignment) -> ir.Assignment:
    clauses = _clauses(node)
    place, start, until, approved = (
        clauses.get(kind) for kind in (ast.AtPlace, ast.FromDate, ast.UntilDate, ast.ApprovedBy)
    )
    return ir.Assignment(
        role=node.role.value,
        place=place.place.value if place else None,
        start=start.date.value if start else None,
        start_time=start.time.value if start and start.time else None,
        until=until.date.value if until else None,
        until_time=until.time.value if until and until.time else None,
        because=_because(clauses),
        approved_by=approved.user.value if approved else None,
        at=at(source, node),
    )


def _integration(model: Model, site: Site) -> ir.Integration:
    node: ast.Integration = site.node  # type: ignore[assignment]
    source = site.source
    roles = [role for item in node.items if isinstance(item, ast.Includes) for role in item.roles]
    objects = [name for item in node.items if isinstance(item, ast.Objects) for name in item.resources]
    mirrors = [item.role for item in node.items if isinstance(item, ast.Mirror)]
    start = next((item.date.value for item in node.items if isinstance(item, ast.FromDate)), None)
    until = next((item.date.value for item in node.items if isinstance(item, ast.UntilDate)), None)
    return ir.Integration(
        node.name.value,
        _label(node.label),
        _refs(source, roles),
        start,
        until,
        tuple(sorted(_refs(source, objects), key=lambda ref: ref.name)),
        next(iter(_refs(source, mirrors)), None),
        site.at,
    )


# --- statements about the whole ------------------------------------------------------------------------------


def _separation(source: Source, node: ast.Separation) -> ir.Separation:
    permissions = tuple(ir.Permission(each.action.value, each.resource.value) for each in node.permissions)
    most = 1 if node.most is None else int(node.most.value)
    severity: Any = node.severity and node.severity.value
    return ir.Separation(permissions, most, _label(node.label), severity, at(source, node))


def _invariant(model: Model, source: Source, node: ast.Invariant) -> ir.Invariant:
    users = []
    for selector in node.selectors:
        where = at(source, selector)
        if isinstance(selector, ast.WithRole):
            users.append(ir.Selector("role", selector.role.value, where))
        else:
            users.append(ir.Selector("group", selector.group.value, where))
    return ir.Invariant(
        node.label.value,
        node.quantifier,  # type: ignore[arg-type]
        tuple(users),
        _in_order(node.actions, model.resources[node.resource.value].actions),
        node.resource.value,
        node.field.value if node.field else None,
        model.conditions.get(place_of(Site(source, node))),
        at(source, node),
    )


def _review(source: Source, node: ast.Review) -> ir.Review:
    unit = node.every.unit.value
    kept, size = UNITS[unit if unit in UNITS else f"{unit}s"]
    return ir.Review(
        node.kind,  # type: ignore[arg-type]
        node.subject.value,
        Duration(int(node.every.amount.value) * size, kept),
        node.last.value if node.last else None,
        _label(node.by),
        at(source, node),
    )
