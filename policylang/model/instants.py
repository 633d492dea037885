"""Instants as text."""

from __future__ import annotations

import datetime


def instant_text(instant: datetime.datetime) -> str:
    """The one way an instant is written, in UTC: ``2026-10-22T19:00:00Z``. The instant must have an offset."""
    return instant.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
