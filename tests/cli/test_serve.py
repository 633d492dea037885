"""`policylang serve`: why it does not start."""

from __future__ import annotations

import datetime
import hashlib
import os
import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policylang.settings.service import ServiceConfig, read_service_config
from policylang.signing.minisign import new_key
from tests.docs.blocks import ROOT

CLEAN = "resource doc { actions view }\nrole r { grant view on doc }\n"
_TOKEN = hashlib.sha256(b"token").hexdigest()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("prot: 1", "service.yaml:1:1: unknown field `prot`"),
        ("port: high", "service.yaml:1:7: "),
        ("port: 70000", "service.yaml:1:7: "),
        ("workers: 0", "service.yaml:1:10: "),
        ("tokens: [{name: a, sha256: short, scopes: [evaluate]}]", "service.yaml:1:28: "),
        (f"tokens: [{{name: a, sha256: {_TOKEN}, scopes: [all]}}]", "service.yaml:1:"),
        (f"tokens: [{{name: a, sha256: {_TOKEN}, scopes: []}}]", "service.yaml:1:"),
        ("store: {kind: oracle}", "service.yaml:1:"),
        ("store: {kind: memory}", "service.yaml:1:"),
        ("store: {kind: memory, path: r.json, tables: {}}", "service.yaml:1:"),
        ("address: not one", "service.yaml:1:10: "),
        ("bounds: {seconds: 0}", "service.yaml:1:19: "),
        ("answer: [all]", "service.yaml:1:10: "),
        ("a: *b", "service.yaml:1:4: "),
        ("host: 0.0.0.0", "service.yaml: `0.0.0.0` can be reached from elsewhere"),
        ("store: {kind: memory, path: no.json}", "service.yaml: `store`: cannot be read"),
        ("store: {kind: memory, path: bad.json}", "service.yaml: `store`: two records of `doc` have the same `id`"),
        ("store: {kind: memory, path: list.json}", "service.yaml: `store`: the file must hold an object by resource"),
        ("store: {kind: duckdb, path: no.duckdb}", "service.yaml: `store`: "),
        ("verify: no.pub", "no.pub: cannot be read: no such file or directory"),
        ("verify: list.json", "list.json: not a public key of minisign"),
        ("verify: ''", "service.yaml:1:9: "),
        ('verify: ["a\\0b"]', "service.yaml:1:10: a setting cannot contain a NUL character"),
        ('log: {path: "a\\0b"}', "service.yaml:1:13: a setting cannot contain a NUL character"),
        ("verify: []", "service.yaml:1:9: "),
        ("verify: [team.pub, no.pub]", "no.pub: cannot be read: no such file or directory"),
        ("verify: team.pub", "policies: sources have no signature: with `verify`, serve a bundle"),
        ("tls: {certificate: no.pem, key: no.key}", "service.yaml: `tls.certificate`: no.pem: cannot be read: no such"),
        ("tls: {certificate: bad.json, key: no.key}", "service.yaml: `tls.key`: no.key: cannot be read: no such file"),
        (
            "tls: {certificate: bad.json, key: bad.json}",
            "service.yaml: `tls`: the certificate and its key cannot be used",
        ),
        ("log: {path: no/decisions.jsonl}", "service.yaml: `log.path`: no/decisions.jsonl: cannot be written: no such"),
        ("workers: 2\nlog: {path: policies}", "service.yaml: `log.path`: policies: cannot be written: is a directory"),
        ("log: {path: policies/a.policy}", "policies/a.policy: not written: this is a policy file"),
        ("log: {path: service.yaml}", "service.yaml: not written: the command reads this file"),
        ("verify: team.pub\nlog: {path: team.pub}", "team.pub: not written: the command reads this file"),
        ("store: {kind: sqlite, path: no.sqlite}", "service.yaml: `store`: unable to open database file"),
        ("store: {kind: sqlite, path: bad.json}", "service.yaml: `store`: file is not a database"),
        ("store: {kind: oracle}", "service.yaml:1:15: `store.kind` must be one of `memory`, `sqlite`, `duckdb` and"),
        ("store: {path: records.json}", "service.yaml:1:8: `store` has no `kind`"),
    ],
)
def test_settings_with_mistakes(run, write, config: str, said: str) -> None:
    write("policies/a.policy", CLEAN)
    write("bad.json", '{"doc": [{"id": 1}, {"id": "1"}]}')
    write("list.json", "[]")
    write("team.pub", new_key().public.file())
    write("service.yaml", config)
    result = run("serve", "policies", "--config", "service.yaml")
    assert result.returncode == 2
    assert result.stdout == b""
    (first, *more) = result.stderr.decode().splitlines()
    assert first.startswith(f"error: {said}")
    assert "Traceback" not in "".join(more)


