"""What a generated policy set speaks of: its places, its resources with their attributes, the constants it uses."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from policylang.model.instants import zone
from policylang.model.types import (
    BoolType,
    DateTimeType,
    DateType,
    DecimalType,
    Duration,
    DurationType,
    EnumType,
    IntType,
    IpType,
    ItemType,
    MoneyType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime.clock import shift, shift_day
from tests.generated.chooser import Chooser
from tests.generated.features import Features

STATUS = EnumType(("open", "draft", "closed"))
STAGE = EnumType(("open", "lead", "closed"))
CHANNEL = EnumType(("ui", "api"))

KINDS = ("region", "zone", "site")
"""Of places, from the largest."""

_PLACES: dict[str, tuple[str, str | None]] = {
    "North": ("region", None),
    "N1": ("zone", "North"),
    "HQ": ("site", "N1"),
    "Depot": ("site", "N1"),
    "South": ("region", None),
    "S1": ("zone", "South"),
    "Pier": ("site", "South"),
    "Lone": ("site", None),
}
_HOSTILE_PLACES = {"HQ": 'H"Q\\', "N1": "n'1; --", "Lone": "hq"}

_RESOURCES = ("item", "account", "office")

# With shared names, of roles; some of them are groups, jobs, users and so on as well.
_SHARED = ("item", "open", "title", "p0", "u0", "bot", "view", "account", "g0")
_SHARED_PLACES = {"HQ": "item", "N1": "open", "North": "u0", "Pier": "g0"}
_SHARED_ATTRIBUTES = {"department": "title", "mood": "status", "reason": "title", "channel": "status", "boss": "owner"}
_SHARED_ATTRIBUTES |= {"flag": "lead", "marked": "closed"}  # which are values of enums

_USERS_SHARED = ("u0", "item", "open", "title", "g0")
_USERS = ("u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7")
_HOSTILE_USERS = (
    *("V9", "o'neil@acme.test", 'd"q', "back\\slash", "cafe\u0301", "u 0", "\U0001f511"),
    *("${u0}", "{{u0}}", "u\nv", "u0'; --", "*", "user:u0#member"),
)

_TEXTS = ("a", "ab", "A", "", "abc", "b")
_HOSTILE_TEXTS = (
    *("100%", "a_c", "'", '"a"', "a\\b", "a\nb", "caf\u00e9", "cafe\u0301", "\U0001f511", "\u202ea", "NULL"),
    *("${a}", "{{a}}", "a--b", "$$", "%s", "a\r\n", " a ", "#{a}", "/*", "\x7f"),
)

_NUMBERS = ("5", "0", "-1", "5.5", "4.99", "9007199254740991", "12345678901234567890.25", "-0.01")
_ADDRESSES = ("10.0.0.0", "10.255.255.255", "11.0.0.0", "192.0.2.7", "2001:db8::1", "2001:db9::", "::ffff:10.0.0.1")
_NETWORKS = ("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "0.0.0.0/0", "192.0.2.6/31", "::/0")

_DURATIONS = (
    Duration(30, "days"),
    Duration(1, "days"),
    Duration(36 * 60, "minutes"),
    Duration(90, "minutes"),
    Duration(0, "days"),
    Duration(14, "days"),
    Duration(1, "months"),
    Duration(12, "months"),
    Duration(3, "months"),
    Duration(13, "months"),
    Duration(24 * 60, "minutes"),
)

# A timezone and the time on its clocks. In the second list something lies close: a clock change, one a month away, a
# day that there never was.
_QUIET_TIMES = (
    ("UTC", "2026-11-21T12:00:00"),
    ("UTC", "2026-03-31T00:00:00"),
    ("UTC", "2024-02-29T23:59:59.999999"),
    ("Asia/Kathmandu", "2026-01-01T00:00:00"),
    ("Asia/Kathmandu", "2025-12-31T05:44:59"),
    ("America/Phoenix", "2026-05-31T18:30:00"),
)
_CHANGING_TIMES = (
    ("America/Denver", "2026-11-01T01:30:00"),
    ("America/Denver", "2026-12-01T01:30:00"),
    ("America/Denver", "2026-03-08T03:00:00"),
    ("America/Denver", "2026-04-08T02:30:00"),
    ("Europe/Dublin", "2026-10-25T01:59:59"),
    ("Europe/Dublin", "2026-04-29T01:30:00"),
    ("Australia/Lord_Howe", "2026-04-05T01:45:00"),
    ("Australia/Lord_Howe", "2026-11-04T02:15:00"),
    ("Pacific/Apia", "2012-01-30T12:00:00"),
    ("Pacific/Apia", "2011-12-31T00:00:00"),
)


@dataclass(frozen=True)
class Action:
    """``clauses``: what stands behind its name, ``kind`` what it is like."""

    name: str
    clauses: str = ""
    kind: str | None = None


@dataclass(frozen=True)
class Resource:
    """``place``: the kind of place where its records live. ``tree``: whether they form trees."""

    name: str
    attributes: dict[str, Type]
    sensitive: tuple[str, ...]
    optional: tuple[str, ...]
    place: str | None
    actions: tuple[Action, ...]
    tree: bool = False

    def alike(self, kind: str) -> list[str]:
        """The actions of a kind."""
        return [action.name for action in self.actions if action.kind == kind]


@dataclass(frozen=True)
class Constants:
    """The constants of a policy set. They are few, so that records hold the same values, and values beside them."""

    texts: tuple[str, ...]
    numbers: tuple[Decimal, ...]
    durations: tuple[Duration, ...]
    instants: tuple[datetime.datetime, ...]
    days: tuple[datetime.date, ...]
    addresses: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]
    networks: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """``now`` is the instant around which everything happens."""

    features: Features
    timezone: ZoneInfo
    now: datetime.datetime
    places: dict[str, tuple[str, str | None]]
    switches: dict[str, bool]
    subject: dict[str, Type]
    request: dict[str, Type]
    resources: dict[str, Resource]
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    jobs: tuple[str, ...]
    users: tuple[str, ...]
    integrations: tuple[str, ...]
    constants: Constants

    @property
    def with_attributes(self) -> list[Resource]:
        return [resource for resource in self.resources.values() if resource.attributes]

    def places_of(self, kind: str) -> list[str]:
        return [name for name, (found, _) in self.places.items() if found == kind]


def make_world(c: Chooser, features: Features) -> World:
    timezone, now = _time(c, features)
    switch = Resource("switch", {}, (), (), None, (Action("access"),))
    shared = features.shared_names and c.chance(25)
    roles = tuple(_SHARED[n] if shared else f"r{n}" for n in range(c.number(1, features.roles)))
    reserved = features.hostile and c.chance(20)
    names = (("table", "package", "default") if reserved else _RESOURCES)[: c.number(1, features.resources)]
    resources = {"switch": switch}
    required = ["access on switch"]
    subject = _renamed(_some_attributes(c, _subject(features)), shared) if features.subject else {}
    if features.subject and features.record_attributes and c.chance(60):
        subject["home"] = RecordType(c.one(names))
    request = _renamed(_request(features), shared)
    if features.request and features.record_attributes and c.chance(30):
        request["about"] = RecordType(c.one(names))
    switches = {"shiny": c.chance(60), "dull": c.chance(30)}
    for name in names:
        resources[name] = _resource(c, features, name, names, roles, required, shared)
    return World(
        features,
        timezone,
        now,
        _places(c, features, shared),
        switches,
        subject,
        request,
        resources,
        roles,
        ("item", "g0") if shared else ("g0", "g1"),
        ("item", "g0") if shared else ("J1", 'J"2\\') if features.hostile else ("J1", "J2"),
        _user_ids(c, features, shared),
        ("bot",) if features.integrations else (),
        _constants(c, features, timezone, now, shared),
    )


def _time(c: Chooser, features: Features) -> tuple[ZoneInfo, datetime.datetime]:
    quiet = not features.clock_changes or c.chance(40)
    name, local = c.one(_QUIET_TIMES if quiet else _CHANGING_TIMES)
    timezone = zone(name)
    clock = datetime.datetime.fromisoformat(local).replace(tzinfo=timezone, fold=c.number(0, 1))
    return timezone, clock.astimezone(datetime.UTC)


def _renamed(attributes: dict[str, Type], shared: bool) -> dict[str, Type]:
    return {_SHARED_ATTRIBUTES.get(name, name): type_ for name, type_ in attributes.items()} if shared else attributes


def _places(c: Chooser, features: Features, shared: bool) -> dict[str, tuple[str, str | None]]:
    if not features.places:
        return {}
    renamed = _SHARED_PLACES if shared else _HOSTILE_PLACES if features.hostile and c.chance(50) else {}
    return {
        renamed.get(name, name): (kind, renamed.get(parent, parent) if parent else None)
        for name, (kind, parent) in _PLACES.items()
    }


def _user_ids(c: Chooser, features: Features, shared: bool) -> tuple[str, ...]:
    count = c.number(2, features.users)
    if shared:
        return _USERS_SHARED[:count]
    hostile = c.some(_HOSTILE_USERS, 0, 2) if features.hostile else []
    return (*_USERS[: count - len(hostile)], *hostile[:count])


def _constants(c: Chooser, features: Features, timezone: ZoneInfo, now: datetime.datetime, shared: bool) -> Constants:
    texts = (
        (["item", "open"] if shared else [])
        + c.some(_TEXTS, 2, 4)
        + (c.some(_HOSTILE_TEXTS, 0, 2) if features.hostile else [])
    )
    lengths = [d for d in _DURATIONS if features.months or d.unit != "months"]
    durations = c.some(lengths, 1, 3)
    today = now.astimezone(timezone).date()
    days = {today} | {day for d in durations for sign in (-1, 1) if (day := shift_day(today, d, sign))}
    instants = {now} | {shift(now, d, sign, timezone) for d in durations for sign in (-1, 1)}
    return Constants(
        tuple(texts),
        tuple(Decimal(n) for n in c.some(_NUMBERS, 2, 3)),
        tuple(durations),
        (now, *sorted(instants - {now})),
        (today, *sorted(days - {today})),
        tuple(ipaddress.ip_address(a) for a in c.some(_ADDRESSES, 2, 3)),
        tuple(c.some(_NETWORKS, 1, 3)),
    )


# --- attributes and actions ----------------------------------------------------------------------------------


def _resource(
    c: Chooser,
    features: Features,
    name: str,
    names: tuple[str, ...],
    roles: tuple[str, ...],
    required: list[str],
    shared: bool,
) -> Resource:
    attributes = _renamed(_some_attributes(c, _attributes(features, roles, c)), shared)
    place = None
    if features.places and c.chance(75):
        place = c.one(("site", "zone", "region"))
        attributes[place] = PlaceType(place)
        if place == "site" and c.chance(30):
            attributes["zone"] = PlaceType("zone")  # the site lies inside, so it still says where the record lives
        if c.chance(20):
            attributes["former_site"] = PlaceType("site")  # not named as its kind: just a value
    if features.related:
        for target in names:
            if c.chance(50):
                attributes["parent" if target == name else target] = RecordType(target)
        if features.sets and c.chance(20):
            attributes["kin"] = SetType(RecordType(c.one(names)))
    sensitive = c.some(list(attributes), 0, 2) if features.sensitive and c.chance(50) else []
    optional = c.some(list(attributes), 0, 3)
    tree = features.trees and "parent" in attributes and c.chance(80)
    if tree and "parent" not in optional and c.chance(60):
        optional.append("parent")
    actions = _actions(c, features, name, place, required)
    return Resource(name, attributes, tuple(sensitive), tuple(optional), place, actions, tree)


def _some_attributes(c: Chooser, catalogue: dict[str, Type]) -> dict[str, Type]:
    names = list(catalogue)
    return {name: catalogue[name] for name in c.some(names, min(4, len(names)), 11)}


def _attributes(features: Features, roles: tuple[str, ...], c: Chooser) -> dict[str, Type]:
    role = c.one(roles) if features.eligible else None
    found: dict[str, Type] = {
        "title": TextType(),
        "owner": UserType(None),
        "status": STATUS,
        "created": DateTimeType(),
        "level": IntType(),
        "reviewer": UserType(role),
        "due": DateType(),
        "cost": MoneyType(),
        "flag": BoolType(),
        "ratio": DecimalType(),
        "stage": STAGE,
        "seen": DateTimeType(),
        "closes": DateType(),
        "marked": BoolType(),
    }
    if features.durations:
        found["span"] = DurationType()
    if features.addresses:
        found["address"] = IpType()
    if features.hostile:
        found |= {"select": TextType(), "group": UserType(None), "order": IntType()}
    if features.sets:
        items = _items(features)
        found |= {"tags": SetType(TextType()), "watchers": SetType(UserType(role))}
        found |= {name: SetType(c.one(items)) for name in ("several", "various")}
    return found


def _items(features: Features) -> list[ItemType]:
    """What sets hold, but for related records."""
    found: list[ItemType] = [IntType(), DateType(), DateTimeType(), MoneyType(), BoolType(), STATUS, UserType(None)]
    found += [DurationType()] if features.durations else []
    found += [IpType()] if features.addresses else []
    return found + ([PlaceType("site")] if features.places else [])


def _subject(features: Features) -> dict[str, Type]:
    found: dict[str, Type] = {
        "department": TextType(),
        "rank": IntType(),
        "boss": UserType(None),
        "mood": STAGE,
        "hired": DateType(),
        "joined": DateTimeType(),
        "wage": MoneyType(),
        "trusted": BoolType(),
    }
    if features.durations:
        found["reach"] = DurationType()
    if features.addresses:
        found["desk"] = IpType()
    if features.places:
        found["base"] = PlaceType("site")
    if features.sets:
        found |= {"skills": SetType(TextType()), "team": SetType(UserType(None))}
        found |= {"sites": SetType(PlaceType("site"))} if features.places else {}
    return found


def _request(features: Features) -> dict[str, Type]:
    if not features.request:
        return {}
    found: dict[str, Type] = {
        "channel": CHANNEL,
        "on_behalf": UserType(None),
        "at_time": DateTimeType(),
        "reason": TextType(),
    }
    return found | ({"ip": IpType()} if features.addresses else {})


def _actions(c: Chooser, features: Features, name: str, place: str | None, required: list[str]) -> tuple[Action, ...]:
    found = []
    for usual in ("view", "modify", "create", "delete", "approve", "show"):
        clauses, action, kind = "", usual, usual if usual in _OTHER_NAMES else None
        likely = {"approve": 80, "show": 30}.get(usual, 12)
        if features.kinds and c.chance(30 if kind is None else 8):
            action, kind = _OTHER_NAMES.get(usual, usual), kind or c.one(list(_OTHER_NAMES))
            clauses += f" like {kind}"
        if features.requires and c.chance(likely):
            clauses += f" requires {_requirement(c, features, f'{action} on {name}', place, required, 2)}"
        if features.bypasses and usual in ("show", "view") and c.chance(70 if usual == "show" else 8):
            clauses += " bypasses policies"
        found.append(Action(action, clauses, kind))
        required.append(f"{action} on {name}")  # what comes later may require this, so none requires itself
    return tuple(found)


_OTHER_NAMES = {"view": "read", "create": "add", "modify": "write", "delete": "drop"}
"""By kind of action."""


def _requirement(c: Chooser, features: Features, own: str, place: str | None, required: list[str], depth: int) -> str:
    if depth and c.chance(50):
        joint = c.one((" or ", " and "))
        parts = [_requirement(c, features, own, place, required, depth - 1) for _ in range(2)]
        return f"({joint.join(parts)})"
    kind = c.number(0, 9)
    if kind == 9:
        return "superuser"
    if kind == 8:
        return f"feature {c.one(('shiny', 'dull'))}"
    if kind >= 5 and features.places and place is not None and place != "region":
        return f"{own} at region"
    at = f" at {c.one(KINDS)}" if features.places and c.chance(65) else ""
    return c.one(required) + at


# --- text ----------------------------------------------------------------------------------------------------


def type_in_text(type_: Type) -> str:
    """As a declaration writes it."""
    match type_:
        case SetType(of):
            return f"set of {type_in_text(of)}"
        case EnumType(values):
            return f"one of {', '.join(values)}"
        case UserType(role):
            return f"user with role {role}" if role else "user"
        case RecordType(resource):
            return resource
        case PlaceType(scope):
            return scope
        case _:
            kind: Any = type(type_).__struct_config__.tag
            return str(kind)
