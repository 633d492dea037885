"""SpiceDB, by spicedb-embedded: in this process, with a store in memory for each engine."""

from __future__ import annotations

import ctypes
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import grpc
import spicedb_embedded
from authzed.api import v1
from authzed.api.v1.permission_service_pb2 import LookupPermissionship
from authzed.api.v1.permission_service_pb2_grpc import PermissionsServiceStub
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from spicedb_embedded import ffi

from tests.engines.files import EngineError
from tools import engines

Verdict = Literal["yes", "no", "conditional"]

_RELATIONSHIP = re.compile(
    r"(?P<object>[^#@\[]+)#(?P<relation>\w+)@(?P<subject>[^#@\[]+)(#(?P<of>\w+))?(\[(?P<caveat>\w+)(:(?P<context>.*))?\])?"
)
_VERDICTS: Mapping[int, Verdict] = {
    v1.CheckPermissionResponse.PERMISSIONSHIP_HAS_PERMISSION: "yes",
    v1.CheckPermissionResponse.PERMISSIONSHIP_NO_PERMISSION: "no",
    v1.CheckPermissionResponse.PERMISSIONSHIP_CONDITIONAL_PERMISSION: "conditional",
}
_FULLY = v1.Consistency(fully_consistent=True)
_WRITTEN_AT_ONCE = 1000  # what a server accepts


class Check(NamedTuple):
    """``object`` and ``subject`` as ``type:id``; ``context`` for caveats."""

    object: str
    permission: str
    subject: str
    context: Mapping[str, Any] = {}


class SpiceDbEngine:
    """A schema, and relationships as zed writes them: ``doc:1#reader@user:ann[caveat:{"limit": 1}]``."""

    def __init__(self, schema: str, relationships: Iterable[str] = ()) -> None:
        os.environ["SPICEDB_LIBRARY_PATH"] = str(engines.installed(engines.SPICEDB))
        # As declared in 0.7.1, it cannot be called with the address of a message, and hides every error.
        ffi._get_lib().spicedb_free.argtypes = [ctypes.c_void_p]
        written = [*relationships]
        try:
            first = [_relationship(line) for line in written[:_WRITTEN_AT_ONCE]]
            self._db = spicedb_embedded.EmbeddedSpiceDB.start(schema, first)
            self.write(written[_WRITTEN_AT_ONCE:])
        except spicedb_embedded.SpiceDBError as error:
            raise EngineError(str(error)) from error

    def write(self, relationships: Sequence[str]) -> None:
        """More of them."""
        create = v1.RelationshipUpdate.Operation.OPERATION_CREATE
        for begin in range(0, len(relationships), _WRITTEN_AT_ONCE):
            some = map(_relationship, relationships[begin : begin + _WRITTEN_AT_ONCE])
            updates = [v1.RelationshipUpdate(operation=create, relationship=each) for each in some]
            self._db.permissions().WriteRelationships(v1.WriteRelationshipsRequest(updates=updates))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._db.close()

    def check(self, requests: Sequence[Check]) -> list[Verdict]:
        """Answer each; ``conditional`` where a caveat lacks a value, which is not a yes."""
        items = [
            v1.CheckBulkPermissionsRequestItem(
                resource=_object(each.object),
                permission=each.permission,
                subject=v1.SubjectReference(object=_object(each.subject)),
                context=ParseDict(dict(each.context), Struct()),
            )
            for each in requests
        ]
        asked = v1.CheckBulkPermissionsRequest(consistency=_FULLY, items=items)
        pairs = self._db.permissions().CheckBulkPermissions(asked).pairs
        verdicts = []
        for request, pair in zip(requests, pairs, strict=True):
            if pair.HasField("error"):
                raise EngineError(f"{request}: {pair.error.message}")
            verdicts.append(_VERDICTS[pair.item.permissionship])
        return verdicts

    def lookup(
        self, type: str, permission: str, subject: str, context: Mapping[str, Any] | None = None
    ) -> dict[str, Verdict]:
        """The objects of a type that the subject has, or may have, the permission for, by id."""
        asked = v1.LookupResourcesRequest(
            consistency=_FULLY,
            resource_object_type=type,
            permission=permission,
            subject=v1.SubjectReference(object=_object(subject)),
            context=ParseDict(dict(context or {}), Struct()),
        )
        yes = LookupPermissionship.LOOKUP_PERMISSIONSHIP_HAS_PERMISSION
        found = PermissionsServiceStub(self._db.channel()).LookupResources(asked)
        try:
            return {each.resource_object_id: "yes" if each.permissionship == yes else "conditional" for each in found}
        except grpc.RpcError as error:
            raise EngineError(str(error)) from error


def _object(name: str) -> v1.ObjectReference:
    kind, _, id = name.partition(":")
    return v1.ObjectReference(object_type=kind, object_id=id)


def _relationship(line: str) -> v1.Relationship:
    match = _RELATIONSHIP.fullmatch(line.strip())
    if match is None:
        raise EngineError(f"not a relationship: {line}")
    part = match.groupdict()
    subject = v1.SubjectReference(object=_object(part["subject"]), optional_relation=part["of"] or "")
    caveat = None
    if part["caveat"]:
        context = ParseDict(json.loads(part["context"] or "{}"), Struct())
        caveat = v1.ContextualizedCaveat(caveat_name=part["caveat"], context=context)
    return v1.Relationship(
        resource=_object(part["object"]), relation=part["relation"], subject=subject, optional_caveat=caveat
    )
