"""People in tables: one row for each person and role, or fewer; rows with one id are one person."""

from __future__ import annotations

from collections.abc import Mapping

from policylang.diagnostics import quoted
from policylang.importing.csv.words import ACTIVE, DENY, NO, NOT_THERE, STILL_THERE, TERMINATED, YES, date, several
from policylang.importing.imported import Imported, Origin, User
from policylang.importing.texts import text

Cells = Mapping[str, tuple[str, Origin]]
_PLACE = "place"


class PeopleReader:
    """Collects the people of all tables. Whoever cannot be told for certain is left without access."""

    def __init__(self, imported: Imported) -> None:
        self._set = imported
        self._barred: dict[str, Origin] = {}
        self._groups: dict[str, tuple[str, Origin]] = {}

    def user(self, id: str, name: str | None, at: Origin) -> User:
        user = self._set.user(id, at)
        if name and user.label not in (None, name):
            message = f"the user {quoted(id)} is called {quoted(name)} here, but {quoted(user.label or '')} before"
            self._set.leave_out("second-name", at, message)
        user.label = user.label or name or None
        return user

    def bar(self, id: str, at: Origin) -> None:
        """Leave somebody without access."""
        self._set.user(id, at)
        self._barred.setdefault(id, at)

    def give(self, user: User, role: str, at: Origin, place: str | None = None, **said: str) -> None:
        self._set.role(role, at)
        user.assign(role, at, place, **said)

    def person(self, id: str, cells: Cells, attributes: Mapping[str, str], at: Origin, kind: str | None) -> None:
        """One row. ``kind``: the name of the column with places."""

        def cell(key: str) -> str:
            return cells[key][0] if key in cells else ""

        user = self.user(id, cell("name"), at)
        self._group(user, cells)
        self._job(user, cells)
        self._tags(user, cells)
        for name, value in attributes.items():
            if value:
                self._set.attribute(name, at)
                written = (text(value),)
                if user.attributes.setdefault(name, written) != written:
                    message = f"the user {quoted(id)} has two values for {quoted(name)}"
                    self._set.refuse("two-values", at, message)
                    self.bar(id, at)
        roles = several(cell("role"), frozenset(self._set.roles))
        if not roles:
            return
        dates = {}
        for key in ("start", "until"):
            if cell(key):
                found = date(cell(key))
                if found is None:
                    message = f"{quoted(cell(key))} is not a date such as `2026-01-31`: the role is not assigned"
                    self._set.refuse("date", cells[key][1], message)
                    return
                dates[key] = found
        if len(dates) == 2 and dates["until"] < dates["start"]:
            self._set.refuse("date", cells["until"][1], "the role ends before it begins: it is not assigned")
            return
        place = cell("at") or None
        if place is not None:
            self._set.place_kinds = self._set.place_kinds or (kind or _PLACE,)
            self._set.place(place, self._set.place_kinds[0], cells["at"][1])
        said = {key: cell(key) for key in ("because", "approved_by") if cell(key)}
        for role in roles:
            self.give(user, role, cells["role"][1] if "role" in cells else at, place, **dates, **said)

    def _group(self, user: User, cells: Cells) -> None:
        if "group" not in cells or not cells["group"][0]:
            return
        group, at = cells["group"]
        before = self._groups.setdefault(user.key, (group, at))
        if before[0] != group:
            message = f"the user {quoted(user.key)} is in {quoted(group)} and in {quoted(before[0])}"
            self._set.refuse("two-groups", at, message)
            self.bar(user.key, at)
        self._set.group(group, at)
        user.group = group

    def _job(self, user: User, cells: Cells) -> None:
        if "job" not in cells or not cells["job"][0]:
            return
        job, at = cells["job"]
        if user.job not in (None, job):
            self._set.refuse(
                "two-jobs", at, f"the user {quoted(user.key)} has the jobs {quoted(job)} and {quoted(user.job or '')}"
            )
            self.bar(user.key, at)
        self._set.job(job, at)
        user.job = job

    def _tags(self, user: User, cells: Cells) -> None:
        """Whether the person has left, and is a superuser. What cannot be told counts as having left, and as no."""
        status, at = cells.get("status", ("", Origin("")))
        word = status.casefold()
        if word in TERMINATED or word in NOT_THERE:
            user.terminated = True
        elif word not in ACTIVE and word not in STILL_THERE:
            self._set.refuse("status", at, f"the status {quoted(status)} is not known: treated as terminated")
            user.terminated = True
        left, at = cells.get("terminated", ("", Origin("")))
        word = left.casefold()
        if word in YES or word in TERMINATED:
            user.terminated = True
        elif word not in NO and word not in ACTIVE:
            shown = quoted(left)
            if date(left) is None:
                self._set.refuse("status", at, f"{shown} is neither yes or no nor a date: treated as terminated")
            else:
                self._set.refuse("termination-date", at, f"{quoted(user.key)} is treated as terminated from today on")
            user.terminated = True
        tag, at = cells.get("superuser", ("", Origin("")))
        word = tag.casefold()
        if word in YES:
            user.superuser = True
        elif word not in NO and word not in DENY:
            self._set.refuse("cell", at, f"{quoted(tag)} is not yes or no: treated as no")

    def finish(self) -> None:
        """Take away what those have who cannot be told for certain."""
        for id in self._barred:
            user = self._set.users[id]
            user.group = user.job = None
            user.superuser = False
            user.attributes = {}
            user.assignments = []
