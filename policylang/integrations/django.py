"""Decisions in Django: a backend for permissions, and querysets of what a user may do something to.

``settings.POLICYLANG`` is a dict:

``POLICIES``
    The path of compiled JSON, a bundle or sources, loaded once; or the dotted name of a function that returns a
    `PolicySet`, which is called for each question.
``MODELS``
    Models by resource, ``{"customer": "crm.Customer"}``. A resource that is not in it has the only model of its name,
    whatever the underscores.
``ACTIONS``
    Actions by the word that Django's permissions begin with, beside ``add``: create and ``change``: modify.
``USER_FIELD``
    The field of users that holds the id they have in the policies. Without it the one they log in with.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ObjectDoesNotExist
from django.db import connections, models
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.module_loading import import_string

import policylang
from policylang.api.policy_set import PolicySet
from policylang.model.types import DateTimeType, RecordType, SetType, Type, UserType
from policylang.runtime.dialects import UnsupportedError
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision

_MANY = (models.QuerySet, list, tuple, set, frozenset)
_ACTIONS = {"add": "create", "change": "modify"}
_DIALECTS = {"sqlite": "sqlite", "postgresql": "postgres"}
_NAMED = {"sqlite": re.compile(r"(?<![:\w]):(p\d+)\b"), "postgres": re.compile(r"%\((p\d+)\)s")}


class PolicyBackend(BaseBackend):  # type: ignore[misc]
    """Answers ``user.has_perm("crm.change_customer", customer)`` by the policies, for users that are active.

    Without an object the answer is yes only where it would be for every object: most callers that name none go on to
    show or change any.
    """

    def has_perm(self, user_obj: Any, perm: str, obj: models.Model | None = None) -> bool:
        app, _, name = perm.partition(".")
        word, _, rest = name.partition("_")
        model = type(obj) if obj is not None else _installed(app, rest)
        resource = None if model is None else _resource_of(model)
        if model is None or resource is None or (app, rest) != (model._meta.app_label, model._meta.model_name):
            return False
        action = _setting("ACTIONS", {}).get(word) or _ACTIONS.get(word, word)
        if obj is not None:
            return decide(user_obj, action, obj).allowed
        user, policies = _id_of(user_obj), _policies()
        if user is None or action not in policies.actions(resource):
            return False
        return policies.filter(user, action, resource, now=timezone.now()).everything


def decide(
    user: Any, action: str, instance: models.Model, *, request: Any = None, changes: Mapping[str, Any] | None = None
) -> Decision:
    """The decision about an instance. Anonymous and inactive users are denied."""
    resource, id_ = _resource_of(type(instance)), _id_of(user)
    if resource is None:
        return Decision(False, (), (f"there is no resource for {instance._meta.label}",))
    if id_ is None:
        return Decision(False, (), ("the user is not active",))
    policies = _policies()
    record = _Record(instance, policies.index, resource)
    return policies.decide(id_, action, resource, record, now=timezone.now(), request=request, changes=changes)


def permitted(queryset: models.QuerySet[Any], user: Any, action: str, *, request: Any = None) -> models.QuerySet[Any]:
    """The part of a queryset that the user may do that to: one query, which finds what `decide` allows.

    Raises `UnsupportedError` for what the database cannot be asked exactly, LookupError for an action that there is
    not, ImproperlyConfigured for an attribute of the policies that is no field, or a datetime without USE_TZ.
    """
    resource, id_ = _resource_of(queryset.model), _id_of(user)
    if resource is None:
        raise ImproperlyConfigured(f"the policies have no resource for {queryset.model._meta.label}")
    if id_ is None:
        return queryset.none()
    policies = _policies()
    found = policies.filter(id_, action, resource, now=timezone.now(), request=request)
    if found.nothing:
        return queryset.none()
    vendor = connections[queryset.db].vendor
    if vendor not in _DIALECTS:
        raise UnsupportedError(f"querysets are for PostgreSQL and SQLite, not {vendor}")
    dialect = _DIALECTS[vendor]
    sql, named = found.to_sql(dialect)
    tables, parameters = _tables(policies.index, resource, sql, queryset.db)
    if dialect == "sqlite":
        sql = sql.replace("%", "%%")
    parameters += [named[name] for name in _NAMED[dialect].findall(sql)]
    condition = _NAMED[dialect].sub("%s", sql)
    query = f'WITH {", ".join(tables)} SELECT "{resource}"."id" FROM "{resource}" WHERE ({condition})'  # noqa: S608
    return queryset.filter(pk__in=RawSQL(query, parameters))  # noqa: S611  # values are parameters, names identifiers


# --- records -------------------------------------------------------------------------------------------------


class _Record:
    """An instance as the policies see it. An attribute is read when it is asked for, since it may take a query."""

    def __init__(self, instance: models.Model, index: Index, resource: str) -> None:
        self._instance, self._index, self._declared = instance, index, index.attributes[resource]

    def __getattr__(self, name: str) -> Any:
        declared = self._declared.get(name)
        if declared is None:
            if name == "id":
                return None if self._instance.pk is None else str(self._instance.pk)
            raise AttributeError(name)
        if self._instance.pk is None and isinstance(declared.type, SetType) and _is_many(self._instance, name):
            return None  # nothing can be in it before there is a row
        try:
            return self._read(getattr(self._instance, name), declared.type)
        except ObjectDoesNotExist:
            return None

    def _read(self, raw: Any, type_: Type) -> Any:
        if isinstance(type_, SetType):
            items = raw.all() if hasattr(raw, "all") else raw
            # What is none, such as a text in JSON, is left to the decision.
            return [self._read(each, type_.of) for each in items] if isinstance(items, _MANY) else raw
        if isinstance(raw, models.Model):
            if isinstance(type_, UserType):
                return str(getattr(raw, _user_field()))
            if isinstance(type_, RecordType):
                return _Record(raw, self._index, type_.resource)
        return str(raw) if isinstance(raw, UUID) else raw


def _is_many(instance: models.Model, name: str) -> bool:
    return any(field.name == name for field in instance._meta.many_to_many)


def _tables(index: Index, resource: str, condition: str, database: str) -> tuple[list[str], list[Any]]:
    """The tables that a condition speaks of, under the names of the policies, and the parameters in them."""
    found: list[str] = []
    parameters: list[Any] = []
    left, seen = [resource], {resource}
    while left:
        name = left.pop(0)
        model = _model_of(name)
        # The columns that any table has in the condition: one too many does no harm.
        asked = [
            each for each in index.attributes[name].values() if f'"{each.name}"' in condition and each.name != "id"
        ]
        fields = ["pk", *(_column(model, each.name, each.type, database) for each in asked)]
        rows = model._base_manager.using(database).order_by().values_list(*fields)
        sql, own = rows.query.get_compiler(database).as_sql()
        if connections[database].vendor == "sqlite":
            # A table expression of a table's name would stand for it everywhere.
            for each in {joined.table_name for joined in rows.query.alias_map.values()}:
                table = re.escape(f'"{each}"')
                sql = re.sub(rf"(?<=FROM |JOIN ){table}|(?<!\.){table}(?=\.)", lambda match: f"main.{match[0]}", sql)
        columns = ", ".join(f'"{each}"' for each in ("id", *(each.name for each in asked)))
        found.append(f'"{name}"({columns}) AS NOT MATERIALIZED ({sql})')
        parameters += own
        for each in asked:
            if isinstance(each.type, RecordType) and each.type.resource not in seen:
                seen.add(each.type.resource)
                left.append(each.type.resource)
    return found, parameters


def _column(model: type[models.Model], name: str, type_: Type, database: str) -> str | models.Func:
    """Where a queryset finds the value of an attribute, as the field reads it from the database."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        field = None
    if not isinstance(field, models.Field) or field.many_to_many:
        raise ImproperlyConfigured(f"{model._meta.label} has no column for `{name}`, which the policies ask about")
    if field.is_relation:
        return f"{name}__{_user_field()}" if isinstance(type_, UserType) else f"{name}__pk"
    lite = connections[database].vendor == "sqlite"
    if isinstance(type_, DateTimeType):
        kept_in = connections[database].timezone_name if lite else "UTC"  # PostgreSQL keeps instants
        if not settings.USE_TZ or kept_in != "UTC":
            raise ImproperlyConfigured(
                f"`{name}` of {model._meta.label} is no instant: it takes USE_TZ, and UTC in SQLite"
            )
    if isinstance(type_, SetType) and isinstance(field, models.JSONField) and not lite:
        raise UnsupportedError(f"`{name}` of {model._meta.label} is JSON, and a set in PostgreSQL is an array")
    if isinstance(field, models.UUIDField):
        return _uuid(name, lite)
    return _rounded(name, field.decimal_places) if lite and isinstance(field, models.DecimalField) else name


