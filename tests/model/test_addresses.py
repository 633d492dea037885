"""Addresses: one spelling of each, in policies, records, requests, networks, proofs and what targets are asked."""

from __future__ import annotations

import datetime
import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang import PolicySet
from policylang.ir import to_json
from policylang.model.addresses import address, network
from policylang.runtime.reference import decide
from policylang.targets.cedar.request import asking, questions
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


def spellings(found: ipaddress.IPv4Address) -> list[Any]:
    mapped = ipaddress.IPv6Address(f"::ffff:{found}")
    halves = f"::FFFF:{int(found) >> 16:x}:{int(found) & 0xFFFF:x}"
    return [str(found), found, mapped, f"::ffff:{found}", halves, mapped.exploded]


@given(V4)
def test_a_mapped_address_is_the_ipv4_address(found: ipaddress.IPv4Address) -> None:
    for each in spellings(found):
        assert address(each) == found


@given(V6)
def test_all_other_addresses_are_themselves(found: ipaddress.IPv6Address) -> None:
    if found.ipv4_mapped is None:
        assert address(str(found)) == address(found.exploded) == found


@given(V4, V4, st.integers(0, 32))
def test_a_mapped_network_is_the_ipv4_network(
    found: ipaddress.IPv4Address, other: ipaddress.IPv4Address, length: int
) -> None:
    plain = ipaddress.ip_network((other, length), strict=False)
    mapped = network(f"::ffff:{plain.network_address}/{96 + length}")
    assert mapped == plain == network(str(plain))
    assert all((address(each) in mapped) == (found in plain) for each in spellings(found))


def test_larger_networks_hold_ipv6_addresses_only() -> None:
    for text in ("::/0", "::/80", "::fffe:0:0/95"):
        assert str(network(text)) == text
        assert address("::ffff:10.0.0.1") not in network(text)
    assert str(network("::ffff:0:0/96")) == "0.0.0.0/0"


@pytest.mark.parametrize("text", ["010.0.0.1", "10.0.0", "::ffff:010.0.0.1", "10.0.0.1 ", "10.0.0.1/32", ""])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        address(text)


@pytest.mark.parametrize("text", ["fe80::%eth0/64", "10.0.0.1/8", "::ffff:10.0.0.1/104", "10.0.0.0/33"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        network(text)


TEXT = """\
request {{ ip : ip  seen : set of ip }}
resource doc {{ from : ip  hosts : set of ip  actions is_it, one_of, inside, outside, contains, has, same }}
policy is_it on doc for is_it {{ request.ip is "{0}" }}
policy one_of on doc for one_of {{ from in ["192.0.2.7", "{0}", "{1}"] }}
policy inside on doc for inside {{ from in "{1}" }}
policy outside on doc for outside {{ not (request.ip in "{1}") }}
policy contains on doc for contains {{ hosts contains "{0}" }}
policy has on doc for has {{ request.seen contains from }}
policy same on doc for same {{ from is request.ip }}
role staff {{
  grant all on doc
  policy is_it  policy one_of  policy inside  policy outside  policy contains  policy has  policy same
}}
user "ann" {{ assign role staff }}
"""
ACTIONS = ("is_it", "one_of", "inside", "outside", "contains", "has", "same")


def test_a_policy_compiles_to_one_spelling() -> None:
    for written in ("::ffff:10.1.2.3", "::ffff:a01:203", "0:0:0:0:0:FFFF:10.1.2.3"):
        document = to_json(compiled(TEXT.format(written, "::ffff:10.0.0.0/104")))
        assert b'"value": "10.1.2.3"' in document
        assert b'"network": "10.0.0.0/8"' in document
        assert b"ffff" not in document.lower()


@pytest.mark.parametrize("plain", ["10.1.2.3", "10.9.9.9", "11.0.0.0"])
def test_decisions_are_those_of_the_ipv4_address(plain: str) -> None:
    policy_set = compiled(TEXT.format("::ffff:10.1.2.3", "::ffff:10.0.0.0/104"))
    policies, cedar = PolicySet(policy_set), asking(policy_set)
    for each in spellings(ipaddress.IPv4Address(plain)):
        record, request = {"from": each, "hosts": [each]}, {"ip": each, "seen": [each]}
        for action in ACTIONS:
            asked = ("ann", action, "doc")
            inside = plain.startswith("10.")
            expected = {
                "is_it": plain == "10.1.2.3",
                "contains": plain == "10.1.2.3",
                "one_of": inside,
                "inside": inside,
                "outside": not inside,
            }.get(action, True)
            assert policies.allows(*asked, record, now=NOW, request=request) is expected
            assert decide(policies.index, *asked, record, now=NOW, request=request).allowed is expected
            assert policies.filter(*asked, now=NOW, request=request).matches(record) is expected
            told = questions(cedar, *asked, record, now=NOW, request=request)
            same = {"from": plain, "hosts": [plain]}, {"ip": plain, "seen": [plain]}
            assert told == questions(cedar, *asked, same[0], now=NOW, request=same[1])
