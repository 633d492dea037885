"""Django: permissions and querysets are decisions, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import pytest
from django.apps import apps
from django.conf import settings

from tests.engines.postgres_engine import PostgresServer

HERE = Path(__file__).parent
NOW = datetime.datetime(2026, 2, 1, 12, tzinfo=datetime.UTC)
PEOPLE = ("ann", "bob", "eve", "out")

if not settings.configured:
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "tests.integrations.shop"],
        AUTHENTICATION_BACKENDS=["policylang.integrations.django.PolicyBackend"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        POLICYLANG={"POLICIES": str(HERE / "shop.policy"), "USER_FIELD": "email"},
    )
    django.setup()

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, transaction
from django.db.models import F
from django.test.utils import override_settings
from django.utils import timezone

import policylang
from policylang.integrations import django as integration
from policylang.integrations.django import decide, permitted
from policylang.runtime.dialects import UnsupportedError
from tests.integrations.shop.models import Account, Contract, Customer, Secret


def loaded() -> policylang.PolicySet:
    """What the settings may name."""
    return policylang.load(HERE / "shop.policy")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def _make_tables(using: str) -> None:
    with connections[using].schema_editor() as editor:
        for model in apps.get_models():
            editor.create_model(model)


def _fill(using: str) -> None:
    """Thirty customers, with and without everything."""
    chance = random.Random(7)
    users = [
        User.objects.using(using).create(username=name, email=f"{name}@acme.test", is_active=name != "out")
        for name in PEOPLE
    ]
    accounts: list[Account] = []
    for number in range(6):
        parent = accounts[number // 2] if number > 1 else None
        owner = chance.choice([*users, None])
        accounts.append(Account.objects.using(using).create(name=f"a{number}", owner=owner, parent=parent))
    for number in range(60):
        made = Customer.objects.using(using).create(
            name=chance.choice(["%x1", "Ann", "", None]),
            created=NOW - datetime.timedelta(days=chance.choice([0, 29, 30, 31, 90]), seconds=number % 2),
            sales_rep=chance.choice([*users[:2], *users[:2], users[3], None]),
            account=chance.choice([*accounts, None]),
            rate=chance.choice(["5.50", "5.51", "99", None]),
            is_active=chance.choice([True, False, None]),
            tags=chance.choice([["a%"], ["b", "a%"], [], None]),
        )
        made.helpers.set(chance.sample(users[:3], chance.choice([0, 1, 2])))


@pytest.fixture(scope="module")
def sqlite() -> Iterator[str]:
    _make_tables("default")
    _fill("default")
    yield "default"
    connection.close()


@pytest.fixture(scope="module")
def in_postgres(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as database:
        engine = "django.db.backends.postgresql"
        there = {"ENGINE": engine, "NAME": database.name, "HOST": database.socket, "USER": "postgres"}
        both = {"default": connections.settings["default"], "postgres": there}
        connections.settings["postgres"] = connections.configure_settings(both)["postgres"]
        _make_tables("postgres")
        _fill("postgres")
        yield "postgres"
        connections["postgres"].close()


@pytest.fixture(params=["sqlite", "in_postgres"])
def using(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def person(name: str, using: str = "default") -> Any:
    return User.objects.using(using).get(username=name)


@pytest.mark.parametrize("action", ["view", "modify", "delete", "export"])
def test_a_queryset_is_what_is_decided(using: str, action: str) -> None:
    counts = []
    for name in PEOPLE:
        user = person(name, using)
        everything = Customer.objects.using(using)
        allowed = [each.pk for each in everything.order_by("pk") if decide(user, action, each).allowed]
        found = permitted(everything, user, action)
        assert sorted(found.values_list("pk", flat=True)) == allowed
        assert found.filter(name="Ann").exclude(pk=0).order_by("-created").count() == sum(
            each.name == "Ann" for each in everything.filter(pk__in=allowed)
        )
        counts.append(len(allowed))
    assert counts[2:] == [60, 0]
    assert 0 < counts[0] < 60


def test_a_queryset_on_a_table_that_is_called_like_its_resource(using: str) -> None:
    user = person("ann", using)
    assert {each.owner_id for each in permitted(Account.objects.using(using), user, "view")} <= {user.pk}


def test_it_is_one_query(sqlite: str, django_queries: list[str]) -> None:
    user = person("ann")
    integration._policies()
    del django_queries[:]
    assert list(permitted(Customer.objects.all(), user, "delete"))
    assert len(django_queries) == 1


@pytest.fixture
def django_queries(sqlite: str) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(execute: Any, sql: str, *more: Any) -> Any:
        seen.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(note):
        yield seen


def test_sets(sqlite: str) -> None:
    """Lists in JSON are columns of SQLite; other tables are none."""
    ann = person("ann")
    customers = Customer.objects.order_by("pk")
    tagged = [each.pk for each in customers if decide(ann, "tag", each).allowed]
    assert 0 < len(tagged) < 60
    assert [each.pk for each in permitted(customers, ann, "tag")] == tagged
    helped = {each.pk for each in customers if decide(ann, "help", each).allowed}
    assert helped == set(ann.helps.values_list("pk", flat=True))
    with pytest.raises(ImproperlyConfigured, match="has no column for `helpers`"):
        permitted(customers, ann, "help")
    with pytest.raises(ImproperlyConfigured, match="has no column for `nowhere`"):
        permitted(customers, ann, "miss")
    assert not any(decide(ann, "miss", each).allowed for each in customers)


def test_decimals_are_what_django_reads(using: str) -> None:
    """The arithmetic of SQLite leaves 0.30000000000000004, which Django reads as 0.30."""
    ann = person("ann", using)
    customers = Customer.objects.using(using)
    with transaction.atomic(using):
        customers.update(rate=Decimal("0.1"))
        customers.update(rate=F("rate") + Decimal("0.2"))
        assert {each.rate for each in customers.all()} == {Decimal("0.30")}
        assert not any(decide(ann, "dear", each).allowed for each in customers.all())
        assert not permitted(customers.all(), ann, "dear").exists()
        customers.update(rate=F("rate") + Decimal("0.01"))
        assert permitted(customers.all(), ann, "dear").count() == 60
        transaction.set_rollback(True, using)


def test_a_foreign_key_to_another_field(using: str) -> None:
    """What it holds looks like the key of another account."""
    ann, accounts = person("ann", using), Account.objects.using(using)
    with transaction.atomic(using):
        own = accounts.create(name="own", owner=ann, code="-")
        other = accounts.create(name="other", owner=None, code=str(own.pk))
        accounts.filter(pk=own.pk).update(code=str(other.pk))
        for code in (str(own.pk), str(other.pk)):
            Contract.objects.using(using).create(account_id=code)
        contracts = Contract.objects.using(using)
        allowed = [each.pk for each in contracts.all() if decide(ann, "view", each).allowed]
        assert [each.pk for each in permitted(contracts.all(), ann, "view")] == allowed
        assert len(allowed) == 1
        transaction.set_rollback(True, using)


def test_a_uuid_is_a_text(using: str) -> None:
    ann, customers = person("ann", using), Customer.objects.using(using)
    with transaction.atomic(using):
        for tenant in ("a1b2c3d4-0000-4000-8000-0000000000ff", "a1b2c3d4-0000-4000-8000-0000000000fe"):
            customers.create(created=NOW, tenant=UUID(tenant))
        allowed = [each.pk for each in customers.all() if decide(ann, "rent", each).allowed]
        assert [each.pk for each in permitted(customers.all(), ann, "rent")] == allowed
        assert len(allowed) == 1
        transaction.set_rollback(True, using)


def test_json_is_no_set_in_postgres(in_postgres: str) -> None:
    with pytest.raises(UnsupportedError, match=r"`tags` of shop\.Customer is JSON"):
        permitted(Customer.objects.using(in_postgres), person("ann", in_postgres), "tag")


def test_instants_without_an_offset(sqlite: str) -> None:
    """Of 08:00 on the wall nobody knows when that was, so nothing is allowed."""
    with override_settings(USE_TZ=False), pytest.raises(ImproperlyConfigured, match=r"`created` of .* is no instant"):
        permitted(Customer.objects.all(), person("ann"), "export")


@pytest.mark.parametrize("tags", [None, "a%", {"a%": 1}, ["a%", 5], ["b"], []])
def test_what_is_no_set(sqlite: str, tags: Any) -> None:
    """It is missing or unknown, not empty, and a text is not a set of its characters."""
    ann = person("ann")
    with transaction.atomic():
        made = Customer.objects.create(created=NOW, tags=tags)
        for action, allowed in (("tag", False), ("untag", tags == ["b"] or tags == []), ("bare", tags == [])):
            assert decide(ann, action, made).allowed == allowed
            assert permitted(Customer.objects.filter(pk=made.pk), ann, action).exists() == allowed
        transaction.set_rollback(True)


def test_permissions(sqlite: str) -> None:
    ann, eve, out = (person(name) for name in ("ann", "eve", "out"))
    own = Customer.objects.filter(sales_rep=ann).first()
    other = Customer.objects.exclude(sales_rep=ann).first()
    assert ann.has_perm("shop.change_customer", own)
    assert not ann.has_perm("shop.change_customer", other)
    assert eve.has_perm("shop.change_customer", other)
    assert decide(ann, "create", Customer(sales_rep=ann, created=NOW)).allowed
    assert ann.has_perm("shop.add_customer", Customer(sales_rep=ann, created=NOW))
    assert not ann.has_perm("shop.add_customer", Customer(sales_rep=eve, created=NOW))
    assert decide(ann, "modify", own, changes={"name": "x"}).allowed
    assert not decide(ann, "modify", own, changes={"sales_rep": "eve@acme.test"}).allowed
    for user in (out, AnonymousUser()):
        assert not user.has_perm("shop.change_customer", own)
        assert not decide(user, "modify", own).allowed
        assert not permitted(Customer.objects.all(), user, "modify").exists()


def test_permissions_without_an_object(sqlite: str) -> None:
    """Yes only where it is yes for each: Django's admin asks so, and shows any."""
    assert person("eve").has_perm("shop.view_customer")
    assert not person("ann").has_perm("shop.view_customer")
    assert not AnonymousUser().has_perm("shop.view_customer")