def _uuid(name: str, lite: bool) -> models.Func:
    """A UUID as a text, as it is a value of a record. SQLite holds its 32 digits."""
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    dashed = " || '-' || ".join(f"SUBSTR(%(expressions)s, {first}, {count})" for first, count in parts)
    template = dashed if lite else "CAST(%(expressions)s AS text)"
    return models.Func(models.F(name), template=template, output_field=models.TextField())


def _rounded(name: str, places: int) -> models.Func:
    """A decimal in SQLite as Django reads it: what the binary fraction is off by does not count. NULL where that is not
    all, or beyond the 15 digits of SQLite.
    """
    round_ = f"ROUND(%(expressions)s, {places})"
    template = (
        f"CASE WHEN ABS(%(expressions)s) < 1e{15 - places} AND ABS(%(expressions)s - {round_}) < 1e-{places + 1} "
        f"THEN {round_} END"
    )
    return models.Func(models.F(name), template=template, output_field=models.FloatField())


# --- settings ------------------------------------------------------------------------------------------------


def _setting(name: str, default: Any = None) -> Any:
    return getattr(settings, "POLICYLANG", {}).get(name, default)


def _policies() -> PolicySet:
    source = _setting("POLICIES")
    if source is None:
        raise ImproperlyConfigured("`POLICYLANG` in the settings says no `POLICIES`: a path or the name of a function")
    text = str(source)
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", text) and not text.endswith((".json", ".policy", ".bundle")):
        found: PolicySet = import_string(text)()
        return found
    return _loaded(text)