def test_keys_that_do_not_fit(run, write) -> None:
    write("policies/a.policy", CLEAN)
    certified, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    write("server.pem", certificate(certified))
    write("locked.key", private(certified, serialization.BestAvailableEncryption(b"secret")))
    write("other.key", private(other, serialization.NoEncryption()))
    for key, said in (
        (
            "locked.key",
            "`tls.key`: locked.key: it has a password, and nobody is there to type it\n  help: name a key without one, "
            "such as `openssl pkey -in KEY -out FILE` writes, that only this user can read\n",
        ),
        (
            "other.key",
            "`tls`: the certificate and its key cannot be used: key values mismatch\n"
            "  help: check the file, and that this user may use it\n",
        ),
    ):
        write("service.yaml", f"tls: {{certificate: server.pem, key: {key}}}")
        result = run("serve", "policies", "--config", "service.yaml", input=b"secret\n")
        assert (result.returncode, result.stderr.decode()) == (2, f"error: service.yaml: {said}")


def certificate(key: Ed25519PrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=9))
    return builder.sign(key, None).public_bytes(serialization.Encoding.PEM)


def private(key: Ed25519PrivateKey, how: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


NAMES = """
subject { optional team : text }
request { optional ip : ip }
resource doc { title : text  actions view }
role r { grant view on doc }
"""


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("log: {path: log, mask: [doc.titel]}", "`log.mask`: the policies have no attribute `doc.titel`"),
        ("log: {path: log, mask: [title]}", "`log.mask`: the policies have no attribute `title`"),
        ("log: {path: log, mask: [request.team]}", "`log.mask`: the policies have no attribute `request.team`"),
        ("log: {path: log, show: [subject.ip]}", "`log.show`: the policies have no attribute `subject.ip`"),
        ("trusted: {subject: [ip]}", "`trusted.subject`: the policies have no attribute of users `ip`"),
        ("trusted: {action: [team]}", "`trusted.action`: the policies have no attribute of requests `team`"),
        ("resources: {Doc: document}", "`resources`: the policies have no resource `document`"),
        (
            "store: {kind: sqlite, path: db.sqlite, tables: {docs: {table: d}}}",
            "`store.tables`: the policies have no resource `docs`",
        ),
        (
            "gateway: {user: X, routes: [{method: GET, path: /, action: view, resource: page}]}",
            "`gateway.routes`: the policies have no resource `page`",
        ),
        (
            "gateway: {user: X, routes: [{method: GET, path: /, action: edit, resource: doc}]}",
            "`gateway.routes`: the policies have no action of `doc` `edit`",
        ),
        (
            "gateway: {user: X, context: {team: T}, routes: [{method: GET, path: /, action: view, resource: doc}]}",
            "`gateway.context`: the policies have no attribute of requests `team`",
        ),
    ],
)
def test_names_that_the_policies_have_not(run, write, config: str, said: str) -> None:
    write("policies/a.policy", NAMES)
    write("service.yaml", config)
    result = run("serve", "policies", "--config", "service.yaml")
    assert result.returncode == 2
    (first, second, *more) = result.stderr.decode().splitlines()
    assert first == f"error: service.yaml: {said}"
    assert second.startswith("  help: ")
    assert more == []


