"""Compiled JSON: one form for one meaning, and nothing half-loaded."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from policylang.ir import LoadError, from_json, to_json
from policylang.ir.codec import with_digest
from policylang.ir.nodes import PolicySet
from policylang.ir.schema import ir_schema
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from policylang.source import Location
from tests.helpers import ACCEPTANCE, TESTS, compiled, project

LISTING = (ACCEPTANCE / "listing.policy").read_text(encoding="utf-8")
WORKFORCE = (ACCEPTANCE / "tracktik" / "workforce.policy").read_text(encoding="utf-8")
VALIDATOR = Draft202012Validator(ir_schema())


@pytest.fixture(scope="module")
def document() -> bytes:
    return to_json(compiled(listing=LISTING))


def redigested(content: dict[str, Any]) -> bytes:
    """The document with the digest that its content has now, as a forger would make it."""
    content = {name: value for name, value in content.items() if name != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json.dumps({**content, "digest": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}).encode()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(ir_schema())


@pytest.mark.parametrize("text", [LISTING, WORKFORCE], ids=["listing", "workforce"])
def test_written_documents_are_valid_and_load_to_what_was_written(text: str) -> None:
    policy_set = compiled(text)
    document = to_json(policy_set)
    assert list(VALIDATOR.iter_errors(json.loads(document))) == []
    assert from_json(document) == policy_set
    assert to_json(from_json(document)) == document


def test_anybody_can_verify_the_digest(document: bytes) -> None:
    content = json.loads(document)
    assert json.loads(redigested(content)) == content


def test_another_layout_of_the_same_content_loads(document: bytes) -> None:
    content = json.loads(document)
    compact = json.dumps(content, sort_keys=True).encode()
    assert from_json(compact) == from_json(document)


def test_every_node_leads_back_to_its_text() -> None:
    policy_set = compiled(listing=LISTING)
    lines = LISTING.split("\n")

    def text_at(where: str) -> str:
        path, line, column, end_line, end_column = Location.parse(where)
        assert path == "listing.policy"
        if line == end_line:
            return lines[line - 1][column - 1 : end_column - 1]
        return lines[line - 1][column - 1 :]

    role = next(role for role in policy_set.roles if role.name == "guard")
    assert text_at(role.at).startswith('protected role guard "Guard" {')
    assert text_at(role.grants[0].at) == "grant view on customer except status"
    assert text_at(role.limits[0].at) == "policy own_customers"
    instance = next(i for i in policy_set.policy_instances if i.id == "office_hours_only")
    assert text_at(instance.condition.at) == 'request.ip in "10.0.0.0/8" and not (status is cancelled'
    every = json.dumps(json.loads(to_json(policy_set)))
    assert every.count('"at": "listing.policy:') > 150
    assert every.count('"at": ""') == 0


def test_file_order_does_not_matter() -> None:
    """Declarations of one set dealt onto files in any way and order give the same document but for the places."""
    declarations = [f"role r{n} {{ role r{(n + 1)} }}" for n in range(8)] + ["role r8", "deny view on doc"]
    declarations += ["resource doc { actions view }", 'user "u" { assign role r1 }']
    documents = set()
    for seed in range(5):
        random.Random(seed).shuffle(declarations)
        files = {f"f{n}": text for n, text in enumerate(declarations)}
        made = project(**files)
        assert made.ir is not None
        content = json.loads(to_json(made.ir))
        documents.add(json.dumps(without_places(content)))
    assert len(documents) == 1


def without_places(content: Any) -> Any:
    if isinstance(content, dict):
        return {k: without_places(v) for k, v in content.items() if k not in ("at", "digest", "sources")}
    return [without_places(item) for item in content] if isinstance(content, list) else content


# --- documents that must not load ----------------------------------------------------------------------------


def refusal(document: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        from_json(document)
    return str(caught.value)


def test_truncated_anywhere(document: bytes) -> None:
    for end in [*range(0, 3000, 7), *range(3000, len(document) - 1, 997)]:
        message = refusal(document[:end])
        assert message.startswith("not JSON")
        assert document[:end].rstrip().endswith(b"}") or "ends too early, compile again" in message


def test_edited_values(document: bytes) -> None:
    edited = document.replace(b'"protected": false', b'"protected": true', 1)
    assert "digest does not match" in refusal(edited)


def test_newer_format(document: bytes) -> None:
    newer = document.replace(b'"version": 2', b'"version": 3', 1)
    assert "format version 3, this policylang reads up to 2" in refusal(newer)


def test_earlier_versions_load_to_what_their_sources_say_now() -> None:
    for path in sorted((TESTS / "ir" / "earlier").glob("*.json")):
        text = path.with_suffix(".policy").read_text(encoding="utf-8")
        loaded = from_json(path.read_bytes())
        assert loaded == compiled(bundles=text)
        assert from_json(to_json(loaded)) == loaded


def test_edited_earlier_versions() -> None:
    document = (TESTS / "ir" / "earlier" / "version-1.json").read_bytes()
    assert "digest does not match" in refusal(document.replace(b'"protected": false', b'"protected": true', 1))
    content = json.loads(document)
    assert "`version` 1" not in refusal(redigested({**content, "timezone": 3}))
    for action in ({"name": "view", "kind": "modify"}, {"kind": None}, "view", None):
        resource = {**content["resources"][0], "actions": [action]}
        assert "not valid under the schema" in refusal(redigested({**content, "resources": [resource]}))
    for edit in ({"resources": None}, {"resources": [3]}, {"resources": {"a": 1}}):
        assert "not valid under the schema" in refusal(redigested({**content, **edit}))
    without = {name: value for name, value in content.items() if name != "resources"}
    assert "not valid under the schema" in refusal(redigested(without))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"version": "1"}, "`version` is not a number"),
        ({"version": True}, "`version` is not a number"),
        ({"version": 0}, "which never was"),
        ({"format": "rego"}, "not a compiled policy set"),
        ({"timezone": 3}, "`timezone` must be a text, not `3`"),
        ({"extra": 1}, "unknown field `extra`"),
        ({"roles": [{"name": "x"}]}, "`roles[0]` has no `label`"),
    ],
)
def test_invalid_documents_say_where(document: bytes, edit: dict[str, Any], message: str) -> None:
    assert message in refusal(redigested({**json.loads(document), **edit}))


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"[]", b"{}", b"3", b'{"format": "policylang"}', b"\xff\xfe", b"\x00", b"NaN", b"[" * 100_000],
)
def test_what_is_no_document_at_all(text: bytes) -> None:
    assert refusal(text)


def test_a_field_given_twice() -> None:
    document = to_json(compiled("role r"))
    twice = document.replace(b'"timezone": "UTC"', b'"timezone": "Mars", "timezone": "UTC"')
    assert "`timezone` is given twice" in refusal(twice)


def test_forged_references() -> None:
    """A document with a valid digest whose parts do not belong together."""
    content = json.loads(to_json(compiled("resource doc { actions view }\nrole r { grant view on doc }")))
    content["resources"] = []
    assert "resource `doc`, which it does not contain" in refusal(redigested(content))


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (lambda d: d["roles"].append(d["roles"][0]), "one role of a name that it declares twice"),
        (lambda d: d["roles"][1]["roles"].append({"name": "b", "at": "0.policy:1:1-1:2"}), "a role outside itself"),
        (lambda d: d["reviews"][0].update(name="x"), "role `x`"),
        (lambda d: d["resources"][0].update(place="x"), "attribute `doc.x`"),
        (lambda d: d["resources"][0]["attributes"][0].update(type={"kind": "record", "resource": "x"}), "resource `x`"),
        (lambda d: d["places"][0].update(parent="P"), "a place outside itself"),
        (lambda d: d["users"][0]["attributes"][0].update(name="x"), "subject attribute `x`"),
        (lambda d: d["roles"][0]["roles"].append({"name": "x\x1b[31m", "at": "0.policy:1:1-1:2"}), "`x\\u{1B}[31m`"),
    ],
)
def test_forged_documents_that_do_not_hold_together(edit: Any, word: str) -> None:
    text = """
