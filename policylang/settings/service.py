"""What the service has to know beside the policies, and which combinations of it are refused."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from policylang.files.json_schema import schema_of
from policylang.files.yaml_source import YamlError, converted, read_text, read_yaml
from policylang.settings.config import ConfigError
from policylang.settings.targets import Identifier, Table

Scope = Literal["evaluate", "search", "admin"]
Told = Literal["reasons", "fields", "missing", "digest"]
_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]

RESERVED = ("changes", "field")
"""Properties of an action that say what is asked, and need no trust: they only narrow."""


class ClientToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client that sends ``Authorization: Bearer …``."""

    name: _Text
    """For logs."""
    sha256: Annotated[
        str,
        msgspec.Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the token, in 64 lowercase hexadecimal digits"),
    ]
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1)]


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files in PEM, relative to the file that names them."""

    certificate: _Text
    key: _Text
    client_ca: _Text | None = None
    """With it, clients need a certificate of this authority."""
    client_scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1)] = ("evaluate", "search")
    """What a client with a certificate may do."""


class SubjectTypes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Types of subjects."""

    users: tuple[str, ...] = ("user",)
    integrations: tuple[str, ...] = ("integration",)


class Trusted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is believed of a request, name by name."""

    subject: tuple[str, ...] = ()
    """Properties of the subject that replace the user's attributes of these names."""
    action: tuple[str, ...] = ()
    """Properties of the action that are attributes of the request."""
    time: bool = False
    """Whether `time` of the context is the instant of the decision."""


class RequestBounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a request may ask for."""

    body_bytes: _Positive = 1_048_576
    depth: Annotated[int, msgspec.Meta(ge=4, le=40)] = 16
    """Levels of JSON."""
    batch: _Positive = 1000
    """Evaluations in a request."""
    page: _Positive = 1000
    """Results of a search in an answer."""
    seconds: _Positive = 5
    """Until an answer is given up."""
    read_seconds: _Positive = 10
    """Until a client that has not sent its whole request is cut."""
    threads: _Positive = 16
    """Questions to the record store at a time, and searches."""


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="memory"):
    """Records in a JSON file: an object by resource, each a list of records with `id`. For demonstrations."""

    path: _Text


class Sqlite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="sqlite"):
    """Tables in a file."""

    path: _Text
    tables: dict[str, Table] = {}


class Duckdb(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="duckdb"):
    """Tables in a file."""

    path: _Text
    tables: dict[str, Table] = {}


class PostgresTables(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="postgres"):
    """Tables in a database. What `connection` leaves out comes from libpq's environment, the password as well."""

    connection: str = ""
    schema: Identifier = "public"
    tables: dict[str, Table] = {}


class DecisionLog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where decisions are written down, a JSON object a line."""

    path: _Text
    mask: tuple[str, ...] = ()
    """Attributes that are not written down: `customer.name`, `request.ip`, `subject.team`."""
    show: tuple[str, ...] = ()
    """Sensitive attributes that are written down."""
    allowed_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100
    denied_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100


class GatewayRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request of this method to this path is about to do."""

    method: Annotated[str, msgspec.Meta(pattern="^[A-Z]+$", description="a method of HTTP")]
    path: Annotated[str, msgspec.Meta(pattern="^/[^?#]*$", description="a path")]
    """`{id}` is the id of the record, `*` any one part."""
    action: _Text
    resource: _Text


