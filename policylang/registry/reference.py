"""Where something is in a registry: ``oci://HOST/NAME:TAG``, or ``…@sha256:…`` for exactly one content."""

from __future__ import annotations

import ipaddress
import re
from typing import Self

import msgspec

SCHEME = "oci://"

_DIGEST = r"sha256:[0-9a-f]{64}"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    r"(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?)"
    rf"/(?P<name>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    rf"(?:@(?P<digest>{_DIGEST}))?"
)
_LONGEST_NAME = 255
_LARGEST_PORT = 65535


class Reference(msgspec.Struct, frozen=True):
    """The place of an artifact. With a digest it is that content for ever, whatever the tag says."""

    host: str
    name: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError with what is wrong."""
        found = _REFERENCE.fullmatch(text.removeprefix(SCHEME))
        if found is None or len(found["name"]) > _LONGEST_NAME:
            raise ValueError("this is not `oci://HOST/NAME:TAG` or `oci://HOST/NAME@sha256:DIGEST`")
        if int(found["port"] or 0) > _LARGEST_PORT:
            raise ValueError(f"this is not a port: the largest is {_LARGEST_PORT}")  # else another would be asked
        if found["tag"] is None and found["digest"] is None:
            raise ValueError("this names no tag and no digest")
        return cls(found["host"], found["name"], found["tag"], found["digest"])

    @property
    def of(self) -> str:
        """The digest, or the tag where there is none."""
        found = self.digest or self.tag
        assert found is not None
        return found

    @property
    def base(self) -> str:
        """The address of the repository. Only a registry on this machine is asked without TLS."""
        return f"{'http' if is_local(self.host) else 'https'}://{self.host}/v2/{self.name}"

    def __str__(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{SCHEME}{self.host}/{self.name}{tag}{digest}"


def is_digest(text: str) -> bool:
    """Whether a text names some content by SHA-256."""
    return re.fullmatch(_DIGEST, text) is not None


def is_local(host: str) -> bool:
    """Whether a host, with a port or without, is this machine."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
