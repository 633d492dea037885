"""Searches by words that nobody declared, or that no database can hold: nothing is found, or they are malformed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.engines.postgres_engine import PostgresServer
from tests.service import stores
from tests.service.helpers import ACTIONS, EVALUATION, RESOURCES, SUBJECTS, ids, post, question, served

POLICIES = """
scope region contains site
place region "North"
place site "HQ" in "North"
place site "it's 5%" in "North"
request { optional at : site  optional name : text  optional number : decimal }
resource page {
  name : text
  optional site : site
  optional number : decimal
  actions view, edit, name, count
}
policy there on page for edit { site is request.at }
policy named on page for name { name is request.name }
policy more on page for count { number > request.number }
role all { grant view, edit, name, count on page  policy there  policy named  policy more }
role north { grant view on page }
user "u" { assign role all }
user "n" { assign role north at region "North" }
"""
ROWS: list[dict[str, Any]] = [
    {"id": f"p{n}", "name": "x", "site": site, "number": 1}
    for n, site in enumerate([None, "HQ", "it's 5%", "Nowhere", "North", "", "hq", "HQ "])
]


@pytest.fixture(scope="module", params=["memory", "sqlite", "duckdb", "postgres"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[httpx.Client]:
    at = tmp_path_factory.mktemp("store")
    (at / "p.policy").write_text(POLICIES)
    types = {"number": "numeric"}
    with postgres.database() as database:
        match request.param:
            case "memory":
                made = stores.memory(at, {"page": ROWS})
            case "sqlite":
                made = stores.sqlite(at, {"page": ROWS}, types)
            case "duckdb":
                made = stores.duck(at, {"page": ROWS}, types)
            case _:
                made = stores.postgres(database, {"page": ROWS}, types)
        with served(at / "p.policy", store=made) as found:
            yield found


def _asked(user: str, action: str, **context: Any) -> dict[str, Any]:
    return {**question(user, action, "page", "p1"), "resource": {"type": "page"}, "context": context}


@pytest.mark.parametrize(
    ("user", "action", "context", "expected"),
    [
        ("u", "view", {}, ["p0", "p1", "p2"]),
        ("n", "view", {}, ["p1", "p2"]),
        ("u", "edit", {"at": "HQ"}, ["p1"]),
        ("u", "edit", {"at": "it's 5%"}, ["p2"]),
        ("u", "edit", {"at": "Nowhere"}, []),
        ("u", "edit", {"at": "North"}, []),
        ("u", "edit", {"at": ""}, []),
    ],
)
def test_a_record_at_no_place_is_nobody_s(
    client: httpx.Client, user: str, action: str, context: dict[str, Any], expected: list[str]
) -> None:
    """A decision denies it, so a search does not find it, also where the place decides nothing else."""
    assert ids(post(client, RESOURCES, _asked(user, action, **context))) == expected
    decided = [post(client, EVALUATION, {**question(user, action, "page", r["id"]), "context": context}) for r in ROWS]
    assert [row["id"] for row, each in zip(ROWS, decided, strict=True) if each.json()["decision"]] == expected


WORDS = [
    "\0",
    "a\0b",
    "",
    " ",
    "\n",
    "%s",
    "%(key)s",
    ":key",
    "$key",
    "'",
    '"',
    "\\",
    "\U0010ffff",
    "\u202e",
    "x" * 10**5,
]


@pytest.mark.parametrize("word", WORDS)
def test_words(client: httpx.Client, word: str) -> None:
    """In every place of a request."""
    found = []
    for context in ({"at": word}, {"name": word}, {"number": word}):
        for action in ("edit", "name", "count"):
            found.append(post(client, RESOURCES, _asked("u", action, **context)))
    for part, name in (("subject", "id"), ("subject", "type"), ("action", "name"), ("resource", "type")):
        asked = _asked("u", "view")
        found.append(post(client, RESOURCES, {**asked, part: {**asked[part], name: word}}))
    for path in (SUBJECTS, ACTIONS, EVALUATION):
        for of in ({"id": word}, {"properties": {"site": word, "name": word, "number": word}}):
            asked = question("u", "view", "page", "p1")
            found.append(post(client, path, {**asked, "resource": {**asked["resource"], **of}}))
    for each in found:
        if each.status_code == 400:
            assert each.json() == "no text in the record store holds the character U+0000"
            assert "\0" in word
        else:
            assert not each.json().get("results") or word not in each.text
            assert each.json().get("decision") is not True
            assert each.status_code == 200


@pytest.mark.parametrize("after", ["\\ud800", "\\u0000", "", "'", "x" * 10**5])
@pytest.mark.parametrize("path", [RESOURCES, SUBJECTS, ACTIONS])
def test_made_up_tokens(client: httpx.Client, path: str, after: str) -> None:
    """Nobody gets more by one, and no store is asked what it cannot be."""
    asked = {**question("u", "view", "page", "p1"), "page": {"limit": 1}}
    first = post(client, path, asked).json()
    token = first["page"]["next_token"]
    if not token:
        return
    of, limit, _ = json.loads(base64.urlsafe_b64decode(token))
    made = base64.urlsafe_b64encode(f'["{of}", {limit}, "{after}"]'.encode()).decode()
    answer = post(client, path, {**asked, "page": {"token": made}})
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or set(ids(answer)) <= {
        "p0",
        "p1",
        "p2",
        "u",
        "n",
        "view",
        "edit",
        "name",
        "count",
    }