class Gateway(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proxy that asks before it passes requests on, such as Envoy by `ext_authz`."""

    user: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]+$", description="the name of a header")]
    """The header that says who asks. The proxy sets it, and takes it from nobody else."""
    routes: Annotated[tuple[GatewayRoute, ...], msgspec.Meta(min_length=1)]
    """The first that a request fits; what fits none is denied."""
    context: dict[str, str] = {}
    """Attributes of the request, each with the header that has it."""
    subject: _Text = "user"
    """The type of the subjects."""
    hosts: tuple[str, ...] = ()
    """Where no client has to say who it is: the names that requests through the proxy are for."""


class ServiceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How ``policylang serve`` serves. Every field may be left out."""

    host: _Text = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8181
    address: Annotated[str, msgspec.Meta(pattern="^https?://[^?#\\s]+$", description="an address")] | None = None
    """Where clients reach it, for the metadata."""
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    tls: Tls | None = None
    tls_in_front: bool = False
    """A proxy in front ends TLS, and the network behind it is trusted."""
    tokens: tuple[ClientToken, ...] = ()
    subjects: SubjectTypes = SubjectTypes()
    resources: dict[str, str] = {}
    """Types of resources that are named otherwise in the policies."""
    trusted: Trusted = Trusted()
    answer: tuple[Told, ...] = ("reasons", "fields", "missing", "digest")
    """What answers tell beside the decision."""
    bounds: RequestBounds = RequestBounds()
    store: Memory | Sqlite | Duckdb | PostgresTables | None = None
    log: DecisionLog | None = None
    verify: _Text | Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)] | None = None
    """Files with public keys of minisign: policies are put into force with a signature of one of them only."""
    gateway: Gateway | None = None
    traces: bool = False
    """Whether requests are traced with OpenTelemetry, to where the environment says."""
    poll_seconds: _Positive = 2
    """How often the policies are looked at again."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The files of `verify`."""
        return (self.verify,) if isinstance(self.verify, str) else self.verify or ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are read beside the policies."""
        tls = () if self.tls is None else (self.tls.certificate, self.tls.key, self.tls.client_ca)
        path = getattr(self.store, "path", None)
        return tuple(each for each in (*self.keys, *tls, path) if each is not None)

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def has_credentials(self) -> bool:
        """Whether clients have to say who they are."""
        return bool(self.tokens) or (self.tls is not None and self.tls.client_ca is not None)

    @property
    def base(self) -> str:
        """Where clients reach it."""
        if self.address is not None:
            return self.address.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def hosts(self) -> frozenset[str] | None:
        """The names that a request may be for; ``None``: any, where credentials stand in the way of other sites."""
        if self.has_credentials:
            return None
        own = {"localhost", "127.0.0.1", "::1", self.host, *(self.gateway.hosts if self.gateway else ())}
        named = urlsplit(self.base).hostname
        return frozenset(own | {named} if named else own)

    def unsafe(self) -> tuple[str, str] | None:
        """Why the service does not start, as it would serve people whom nobody meant, and what to do."""
        if not self.is_local and not self.has_credentials:
            return (
                f"`{self.host}` can be reached from elsewhere, and clients need not say who they are",
                "give clients `tokens`, or certificates with `tls: client_ca`; or listen on 127.0.0.1",
            )
        if not self.is_local and self.tls is None and not self.tls_in_front:
            return (
                f"`{self.host}` can be reached from elsewhere, and tokens would travel in the clear",
                "set `tls`; where a proxy in front ends TLS, say `tls_in_front: true`",
            )
        if self.tls is not None and self.tls_in_front:
            return ("`tls` and `tls_in_front` contradict each other", "remove one of the two")
        hashes = [token.sha256 for token in self.tokens]
        if len(set(hashes)) != len(hashes):
            return ("two tokens are the same", "give every client a token of its own")
        if _EMPTY in hashes:
            return ("a token is empty", "make one: `openssl rand -hex 32`")
        if self.gateway is not None and any(route.path.count("{id}") > 1 for route in self.gateway.routes):
            return ("a path of `gateway` has two ids", "write `{id}` once: it is the id of the record")
        if any(name in RESERVED for name in self.trusted.action):
            return ("`changes` and `field` of an action are always read", "remove them from `trusted: action`")
        return None


def service_schema() -> dict[str, Any]:
    """The JSON Schema of the file behind ``policylang serve --config``."""
    return schema_of(ServiceConfig, "service", "policylang service")


def read_service_config(path: Path) -> ServiceConfig:
    """Read and validate a file. Raises `ConfigError`, or OSError where it cannot be read."""
    try:
        document = read_yaml(read_text(path))
        if document.value is None:
            return ServiceConfig()
        return _beside(converted(document, ServiceConfig, service_schema), path.parent)
    except YamlError as error:
        raise ConfigError(path, error) from None


def _beside(config: ServiceConfig, folder: Path) -> ServiceConfig:
    """With its paths as they are from here."""
    changed: dict[str, Any] = {}
    if config.tls is not None:
        named = {
            name: str(folder / value)
            for name in ("certificate", "key", "client_ca")
            if (value := getattr(config.tls, name)) is not None
        }
        changed["tls"] = msgspec.structs.replace(config.tls, **named)
    if isinstance(config.store, Memory | Sqlite | Duckdb):
        changed["store"] = msgspec.structs.replace(config.store, path=str(folder / config.store.path))
    if config.verify is not None:
        changed["verify"] = tuple(str(folder / each) for each in config.keys)
    if config.log is not None:
        changed["log"] = msgspec.structs.replace(config.log, path=str(folder / config.log.path))
    return msgspec.structs.replace(config, **changed)


_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