def test_a_near_name_is_suggested(run, write) -> None:
    write("policies/a.policy", NAMES)
    write("service.yaml", "log: {path: log, mask: [doc.titel]}")
    result = run("serve", "policies", "--config", "service.yaml")
    assert b"  help: did you mean `doc.title`?\n" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "error: nowhere: cannot be read: no such file or directory\n  help: check the path\n"),
        (
            ["wrong"],
            "error: wrong/a.policy:2:16: PL101 unknown action `veiw` of `doc`\n  help: `policylang check wrong`",
        ),
        (["policies", "other"], "error: policies, other: these are 2 policy sets\n  help: name one of"),
        (["edited.json"], "error: edited.json: not a compiled policy set"),
        (
            ["oci://registry.example.test/crm"],
            "error: oci://registry.example.test/crm: this names no tag and no digest",
        ),
        (
            ["oci://127.0.0.1:1/crm:prod"],
            "error: oci://127.0.0.1:1/crm:prod: the registry cannot be reached: connection refused\n",
        ),
        (["http://127.0.0.1:1/set.json"], "the address cannot be reached: connection refused\n"),
        (
            ["http://127.0.0.1:1/set.json?signature=s3cret"],
            "error: http://127.0.0.1:1/set.json: the address cannot be reached: connection refused\n",
        ),
        (
            ["https://ann:s3cret@127.0.0.1:1/set.json"],
            "error: https://…@127.0.0.1:1/set.json: a user and a password in an address are not sent: leave them out\n",
        ),
        (["http://127.0.0.1:65537/set.json"], "no address: port out of range 0-65535"),
        (["http://policies.example.test/set.json"], "policies come over https"),
        (["policies", "--config", "none.yaml"], "error: none.yaml: cannot be read"),
        (["policies", "--config", "policies"], "not a regular file"),
        (["policies", "--host", "nobody-knows-this.invalid"], "can be reached from elsewhere"),
        (["policies", "--port", "70000"], "70000"),
    ],
)
def test_nothing_to_serve(run, write, arguments: list[str], said: str) -> None:
    write("policies/a.policy", CLEAN)
    write("other/a.policy", CLEAN)
    write("wrong/a.policy", CLEAN.replace("grant view", "grant veiw"))
    write("edited.json", "{}")
    result = run("serve", *arguments)
    assert result.returncode == 2
    assert said in result.stderr.decode()
    assert b"Traceback" not in result.stderr
    assert b"s3cret" not in result.stderr


def test_traces_need_a_package(run, write) -> None:
    write("policies/a.policy", CLEAN)
    write("service.yaml", "traces: true\nport: 0\n")
    write("opentelemetry/__init__.py", "raise ImportError('not here', name='opentelemetry')\n")
    result = run("serve", "policies", "--config", "service.yaml", env={"PYTHONPATH": os.pathsep.join((".", str(ROOT)))})
    assert (result.returncode, result.stderr.decode()) == (
        2,
        "error: service.yaml: `traces` need a package that is not installed: opentelemetry\n"
        "  help: pip install 'policylang[traces]'\n",
    )


def test_the_address_is_taken(run, write) -> None:
    write("policies/a.policy", CLEAN)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("serve", "policies", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 2
    assert b"cannot listen: address already in use" in result.stderr


def test_paths_are_beside_the_settings(write, tmp_path) -> None:
    settings = "tls: {certificate: a.pem, key: /b.key}\nstore: {kind: sqlite, path: r.db}\nverify: team.pub\n"
    write("conf/service.yaml", settings)
    config = read_service_config(tmp_path / "conf/service.yaml")
    assert config.tls is not None
    assert (config.tls.certificate, config.tls.key) == (str(tmp_path / "conf/a.pem"), "/b.key")
    assert config.keys == (str(tmp_path / "conf/team.pub"),)
    assert config.store is not None
    assert config.store.path == str(tmp_path / "conf/r.db")
    write("conf/empty.yaml", "# nothing\n")
    assert read_service_config(tmp_path / "conf/empty.yaml") == ServiceConfig()
