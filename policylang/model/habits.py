"""Words that people write in conditions, and units and numbers as they write them: data for messages."""

from __future__ import annotations

NOTHING = frozenset({"null", "none", "nil", "undefined", "unknown", "unset", "nothing", "na"})
EMPTY = frozenset({"empty", "blank"})
SOMETHING = frozenset({"set", "given", "defined", "filled", "known"})

THE_USER = frozenset(
    {
        *("me", "myself", "mine", "self", "i", "user", "the_user", "this_user", "current_user", "currentuser"),
        *("assigned", "assigned_user", "assigneduser", "the_assigned_user", "logged_in_user", "principal", "subject"),
        *("actor", "requester", "caller", "you"),
    }
)
THE_RECORD = frozenset({"record", "resource", "this", "self", "object", "item", "it", "entity", "row"})

NOW = frozenset({"now", "today", "yesterday", "tomorrow", "this_week", "this_month", "this_year", "last_month"})
NOW_ALONE = "write `now is between 22:00 and 06:00` or `now is on saturday`; for an attribute `… within 30 days`"
NOW_HELP = "write a duration counted from now: `… within 30 days`, `… older than 30 days` or `… within next 30 days`"

EQUAL = (("equal", "to"), ("equals", "to"), ("same", "as"), ("the", "same", "as"), ("equal",), ("equals",))
IN_GROUP = (("in", "group"), ("in", "role"), ("in", "the"), ("member", "of"), ("part", "of"), ("a", "member", "of"))
NEEDLESS = frozenset({"if", "when", "where", "only", "that", "which", "the", "its", "this", "my", "our", "and"})

UNITS = {
    **dict.fromkeys(("m", "min", "mins"), "minutes"),
    **dict.fromkeys(("h", "hr", "hrs"), "hours"),
    **dict.fromkeys(("d", "dy", "dys"), "days"),
    **dict.fromkeys(("w", "wk", "wks"), "weeks"),
    **dict.fromkeys(("mo", "mon", "mth", "mths"), "months"),
    **dict.fromkeys(("y", "yr", "yrs"), "years"),
}
AMOUNTS = {
    **dict.fromkeys(("a", "an", "one", "last", "past", "this"), 1),
    **dict.fromkeys(("two", "couple"), 2),
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
    "twelve": 12,
    "thirty": 30,
    "sixty": 60,
    "ninety": 90,
}

# What stands for every action and every resource, by the kind of name that is looked for.
EVERYTHING = {
    **dict.fromkeys(
        (("action", word) for word in ("everything", "anything", "any", "every")), "write `all` for every action"
    ),
    ("action", "all"): "name each action; a policy without `for` is for every action",
    **dict.fromkeys(
        (("resource", word) for word in ("all", "any", "everything", "anything")),
        "write `all resources` for every resource in a grant or deny, `any resource` in a policy",
    ),
}
