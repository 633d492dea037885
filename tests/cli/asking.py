"""A policy set to ask, a record to ask about, and what the answers say."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from click.testing import Result

POLICIES = """
scope region contains site
place region "North"
place site "HQ" in "North"
place site "a:b@c" in "North"
request { ip : ip }
resource customer {
  name      : text
  created   : datetime
  sales_rep : user with role sales_rep
  status    : one of lead, active
  site      : site
  sensitive monthly_rate : money
  actions view, modify, delete
}
resource api { actions access }
resource tag { resource : text  actions view }
role sales_rep "Sales Rep"
role guard {
  grant view on customer (name, site)
  grant access on api
}
policy own on customer { assigned user is sales rep }
policy office on customer { request.ip in "10.0.0.0/8" }
group sales "Sales" {
  role sales_rep
  grant view, modify on customer
  grant view on tag
  policy own
  policy office for modify
}
deny modify on customer { status is lead }
user "dana@acme.test" "Dana" in sales
user "gil@acme.test" { assign role guard at site "HQ" from 2026-01-01 until 2026-03-31 }
user "idle@acme.test"
integration nightly "Nightly export" { role guard }
"""
NOW = "2026-02-01T12:00:00Z"
MINE = {"resource": "customer", "sales_rep": "dana@acme.test", "name": "Ann", "status": "active", "site": "HQ"}

Ask = Callable[..., Result]


def answer(result: Result, code: int) -> Any:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def record(**changed: Any) -> str:
    return json.dumps({**MINE, **changed})


def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.stdout_bytes.decode(), newline="")))