subject { level : int }
scope site
place site "P"
resource doc { site : site  owner : user  actions view }
role a
role b { role a }
user "u" { level : 3 }
review role a every 90 days
"""
    content = json.loads(to_json(compiled(text)))
    edit(content)
    assert word in refusal(redigested(content))


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"format":"policylang","version":1,"timezone":"\xff"}',
        b'{"format":"policylang","version":' + b"9" * 10_000 + b"}",
    ],
)
def test_bytes_and_numbers_that_python_cannot_read(damaged: bytes) -> None:
    assert refusal(damaged)


def test_a_tag_left_out_is_refused_though_it_could_be_guessed(document: bytes) -> None:
    content = json.loads(document)
    del next(i for i in content["policy_instances"] if i["arguments"])["arguments"][0]["op"]
    assert "not valid under the schema" in refusal(json.dumps(content, ensure_ascii=False).encode())
    assert "not valid under the schema" in refusal(redigested(content))


def test_schema_and_types_agree_on_damaged_documents(document: bytes) -> None:
    """What the published schema refuses the loader refuses, and the other way round."""
    rng = random.Random(7)
    disagreements = []
    for _ in range(300):
        content = json.loads(document)
        description = damage(rng, content)
        by_schema = VALIDATOR.is_valid(content)
        try:
            msgspec.convert(content, PolicySet, strict=True)
            by_types = True
        except msgspec.ValidationError:
            by_types = False
        if by_schema != by_types:
            disagreements.append(description)
    assert disagreements == []


def damage(rng: random.Random, content: Any) -> str:
    """Change one random thing in a document."""
    owner, steps = content, []
    while True:
        keys = list(owner) if isinstance(owner, dict) else range(len(owner))
        key = rng.choice(list(keys))
        steps.append(key)
        child = owner[key]
        if not isinstance(child, (dict, list)) or not child or rng.random() < 0.2:
            break
        owner = child
    if isinstance(owner, dict) and rng.random() < 0.3:
        del owner[key]
        return f"deleted {steps}"
    if isinstance(owner, dict) and rng.random() < 0.2:
        owner["surprise"] = 1
        return f"added beside {steps}"
    owner[key] = rng.choice([None, 1, "x", True, [], {}, 1.5])
    return f"{steps} = {owner[key]!r}"


def test_the_digest_covers_every_field() -> None:
    policy_set = compiled(WORKFORCE)
    for field in msgspec.structs.fields(PolicySet):
        value = getattr(policy_set, field.name)
        if field.name == "digest" or not value:
            continue
        other = value[:-1] if isinstance(value, (tuple, str)) else value + 1
        changed = with_digest(msgspec.structs.replace(policy_set, **{field.name: other}))
        assert changed.digest != policy_set.digest, field.name


def test_goldens_are_valid() -> None:
    for path in sorted((TESTS / "ir" / "cases").glob("*.json")):
        from_json(path.read_bytes())


@pytest.mark.parametrize("levels", [10, 99])
def test_deep_conditions_in_any_layout(levels: int) -> None:
    """Quickly, and as far as the sources go: how deep Python follows depends on its version."""
    condition = "size is 2 or size is 1 and (" * levels + "size is 1" + ")" * levels
    resource, role = "resource d { size : int  actions view }", "role r { grant view on d  policy p }"
    text = f"{resource} policy p on d {{ {condition} }} {role}"
    made = project(text, config=Config(limits=Limits(nesting=100))).ir
    assert made is not None
    content = json.loads(to_json(made))
    assert from_json(json.dumps(content).encode()) == made
    del content["roles"][0]["at"]
    assert "not valid under the schema" in refusal(json.dumps(content).encode())


@pytest.mark.parametrize("text", [b"[" * 900 + b"]" * 900, b'{"a":' * 100_000])
def test_deeper_than_any_document(text: bytes) -> None:
    assert "nested too deeply" in refusal(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1 , }', "illegal trailing comma before end of object at line 1, column 9"),
        ("[1,\n]", "illegal trailing comma before end of array at line 1, column 3"),
        ('{"a": 1, ]', "expecting property name enclosed in double quotes at line 1, column 10"),
        ("[,]", "expecting value at line 1, column 2"),
    ],
)
def test_commas_before_the_end(text: str, words: str) -> None:
    assert words in refusal(text.encode()).lower()
