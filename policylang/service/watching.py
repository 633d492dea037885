"""The policies in force, and the thread that puts new ones in their place."""

from __future__ import annotations

import datetime
import logging
import random
import threading
import time
from typing import Self

import msgspec

from policylang.api.policy_set import PolicySet
from policylang.service.sources import PolicySource, ReadPolicies, SourceError, Unusable

log = logging.getLogger("policylang.service")

_LONGEST_WAIT = 60.0
_WARMED = 1000


class State(msgspec.Struct, frozen=True):
    """What is in force, since when, and whether something newer was refused."""

    policies: PolicySet
    since: float
    loads: int = 1
    refusals: int = 0
    refused: str | None = None
    """Why the newest is not in force."""


class PoliciesInForce:
    """The policies in force. Replaced in one step: who took them keeps them for the whole request."""

    def __init__(self, policies: PolicySet) -> None:
        self.state = State(policies, time.time())
        self._asked: dict[tuple[str, str, str], None] = {}

    @property
    def now(self) -> PolicySet:
        return self.state.policies

    def note(self, user: str, action: str, resource: str) -> None:
        """Remember what is asked of what there is, to have the next policies ready for it."""
        index = self.state.policies.index
        if len(self._asked) < _WARMED and action in index.actions.get(resource, ()) and index.knows(user):
            self._asked[user, action, resource] = None

    def replace(self, policies: PolicySet) -> None:
        """Put others in their place, which have answered once what was asked lately."""
        now = datetime.datetime.now(datetime.UTC)
        for user, action, resource in list(self._asked):
            policies.decide(user, action, resource, {}, now=now)
        self._asked = {}
        self.state = State(policies, time.time(), self.state.loads + 1, self.state.refusals)
        log.info("policies %s are in force", policies.digest)

    def refuse(self, reason: str) -> None:
        """Keep those in force, and say so."""
        state = self.state
        self.state = msgspec.structs.replace(state, refusals=state.refusals + 1, refused=reason)
        log.error("policies refused, %s stay in force: %s", state.policies.digest, reason)

    def confirm(self) -> None:
        """Note that what is there is what is in force again."""
        if self.state.refused is not None:
            self.state = msgspec.structs.replace(self.state, refused=None)


class Watcher:
    """Looks for newer policies at an interval, which grows with each failure in a row."""

    def __init__(self, source: PolicySource, read: ReadPolicies, seconds: float, policies: PoliciesInForce) -> None:
        """``read``: what is in force."""
        self._source, self._seconds, self._policies = source, seconds, policies
        self._in_force = self._seen = read.mark
        self._failures = 0
        self._ended, self._asked = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="policies", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._asked.set()
        self._thread.join(5)

    def look_soon(self) -> None:
        """Have the thread look now, and wait no longer."""
        self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait(self._wait())
            self._asked.clear()
            if self._ended.is_set():
                return
            self.look()

    def _wait(self) -> float:
        wait = min(self._seconds * (1 << min(self._failures, 10)), max(self._seconds, _LONGEST_WAIT))
        return wait * random.uniform(0.8, 1.2)  # noqa: S311

    def look(self) -> None:
        """Look once."""
        try:
            read = self._source.read(self._seen)
            if read is not None:
                self._policies.replace(PolicySet(read.policy_set))
        except Unusable as error:
            self._seen = error.mark
            self._refuse_unless_told(str(error))
        except SourceError as error:
            self._failures += 1
            self._refuse_unless_told(str(error))
        except Exception as error:  # a mistake here must not end the service, nor what it knows
            self._failures += 1
            self._refuse_unless_told(f"{type(error).__name__}: {error}")
        else:
            self._failures = 0
            if read is not None:
                self._in_force = self._seen = read.mark
            elif self._seen == self._in_force:
                self._policies.confirm()

    def _refuse_unless_told(self, reason: str) -> None:
        if self._policies.state.refused != reason:
            self._policies.refuse(reason)
