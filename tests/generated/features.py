"""What may occur in generated policy sets, rows and requests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Features:
    """Sizes, and a switch for each construct that an implementation may lack. All are on unless it says otherwise.

    What every implementation has is always there: attributes of texts, numbers, enums, booleans, dates, datetimes and
    users, conditions about them, roles in roles, groups, jobs, grants, limits.
    """

    resources: int = 3
    """With attributes, at most; there is one more without."""
    roles: int = 5
    users: int = 5
    policies: int = 6
    rows: int = 5
    """Of each resource."""
    requests: int = 60
    depth: int = 3
    """Of conditions: how many of `and`, `or` and `not` stand inside each other."""

    # Types of attributes
    related: bool = True
    """Attributes that hold other records, and paths through them."""
    trees: bool = True
    """Trees of records, and `is under`."""
    record_attributes: bool = True
    """Users and requests whose attribute is a record."""
    sets: bool = True
    two_sets: bool = True
    """Tests of two sets beside each other."""
    durations: bool = True
    """Attributes that hold durations, and time tests and comparisons with them."""
    addresses: bool = True
    """IP addresses and networks."""
    sensitive: bool = True

    # Conditions
    subject: bool = True
    """Attributes of users, and paths through users."""
    request: bool = True
    """Attributes of requests."""
    time: bool = True
    """`within`, `within next`, `older than`."""
    clock: bool = True
    """`now is between`, `now is on`."""
    months: bool = True
    """Durations of months and years."""
    clock_changes: bool = True
    """Timezones in which some days do not have 24 hours, and instants close to their clock changes."""
    texts: bool = True
    """`contains`, `starts with`, `ends with` of texts."""
    generic: bool = True
    """Policies on any resource, and policies with parameters; grants, denies and limits on any resource."""

    # Decisions
    places: bool = True
    requires: bool = True
    bypasses: bool = True
    kinds: bool = True
    """Actions that are like view, create, modify or delete and have another name."""
    fields: bool = True
    """Grants of named attributes, `including`, `except`, denies of attributes; questions about attributes."""
    denies: bool = True
    separations: bool = True
    """Permissions to be kept apart; they decide nothing."""
    user_policies: bool = True
    """Appends and overrides."""
    own: bool = True
    """Grants, denies and policies of one user."""
    dated: bool = True
    """Assignments with dates."""
    hours: bool = True
    """Assignments that begin and end at a time of day."""
    integrations: bool = True
    eligible: bool = True
    """Attributes typed `user with role`."""

    # What callers hand over
    hostile: bool = True
    """Quotes, backslashes, wildcards, newlines and such in texts, ids, labels and the names of places; attributes
    and resources named like words of SQL and of policy languages."""
    shared_names: bool = True
    """The same names for things of several kinds: roles, groups, jobs, users, integrations, places, policies,
    resources, attributes of each, enum values, texts."""
    objects: bool = True
    """Records and requests as Python objects; only dicts without."""
    spellings: bool = True
    """The same value as another Python type: dates and numbers as texts, datetimes with other offsets."""
    holes: bool = True
    """Sets with an item that is missing."""
    unknown_records: bool = True
    """Related records of which only the key is known."""
    wrong_values: bool = True
    """Values that are not of their attribute's type, and places that there are not."""
    strange_requests: bool = True
    """Names that there are not, records that are none, instants without an offset."""


EVERYTHING = Features()
