"""From a decision of the service to a line of its decision log."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

from policylang.decisionlog.entry import FORMAT, LoggedDecision, MaskedValues, encode
from policylang.decisionlog.masking import Mask
from policylang.decisionlog.writer import DecisionSink, DecisionWriter, FileSink
from policylang.model.instants import instant_text
from policylang.service.deciding import Decided, Interpreter, Turn
from policylang.service.stores.store import what_was_read
from policylang.service.wire import Evaluation
from policylang.settings.service import DecisionLog

_LONGEST_ID = 256
"""Characters of a request's id: it comes from anybody, and stands in each line."""
_NOTHING = MaskedValues({}, ())


class DecisionLogger:
    """Chooses which decisions are written down, and what of them."""

    def __init__(self, config: DecisionLog, interpreter: Interpreter, sink: DecisionSink | None = None) -> None:
        """Raises OSError for a file that cannot be written to."""
        self._mask = Mask(config.mask, config.show)
        self._percent = {True: config.allowed_percent, False: config.denied_percent}
        self._interpreter = interpreter
        self.writer = DecisionWriter(FileSink(Path(config.path)) if sink is None else sink).start()

    def log(self, turn: Turn, wanted: Evaluation, decided: Decided, seconds: float, request_id: str | None) -> None:
        """Write a decision down, in a while."""
        percent = self._percent[decided.decision.allowed]
        if percent < 100 and random.random() * 100 >= percent:  # noqa: S311
            return
        self.writer.add(lambda: encode(self._entry(turn, wanted, decided, seconds, request_id)))

    def _entry(
        self, turn: Turn, wanted: Evaluation, decided: Decided, seconds: float, request_id: str | None
    ) -> LoggedDecision:
        index, asked, decision = turn.policies.index, decided.asked, decided.decision
        resource = self._interpreter.resource(wanted.resource.type)
        record = request = changes = _NOTHING
        unread: tuple[str, ...] = ()
        if asked is not None:
            known, unread = what_was_read(asked.record)
            known.pop("id", None)
            record = self._mask.record(index, resource, known)
            request = self._mask.others(index, "request", asked.request)
            if asked.changes is not None:
                changes = self._mask.record(index, resource, what_was_read(asked.changes)[0], "changes")
        subject = self._mask.others(index, "subject", self._interpreter.stated(wanted.subject))
        return LoggedDecision(
            format=FORMAT,
            time=instant_text(turn.clock),
            id=uuid.uuid4().hex,
            digest=turn.policies.digest,
            user=wanted.subject.id,
            action=wanted.action.name,
            resource=resource,
            allowed=decision.allowed,
            reasons=self._mask.reasons(index, decision.reasons),
            microseconds=int(seconds * 1_000_000),
            now=instant_text(turn.clock if asked is None else asked.now),
            record_id=wanted.resource.id,
            record=record.shown,
            request=request.shown,
            subject=subject.shown,
            field=None if asked is None else asked.field,
            changes=None if asked is None or asked.changes is None else changes.shown,
            missing=decision.missing,
            masked=(*record.masked, *unread, *request.masked, *subject.masked, *changes.masked),
            request_id=None if request_id is None else request_id[:_LONGEST_ID],
            not_asked=asked is None,
        )
