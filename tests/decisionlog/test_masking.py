"""What of a decision is not written down, wherever it stands, and which decisions depend on it."""

from __future__ import annotations

import datetime
import json
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

import pytest

from policylang.decisionlog.masking import Mask
from policylang.decisionlog.replay import depends_on_masked
from policylang.runtime.index import Index
from policylang.runtime.values import BadValueError, read
from tests.decisionlog.test_replay import entry
from tests.helpers import compiled

TEXT = """
subject { optional team : text  optional contact : contact }
request { optional contacts : set of contact }
resource contact {
  name : text
  optional sensitive phone : text
  optional account : account
  action view
}
resource account {
  optional contacts : set of contact
  optional main : contact
  optional owner : user
  actions view
}
resource folder {
  title : text
  optional parent : folder as tree
  action view
}
policy mine on account { owner is assigned user }
policy same_team on account { owner.team is assigned user.team }
policy below on folder { folder is under "f1" }
role a { grant view on account  policy same_team }
role b { grant view on folder  policy below }
role c { grant view on contact }
user "ann" { assign role a  assign role b  assign role c }
"""
ANN, MAX = {"id": "c1", "name": "Ann", "phone": "secret"}, {"id": "c2", "name": "Max", "phone": "secret"}
ANN_SHOWN, MAX_SHOWN = {"id": "c1", "name": "Ann"}, {"id": "c2", "name": "Max"}


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(compiled(TEXT))


@pytest.mark.parametrize(
    ("record", "shown", "masked"),
    [
        ({"main": ANN}, {"main": ANN_SHOWN}, ("record.main.phone",)),
        ({"contacts": [ANN, MAX, "c3"]}, {"contacts": [ANN_SHOWN, MAX_SHOWN, "c3"]}, ("record.contacts.phone",)),
        ({"contacts": (ANN,)}, {"contacts": [ANN_SHOWN]}, ("record.contacts.phone",)),
        ({"contacts": ANN, "main": [[ANN]]}, {"contacts": ANN_SHOWN, "main": [[ANN_SHOWN]]}, None),
        ({"main": {"id": "c1", "account": {"contacts": [ANN]}}}, None, ("record.main.account.contacts.phone",)),
    ],
)
def test_sensitive_attributes_of_related_records(
    index: Index, record: dict[str, Any], shown: dict[str, Any] | None, masked: tuple[str, ...] | None
) -> None:
    """In a set as well, and where the value is of the wrong type."""
    found = Mask().record(index, "account", record)
    assert "secret" not in repr(found.shown)
    assert shown is None or found.shown == shown
    assert masked is None or found.masked == masked


def test_sensitive_attributes_of_records_in_requests_and_users(index: Index) -> None:
    mask = Mask()
    of_request = mask.others(index, "request", {"contacts": [ANN], "channel": "web"})
    assert of_request.shown == {"contacts": [ANN_SHOWN], "channel": "web"}
    assert of_request.masked == ("request.contacts.phone",)
    of_user = mask.others(index, "subject", {"contact": ANN})
    assert (of_user.shown, of_user.masked) == ({"contact": ANN_SHOWN}, ("subject.contact.phone",))
    whole = Mask(["request.contacts"], ["contact.phone"])
    assert whole.others(index, "request", {"contacts": [ANN]}).masked == ("request.contacts",)
    assert whole.others(index, "subject", {"contact": ANN}).shown == {"contact": ANN}


STRANGE = (
    b"Ann",
    UUID(int=1),
    datetime.date(2026, 1, 2),
    datetime.datetime(2026, 1, 2),
    IPv4Address("192.0.2.1"),
    object(),
)


@pytest.mark.parametrize("value", [*STRANGE, float("nan"), [b"c1"], {b"c1"}], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(("name", "resource"), [("name", "contact"), ("main", "account"), ("contacts", "account")])
def test_a_value_of_another_type_is_of_another_type_in_the_log(
    index: Index, name: str, resource: str, value: Any
) -> None:
    """Bytes from a database are no text, and what is replayed is none either."""
    found = Mask().record(index, resource, {name: value})
    shown = json.loads(json.dumps(found.shown))[name]
    for each in (value, shown):
        with pytest.raises(BadValueError):
            read(index.attributes[resource][name].type, each, name)


@pytest.mark.parametrize(
    ("resource", "masked", "expected"),
    [
        ("account", "record.owner", True),
        ("account", "record.main.phone", False),
        ("account", "subject.team", True),
        ("contact", "subject.team", False),
        ("folder", "record.parent", True),
        ("folder", "record.title", False),
    ],
)
def test_what_a_decision_depends_on(index: Index, resource: str, masked: str, expected: bool) -> None:
    """The attributes of a user whom the record names may be those that the request stated; a tree is climbed."""
    asked = entry(resource=resource, action="view", masked=(masked,))
    assert depends_on_masked(asked, index) is expected


def test_a_user_whom_the_record_names_may_be_the_one_who_asks() -> None:
    index = Index(compiled(TEXT.replace("owner.team is assigned user.team", 'owner.team is "north"')))
    assert depends_on_masked(entry(resource="account", action="view", masked=("subject.team",)), index)
