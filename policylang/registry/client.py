"""A registry over HTTP: the part of the OCI distribution API that carries bundles.

What a registry sends is checked against its digest before anybody uses it. Sizes and times are bounded, credentials go
to the registry alone, and nothing but a registry on this machine is asked without TLS.
"""

from __future__ import annotations

import hashlib
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from urllib.parse import quote, urlencode, urljoin, urlsplit

import msgspec

from policylang.registry import transfer
from policylang.registry.credentials import credentials
from policylang.registry.reference import Reference, is_digest, is_local

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MOST_MANIFEST = 1 << 20

_REDIRECTS = 3
_MOST_ERROR = 65_536
_CHALLENGE = re.compile(r'([a-z_]+)="([^"]*)"')
_CODE = re.compile(r"[A-Z_]{1,60}")
_AGAIN = (401, 301, 302, 303, 307, 308)


class RegistryError(Exception):
    """A registry failed or refused; the message says why."""


class NotThereError(RegistryError):
    """The registry has no such thing."""


class RegistryAnswer(msgspec.Struct, frozen=True):
    """What a registry answers."""

    status: int
    headers: Message
    content: bytes
    """Up to a byte more than was asked for."""


def digest_of(content: bytes) -> str:
    """The digest that names some content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Registry:
    """The repository of a reference."""

    def __init__(self, reference: Reference) -> None:
        self._reference, self._base = reference, reference.base
        self._authorization: str | None = None

    # --- reading ---------------------------------------------------------------------------------------------

    def digest(self) -> str:
        """The digest of the manifest that the reference names now. Raises `RegistryError`."""
        if self._reference.digest is not None:
            return self._reference.digest
        answer = self._ask("HEAD", f"{self._base}/manifests/{self._reference.of}", {"Accept": MANIFEST})
        said = answer.headers.get("Docker-Content-Digest", "")
        return said if is_digest(said) else digest_of(self.manifest())

    def manifest(self, digest: str | None = None) -> bytes:
        """The manifest that the reference names, or the one of ``digest``. Raises `RegistryError`."""
        wanted = digest or self._reference.of
        answer = self._ask("GET", f"{self._base}/manifests/{wanted}", {"Accept": MANIFEST}, most=MOST_MANIFEST)
        if len(answer.content) > MOST_MANIFEST:
            raise RegistryError(f"the manifest is larger than {MOST_MANIFEST:,} bytes")
        named = digest or self._reference.digest
        if named is not None and digest_of(answer.content) != named:
            raise RegistryError(f"the manifest that the registry sends is not {named}")
        return answer.content

    def blob(self, digest: str, size: int) -> bytes:
        """The content of a digest. Raises `RegistryError` where the registry sends another, or less of it."""
        content = self._ask("GET", f"{self._base}/blobs/{digest}", most=size).content
        if len(content) < size:
            raise RegistryError(f"the registry sends {len(content):,} of {size:,} bytes")
        if digest_of(content) != digest:
            raise RegistryError(f"the content that the registry sends is not {digest}")
        return content

    # --- writing ---------------------------------------------------------------------------------------------

    def put_blob(self, content: bytes) -> None:
        """Upload some content, unless the registry has it already. Raises `RegistryError`."""
        digest = digest_of(content)
        try:
            self._ask("HEAD", f"{self._base}/blobs/{digest}")
        except NotThereError:
            begun = self._ask("POST", f"{self._base}/blobs/uploads/", body=b"")
            address = self._own(begun.headers.get("Location", ""))
            address += f"{'&' if urlsplit(address).query else '?'}digest={quote(digest)}"
            self._ask("PUT", address, {"Content-Type": "application/octet-stream"}, content)

    def put_manifest(self, content: bytes) -> None:
        """Upload a manifest whose blobs the registry has, and name it by the reference. Raises `RegistryError`."""
        self._ask("PUT", f"{self._base}/manifests/{self._reference.of}", {"Content-Type": MANIFEST}, content)

    def _own(self, address: str) -> str:
        """The address that the registry wants an upload at, which has to be its own."""
        joined = _joined(f"{self._base}/", address)
        one, other = urlsplit(joined), urlsplit(self._base)
        if (one.scheme, one.netloc) != (other.scheme, other.netloc):
            raise RegistryError("the registry sends uploads to another host")
        return joined

    # --- questions -------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = _MOST_ERROR,
    ) -> RegistryAnswer:
        """The answer, after any login and redirects. Raises `RegistryError`."""
        until = time.monotonic() + transfer.SECONDS_ALL
        is_told = False
        for _ in range(_REDIRECTS + 2):
            answer = self._send(method, address, headers or {}, body, most, until)
            if answer.status not in _AGAIN:
                break
            if answer.status == 401:
                if urlsplit(address).netloc != self._reference.host or is_told:
                    break
                is_told = True  # once: a token may have ended, or be for less
                self._authorization = None
                self._authorization = self._authorize(answer.headers.get_all("WWW-Authenticate") or [], method)
                if self._authorization is None:
                    break
            elif method == "GET":
                address = self._elsewhere(address, answer.headers.get("Location", ""))
            else:
                break
        if 200 <= answer.status < 300:
            return answer
        raise _refusal(answer)

    def _elsewhere(self, address: str, location: str) -> str:
        """Where a registry keeps its content, such as in a bucket. That host gets no credentials."""
        joined = _joined(address, location)
        if not self._is_safe(joined):
            raise RegistryError("the registry sends the content without TLS")
        return joined

    def _is_safe(self, address: str) -> bool:
        """Whether nobody can listen on the way to an address that the registry names."""
        parts = urlsplit(address)
        is_here = is_local(self._reference.host) and is_local(parts.netloc)
        return parts.scheme == "https" or (parts.scheme == "http" and is_here)

    def _send(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None, most: int, until: float
    ) -> RegistryAnswer:
        sent = None if body is None else transfer.parts(body, until)
        length = {} if body is None else {"Content-Length": str(len(body))}
        request = urllib.request.Request(address, sent, {**headers, **length}, method=method)  # noqa: S310  # see `base`
        if self._authorization is not None and urlsplit(address).netloc == self._reference.host:
            request.add_unredirected_header("Authorization", self._authorization)
        try:
            try:
                with transfer.send(request, until) as answer:
                    return RegistryAnswer(answer.status, answer.headers, answer.read(most + 1))
            except urllib.error.HTTPError as error:
                with error:
                    return RegistryAnswer(error.code, error.headers, error.read(_MOST_ERROR))
        except (OSError, ValueError, EOFError) as error:
            raise RegistryError(f"the registry cannot be reached: {transfer.why(error)}") from None
        except Exception as error:  # http.client raises its own for what is no HTTP
            raise RegistryError(f"the registry does not speak HTTP: {type(error).__name__}") from None

    def _authorize(self, challenges: list[str], method: str) -> str | None:
        """The ``Authorization`` header that one of the challenges asks for."""
        for challenge in challenges:
            scheme, _, rest = challenge.partition(" ")
            login = self._login
            if scheme.lower() == "basic" and login is not None:
                return f"Basic {login}"
            if scheme.lower() == "bearer":
                return self._token(dict(_CHALLENGE.findall(rest)), method)
        return None

    @property
    def _login(self) -> str | None:
        """Read each time: logins end, and are renewed by others."""
        return credentials(self._reference.host)

    def _token(self, said: dict[str, str], method: str) -> str:
        """A token from the service that the registry names."""
        realm = urlsplit(_joined("", said.get("realm", "")))
        if not self._is_safe(realm.geturl()):
            raise RegistryError("the registry sends for tokens without TLS")
        does = "pull" if method in ("GET", "HEAD") else "pull,push"
        wanted = {"scope": said.get("scope") or f"repository:{self._reference.name}:{does}"}
        if "service" in said:
            wanted["service"] = said["service"]
        address = realm._replace(query="&".join(filter(None, (realm.query, urlencode(wanted))))).geturl()
        login = self._login
        headers = {} if login is None else {"Authorization": f"Basic {login}"}
        answer = self._send("GET", address, headers, None, _MOST_ERROR, time.monotonic() + transfer.SECONDS)
        if answer.status != 200:
            raise _refusal(answer)
        try:
            content = msgspec.json.decode(answer.content)
            token = content.get("token") or content.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
            raise RegistryError("the registry gives no token")
        return f"Bearer {token}"


def _joined(address: str, location: str) -> str:
    try:
        return urlsplit(urljoin(address, location)).geturl()
    except ValueError:
        raise RegistryError("the registry names what is no address") from None


def _refusal(answer: RegistryAnswer) -> RegistryError:
    """Why a registry refuses: its status, and the codes that the API has for reasons."""
    try:
        codes = [each["code"] for each in msgspec.json.decode(answer.content)["errors"]]
    except (ValueError, TypeError, LookupError, RecursionError):
        codes = []
    shown = "".join(f" {code}" for code in codes[:3] if isinstance(code, str) and _CODE.fullmatch(code))
    kind = NotThereError if answer.status == 404 else RegistryError
    return kind(f"the registry answers {answer.status}{shown}")