@functools.lru_cache(maxsize=4)
def _loaded(path: str) -> PolicySet:
    return policylang.load(path)


def _user_field() -> str:
    return str(_setting("USER_FIELD") or get_user_model().USERNAME_FIELD)


def _id_of(user: Any) -> str | None:
    return str(getattr(user, _user_field())) if getattr(user, "is_active", False) else None


def _installed(app: str, name: str) -> type[models.Model] | None:
    try:
        found: type[models.Model] = apps.get_model(app, name)
    except (LookupError, ValueError):
        return None
    return found


def _resource_of(model: type[models.Model]) -> str | None:
    concrete = model._meta.concrete_model
    return next((name for name in _policies().resources if _find(name) is concrete), None)


def _model_of(resource: str) -> type[models.Model]:
    found = _find(resource)
    if found is None:
        raise ImproperlyConfigured(f"no model, or more than one, for `{resource}`: name it in `MODELS` of `POLICYLANG`")
    return found


def _find(resource: str) -> type[models.Model] | None:
    named = _setting("MODELS", {}).get(resource)
    found: type[models.Model] | None = (
        _by_name().get(resource.replace("_", "")) if named is None else apps.get_model(named)
    )
    return found


@functools.cache
def _by_name() -> dict[str, type[models.Model] | None]:
    """The installed models; ``None`` where there are several of a name."""
    found: dict[str, type[models.Model] | None] = {}
    for model in (each for each in apps.get_models() if not each._meta.proxy):
        name = str(model._meta.model_name)
        found[name] = None if name in found else model
    return found
