"""Policy sets and requests of the conformance vectors that the generators hardly come upon: each for a mistake that a
consumer could make and pass all else.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Edge(NamedTuple):
    """A policy set, and requests about it."""

    source: str
    asked: tuple[dict[str, Any], ...]


_NOW = "2026-11-21T12:00:00+00:00"


def _view(resource: str, record: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"user": "u", "action": "view", "resource": resource, "record": record, "now": _NOW, **more}


_DURATIONS = Edge(
    """
resource task { length : duration  optional other : duration  actions view }
policy short on task { length < 30 days or length is other }
role r { grant view on task  policy short }
user "u" { assign role r }
""",
    tuple(
        _view("task", record)
        for record in (
            {"length": "1 month"},  # nobody can tell whether that is less
            {"length": "29 days"},
            {"length": "719 hours"},
            {"length": "720 hours"},
            {"length": "1 month", "other": "31 days"},
            {"length": "1 year", "other": "12 months"},
            {"length": "5 weeks", "other": "35 days"},
        )
    ),
)
_INHERITED = Edge(
    """
resource page { optional constructor : text  optional toString : text  optional __proto__ : text  actions view, modify }
policy empty on page for view { constructor is missing and toString is missing and __proto__ is missing }
policy own on page for modify { __proto__ is "me" }
role r { grant view, modify on page  policy empty  policy own }
user "u" { assign role r }
""",
    (
        _view("page", {}),
        _view("page", {"constructor": "c"}),
        _view("page", {"__proto__": "me"}),
        {**_view("page", {"__proto__": "me"}), "action": "modify"},
        {**_view("page", {"__proto__": "me"}), "action": "modify", "changes": {"toString": "t"}},
        {**_view("page", {"__proto__": "me"}), "action": "modify", "changes": {"__proto__": "you"}},
        {**_view("page", {}), "user": "constructor"},
        {**_view("page", {}), "action": "constructor"},
        {**_view("page", {}), "resource": "__proto__"},
    ),
)
_WAYS = Edge(
    """
resource page { optional a : int  optional b : int  actions view }
policy low on page { a < 5 }
policy few on page { b < 5 }
role outer { role near, far  policy low }
role near { role inner  policy few }
role far { role farther }
role farther { role inner }
role inner { grant view on page }
user "u" { assign role outer }
""",
    tuple(_view("page", record) for record in ({}, {"b": 1}, {"b": 9}, {"a": 1}, {"a": 9}, {"a": 1, "b": 9})),
)

_CLOCKS = Edge(
    """
timezone "America/Denver"
resource page { actions view }
role r { grant view on page }
user "u" {
  assign role r from 2026-03-08 02:30 until 2026-03-08 04:00
  assign role r from 2026-11-01 01:30 until 2026-11-01 01:30
}
""",
    tuple(
        _view("page", {}, now=f"2026-{now}+00:00")
        for now in (
            "03-08T08:59:59.999999",  # 01:59, behind which the clocks show 03:00
            "03-08T09:00:00",
            "03-08T09:59:59.999999",
            "03-08T10:00:00",
            "11-01T07:29:59.999999",
            "11-01T07:30:00",  # 01:30 for the first time
            "11-01T08:29:59.999999",
            "11-01T08:30:00",  # and for the second
        )
    ),
)
_MONTHS = Edge(
    """
timezone "America/Denver"
resource page { made : datetime  actions view }
policy recent on page { made within 6 years }
role r { grant view on page  policy recent }
user "u" { assign role r }
""",
    tuple(
        _view("page", {"made": f"2020-11-01T{made}Z"}, now=f"2026-11-01T{now}Z")
        for now in ("07:30:00", "08:30:00")  # 01:30 for the first time, and for the second, as six years before
        for made in ("07:29:59.999999", "07:30:00", "08:29:59.999999", "08:30:00")
    ),
)
_ADDRESSES = Edge(
    """
request { ip : ip }
resource page { actions view, modify }
policy old on page for view { request.ip in "10.0.0.0/8" }
policy mapped on page for modify { request.ip in "::ffff:10.0.0.0/104" }
role r { grant view, modify on page  policy old  policy mapped }
user "u" { assign role r }
""",
    tuple(
        {**_view("page", {}, request={"ip": ip}), "action": action}
        for ip in (
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "::FFFF:0a01:0203",
            "11.1.2.3",
            "::10.1.2.3",
            "10.1.2.03",
            "a01:203::",
        )
        for action in ("view", "modify")
    ),
)
_VALUES = Edge(
    """
resource page {
  optional level : int  optional rate : decimal  optional status : one of draft, final  optional made : datetime
  actions view, modify, delete
}
policy low on page for view { level < 5 or rate is 2.5 or status is not draft or made older than 1 day }
policy none on page for modify { level is missing }
policy some on page for delete { not (status is missing) }
role r { grant view, modify, delete on page  policy low  policy none  policy some }
user "u" { assign role r }
""",
    tuple(
        {**_view("page", record), "action": action}
        for record in (
            {"level": 4.5},
            {"level": "4.0"},
            {"level": "four"},
            {"level": True},
            {"rate": "2.50"},
            {"rate": "2.500000000000000000000001"},
            {"status": "other"},
            {"status": "final"},
            {"made": "2026-11-01T24:00:00Z"},
            {"made": "2026-11-01T23:59:59Z"},
            {"made": "2026-11-01"},
        )
        for action in ("view", "modify", "delete")
    ),
)
_DENIES = Edge(
    """
resource page { optional secret : bool  optional a : int  optional b : int  actions view, modify, delete }
resource api { actions access }
resource log { action view requires access on api }
policy low on page for delete { a < 5 }
policy few on page for delete { b < 5 }
role r { grant view, modify, delete on page  grant view on log  policy low }
user "u" { assign role r  append policy few on page }
deny view on page { secret is true }
""",
    (
        *(_view("page", record) for record in ({}, {"secret": False}, {"secret": True}, {"secret": "no"})),
        *(
            {**_view("page", record), "action": "delete"}
            for record in ({}, {"b": 9}, {"a": 9}, {"a": 1}, {"a": 1, "b": 1})
        ),
        _view("log", {}),
    ),
)

EDGES = (_DURATIONS, _INHERITED, _WAYS, _CLOCKS, _MONTHS, _ADDRESSES, _VALUES, _DENIES)
