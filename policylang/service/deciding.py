"""From a request of the Authorization API to a decision of the policy set."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec

from policylang.api.policy_set import PolicySet
from policylang.model.types import DateTimeType
from policylang.runtime.hypothetical import with_attributes
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request, instant
from policylang.runtime.values import BadValueError, read
from policylang.service.stores.store import Deadline, Store, StoredRecord, with_related
from policylang.service.wire import AskedAction, Entity, Evaluation, RefusedRequest
from policylang.settings.service import ServiceConfig

_UNKNOWN_SUBJECT = Decision(False, (), ("there are no subjects of this type",))
_UNKNOWN_RECORD = Decision(False, (), ("there is no record with this id",))
_BAD_SUBJECT = Decision(False, (), ("a property of the subject is not of its attribute's type",))


class Turn(msgspec.Struct, frozen=True):
    """What holds for a whole request: the policies, the instant at which it came, and until when it is answered."""

    policies: PolicySet
    clock: datetime.datetime
    deadline: Deadline


class Decided(msgspec.Struct, frozen=True):
    """A decision, and the question; ``None`` where the policies were not asked."""

    decision: Decision
    asked: Request | None


class Interpreter:
    """Says what a request means for a policy set, by the config."""

    def __init__(self, config: ServiceConfig, store: Store | None) -> None:
        self.store = store
        self._users = frozenset(config.subjects.users)
        self._integrations = frozenset(config.subjects.integrations)
        self._resources = config.resources
        self._types = {name: type_ for type_, name in config.resources.items()}
        self._trusted_subject = config.trusted.subject
        self._trusted_action = config.trusted.action
        self._time = config.trusted.time

    # --- subjects --------------------------------------------------------------------------------------------

    def knows(self, policies: PolicySet, type_: str, id_: str) -> bool:
        """Whether an id is one of a user or an integration, as the type of the subject says."""
        index = policies.index
        if type_ in self._users and id_ in index.users:
            return True
        return type_ in self._integrations and id_ in index.integrations

    def is_subject(self, type_: str) -> bool:
        return type_ in self._users or type_ in self._integrations

    def trusting(self, policies: PolicySet, subject: Entity) -> PolicySet | None:
        """The policy set in which the subject has the attributes that are believed of it; ``None`` for one that is not
        of its type.
        """
        stated = self.stated(subject)
        if not stated:
            return policies
        try:
            index = with_attributes(policies.index, subject.id, stated)
        except BadValueError:
            return None
        return policies if index is policies.index else PolicySet(index)

    def stated(self, subject: Entity) -> dict[str, Any]:
        """What is believed of a subject."""
        return {name: subject.properties[name] for name in self._trusted_subject if name in subject.properties}

    # --- everything else -------------------------------------------------------------------------------------

    def resource(self, type_: str) -> str:
        """The name of a type of resources in the policies."""
        return self._resources.get(type_, type_)

    def now(self, turn: Turn, context: Mapping[str, Any]) -> datetime.datetime:
        """The instant of the decision. Raises `RefusedRequest` for a `time` that is none."""
        if not self._time or "time" not in context:
            return turn.clock
        try:
            at: datetime.datetime = read(DateTimeType(), context["time"], "time")
            return instant(turn.policies.index, at)
        except ValueError:
            raise RefusedRequest(400, "`context.time` is not an instant with its offset") from None

    def request(self, turn: Turn, action: AskedAction, context: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of the request: from the context, and what is believed of the action."""
        declared = turn.policies.index.request
        if not declared:
            return {}
        found = {name: context[name] for name in declared if name in context}
        for name in self._trusted_action:
            found.pop(name, None)
            if name in declared and name in action.properties:
                found[name] = action.properties[name]
        return found

    def record(self, turn: Turn, action: str, resource: Entity) -> Mapping[str, Any] | None:
        """What is known of a record; ``None`` for one that the store does not have and of which nothing is said. A
        proposed record is what the request says of it.
        """
        name, index, store = self.resource(resource.type), turn.policies.index, self.store
        given = with_related(store, index, name, resource.properties, turn.deadline)
        creates = action in index.actions.get(name, ()) and index.kind(name, action) == "create"
        if store is None or creates or name not in index.resources or not store.holds(index, name):
            return {**given, "id": resource.id}
        record = StoredRecord(store, index, name, resource.id, given, turn.deadline)
        return record if resource.properties or record.exists else None

    def _asked(self, turn: Turn, wanted: Evaluation) -> Request | Decision:
        """The question, or the answer where none is needed."""
        policies, subject, action = turn.policies, wanted.subject, wanted.action
        is_known = policies.index.knows(subject.id)
        if not self.is_subject(subject.type) or (is_known and not self.knows(policies, subject.type, subject.id)):
            return _UNKNOWN_SUBJECT
        record = self.record(turn, action.name, wanted.resource)
        if record is None:
            return _UNKNOWN_RECORD
        field, changes = action.properties.get("field"), action.properties.get("changes")
        name = self.resource(wanted.resource.type)
        return Request(
            subject.id,
            action.name,
            name,
            record,
            self.now(turn, wanted.context),
            self.request(turn, action, wanted.context),
            field,
            None if changes is None else with_related(self.store, policies.index, name, changes, turn.deadline),
        )

    def decide(self, turn: Turn, wanted: Evaluation) -> Decided:
        """The decision. Raises `RefusedRequest`, `StoreError` and `LateError`; nothing is allowed then."""
        asked = self._asked(turn, wanted)
        if isinstance(asked, Decision):
            return Decided(asked, None)
        trusting = self.trusting(turn.policies, wanted.subject)
        if trusting is None:
            return Decided(_BAD_SUBJECT, None)
        return Decided(trusting.decide(**msgspec.structs.asdict(asked)), asked)
