"""Words that tables use: for columns, for yes and no, for levels, for what is done."""

from __future__ import annotations

import re
from collections.abc import Mapping


def _words(text: str) -> tuple[str, ...]:
    """Words with commas between them."""
    return tuple(text.split(", "))


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": _words(
        "id, user, userid, username, login, loginname, email, emailaddress, mail, useremail, upn, employee, "
        "employeeid, employeenumber, employeeno, personnelnumber, staffid, account, workemail"
    ),
    "name": _words("name, fullname, displayname, employeename, personname"),
    "role": _words("role, roles, rolename, roletitle, assignedrole, assignedroles, userrole, userroles"),
    "group": _words("group, usergroup, groupname, securitygroup"),
    "job": _words("job, jobcode, jobid, positioncode, jobclass"),
    "at": _words("at, site, sites, place, location, zone, region, branch, office, store, sitename"),
    "start": _words("from, start, startdate, validfrom, effectivefrom, effectivedate, roleeffectivedate"),
    "until": _words("until, end, enddate, validto, validuntil, effectiveto, expires, expirydate, roleenddate"),
    "because": _words("because, reason, justification, rationale"),
    "approved_by": _words("approvedby, approver, approval"),
    "status": _words(
        "status, employmentstatus, employeestatus, userstatus, state, active, isactive, enabled, isenabled, "
        "accountenabled"
    ),
    "terminated": _words("terminated, isterminated, terminationdate, terminatedon, termdate, inactive, leaver"),
    "superuser": _words("superuser, issuperuser, superusertag"),
    "resource": _words(
        "resource, object, screen, module, entity, page, table, area, feature, dataobject, function, resourcename, "
        "objectname, subject"
    ),
    "action": _words("action, actions, operation, operations, verb, right, rights, privilege, access, level"),
    "permission": _words("permission, permissions, permissionname, capability, entitlement, grant, grants"),
}
"""Names of columns, without blanks and signs, by what is in them."""

_ASIDE = frozenset(
    _words(
        "notes, note, comment, comments, remark, remarks, description, details, help, category, no, nr, number, row, "
        "sort, order, updated, created, lastupdated, owner, link, url"
    )
)
"""Columns beside those with marks that say nothing about access."""
YES = frozenset(_words("x, ✓, ✔, ☑, ✅, yes, y, true, t, 1, on, allow, allowed, grant, granted, •, ●"))
NO = frozenset(("", *_words("no, n, false, f, 0, off, -, \u2013, \u2014, none, no access, n/a, ✗, ✘, ❌, ☐, ○")))
DENY = frozenset(_words("deny, denied, block, blocked, forbidden"))
_VIEW, _MODIFY, _FULL = ("view",), ("view", "modify"), ("view", "create", "modify", "delete")
LEVELS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("view", "read", "read only", "read-only", "readonly", "viewer", "see"), _VIEW),
    **dict.fromkeys(("modify", "edit", "write", "update", "editor", "rw", "read/write", "read-write"), _MODIFY),
    **dict.fromkeys(("full", "full access", "full control", "all", "manage"), _FULL),
    **dict.fromkeys(("create", "add"), ("create",)),
    **dict.fromkeys(("delete", "remove"), ("delete",)),
}
_LETTERS = {"C": "create", "R": "view", "U": "modify", "D": "delete"}
ACTIVE = frozenset(("", *_words("active, employed, current, enabled, a, full time, part time")))
TERMINATED = frozenset(_words("terminated, inactive, left, leaver, former, disabled, deactivated, separated, t"))
STILL_THERE, NOT_THERE = frozenset(("true", "yes", "y")), frozenset(("false", "no", "n"))
"""Words of a column such as `Active`. A number may be the code of anything."""
VERBS = frozenset(
    _words(
        "view, read, see, list, search, create, add, new, modify, edit, update, write, change, delete, remove, "
        "approve, reject, export, import, print, manage, assign, submit, cancel, run, use, access, download, upload, "
        "send, close, reopen, post, void, configure"
    )
)
_PARTS = re.compile(r"\s*[,;/+&|\n]\s*")
_SIGNS = re.compile(r"[\W_]+")
_DATES = (
    (re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00)?)?"), (1, 2, 3)),
    (re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})"), (3, 2, 1)),
)


def folded(words: str) -> str:
    """Words, however they are capitalised and spaced: `View` in one table is `view` in the next."""
    return " ".join(words.split()).casefold()


def bare(header: str) -> str:
    """The name of a column without blanks and signs."""
    return _SIGNS.sub("", header).casefold()


def meaning(header: str) -> str | None:
    """What is in a column of this name."""
    name = bare(header)
    return next((meaning for meaning, names in COLUMNS.items() if name in names), None)


def is_aside(header: str) -> bool:
    """Whether a column of this name is about something else than access."""
    return bare(header) in _ASIDE


def says_nothing(header: str) -> bool:
    """Whether a column of this name, beside a role and a permission, says nothing about who may do what."""
    return is_aside(header) or meaning(header) in ("name", "because", "approved_by")


LIMITS = frozenset(("at", "start", "until", "status", "terminated"))
"""Meanings of columns that limit what their rows give."""


def is_limit(header: str, cell: str) -> bool:
    """Whether a cell of a column of this name may limit what its row gives: a place, a day, or who has left."""
    word = cell.casefold()
    match meaning(header):
        case "at" | "start" | "until":
            return bool(word)
        case "status":
            return word not in ACTIVE | STILL_THERE
        case "terminated":
            return word not in NO
        case _:
            return False


def level(cell: str, levels: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The actions that a cell stands for: a level, letters of CRUD, or several of those; ``None`` for other words."""
    word = folded(cell)
    if word in levels:
        return levels[word]
    if re.fullmatch(r"[CRUD]{2,4}|[CUD]", cell.strip()):
        return tuple(dict.fromkeys(_LETTERS[letter] for letter in cell.strip()))
    parts = [levels.get(part.casefold()) for part in _PARTS.split(cell.strip())]
    if len(parts) < 2 or None in parts:
        return None
    return tuple(dict.fromkeys(action for part in parts for action in part or ()))


def permission(text: str) -> tuple[str, str]:
    """Resource and action of a permission in one text; a switch where none of its words says what is done."""
    words = text.strip()
    for sign in (".", ":", "/", " - "):
        first, found, last = words.rpartition(sign)
        if found and first.strip() and last.strip():
            return first.strip(), folded(last)
    first, found, rest = words.partition(" ")
    if found and first.casefold() in VERBS:
        return rest.strip(), folded(first)
    before, found, last = words.rpartition(" ")
    if found and last.casefold() in VERBS:
        return before.strip(), folded(last)
    return words, "access"


def date(text: str) -> str | None:
    """A date as the language writes it; ``None`` for what is none, or could be another one, such as `01/02/2026`."""
    for pattern, (year, month, day) in _DATES:
        match = pattern.fullmatch(text.strip())
        if match:
            return f"{match[year]}-{int(match[month]):02}-{int(match[day]):02}"
    return None


def several(cell: str, known: frozenset[str]) -> list[str]:
    """The names in a cell: one that is known as it is, else what stands between separators."""
    if cell.strip() in known:
        return [cell.strip()]
    parts = re.split(r"[;|\n]", cell)
    if len(parts) == 1:
        parts = cell.split(",")
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
