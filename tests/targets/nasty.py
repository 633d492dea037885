"""A policy set with every construct, and requests about it at its boundaries, with missing values and wrong ones."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from policylang.runtime.request import Request
from tests.targets.differential import NOW

EVERYTHING = r"""
timezone "America/Denver"
scope region contains zone contains site
place region "North"
place zone "N\"1\n" in "North"
place site "HQ" in "N\"1\n"
place site "${Pier}"
feature shiny off
feature dull on
subject { desk : ip  level : int  team : set of user  limit : duration  boss : user }
request { ip : ip  channel : one of ui, api  ticket : order }
resource order {
  number : text
  owner : user with role rep
  watchers : set of user with role rep
  status : one of open, closed
  amount : decimal
  due : date
  made : datetime
  length : duration
  address : ip
  flag : bool
  tags : set of text
  sensitive secret : text
  parent : order
  site : site
  actions view, create, modify, delete
  action audit bypasses policies
  action approve requires (view on order at zone or feature shiny) and (superuser or create on order)
  action ship requires feature dull and delete on order
}
policy own on order { owner is assigned user or watchers contains assigned user }
policy fresh on order { made within 1 month and not (due within next 3 days) }
policy cheap on order { amount <= 12.5 or not (amount > -0.5) or length in [36 hours, 1 month] }
policy near on order for view, audit { address in "10.0.0.0/8" or request.ip is assigned user.desk }
policy kin on order { parent is not request.ticket or parent.owner.boss is assigned user }
policy late on order { made older than assigned user.limit or due older than 1 month or tags contains number }
policy shown on order { flag is present and not (number starts with "A\n" or number ends with "}}") }
role rep
role clerk {
  grant view, audit, modify on order including secret
  grant create on order
  policy cheap on order
  policy shown on order
}
role mover {
  role clerk
  grant delete, ship, approve on order
  policy fresh on order
  deny view, modify on order (flag) { flag is false }
}
group sales {
  role rep
  role clerk
  grant all on order except tags
  policy own
  policy late on order for delete
  deny delete on order { status is closed }
}
user "ann" in sales {
  desk : "10.0.0.1"
  level : 3
  team : ["bob"]
  limit : "2 days"
  boss : "cy\"d"
  append policy kin on order for view, modify
}
user "bob" in sales {
  limit : "1 month"
  override policy near on order
  assign role mover from 2026-03-08 until 2026-11-21
}
superuser user "cy\"d" {
  limit : "90 minutes"
  assign role mover at region "North"
  assign role clerk at site "${Pier}" until 2026-11-20
}
terminated user "dan" in sales { assign role mover }
user "eve --" { boss : "ann" assign role rep until 2026-11-20 }
integration sync { role mover objects order }
deny modify on order { amount > 1000 }
"""
INSTANTS = [
    datetime.datetime.fromisoformat(each)
    for each in ("2026-11-21T12:00:00Z", "2026-11-22T06:59:59.999999Z", "2026-11-22T07:00:00Z", "2026-03-31T05:59:00Z")
]
FULL: dict[str, Any] = {
    "number": "A",
    "owner": "ann",
    "watchers": ["bob", None],
    "status": "open",
    "amount": "12.50",
    "due": "2026-11-20",
    "made": "2026-11-19T12:00:00Z",
    "length": "36 hours",
    "address": "10.255.255.255",
    "flag": True,
    "tags": ["A"],
    "parent": {"id": "p", "owner": "eve --"},
    "site": "HQ",
}
OTHER: dict[str, list[Any]] = {
    "number": ["A\n", "x}}", None, 3],
    "owner": ["bob", "nobody", None, ["ann"]],
    "watchers": [["ann"], [], None, "ann", [4]],
    "status": ["closed", None, "unheard of"],
    "amount": ["12.500001", "-0.5", -0.6, "1000.0000000000000000001", "9" * 30, None, "1e3", True],
    "due": ["2026-11-24", "2026-11-21", "2026-10-20", "2026-10-21", None, 7],
    "made": ["2026-10-21T12:00:00Z", "2026-10-21T11:59:59.999999Z", "2026-11-21T12:00:00.000001Z", None, "2026-11-19"],
    "length": ["1 month", "35 hours", "1 day", None, {"minutes": 2160}],
    "address": ["11.0.0.0", "::ffff:10.0.0.1", "fe80::1%eth0", None, "10.0.0"],
    "flag": [False, None, "true"],
    "tags": [[], ["B", None], None],
    "secret": ["s"],
    "parent": [{"id": 7}, "p", {}, None, 5],
    "site": ["${Pier}", None, "North", "nowhere", 4],
    "stranger": ["x"],
}
TICKETS: list[Any] = [None, {"id": "p"}, {"id": 7}, "x"]


def nasty() -> list[Request]:
    """Each user, action and record that differs from the full one in one attribute; and changes by it."""
    records = [FULL, {}, *({**FULL, name: value} for name, values in OTHER.items() for value in values)]
    users = ("ann", "bob", 'cy"d', "dan", "eve --", "sync", "nobody")
    actions = ("view", "create", "modify", "delete", "audit", "approve", "ship", "nothing")
    asked = []
    for number, (user, action, record) in enumerate(itertools.product(users, actions, records)):
        request = {"ip": ("10.0.0.1", "10.0.0.2", None, 5)[number % 4], "ticket": TICKETS[number // 4 % 4]}
        now = INSTANTS[number % len(INSTANTS)]
        field = (None, None, "flag", "secret", "unheard of")[number % 5]
        asked.append(Request(user, action, "order", record, now, request, field))
        if action == "modify":
            for name, values in OTHER.items():
                changes = {name: values[number % len(values)]}
                asked.append(Request(user, action, "order", record, now, request, None, changes))
    asked.append(Request("ann", "view", "nothing", {}, NOW))
    asked.append(Request("ann", "view", "order", FULL, NOW, {}, None, {"flag": True}))
    return asked