@pytest.mark.parametrize(
    "permission",
    [
        *("", ".", "shop", "shop.", "shop.view", "shop.view_", "shop.fly_customer", "shop.view_secret"),
        *("no.view_customer", "auth.view_user", "shop.view_customer.x", "shop.viewcustomer"),
    ],
)
def test_other_permissions(sqlite: str, permission: str) -> None:
    eve, customer = person("eve"), Customer.objects.first()
    assert not eve.has_perm(permission)
    assert not eve.has_perm(permission, customer)
    assert not eve.has_perm("shop.view_customer", Secret())
    assert not eve.has_perm("auth.view_customer", customer)


def test_what_has_no_resource(sqlite: str) -> None:
    assert decide(person("eve"), "view", Secret()).reasons == ("there is no resource for shop.Secret",)
    with pytest.raises(ImproperlyConfigured, match=r"no resource for shop\.Secret"):
        permitted(Secret.objects.all(), person("eve"), "view")
    with pytest.raises(LookupError, match="no action `fly`"):
        permitted(Customer.objects.all(), person("eve"), "fly")


def test_settings(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    eve, customer = person("eve"), Customer.objects.first()
    with override_settings(POLICYLANG={}), pytest.raises(ImproperlyConfigured, match="says no `POLICIES`"):
        decide(eve, "view", customer)
    name = f"{__name__}.loaded"
    with override_settings(POLICYLANG={"POLICIES": name, "USER_FIELD": "email", "ACTIONS": {"change": "view"}}):
        assert eve.has_perm("shop.change_customer", customer)
    with override_settings(POLICYLANG={"POLICIES": name, "MODELS": {"customer": "shop.Secret"}}):
        assert not decide(eve, "view", customer).allowed
        assert not decide(eve, "view", Secret()).allowed  # the user's name is no id of the policies
    monkeypatch.setattr(integration, "_DIALECTS", {})
    with pytest.raises(UnsupportedError, match="querysets are for PostgreSQL and SQLite, not sqlite"):
        permitted(Customer.objects.all(), person("ann"), "view")
