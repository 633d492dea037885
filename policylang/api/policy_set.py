"""The decision as a service uses it: load a compiled policy set once, ask it as often as requests come."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any

from policylang.diagnostics import quoted
from policylang.ir import nodes as ir
from policylang.runtime.access import Access, access
from policylang.runtime.compiled import NOT_CLEAR, Engine, UnclearError
from policylang.runtime.filter import Filter, make_filter
from policylang.runtime.index import Index
from policylang.runtime.many import decide_many
from policylang.runtime.plan import make_plan
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request, instant
from policylang.runtime.trees import Lookup, no_records
from policylang.runtime.truth import Situation
from policylang.runtime.values import given_record, given_request
from policylang.suggest import closest

if TYPE_CHECKING:
    from policylang.explaining.tree import Explanation


class PolicySet:
    """A compiled policy set that answers questions.

    Nothing about it changes after it was loaded, so threads may share it. To take a new version into use, load that
    and put it in the place of the old one; requests under way finish with the one they began with.

    Common arguments:

    ``user``
        the id of a user, or the name of an integration.
    ``record``
        a mapping, a row of a database, a named tuple, or any object with attributes; TypeError for anything else.
        Values are Python's (str, bool, int, Decimal, date, aware datetime, list or set) or texts as the language writes
        them (``2026-01-31T08:00:00Z``, ``49.90``, ``30 days``); a related record is a record again, or its bare key.
        What is absent or ``None`` is missing. Only what the policies ask about is read, and each attribute once for a
        question, so that one whose value changes has one value in an answer. A set that can be read only once, such as
        a generator, is a TypeError.
    ``now``
        an aware datetime: there is no clock in here, the same question has the same answer for ever.
    ``request``
        the attributes of the request itself, given like a record.
    ``field``
        an attribute of the record, to ask about that alone.
    ``changes``
        what modify would write, by attribute; ``None`` empties it. The decision is made on the record before the
        change and after it.
    """

    def __init__(self, policy_set: ir.PolicySet | Index, lookup: Lookup = no_records) -> None:
        """``lookup`` finds the records above another one in a tree where only their ids are handed over: it is called
        with a resource and an id, and returns the record, or ``None`` where there is none.
        """
        self._index = policy_set if isinstance(policy_set, Index) else Index(policy_set, lookup)
        self._engine = Engine(self._index)
        self._quick = self._engine.quick

    @property
    def digest(self) -> str:
        """``sha256:…`` of the content: which policies decided."""
        return self._index.policy_set.digest

    @property
    def resources(self) -> tuple[str, ...]:
        """The names of the resources, in order."""
        return tuple(sorted(self._index.resources))

    def actions(self, resource: str) -> tuple[str, ...]:
        """The actions of a resource, as they are declared. Raises LookupError for a resource that there is not."""
        if resource not in self._index.resources:
            raise LookupError(_unknown(f"resource {quoted(str(resource))}", str(resource), self._index.resources))
        return tuple(self._index.actions[resource])

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles, in order."""
        return tuple(sorted(self._index.roles))

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups, in order."""
        return tuple(sorted(self._index.groups))

    @property
    def users(self) -> tuple[str, ...]:
        """The ids of the users, in order; integrations are not among them."""
        return tuple(sorted(self._index.users))

    @property
    def index(self) -> Index:
        """The declarations by name."""
        return self._index

    def decide(
        self,
        user: str,
        action: str,
        resource: str,
        record: Any = None,
        *,
        now: datetime.datetime,
        request: Any = None,
        field: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Decision:
        """Whether the user may do that to the record, which attributes that covers, and why.

        What the policy set does not know is denied, and says so. Raises ValueError for a ``now`` without an offset.
        """
        if (
            field is None
            and changes is None
            and type(record) is dict
            and (request is None or type(request) is dict)
            and type(user) is type(action) is type(resource) is str
            and now.tzinfo is UTC
            and 1 < now.year < 9999
        ):
            # What is asked most, without a call more than needed; whatever is unusual about it is left to the engine.
            try:
                kept = self._quick[user][resource, action]
                for name in record:
                    if type(name) is not str:
                        raise UnclearError
                for name in request or ():
                    if type(name) is not str:
                        raise UnclearError
                found: Decision | None = kept[kept[1][kept[0](record, user, request, now)]]
                if found is not None:
                    return found
            except (LookupError, TypeError, *NOT_CLEAR):
                pass
        return self._engine.decide(user, action, resource, record, now, request, field, changes)

    def allows(
        self,
        user: str,
        action: str,
        resource: str,
        record: Any = None,
        *,
        now: datetime.datetime,
        request: Any = None,
        field: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> bool:
        """`decide`, and only whether."""
        return self.decide(
            user, action, resource, record, now=now, request=request, field=field, changes=changes
        ).allowed

    def explain(
        self,
        user: str,
        action: str,
        resource: str,
        record: Any = None,
        *,
        now: datetime.datetime,
        request: Any = None,
        field: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Why `decide` says what it says: every way the request could be allowed, what stands in each, and for a denial
        the smallest change that would allow it.
        """
        from policylang.explaining.explain import explain  # with the prover: whoever only decides needs none of it

        return explain(self._index, Request(user, action, resource, record, now, request, field, changes))

    def decide_many(
        self,
        requests: Iterable[Mapping[str, Any]],
        *,
        user: str | None = None,
        action: str | None = None,
        resource: str | None = None,
        now: datetime.datetime | None = None,
        request: Any = None,
    ) -> list[Decision]:
        """Decisions in the order of the requests, each a mapping with the names of `decide`'s arguments.

        The other arguments are for those that do not say their own: for a list that one user looks at, what differs is
        the record. Raises ValueError where there is no ``now``, KeyError where user, action or resource is left out,
        TypeError for a name that is not an argument.
        """
        return decide_many(self._engine, requests, user, action, resource, now, request)

    def filter(self, user: str, action: str, resource: str, *, now: datetime.datetime, request: Any = None) -> Filter:
        """The records on which the action is open to the user: what is left of the decision when only they are unknown.

        For a list view: `Filter.to_sql` gives the condition for the query, `Filter.matches` tests one record. Nothing
        is open to somebody who is not known. Raises LookupError for a resource or an action that there is not.
        """
        index, now = self._index, instant(self._index, now)
        request = given_request(request)
        _know(index, action, resource)
        try:
            who = self._engine.holder(user, now).profile
        except (UnclearError, KeyError, TypeError):
            return Filter(index, resource, False, now)
        return make_filter(
            make_plan(index, who, action, resource),
            Situation(index, user, resource, {}, request, now),
            lambda record: self.allows(user, action, resource, record, now=now, request=request),
            lambda owner, name: self._engine.eligible(owner, name, now),
        )

    def who_can(
        self, action: str, resource: str, record: Any = None, *, now: datetime.datetime, request: Any = None
    ) -> tuple[str, ...]:
        """The ids of the users and integrations who may do that, in order.

        With a record: to this record. Without one: to some record, which is said by the shape of the conditions: one
        that no record can satisfy is a finding of ``policylang check``, not looked for here. Without a ``request`` as
        well, by some request. Raises LookupError for a resource or an action that there is not.
        """
        request = None if request is None else given_request(request)
        record = None if record is None else given_record(record)
        _know(self._index, action, resource)
        if record is not None:
            return tuple(
                user
                for user in self._index.requesters
                if self.allows(user, action, resource, record, now=now, request=request)
            )
        now = instant(self._index, now)
        if request is not None:
            return tuple(
                user
                for user in self._index.requesters
                if not self.filter(user, action, resource, now=now, request=request).nothing
            )
        return tuple(
            user
            for user in self._index.requesters
            if next(access(self._index, user, now, [(resource, action)]), None) is not None
        )

    def access(self, user: str, *, now: datetime.datetime | None = None) -> tuple[Access, ...]:
        """Everything that the user may do, one entry for each way; nothing for somebody who is not known.

        Without ``now``: everything that is assigned at any time, with the dates.
        """
        if now is not None:
            now = instant(self._index, now)
        if user not in self._index.users and user not in self._index.integrations:
            return ()
        return tuple(access(self._index, user, now))

    def eligible(self, attribute: str, *, now: datetime.datetime | None = None) -> tuple[str, ...]:
        """The ids of the users who may be written into an attribute, given as ``customer.sales_rep``, in order.

        Without ``now``: those who may at some time. Raises LookupError for an attribute that there is not.
        """
        resource, _, name = attribute.partition(".")
        if name not in self._index.attributes.get(resource, {}):
            raise LookupError(f"there is no attribute `{attribute}`")
        return self._engine.eligible(resource, name, None if now is None else instant(self._index, now))


def _know(index: Index, action: str, resource: str) -> None:
    """Raises LookupError for a resource or an action that there is not, with the name that may be meant."""
    if not isinstance(resource, str) or resource not in index.resources:
        raise LookupError(_unknown(f"resource {quoted(str(resource))}", str(resource), index.resources))
    if not isinstance(action, str) or action not in index.actions[resource]:
        of = f"action {quoted(str(action))} of {quoted(resource)}"
        raise LookupError(_unknown(of, str(action), index.actions[resource]))


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = closest(name, known)
    return f"there is no {what}" + (f": did you mean {quoted(near)}?" if near else "")
